"""The reference that Perceive-IR's perceptual loss compares proxies with."""

import hashlib

import torch
from mmengine.dataset import pseudo_collate
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from torch import Tensor

from restorelab.registry import HOOKS
from restorelab.utils.modules import unwrap
from restorelab.utils.psnr import psnr


@HOOKS.register_module()
class DifficultyReferenceHook(Hook):
    """Measures how well the model restores fixed training crops, and writes it into a loss.

    ``reference_psnr`` of the loss is the mean PSNR in dB of the clamped results. It is measured at
    the start and after every ``interval`` iterations, and stays in the checkpoints. The crops are
    chosen by the SHA-1 of their places in the data set, so they stay the same. (Perceive-IR's
    release measures every epoch, and chooses its 24 crops per degradation by their difficulty.)

    Args:
        interval: iterations between two measurements.
        crops: number of crops of each degradation.
        loss: name of the loss in the model's ``step_losses``. If it has ``degradations``, each gets
            its own mean.
        batch_size: crops restored at once.
    Raises: KeyError when the model has no such loss, TypeError for one that keeps no reference.
    """

    def __init__(
        self, interval: int = 1000, crops: int = 24, loss: str = 'perceptual', batch_size: int = 8
    ):
        self.interval, self.crops, self.loss, self.batch_size = interval, crops, loss, batch_size
        self.probe: list[dict] = []

    def before_train(self, runner) -> None:
        model = unwrap(runner.model)
        loss = self._loss_of(model)
        dataset = runner.train_dataloader.dataset
        self.probe = [dataset[index] for index in probe_indices(dataset.degradations, self.crops)]
        if loss.reference_psnr.isnan().any():  # else it came with the checkpoint
            self._measure(model)

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        if self.every_n_train_iters(runner, self.interval):
            self._measure(unwrap(runner.model))

    def _loss_of(self, model):
        if self.loss not in model.step_losses:
            raise KeyError(
                f"DifficultyReferenceHook: the model has no step loss '{self.loss}'; it has "
                f'{list(model.step_losses)}'
            )
        loss = model.step_losses[self.loss]
        if not loss.keeps_reference:
            raise TypeError(
                f"DifficultyReferenceHook: the step loss '{self.loss}' is a "
                f"{type(loss).__name__}, which has no 'reference_psnr'; give as `loss` the name of "
                'a DifficultyAdaptivePerceptualLoss'
            )
        return loss

    @torch.no_grad()
    def _measure(self, model) -> None:
        model.eval()
        degradations: list[str] = []
        scores: list[Tensor] = []
        for start in range(0, len(self.probe), self.batch_size):
            batch = pseudo_collate(self.probe[start : start + self.batch_size])
            data = model.data_preprocessor(batch)
            restored = model.restore(data['inputs'])
            for sample, image in zip(data['data_samples'], restored, strict=True):
                degradations.append(sample.degradation)
                scores.append(psnr(image[None], sample.gt[None].to(image), floor=1e-8)[0])
        model.train()
        values = torch.stack(scores).cpu()
        loss = model.step_losses[self.loss]
        if loss.degradations is None:
            means = values.mean()[None]
        else:
            is_of = [torch.tensor([d == name for d in degradations]) for name in loss.degradations]
            means = torch.stack([values[chosen].mean() for chosen in is_of])  # NaN where none is
        loss.reference_psnr.copy_(means)
        hub = MessageHub.get_current_instance()
        hub.update_scalar('train/reference_psnr', values.mean().item())


def probe_indices(degradations: list[str], crops: int) -> list[int]:
    """Indices of ``crops`` samples of each degradation.

    Where one pass has fewer samples of a degradation, later passes give the rest.

    Args:
        degradations: the degradation of each index of the data set.
    """
    indices = []
    for wanted in sorted(set(degradations)):
        places = [place for place, name in enumerate(degradations) if name == wanted]
        places.sort(key=_digest)
        for number in range(crops):
            epoch, which = divmod(number, len(places))
            indices.append(epoch * len(degradations) + places[which])
    return indices


def _digest(place: int) -> bytes:
    return hashlib.sha1(f'{place}'.encode(), usedforsecurity=False).digest()
