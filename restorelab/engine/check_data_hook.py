"""Data sets that do not suit a model are refused at once."""

from mmengine.hooks import Hook

from restorelab.models.contracts import Model
from restorelab.registry import HOOKS
from restorelab.structures import SampleDataset
from restorelab.utils.modules import unwrap


@HOOKS.register_module()
class CheckDataHook(Hook):
    """Asks the model whether its data sets suit it, before anything is computed.

    Models and data sets of other packages are not asked.
    Raises: what ``check_dataset(dataset, training)`` of the model raises.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner) -> None:
        self._check(runner, runner.train_dataloader.dataset, training=True)
        if runner.val_loop is not None:
            self._check(runner, runner.val_dataloader.dataset, training=False)

    def before_test(self, runner) -> None:
        self._check(runner, runner.test_dataloader.dataset, training=False)

    @staticmethod
    def _check(runner, dataset, training: bool) -> None:
        model = unwrap(runner.model)
        if isinstance(model, Model) and isinstance(dataset, SampleDataset):
            for part in dataset.parts:
                model.check_dataset(part, training)
