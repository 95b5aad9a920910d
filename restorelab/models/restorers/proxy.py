"""Images by other restorers, as losses compare with them: each part gives images and says which samples have one."""

from collections.abc import Sequence

import torch
from torch import Tensor

from restorelab.models.contracts import Proxy
from restorelab.registry import MODELS, PROXIES
from restorelab.structures import RestorationSample, TrainingStep
from restorelab.utils.checkpoint import load_weights, model_state, read_checkpoint
from restorelab.utils.modules import keep_out_of_checkpoint
from restorelab.utils.weights import resolve_weights


def chosen(
    samples: list[RestorationSample],
    degradations: Sequence[str] | None,
    fold: int | None,
    device: torch.device,
) -> Tensor:
    """Which samples (B,) bool are of one of ``degradations`` and of ``fold``; None asks for nothing.

    Raises: KeyError for a sample that does not say its fold.
    """
    if fold is not None and (
        silent := [sample.get('key', '?') for sample in samples if 'fold' not in sample]
    ):
        raise KeyError(
            f"sample '{silent[0]}' does not say its fold; wrap its data set in FoldDataset"
        )
    answers = [
        (degradations is None or sample.degradation in degradations)
        and (fold is None or sample.fold == fold)
        for sample in samples
    ]
    return torch.tensor(answers, device=device)


@PROXIES.register_module()
class RenderedProxy(Proxy):
    """The images ``rendered`` of the samples, made before training; samples without one are masked out.

    Args:
        degradations: only samples of these; all when None.
    Returns: when called with a TrainingStep, images (B, 3, H, W) and a mask (B,).
    """

    def __init__(self, degradations: Sequence[str] | None = None):
        super().__init__()
        self.degradations = degradations

    def forward(self, step: TrainingStep) -> tuple[Tensor, Tensor]:
        wanted = chosen(step.samples, self.degradations, None, step.lq.device).tolist()
        has = [
            take and 'rendered' in sample for take, sample in zip(wanted, step.samples, strict=True)
        ]
        images = [
            sample.rendered if there else lq
            for there, sample, lq in zip(has, step.samples, step.lq, strict=True)
        ]
        return torch.stack(images).to(step.lq), step.lq.new_tensor(has)


@PROXIES.register_module()
class ProxyRestorer(Proxy):
    """What another, frozen restorer makes of the batch, computed live; only the samples asked for cost time.

    Args:
        restorer: config of the restorer.  pretrained: its weights, a checkpoint or ``restorelab:<name>``.
        degradations: only samples of these degradations; all when None.
        fold: only samples of this fold (``FoldDataset``): two proxies, each trained on the other fold, make sure that
            no image is restored by a model that learned from it.
    Returns: when called with a TrainingStep, images (B, 3, H, W) in [0, 1] and a mask (B,).
    """

    def __init__(
        self,
        restorer: dict,
        pretrained: str,
        degradations: Sequence[str] | None = None,
        fold: int | None = None,
    ):
        super().__init__()
        self.restorer = MODELS.build(restorer).requires_grad_(False)
        self.pretrained, self.degradations, self.fold = pretrained, degradations, fold
        keep_out_of_checkpoint(self)

    def train(self, mode: bool = True):
        return super().train(False)

    def load_pretrained(self) -> None:
        """Read the weights. Raises: FileNotFoundError; CheckpointError for those of another model."""
        path = resolve_weights(self.pretrained)
        self.restorer.load_pretrained()
        load_weights(self.restorer, model_state(read_checkpoint(path), path), path)

    @torch.no_grad()
    def forward(self, step: TrainingStep) -> tuple[Tensor, Tensor]:
        mask = chosen(step.samples, self.degradations, self.fold, step.lq.device)
        images = step.lq.clone()
        if mask.any():
            images[mask] = self.restorer.restore(step.lq[mask]).to(images)
        return images, mask.to(images)
