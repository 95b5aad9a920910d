from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from restorelab.registry import HOOKS
from restorelab.utils.checkpoint import load_weights


@HOOKS.register_module()
class StrictLoadHook(Hook):
    """Refuses a checkpoint of another model, on ``resume`` and ``load_from``; MMEngine would load what fits.

    For weights of an earlier stage, or of the trunk alone, use ``init_cfg=dict(type='StartFrom', ...)``.
    Raises: what ``restorelab.utils.checkpoint.load_weights`` raises, a report of the keys.
    """

    priority = 'HIGHEST'

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        load_weights(model, checkpoint['state_dict'], 'the checkpoint')
