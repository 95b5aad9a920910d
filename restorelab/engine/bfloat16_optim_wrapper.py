from contextlib import contextmanager

import torch
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from torch import nn

from restorelab.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Training under bfloat16 autocast, on CPU and GPU, with no loss scaling.

    bfloat16 has float32's exponents, so nothing under- or overflows that float32 would hold; MMEngine's
    AmpOptimWrapper always scales and refuses CPUs.
    """

    @contextmanager
    def optim_context(self, model: nn.Module):
        with super().optim_context(model), torch.autocast(get_device(), dtype=torch.bfloat16):
            yield
