"""Measure how fast configs train: crops a second, and how long the network waits for data."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from mmengine.config import Config

from restorelab.apis.benchmark import label
from restorelab.apis.training import train
from restorelab.config import load_config
from restorelab.utils.tables import draw_table
from restorelab.utils.whole import check_whole

COLUMNS = ('config', 'crops/s', 'ratio', 's/iteration', 'waiting for data')
WARM_UP = 5  # iterations that are not counted: caches fill, workers start


@dataclass
class TrainingRow:
    """What was measured of one config.

    Attributes:
        crops: images a second, of one process.
        seconds: of the median iteration, waiting included.
        waiting: share of an iteration in which the network waits for data, in [0, 1].
    """

    name: str
    crops: float
    seconds: float
    waiting: float


def benchmark_training(
    configs: Sequence[str],
    iterations: int = 30,
    vary: tuple[str, list] | None = None,
    amp: bool | str = False,
    channels_last: bool = False,
    cfg_options: dict | None = None,
) -> list[TrainingRow]:
    """Train each config for a moment, and measure it. Nothing is kept.

    Args:
        configs: paths of configs.
        iterations: that are counted; a few more come first.
        vary: an entry of the config and its values. Every config is measured with each value.
        amp, channels_last: as in ``train``.
        cfg_options: changes to the configs.
    Raises: as ``train`` does; ValueError for fewer iterations than 1.
    """
    check_whole('iterations', iterations)
    settings = [{}] if vary is None else [{vary[0]: value} for value in vary[1]]
    rows = []
    for path in configs:
        for options in settings:
            cfg = load_config(path, {**(cfg_options or {}), **options})
            rows.append(_measure(label(path, options), cfg, iterations, amp, channels_last))
    return rows


def _measure(
    name: str, cfg: Config, iterations: int, amp: bool | str, channels_last: bool
) -> TrainingRow:
    cfg.train_cfg.max_iters = WARM_UP + iterations
    cfg.train_cfg.val_interval = WARM_UP + iterations + 1
    for entry in ('val_cfg', 'val_dataloader', 'val_evaluator'):
        cfg[entry] = None
    cfg.param_scheduler = None
    cfg.default_hooks.checkpoint.update(interval=-1, save_last=False)
    cfg.log_level = 'WARNING'
    with tempfile.TemporaryDirectory() as work_dir:
        runner = train(cfg, work_dir=work_dir, amp=amp, channels_last=channels_last)
    seconds = np.array(runner.message_hub.get_scalar('train/time').data[0][WARM_UP:])
    waiting = np.array(runner.message_hub.get_scalar('train/data_time').data[0][WARM_UP:])
    batch = cfg.train_dataloader.batch_size
    return TrainingRow(
        name,
        crops=batch / float(seconds.mean()),
        seconds=float(np.median(seconds)),
        waiting=float(waiting.sum() / seconds.sum()),
    )


def as_table(rows: list[TrainingRow]) -> str:
    """The rows as text. A ratio is the crops a second relative to the first row."""
    cells = []
    for row in rows:
        cells.append(
            [
                row.name,
                f'{row.crops:.1f}',
                f'{row.crops / rows[0].crops:.2f}',
                f'{row.seconds:.3f}',
                f'{100 * row.waiting:.0f} %',
            ]
        )
    return draw_table(COLUMNS, cells, left=1, width=120)
