"""One toy of each role, so that the engine is tested without any method.

There are a restorer, a paired set and a sampler.

``python -m tests.engine.toys WORK_DIR key=value ...`` trains it in a process of its own.
"""

import os
import random
import signal
import sys
import time

import numpy as np
import torch
from mmengine.config import Config, DictAction
from mmengine.dist import get_dist_info
from mmengine.hooks import Hook
from torch import Tensor, nn
from torch.utils.data import Sampler

from restorelab.models.contracts import RegressionBackbone
from restorelab.models.restorers.base import BaseRestorer
from restorelab.registry import BACKBONES, DATA_SAMPLERS, DATASETS, HOOKS, MODELS
from restorelab.structures import RestorationSample, SampleDataset, TapContext

DEGRADATIONS = ('noise', 'haze')


@BACKBONES.register_module()
class ToyNet(RegressionBackbone):
    """One convolution; (B, 3, H, W) -> (B, 3, H, W).

    ``wide``: of 5x5 instead of 3x3.  ``dropout``: share of the input that is dropped.
    ``ballast``: weights that change nothing and make checkpoints large.
    """

    def __init__(self, wide: bool = False, dropout: float = 0.0, ballast: int = 0):
        super().__init__()
        side = 5 if wide else 3
        self.conv = nn.Conv2d(3, 3, side, padding=side // 2)
        self.drop = nn.Dropout(dropout)
        self.ballast = nn.Parameter(torch.ones(ballast)) if ballast else None

    def forward(self, lq: Tensor, ctx: TapContext | None = None) -> Tensor:
        restored = self.conv(self.drop(lq))
        return restored if self.ballast is None else restored + 0 * self.ballast.sum()


@MODELS.register_module()
class ToyRestorer(BaseRestorer):
    """A regression whose loss draws from torch, numpy and random, as a diffusion loss does.

    ``poison_at``: iterations, from 1, whose loss is NaN.  ``freeze_bias``: train the weights only.
    """

    def __init__(
        self,
        noise_scale: float = 0.1,
        poison_at: list[int] = (),
        freeze_bias: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.backbone.conv.bias.requires_grad_(not freeze_bias)
        self.noise_scale, self.poison_at, self.calls = noise_scale, poison_at, 0

    def compute_losses(
        self, lq: Tensor, gt: Tensor, cond, tasks
    ) -> tuple[dict[str, Tensor], Tensor]:
        scale = (np.random.random() + random.random()) * self.noise_scale  # noqa: NPY002
        noise = torch.randn_like(lq) * scale
        self.calls += 1
        factor = float('nan') if self.calls in self.poison_at else 1.0
        restored = self.backbone(lq + noise)
        return dict(loss_pixel=(restored - gt).square().mean() * factor), restored

    def restore_region(self, lq: Tensor, cond, noise, tasks, steps) -> Tensor:
        return self.backbone(lq)


@DATASETS.register_module()
class ToyPairs(SampleDataset):
    """Pairs of random 16x16 images; the index carries the epoch.

    ``seconds``: how long a pair from the third on takes.
    """

    def __init__(self, size: int = 6, seed: int = 0, seconds: float = 0.0):
        self.size, self.seed, self.seconds = size, seed, seconds
        self.read: list[int] = []

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> dict:
        self.read.append(index)
        if index >= 2:
            time.sleep(self.seconds)
        epoch, index = divmod(index, self.size)
        rng = np.random.default_rng([self.seed, epoch, index])
        gt = rng.integers(0, 256, (3, 16, 16), dtype=np.uint8)
        lq = (gt * 0.5 + 20 * rng.random(gt.shape)).astype(np.uint8)
        degradation = DEGRADATIONS[index % 2]
        sample = RestorationSample(
            gt=torch.from_numpy(gt),
            metainfo=dict(
                key=f'{degradation}_{index}', degradation=degradation, path='', ori_shape=(16, 16)
            ),
        )
        return dict(inputs=torch.from_numpy(lq), data_samples=sample)


@DATA_SAMPLERS.register_module()
class ToySampler(Sampler):
    """0, 1, 2, ... for ever, every rank its own, from wherever it was told to seek."""

    def __init__(self, dataset, seed: int | None = None):
        self.dataset = dataset
        self.start = 0
        self.rank, self.world_size = get_dist_info()

    def seek(self, num_samples: int) -> None:
        self.start = num_samples

    def __len__(self) -> int:
        return len(self.dataset)

    def __iter__(self):
        index = self.start * self.world_size + self.rank
        while True:
            yield index
            index += self.world_size


class Interrupted(Exception):
    """What StopHook ends a training with."""


@HOOKS.register_module()
class StopHook(Hook):
    """Ends a training after the iteration ``at``: with an exception, or as ``kill -9`` does."""

    priority = 'LOWEST'

    def __init__(self, at: int, kill: bool = False):
        self.at, self.kill = at, kill

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if runner.iter + 1 != self.at:
            return
        if self.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        raise Interrupted


@HOOKS.register_module()
class RecordHook(Hook):
    """Keeps every loss and, by rank, appends it to ``<work_dir>/losses_<rank>.txt``."""

    def __init__(self):
        self.losses: list[float] = []

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        self.losses.append(outputs['loss'].item())
        with open(f'{runner.work_dir}/losses_{runner.rank}.txt', 'a') as file:
            file.write(f'{runner.iter + 1} {self.losses[-1]!r}\n')


def toy_config(work_dir, max_iters: int = 6, num_workers: int = 0, **changes) -> Config:
    """A training of the toys with ``configs/_base_/runtime.py``; checkpoints every 2 iterations."""
    runtime = os.path.join(os.path.dirname(__file__), '../../configs/_base_/runtime.py')
    cfg = Config.fromfile(runtime)
    evaluate = dict(
        batch_size=1,
        num_workers=0,
        dataset=dict(type='ToyPairs', size=4, seed=1),
        sampler=dict(type='DefaultSampler', shuffle=False),
    )
    evaluator = dict(type='RestorationMetric', protocols=['rgb'])
    cfg.merge_from_dict(
        dict(
            work_dir=str(work_dir),
            model=dict(type='ToyRestorer', backbone=dict(type='ToyNet')),
            train_dataloader=dict(
                batch_size=2,
                num_workers=num_workers,
                dataset=dict(type='ToyPairs'),
                sampler=dict(type='ToySampler'),
            ),
            val_dataloader=evaluate,
            val_evaluator=evaluator,
            test_dataloader=evaluate,
            test_evaluator=evaluator,
            optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-2)),
            param_scheduler=[dict(type='CosineAnnealingLR', T_max=max_iters, by_epoch=False)],
            train_cfg=dict(max_iters=max_iters, val_interval=3),
            default_hooks=dict(checkpoint=dict(interval=2), logger=dict(interval=1)),
            custom_hooks=[dict(type='StepEMAHook', momentum=0.1), dict(type='RecordHook')],
        )
    )
    cfg.merge_from_dict(changes)
    return cfg


def recorded(runner) -> list[float]:
    """Every loss of a training."""
    return next(hook for hook in runner.hooks if isinstance(hook, RecordHook)).losses


def main() -> None:
    from restorelab.apis.training import train

    work_dir, *pairs = sys.argv[1:]
    options = {
        key: DictAction._parse_iterable(value)
        for key, value in (pair.split('=', 1) for pair in pairs)
    }
    resume, launcher = options.pop('resume', None), options.pop('launcher', 'none')
    kill_at = options.pop('kill_at', None)
    cfg = toy_config(work_dir, **options)
    if kill_at is not None:
        cfg.custom_hooks.append(dict(type='StopHook', at=kill_at, kill=True))
    train(cfg, resume=resume, launcher=launcher)


if __name__ == '__main__':
    main()
