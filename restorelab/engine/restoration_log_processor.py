"""The lines of a training's log."""

import resource
import sys

import torch
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.runner import LogProcessor

from restorelab.registry import LOG_PROCESSORS

KEPT_VALUES = 1000


def peak_memory_mb() -> int:
    """Largest resident size of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 * 1024 if sys.platform == 'darwin' else 1024)  # bytes, or KiB on Linux


def forget_old(hub: MessageHub) -> None:
    """Keep only the last values of every history.

    MMEngine copies the whole history at each new value, and into each checkpoint.
    """
    for name, history in hub.log_scalars.items():
        values, counts = history.data
        if len(values) > KEPT_VALUES:
            hub.log_scalars[name] = HistoryBuffer(values[-KEPT_VALUES:], counts[-KEPT_VALUES:])


@LOG_PROCESSORS.register_module()
class RestorationLogProcessor(LogProcessor):
    """MMEngine's progress line, with the peak memory on a CPU, too.

    After a validation the line has only the means. The values of every degradation are in the table
    that the metric prints, and in TensorBoard. Windows of more than 1000 values average over the
    last 1000.
    """

    def get_log_after_iter(self, runner, batch_idx: int, mode: str) -> tuple[dict, str]:
        tag, line = super().get_log_after_iter(runner, batch_idx, mode)
        forget_old(runner.message_hub)
        if mode == 'train' and not torch.cuda.is_available():
            tag['memory'] = peak_memory_mb()
            line += f'  memory: {tag["memory"]}'
        return tag, line

    def get_log_after_epoch(
        self, runner, batch_idx: int, mode: str, with_non_scalar: bool = False
    ) -> tuple[dict, str]:
        tag, _ = super().get_log_after_epoch(runner, batch_idx, mode, with_non_scalar)
        shown = []
        for name, value in tag.items():
            if '/' not in name or name.endswith('/mean'):
                text = f'{value:.4f}' if isinstance(value, float) else f'{value}'
                shown.append(f'{name}: {text}')
        return tag, f'Iter({mode})  {"  ".join(shown)}'
