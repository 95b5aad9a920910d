"""Mixed precision with bfloat16."""

from contextlib import contextmanager

import torch
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from torch import nn

from restorelab.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Training under bfloat16 autocast, on CPU and GPU, without loss scaling.

    bfloat16 has the exponents of float32, so nothing overflows that would not in float32.
    (MMEngine's AmpOptimWrapper always scales the loss, and it refuses CPUs.)
    """

    @contextmanager
    def optim_context(self, model: nn.Module):
        with super().optim_context(model), torch.autocast(get_device(), dtype=torch.bfloat16):
            yield
