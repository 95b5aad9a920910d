"""Training on several processes, without an option for weights that a batch leaves out."""

from mmengine.model import MMDistributedDataParallel
from torch import nn

from restorelab.models.contracts import Model
from restorelab.registry import MODEL_WRAPPERS


@MODEL_WRAPPERS.register_module()
class RestorationDDP(MMDistributedDataParallel):
    """MMEngine's wrapper, which asks the model whether a batch may leave weights without a
    gradient.

    Looking for such weights costs time in every step, so only models whose
    ``find_unused_parameters`` is True pay for it. Buffers are not broadcast: all processes have the
    same.

    Args:
        module: the model.
        device_ids: the GPU of this process; not used on a CPU.
    """

    def __init__(self, module: nn.Module, device_ids: list[int] | None = None):
        on_cpu = next(module.parameters()).device.type == 'cpu'
        super().__init__(
            module,
            device_ids=None if on_cpu else device_ids,
            broadcast_buffers=False,
            find_unused_parameters=isinstance(module, Model) and module.find_unused_parameters,
        )
