from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from restorelab.models.contracts import Model
from restorelab.registry import HOOKS


@HOOKS.register_module()
class PretrainedHook(Hook):
    """Lets the model fetch its frozen pretrained parts, before an average is copied from it or a checkpoint loaded."""

    priority = 'HIGHEST'

    def before_run(self, runner) -> None:
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if isinstance(model, Model):
            model.load_pretrained()
