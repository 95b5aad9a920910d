"""Perceptual distance to the clean image, relative to that from worse ones (Perceive-IR)."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from restorelab.models.contracts import StepLoss
from restorelab.registry import LOSSES, PROXIES
from restorelab.structures import TrainingStep
from restorelab.utils.checkpoint import load_weights, model_state, read_checkpoint
from restorelab.utils.download import fetch
from restorelab.utils.modules import keep_out_of_checkpoint
from restorelab.utils.normalize import normalize
from restorelab.utils.psnr import psnr
from restorelab.utils.weights import resolve_weights

TAP_WEIGHTS = (1 / 12, 1 / 6, 1 / 3, 1.0)
VGG16 = (64, 128, 256)


class VGGTaps(nn.Module):
    """Features of a VGG-16 after relu1_2, relu2_2, relu3_1 and relu3_3.

    Frozen. Images are (B, 3, H, W) in [0, 1], clamped. Entries are called as in torchvision's
    ``features``. Perceive-IR's release names module 7, which is conv2_2 before its ReLU. But
    torchvision's ReLUs work in place, so what it reads is relu2_2.
    """

    counts, taken = (2, 2, 3), (3, 8, 11, 15)

    def __init__(self, widths: Sequence[int] = VGG16):
        super().__init__()
        layers, channels = [], 3
        for width, count in zip(widths, self.counts, strict=True):
            if layers:
                layers.append(nn.MaxPool2d(2))
            for _ in range(count):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
        self.features = nn.Sequential(*layers)
        self.requires_grad_(False)

    def forward(self, image: Tensor) -> list[Tensor]:
        x, taps = normalize(image.clamp(0, 1)), []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taken:
                taps.append(x)
        return taps


def per_sample_distance(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference of each sample: (B, C, H, W) twice -> (B,)."""
    return (a - b).abs().mean(dim=(1, 2, 3))


def patch_psnr(image: Tensor, gt: Tensor) -> Tensor:
    """dB of each clamped patch (B,), at most 80."""
    return psnr(image.clamp(0, 1), gt.clamp(0, 1), floor=1e-8).to(image)


def difficulty_weights(psnr: Tensor, reference: Tensor) -> Tensor:
    """1.25 for a proxy that is no better than the model itself, 0.75 for a better one.

    1 where the reference was never measured (NaN).

    Args:
        psnr: of the proxies, in dB (B,).  reference: of the model, in dB (B,).
    """
    weights = torch.where(psnr <= reference, 1.25, 0.75)
    return torch.where(reference.isnan(), torch.ones_like(weights), weights)


def difficulty_adaptive_perceptual(
    taps: list[Tensor],
    gt: list[Tensor],
    lq: list[Tensor],
    proxies: Sequence[tuple[list[Tensor], Tensor]] = (),
) -> Tensor:
    """``sum_l w_l d(out, gt) / (2 d(out, lq) + sum_p a_p d(out, proxy_p))`` of each sample, (B,).

    d is the mean absolute difference of the features of tap l. Only ``taps``, those of the restored
    image, carry a gradient, also in the denominator: the loss pushes the image away from the
    degraded one and from the proxies.

    Args:
        proxies: the features of each proxy and its factors (B,), weight times mask.
    """
    total = 0
    for index, weight in enumerate(TAP_WEIGHTS):
        pushed = 2 * per_sample_distance(taps[index], lq[index])
        for features, factor in proxies:
            pushed = pushed + factor * per_sample_distance(taps[index], features[index])
        pulled = per_sample_distance(taps[index], gt[index])
        total = total + weight * pulled / pushed.clamp_min(1e-6)
    return total


@LOSSES.register_module()
class DifficultyAdaptivePerceptualLoss(StepLoss):
    """``weight * mean difficulty_adaptive_perceptual``, for ``step_losses`` of any restorer.

    Source: Perceive-IR. Proxies are images of other restorers. They are harder to tell from the
    clean image than the degraded one is. Without proxies, do not combine this loss with a restorer
    that
    starts as the identity: the denominator starts at 0.

    ``DifficultyReferenceHook`` writes the state ``reference_psnr``. Without the hook all proxies
    weigh 1.

    Args:
        proxies: configs of PROXIES parts. They are called with the ``TrainingStep`` and give images
            (B, 3, H, W) and a mask (B,).
        degradations: names of the degradations that have a reference each; None for one reference
            for all, as in the release.
        widths: channels of the VGG blocks.
        pretrained: ``imagenet`` (torchvision's VGG-16, fetched once), or a file in torchvision's
            names. None keeps random weights. Such a distance needs no download, and agrees less
            with what people see.
    Raises: when called, KeyError for a sample of another degradation than ``degradations``.
    """

    keeps_reference = True

    def __init__(
        self,
        weight: float = 1.0,
        proxies: Sequence[dict] = (),
        degradations: Sequence[str] | None = None,
        widths: Sequence[int] = VGG16,
        pretrained: str | None = None,
    ):
        super().__init__()
        self.weight, self.pretrained = weight, pretrained
        self.degradations = None if degradations is None else list(degradations)
        self.vgg = VGGTaps(widths)
        self.proxies = nn.ModuleList(PROXIES.build(proxy) for proxy in proxies)
        references = len(self.degradations or ['all'])
        self.register_buffer('reference_psnr', torch.full((references,), torch.nan))
        if pretrained:
            keep_out_of_checkpoint(self.vgg)

    def load_pretrained(self) -> None:
        """Read the weights of VGG and of the proxies.

        Raises: FileNotFoundError with both ways to provide them.
        """
        super().load_pretrained()
        if not self.pretrained:
            return
        path = _fetch_vgg() if self.pretrained == 'imagenet' else resolve_weights(self.pretrained)
        state = model_state(read_checkpoint(path), path)
        wanted = self.vgg.state_dict()
        state = {key: value for key, value in state.items() if key in wanted}
        load_weights(self.vgg, state, self.pretrained)

    def reference(self, step: TrainingStep) -> Tensor:
        """The reference PSNR of each sample, (B,)."""
        if self.degradations is None:
            return self.reference_psnr.expand(len(step.samples))
        names = [sample.degradation for sample in step.samples]
        unknown = sorted(set(names) - set(self.degradations))
        if unknown:
            raise KeyError(
                f'DifficultyAdaptivePerceptualLoss: samples of the degradations {unknown}, but it '
                f'has references for {self.degradations}; add them to its degradations'
            )
        return self.reference_psnr[[self.degradations.index(name) for name in names]]

    def forward(self, step: TrainingStep) -> Tensor:
        with torch.no_grad():
            gt, lq, reference = self.vgg(step.gt), self.vgg(step.lq), self.reference(step)
            proxies = []
            for proxy in self.proxies:
                image, mask = proxy(step)
                factor = mask * difficulty_weights(patch_psnr(image, step.gt), reference)
                proxies.append((self.vgg(image), factor))
        distances = difficulty_adaptive_perceptual(self.vgg(step.restored), gt, lq, proxies)
        return self.weight * distances.mean()


def _fetch_vgg() -> Path:
    """Torchvision's ImageNet weights in the cache of torch.hub; fetched if they are missing."""
    from torchvision.models import VGG16_Weights

    return fetch(VGG16_Weights.IMAGENET1K_V1.url)
