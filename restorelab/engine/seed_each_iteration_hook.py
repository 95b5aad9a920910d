"""The same random numbers in an iteration, whatever happened before it."""

import random

import numpy as np
import torch
from mmengine.hooks import Hook

from restorelab.registry import HOOKS


def iteration_seed(seed: int, iteration: int) -> int:
    """A seed in [0, 2^32) for this iteration of all ranks; seeds of neighbors are unrelated."""
    return int(np.random.SeedSequence([seed, iteration, 0]).generate_state(1)[0])


@HOOKS.register_module()
class SeedEachIterationHook(Hook):
    """Seeds torch, numpy and random from (seed, iteration) before every training iteration.

    So a resumed training equals one that was never interrupted, and a validation in between changes
    nothing. All ranks get the same seed; ``joined_draws`` gives each image draws of its own.
    """

    priority = 'VERY_HIGH'

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        seed = iteration_seed(runner.seed, runner.iter)
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 (libraries still draw from it)
        torch.manual_seed(seed)
