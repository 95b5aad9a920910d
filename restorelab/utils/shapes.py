"""Checks of tensor shapes."""

from torch import Tensor


def check_same_shape(pred: Tensor, target: Tensor, who: str) -> None:
    """Raise ValueError where broadcasting would hide a mistake. ``who`` is named in the message."""
    if pred.shape != target.shape:
        raise ValueError(
            f'{who}: prediction {tuple(pred.shape)} and target {tuple(target.shape)} differ in '
            'shape'
        )
