"""Schedules as tables of numbers, one for each step, and training steps drawn from them."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn


def register_tables(module: nn.Module, tables: Mapping[str, Tensor]) -> None:
    """Keep ``tables`` as buffers of ``module`` that no checkpoint holds."""
    for name, table in tables.items():
        module.register_buffer(name, table, persistent=False)


def at(table: Tensor, t: int | Tensor) -> Tensor:
    """The entry of the step ``t``: a scalar, or (B, 1, 1, 1) for steps (B,) of a batch."""
    if isinstance(t, Tensor):
        return table[t].view(-1, 1, 1, 1)
    return table[t]


def check_train_times(train_times: Sequence[int] | None, steps: int) -> None:
    """Raise ValueError unless ``train_times`` are some of the steps 0..steps - 1, or None."""
    if train_times is None:
        return
    exist = all(0 <= t < steps for t in train_times)
    if not train_times or not exist:
        raise ValueError(
            f'train_times={list(train_times)}: name steps from 0 to {steps - 1}, or None for all'
        )


def draw_times(count: int, steps: int, train_times: Sequence[int] | None = None) -> Tensor:
    """``count`` training steps (int64), uniform over ``train_times``, or over 0..steps - 1.

    They are drawn on the CPU, so that every device sees the same steps.
    """
    if train_times is None:
        return torch.randint(0, steps, (count,))
    return torch.tensor(train_times)[torch.randint(0, len(train_times), (count,))]
