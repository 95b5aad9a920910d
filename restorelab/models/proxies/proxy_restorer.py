"""Images of another restorer, made during the training."""

from collections.abc import Sequence

import torch
from torch import Tensor

from restorelab.models.contracts import Proxy
from restorelab.models.proxies.choice import choose_samples
from restorelab.registry import MODELS, PROXIES
from restorelab.structures import TrainingStep
from restorelab.utils.checkpoint import load_weights, model_state, read_checkpoint
from restorelab.utils.modules import keep_out_of_checkpoint
from restorelab.utils.weights import resolve_weights


@PROXIES.register_module()
class ProxyRestorer(Proxy):
    """Restores the chosen samples of the batch with another, frozen restorer.

    Shapes: called with a TrainingStep it gives images (B, 3, H, W) in [0, 1] and a mask (B,).

    Args:
        restorer: config of the restorer, or the path of a config that has one.
        pretrained: its weights, a checkpoint or ``restorelab:<name>``.
        degradations: only samples of these; all when None.
        fold: only samples of this fold (``FoldDataset``). Two proxies, each trained on the other
            fold, make sure that no image is restored by a model that learned from it.
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
        """Read the weights.

        Raises: FileNotFoundError; CheckpointError for those of another model.
        """
        path = resolve_weights(self.pretrained)
        self.restorer.load_pretrained()
        load_weights(self.restorer, model_state(read_checkpoint(path), path), path)

    @torch.no_grad()
    def forward(self, step: TrainingStep) -> tuple[Tensor, Tensor]:
        mask = choose_samples(step.samples, self.degradations, self.fold, step.lq.device)
        images = step.lq.clone()
        if mask.any():
            images[mask] = self.restorer.restore(step.lq[mask]).to(images)
        return images, mask.to(images)
