"""Values that follow from weights and are constant as long as these are."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


class VersionedCache:
    """Remembers one value until one of the tensors from which it was computed is changed, replaced or moved.

    A change through ``.data`` cannot be seen: optimizers, ``load_state_dict`` and ``copy_`` are all noticed. Weights
    made in inference mode do not tell their version, so nothing is remembered for them.
    """

    def __init__(self):
        self._state, self._value = None, None

    def get(self, tensors: Sequence[Tensor], compute: Callable[[], object]) -> object:
        """``compute()``, or its value of last time when ``tensors`` are what they were then."""
        if any(t.is_inference() for t in tensors):
            return compute()
        # autograd cannot use a value that was made in inference mode
        state = [torch.is_inference_mode_enabled()]
        state += [(id(t), t._version, t.data_ptr(), t.device, t.dtype) for t in tensors]
        if state != self._state:
            self._value = compute()
            self._state = state
        return self._value

    def __deepcopy__(self, memo: dict) -> 'VersionedCache':
        return VersionedCache()  # the copy's tensors are others
