"""Networks of torchvision by name, and the normalization that they were trained with."""

import torch
from torch import Tensor, nn

from restorelab.registry import nearest

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def build_network(name: str, num_classes: int, **options) -> nn.Module:
    """The torchvision model called ``name`` with random weights; nothing is fetched.

    Raises: KeyError for an unknown name, with the nearest ones.
    """
    from torchvision.models import get_model, list_models

    if name not in list_models():
        raise KeyError(
            f"torchvision has no model '{name}'; nearest: {nearest(name, list_models()) or 'none'}"
        )
    return get_model(name, weights=None, num_classes=num_classes, **options)


class Normalize(nn.Module):
    """(image - mean) / std by channel, for images (B, 3, H, W) in [0, 1]."""

    def __init__(
        self, mean: tuple[float, ...] = IMAGENET_MEAN, std: tuple[float, ...] = IMAGENET_STD
    ):
        super().__init__()
        self.register_buffer('mean', torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std).view(3, 1, 1), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        return (image - self.mean) / self.std
