"""A training loop that resumes its data without reading it again."""

from typing import Protocol, runtime_checkable

from mmengine.runner import IterBasedTrainLoop
from mmengine.runner.loops import _InfiniteDataloaderIterator

from restorelab.engine.joined_draws import joined_draws
from restorelab.registry import LOOPS


@runtime_checkable
class Seekable(Protocol):
    """A sampler that can start anywhere in its stream."""

    def seek(self, count: int) -> None:
        """The next iteration begins after ``count`` samples, or batches."""


@LOOPS.register_module()
class SeekingIterTrainLoop(IterBasedTrainLoop):
    """MMEngine's IterBasedTrainLoop; on resume it asks the sampler to continue where it was.

    MMEngine reads again all data of the iterations before. A ``batch_sampler`` with
    ``seek(num_batches)``, or a ``sampler`` with ``seek(num_samples)``, makes this unnecessary. With
    other samplers the data are read again as in MMEngine.
    """

    def run(self):
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        if self._iter > 0:
            self._skip(self._iter)
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(next(self.dataloader_iterator))
            self._decide_current_val_interval()
            if self._is_validation_due():
                self.runner.val_loop.run()
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_iter(self, data_batch) -> None:
        """One iteration. Its draws are those of the joined batch of all ranks."""
        with joined_draws(self.dataloader):
            super().run_iter(data_batch)

    def _is_validation_due(self) -> bool:
        at_interval = self._iter % self.val_interval == 0 or self._iter == self._max_iters
        return self.runner.val_loop is not None and self._iter >= self.val_begin and at_interval

    def _skip(self, batches: int) -> None:
        loader = self.dataloader
        if isinstance(loader.batch_sampler, Seekable):
            loader.batch_sampler.seek(batches)
        elif isinstance(loader.sampler, Seekable):
            loader.sampler.seek(batches * loader.batch_size)
        else:
            for _ in range(batches):
                next(self.dataloader_iterator)
            return
        # anew: the first one began to read at the start
        self.dataloader_iterator = _InfiniteDataloaderIterator(loader)
