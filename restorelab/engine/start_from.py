"""Starting a training from the weights of an earlier one."""

from mmengine.model import BaseModule
from mmengine.model.weight_init import update_init_info

from restorelab.registry import WEIGHT_INITIALIZERS
from restorelab.utils.checkpoint import load_known_weights, model_state, read_checkpoint
from restorelab.utils.weights import resolve_weights


@WEIGHT_INITIALIZERS.register_module()
class StartFrom:
    """``init_cfg`` of a model that begins with another training's weights: a trunk, or the stage before.

    Every weight in the file must have its place in the model; the model's others, of parts that the file has never
    seen, keep their initial values. (MMEngine's ``Pretrained`` loads what fits and leaves the rest out in silence.)
    Read when a training starts, never for restoring.

    Args:
        checkpoint: training checkpoint (its averaged weights count, where there are any), published
            ``.safetensors``, or ``restorelab:<name>``.
        part: take only this part of the file's model, such as ``restorer`` of a joint one.
    Raises: FileNotFoundError; CheckpointError naming the weights that do not fit, or a part that is not there.
    """

    def __init__(self, checkpoint: str, part: str = ''):
        self.checkpoint, self.part = checkpoint, part

    def __call__(self, module: BaseModule) -> None:
        try:
            path = resolve_weights(self.checkpoint)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f'{error}. This training starts from them: if an earlier stage makes them, train '
                'that one first; the head of the config says which'
            ) from error
        state = model_state(read_checkpoint(path), path)
        if self.part:
            prefix = f'{self.part}.'
            state = {
                key.removeprefix(prefix): value
                for key, value in state.items()
                if key.startswith(prefix)
            }
        load_known_weights(module, state, path)
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=f'load from {path}')
