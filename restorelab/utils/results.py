"""What a network gives is checked before anyone sees it."""

import torch
from torch import Tensor


class ResultError(FloatingPointError):
    """A restored image with values that are not finite."""


def clamp_to_unit(image: Tensor) -> Tensor:
    """``image`` clamped to [0, 1]. Infinite values become NaN, so that ``check_finite`` finds them.

    A clamp alone would make black and white pixels of them.
    """
    return torch.where(image.isinf(), torch.nan, image).clamp(0, 1)


def check_finite(image: Tensor, picture: str, model: str) -> None:
    """Raise ResultError that names both when ``image`` (B, 3, H, W) holds a NaN.

    ``image`` may be some rows of a large picture. Then the message tells the pixels of these rows.
    """
    wrong = image.isnan().any(dim=1)  # B H W
    if not wrong.any():
        return
    count = int(wrong.sum())
    raise ResultError(
        f'{picture}: the model {model} gives {count:,} of {wrong.numel():,} pixels that are not '
        'finite (NaN or infinite), so there is no result. Its weights are damaged, or its network '
        'overflows on this picture; try other weights'
    )
