"""Weights stored with 8 bits: for each output channel a scale, and whole numbers up to 127.

A network of convolutions that is stored so differs from the one in 16 bits by a hundredth of its
change, and its file has half the size. It computes with floats, as before.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

SCALE = '#scale'  # a key of a state dict never ends so
LARGEST = 127
# Smaller tensors are not worth it: biases, norms, the last layers.
LEAST = 4096


def quantize(state: dict[str, Tensor], prefixes: Sequence[str]) -> dict[str, Tensor]:
    """The state with the large weights below ``prefixes`` as int8, and all others as float16.

    A weight (out, ...) gets an entry ``<its key>#scale`` (out,), float32.
    """
    stored = {}
    for key, value in state.items():
        is_large = value.ndim >= 2 and value.numel() >= LEAST
        if not (is_large and key.startswith(tuple(prefixes))):
            stored[key] = value.half() if value.is_floating_point() else value
            continue
        scale = value.float().flatten(1).abs().amax(dim=1).clamp_min(1e-12) / LARGEST
        levels = value.float() / scale.view(-1, *[1] * (value.ndim - 1))
        stored[key] = levels.round().to(torch.int8)
        stored[key + SCALE] = scale
    return stored


def expand(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The state with every weight of 8 bits as float32; others as they are.

    Raises: ValueError for a scale that does not fit its weight.
    """
    expanded = {key: value for key, value in state.items() if not key.endswith(SCALE)}
    for key, scale in state.items():
        if not key.endswith(SCALE):
            continue
        name = key.removesuffix(SCALE)
        levels = expanded.get(name)
        if levels is None or levels.dtype != torch.int8 or scale.shape != levels.shape[:1]:
            found = 'no weight' if levels is None else f'{levels.dtype} {tuple(levels.shape)}'
            raise ValueError(
                f'{key} of {tuple(scale.shape)} is the scale of {name}, which is {found}; wanted '
                'are int8 weights with as many outputs'
            )
        expanded[name] = levels.float() * scale.float().view(-1, *[1] * (levels.ndim - 1))
    return expanded
