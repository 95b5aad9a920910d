"""Structure cues: one-channel maps of a degraded image, (B, 3, H, W) in [0, 1] -> (B, 1, h, w).

Each is a prior of its own (a map by name) and the material of ``StructurePrior``.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.contracts import Prior
from restorelab.registry import CUES
from restorelab.structures import Condition
from restorelab.utils.files import atomic_path


def luma(image: Tensor) -> Tensor:
    """Rec. 601 grey (B, 1, H, W)."""
    weights = torch.tensor([0.299, 0.587, 0.114], device=image.device, dtype=image.dtype)
    return (image * weights.view(1, 3, 1, 1)).sum(dim=1, keepdim=True)


def box_dog(image: Tensor) -> Tensor:
    """Difference of a 3x3 and a 9x9 box blur of the grey image, zero padding counted, divided by its largest size.

    Source: TPGDiff's "DoG" cue; range [-1, 1].
    """
    grey = luma(image)
    dog = F.avg_pool2d(grey, 3, 1, 1) - F.avg_pool2d(grey, 9, 1, 4)
    return dog / (dog.abs().amax(dim=(1, 2, 3), keepdim=True) + 1e-6)


def sobel_magnitude(image: Tensor) -> Tensor:
    """Length of the Sobel gradient of the grey image, divided by its maximum; range [0, 1]."""
    kernel = (
        torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], device=image.device, dtype=image.dtype)
        / 8
    )
    grey = F.pad(luma(image), (1, 1, 1, 1), mode='replicate')
    dx, dy = F.conv2d(grey, kernel[None, None]), F.conv2d(grey, kernel.T[None, None])
    length = torch.sqrt(dx**2 + dy**2)
    return length / (length.amax(dim=(1, 2, 3), keepdim=True) + 1e-6)


def dark_channel(image: Tensor, radius: int = 7) -> Tensor:
    """Minimum over colors and a square of side 2 radius + 1, high in thick haze (He et al., CVPR 2009); in [0, 1]."""
    return -F.max_pool2d(-image.amin(dim=1, keepdim=True), 2 * radius + 1, 1, radius)


def unit_range(depth: Tensor) -> Tensor:
    """(B, h, w) -> (B, 1, h, w), each image stretched to [0, 1]."""
    low, high = depth.amin(dim=(1, 2), keepdim=True), depth.amax(dim=(1, 2), keepdim=True)
    return ((depth - low) / (high - low + 1e-6))[:, None]


def class_id_map(logits: Tensor) -> Tensor:
    """Class of each pixel as a grey value: (B, K, h, w) -> (B, 1, h, w), id / (K - 1)."""
    return logits.argmax(dim=1, keepdim=True).float() / (logits.shape[1] - 1)


class WeightFreeCue(Prior):
    """A cue that is a formula; subclasses name it and state it."""

    name = ''

    @property
    def provides(self) -> dict[str, int]:
        return {f'maps.{self.name}': 1}

    def cue(self, lq: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, lq: Tensor) -> Condition:
        return Condition(maps={self.name: self.cue(lq)})


@CUES.register_module()
class BoxDoGCue(WeightFreeCue):
    """Map ``dog``: edges of middle scale, see ``box_dog``."""

    name = 'dog'

    def cue(self, lq: Tensor) -> Tensor:
        return box_dog(lq)


@CUES.register_module()
class SobelCue(WeightFreeCue):
    """Map ``sobel``: fine edges, see ``sobel_magnitude``."""

    name = 'sobel'

    def cue(self, lq: Tensor) -> Tensor:
        return sobel_magnitude(lq)


@CUES.register_module()
class DarkChannelCue(WeightFreeCue):
    """Map ``dark_channel``: a stand-in for depth that needs no network, see ``dark_channel``."""

    name = 'dark_channel'

    def cue(self, lq: Tensor) -> Tensor:
        return dark_channel(lq)


class SharedNetwork:
    """Holds a frozen network outside the module tree, with the processor that prepares its input.

    So it is in no checkpoint, optimizer or moving average, and copies of the model share it.
    """

    def __init__(self):
        self.net: nn.Module | None = None
        self.processor = None

    def __deepcopy__(self, memo: dict) -> 'SharedNetwork':
        return self


class TransformersCue(Prior):
    """A cue from a frozen network of the ``transformers`` library, read when first needed and never checkpointed.

    The network is no submodule (see ``SharedNetwork``); it moves to the device of the images it is given.

    Args:
        pretrained: hub id or local folder.
        cache_dir: folder in which the maps are kept by image content, None for no cache. Worth it where the same
            images come again, as in validation.
    """

    name, auto_class = '', ''

    def __init__(self, pretrained: str, cache_dir: str | None = None):
        super().__init__()
        self.pretrained = pretrained
        self.cache_dir = Path(cache_dir) if cache_dir else None
        self.shared = SharedNetwork()

    @property
    def provides(self) -> dict[str, int]:
        return {f'maps.{self.name}': 1}

    def load_pretrained(self) -> None:
        """Read network and image processor. Raises FileNotFoundError with both ways to provide them."""
        if self.shared.net is not None:
            return
        import transformers

        try:
            processor = transformers.AutoImageProcessor.from_pretrained(self.pretrained)
            net = getattr(transformers, self.auto_class).from_pretrained(self.pretrained)
        except OSError as error:
            raise FileNotFoundError(
                f"{type(self).__name__}: '{self.pretrained}' is no folder with a model and its "
                f'preprocessor, and cannot be fetched ({error}). Either run once with a network, '
                'or give the path of a downloaded folder as `pretrained`.'
            ) from error
        self.shared.processor, self.shared.net = processor, net.requires_grad_(False).eval()

    def read(self, outputs) -> Tensor:
        """The map (1, 1, h, w) from the network's outputs for one image."""
        raise NotImplementedError

    def forward(self, lq: Tensor) -> Condition:
        self.load_pretrained()
        images = (
            (lq.detach().clamp(0, 1) * 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        )  # truncated
        maps = [self._one(image, lq.device) for image in images]
        return Condition(maps={self.name: torch.cat(maps)})

    @torch.no_grad()
    def _one(self, image: np.ndarray, device: torch.device) -> Tensor:
        if self.cache_dir is None:
            return self._compute(image, device)
        key = hashlib.sha1(image.tobytes() + f'{self.pretrained}{image.shape}'.encode()).hexdigest()
        path = self.cache_dir / f'{self.name}-{key}.npy'
        if path.exists():
            return torch.from_numpy(np.load(path)).to(device)
        result = self._compute(image, device)
        self.cache_dir.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as partial:
            np.save(partial, result.cpu().numpy())
        return result

    def _compute(self, image: np.ndarray, device: torch.device) -> Tensor:
        net = self.shared.net
        if next(net.parameters()).device != device:
            net.to(device)
        return self.read(net(**self.shared.processor(images=image, return_tensors='pt').to(device)))


@CUES.register_module()
class DepthCue(TransformersCue):
    """Map ``depth``: monocular depth stretched to [0, 1]; TPGDiff uses Depth-Anything-small."""

    name, auto_class = 'depth', 'AutoModelForDepthEstimation'

    def __init__(
        self, pretrained: str = 'LiheYoung/depth-anything-small-hf', cache_dir: str | None = None
    ):
        super().__init__(pretrained, cache_dir)

    def read(self, outputs) -> Tensor:
        return unit_range(outputs.predicted_depth)


@CUES.register_module()
class SegmentationCue(TransformersCue):
    """Map ``segmentation``: class ids as grey values; TPGDiff uses SegFormer-b0 on ADE20K."""

    name, auto_class = 'segmentation', 'AutoModelForSemanticSegmentation'

    def __init__(
        self,
        pretrained: str = 'nvidia/segformer-b0-finetuned-ade-512-512',
        cache_dir: str | None = None,
    ):
        super().__init__(pretrained, cache_dir)

    def read(self, outputs) -> Tensor:
        return class_id_map(outputs.logits)
