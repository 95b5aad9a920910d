"""Weights of pretrained parts."""

from mmengine.hooks import Hook

from restorelab.models.contracts import Model
from restorelab.registry import HOOKS
from restorelab.utils.modules import unwrap


@HOOKS.register_module()
class PretrainedHook(Hook):
    """Lets the model read the weights of its pretrained parts.

    This happens before a moving average copies them and before a checkpoint is loaded.
    """

    priority = 'HIGHEST'

    def before_run(self, runner) -> None:
        model = unwrap(runner.model)
        if isinstance(model, Model):
            model.load_pretrained()
