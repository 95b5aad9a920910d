"""A training that is told to stop ends with a whole checkpoint."""

import signal

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import EMAHook, Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner

from restorelab.engine.atomic_checkpoint_hook import AtomicCheckpointHook
from restorelab.engine.resuming import resume_command
from restorelab.utils.stop_signals import StoppedBySignal, StopSignals


class SignalStopHook(Hook):
    """After SIGTERM or Ctrl-C: saves the last finished iteration and ends the process.

    Under gradient accumulation the training goes on to the next step of the optimizer. A validation
    is broken off, or finished where there are several processes. All processes stop after the same
    iteration.

    Raises: StoppedBySignal.
    """

    priority = 'LOWEST'

    def __init__(self, signals: StopSignals):
        self.signals = signals

    def before_train(self, runner) -> None:
        self.signals.deferred = True

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        wrapper = runner.optim_wrapper
        accumulates = isinstance(wrapper, OptimWrapper) and not wrapper.should_update()
        if self._is_wanted(runner) and not accumulates:
            self._stop(runner, runner.iter + 1)

    def after_val_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if self.signals.received and self.signals.deferred and runner.world_size == 1:
            for hook in runner.hooks:
                if isinstance(hook, EMAHook):  # gives the model its own weights back
                    hook.after_val_epoch(runner)
            self._stop(runner, runner.iter)

    def after_val_epoch(self, runner, metrics=None) -> None:
        if self.signals.deferred and self._is_wanted(runner):
            self._stop(runner, runner.iter)

    def after_train(self, runner) -> None:
        self.signals.deferred = False
        if self._is_wanted(runner):
            self._stop(runner, runner.iter)

    def _is_wanted(self, runner: Runner) -> bool:
        """Whether any process has received a signal. Then all of them note it.

        One that comes while they talk counts the next time, so that all have the same answer.
        """
        if runner.world_size == 1:
            return self.signals.received is not None
        number = torch.tensor(self.signals.received or 0, dtype=torch.int64)
        all_reduce(number, 'max')
        if number:
            self.signals.received = signal.Signals(number.item())
        return bool(number)

    def _stop(self, runner: Runner, finished: int) -> None:
        path = ''
        for hook in runner.hooks:
            if isinstance(hook, AtomicCheckpointHook):
                path = hook.save_now(runner, finished)
        saved = f'the checkpoint {path} is whole' if path else 'no hook saves checkpoints'
        runner.logger.warning(
            'stopped by %s after iteration %d; %s. Go on with:\n  %s',
            self.signals.received.name,
            finished,
            saved,
            resume_command(runner),
        )
        self.signals.agreed = True
        raise StoppedBySignal(self.signals.received)
