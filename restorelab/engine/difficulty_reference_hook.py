import hashlib
from itertools import islice

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.model import is_model_wrapper

from restorelab.registry import HOOKS


@HOOKS.register_module()
class DifficultyReferenceHook(Hook):
    """Measures how well the model restores a fixed probe of training crops, and tells a loss: ``reference_psnr``.

    The mean PSNR in dB of the clamped results, at the start and after every ``interval`` iterations; the value is in
    the checkpoints, with the loss. Crops are chosen by the SHA-1 order of their places in the data set, and stay the
    same. (Perceive-IR's release measures every epoch, and picks its 24 crops a degradation by their difficulty.)

    Args:
        interval: iterations between two measurements.
        crops: of each degradation.
        loss: name of the loss among the model's ``step_losses``. If it has ``degradations``, each gets its own mean.
        batch_size: crops restored at once.
    Raises: KeyError when the model has no such loss, TypeError for one that keeps no reference.
    """

    def __init__(
        self, interval: int = 1000, crops: int = 24, loss: str = 'perceptual', batch_size: int = 8
    ):
        self.interval, self.crops, self.loss, self.batch_size = interval, crops, loss, batch_size
        self.probe: list[dict] = []

    def before_train(self, runner) -> None:
        model = self._model(runner)
        if self.loss not in model.step_losses:
            raise KeyError(
                f"DifficultyReferenceHook: the model has no step loss '{self.loss}'; it has "
                f'{list(model.step_losses)}'
            )
        loss = model.step_losses[self.loss]
        if not loss.keeps_reference:
            raise TypeError(
                f"DifficultyReferenceHook: the step loss '{self.loss}' is a {type(loss).__name__}, which "
                "has no 'reference_psnr'; give as `loss` the name of a DifficultyAdaptivePerceptualLoss"
            )
        dataset = runner.train_dataloader.dataset
        self.probe = [dataset[index] for index in probe_indices(dataset.degradations, self.crops)]
        if loss.reference_psnr.isnan().any():  # else it came with the checkpoint
            self._measure(model)

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        if self.every_n_train_iters(runner, self.interval):
            self._measure(self._model(runner))

    def _model(self, runner):
        return runner.model.module if is_model_wrapper(runner.model) else runner.model

    @torch.no_grad()
    def _measure(self, model) -> None:
        model.eval()
        degradations, scores = [], []
        for start in range(0, len(self.probe), self.batch_size):
            data = model.data_preprocessor(
                pseudo_collate(self.probe[start : start + self.batch_size])
            )
            restored = model.restore(data['inputs'])
            for sample, image in zip(data['data_samples'], restored, strict=True):
                error = (image - sample.gt.to(image)).square().mean().clamp_min(1e-8)
                degradations.append(sample.degradation)
                scores.append(-10 * float(error.log10()))
        model.train()
        loss = model.step_losses[self.loss]
        groups = (
            [scores]
            if loss.degradations is None
            else [
                [
                    score
                    for degradation, score in zip(degradations, scores, strict=True)
                    if degradation == wanted
                ]
                for wanted in loss.degradations
            ]
        )
        loss.reference_psnr.copy_(
            torch.tensor([np.mean(group) if group else np.nan for group in groups])
        )
        MessageHub.get_current_instance().update_scalar(
            'train/reference_psnr', float(np.mean(scores))
        )


def probe_indices(degradations: list[str], crops: int) -> list[int]:
    """Places of ``crops`` samples of each degradation, in later passes too where one pass has fewer."""
    chosen = []
    for degradation in sorted(set(degradations)):
        places = [place for place, name in enumerate(degradations) if name == degradation]
        places.sort(
            key=lambda place: hashlib.sha1(f'{place}'.encode(), usedforsecurity=False).digest()
        )
        endless = (epoch * len(degradations) + place for epoch in range(crops) for place in places)
        chosen += islice(endless, crops)
    return chosen
