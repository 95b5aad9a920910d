from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from restorelab.models.contracts import Model
from restorelab.registry import HOOKS


@HOOKS.register_module()
class CheckDataHook(Hook):
    """Asks the model whether its data sets suit it, before anything is computed.

    Raises: what ``check_dataset(dataset, training)`` raises.
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
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if isinstance(model, Model):
            for part in getattr(dataset, 'parts', [dataset]):
                model.check_dataset(part, training)
