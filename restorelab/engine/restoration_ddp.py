"""Training on several processes, without an option for weights that a batch leaves out."""

from zlib import crc32

import torch
from mmengine.dist import (
    all_gather,
    all_gather_object,
    all_reduce,
    all_reduce_params,
    get_world_size,
)
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from restorelab.models.contracts import Model
from restorelab.registry import MODEL_WRAPPERS


@MODEL_WRAPPERS.register_module()
class RestorationDDP(MMDistributedDataParallel):
    """MMEngine's wrapper, which asks the model whether a batch may leave weights without a
    gradient. The losses that it logs are the means of all ranks.

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

    def train_step(self, data: dict, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        return mean_over_ranks(super().train_step(data, optim_wrapper))


def mean_over_ranks(values: dict[str, Tensor]) -> dict[str, Tensor]:
    """The mean of each value over the ranks that have it. All ranks must call this together."""
    names = torch.tensor(crc32('\n'.join(values).encode()))
    if len({int(each) for each in all_gather(names)}) == 1:
        means = torch.stack([value.detach().float() for value in values.values()])
        all_reduce(means, 'mean')
        return dict(zip(values, means, strict=True))
    numbers = {name: value.item() for name, value in values.items()}
    found: dict[str, list[float]] = {}
    for part in all_gather_object(numbers):
        for name, number in part.items():
            found.setdefault(name, []).append(number)
    return {name: torch.tensor(sum(each) / len(each)) for name, each in found.items()}


def average_gradients(module: nn.Module) -> None:
    """Give each rank the mean of the gradients of all. A weight without one counts as 0."""
    if get_world_size() == 1:
        return
    gradients = []
    for weight in module.parameters():
        if weight.requires_grad:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
            gradients.append(weight.grad)
    all_reduce_params(gradients, op='mean')
