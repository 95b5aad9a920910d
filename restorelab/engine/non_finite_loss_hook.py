"""A training that has failed is stopped."""

import math

import torch
from mmengine.hooks import Hook

from restorelab.engine.atomic_checkpoint_hook import latest_checkpoint
from restorelab.registry import HOOKS

ADVICE = (
    'Continue from it with --resume and a lower learning rate, gradient clipping '
    '(optim_wrapper.clip_grad=dict(max_norm=1.0)), or without --amp; look at the input if it stops '
    'again at the same iteration.'
)


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Stops a training whose loss or weights are NaN or infinite, before such weights are saved.

    The loss is checked after every iteration. MMEngine reads it then anyway, so nothing waits. The
    weights are checked before every checkpoint, since a finite loss can have infinite gradients.
    Raises: FloatingPointError that names the iteration, the last good checkpoint and what to try.
    """

    priority = 'VERY_HIGH'

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        losses = {name: value.item() for name, value in (outputs or {}).items() if 'loss' in name}
        bad = {name: value for name, value in losses.items() if not math.isfinite(value)}
        if bad:
            self._stop(runner, f'the loss is not finite ({bad})')

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        bad = []
        for name, weight in runner.model.named_parameters():
            if weight.requires_grad and not torch.isfinite(weight).all():
                bad.append(name)
        if bad:
            self._stop(runner, f'{len(bad)} weights are not finite (the first: {bad[0]})')

    def _stop(self, runner, what: str) -> None:
        good = latest_checkpoint(runner.work_dir)
        raise FloatingPointError(
            f'iteration {runner.iter + 1}: {what}. Training stops and nothing was saved. '
            f'The last good checkpoint is {good or "none"}. {ADVICE}'
        )
