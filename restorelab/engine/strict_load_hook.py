"""Checkpoints of another model are refused."""

from mmengine.hooks import Hook

from restorelab.registry import HOOKS
from restorelab.utils.checkpoint import load_weights
from restorelab.utils.modules import unwrap


@HOOKS.register_module()
class StrictLoadHook(Hook):
    """Refuses a checkpoint of another model on ``resume`` and ``load_from``.

    MMEngine alone would load what fits. For the weights of an earlier stage, or of the trunk alone,
    use ``init_cfg=dict(type='StartFrom', ...)``.
    Raises: what ``restorelab.utils.checkpoint.load_weights`` raises, a report of the keys.
    """

    priority = 'HIGHEST'

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        source = runner.cfg.get('load_from') or 'the checkpoint'
        load_weights(unwrap(runner.model), checkpoint['state_dict'], source)
