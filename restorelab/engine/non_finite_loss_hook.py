"""A training that has failed is stopped."""

import math

import torch
from mmengine.hooks import Hook

from restorelab.engine.atomic_checkpoint_hook import latest_checkpoint
from restorelab.engine.resuming import resume_command
from restorelab.registry import HOOKS

ADVICE = (
    'If it stops again, clip the gradients (optim_wrapper.clip_grad.max_norm=1.0), or train '
    'without --amp; look at the input if it stops at the same iteration.'
)


def halved_rates(optim_wrapper: dict, key: str = 'optim_wrapper') -> dict[str, float]:
    """Half of each learning rate in the config of an optimizer, or of several, by dotted key."""
    rates = {}
    for name, value in optim_wrapper.items():
        if name == 'optimizer' and 'lr' in value:
            rates[f'{key}.optimizer.lr'] = value['lr'] / 2
        elif isinstance(value, dict) and 'optimizer' in value:
            rates |= halved_rates(value, f'{key}.{name}')
    return rates


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Stops a training whose loss or weights are NaN or infinite, before such weights are saved.

    The loss is checked after every iteration. MMEngine reads it then anyway, so nothing waits. The
    weights are checked before every checkpoint, since a finite loss can have infinite gradients.
    Raises: FloatingPointError that names the iteration, the last good checkpoint and the command
        that goes on from it at half the learning rate.
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
        rates = halved_rates(runner.cfg.optim_wrapper)
        command = resume_command(runner, rates, resume=good is not None)
        how = 'Go on from it' if good else 'Start again'
        raise FloatingPointError(
            f'iteration {runner.iter + 1}: {what}. Training stops and nothing was saved. '
            f'The last good checkpoint is {good or "none"}. {how} at half the learning rate:\n'
            f'  {command}\n{ADVICE}'
        )
