"""Normalize images for networks that were trained by others."""

from collections.abc import Sequence

from torch import Tensor

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def normalize(
    image: Tensor, mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD
) -> Tensor:
    """``(image - mean) / std`` for each color of an image (B, 3, H, W) in [0, 1]."""
    mean, std = image.new_tensor(mean), image.new_tensor(std)
    return (image - mean[:, None, None]) / std[:, None, None]
