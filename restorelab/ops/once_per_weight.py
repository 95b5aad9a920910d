"""Values that follow from weights alone are computed once, not in every call."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from restorelab.ops.choice import fast_forms

Value = TypeVar('Value')

# first weight -> {(compute, options): (state of the weights, value)}; dies with the weight
_REMEMBERED = WeakIdKeyDictionary()


def once_per_weight(compute: Callable[..., Value], *weights: Tensor, **options: object) -> Value:
    """``compute(*weights, **options)``, remembered until one of the weights changes.

    Saves: repeating at inference what only training changes, such as the standardization of a
    weight. A value is computed anew where a gradient to the weights is recorded.

    Exact: if weights change by optimizers, ``load_state_dict``, ``copy_`` and the like, or are
    replaced or moved. A change through ``.data`` is not noticed. Weights that were made in
    inference mode have no version, so nothing is remembered for them.

    Args:
        compute: a function with a fixed place in a module; a new lambda is remembered for nothing.
        options: values that can be compared.
    """
    records_gradient = torch.is_grad_enabled() and any(weight.requires_grad for weight in weights)
    has_no_version = any(weight.is_inference() for weight in weights)
    if records_gradient or has_no_version or not fast_forms():
        return compute(*weights, **options)
    values = _REMEMBERED.setdefault(weights[0], {})
    key = (compute, *options.items())
    state = _state_of(weights)
    before = values.get(key)
    if before is not None and before[0] == state:
        return before[1]
    value = compute(*weights, **options)
    values[key] = (state, value)
    return value


def _state_of(weights: tuple[Tensor, ...]) -> list:
    # autograd cannot use a value that was made in inference mode, hence the first entry
    state = [torch.is_inference_mode_enabled()]
    for weight in weights:
        state.append((id(weight), weight._version, weight.data_ptr(), weight.device, weight.dtype))
    return state
