"""Starting a training from the weights of an earlier one."""

from mmengine.model import BaseModule
from mmengine.model.weight_init import update_init_info

from restorelab.registry import WEIGHT_INITIALIZERS
from restorelab.utils.checkpoint import load_known_weights, model_state, read_checkpoint
from restorelab.utils.weights import resolve_weights


@WEIGHT_INITIALIZERS.register_module()
class StartFrom:
    """``init_cfg`` of a model that begins with the weights of another training.

    These are those of a trunk, or of the stage before. Every weight in the file must have its place
    in the model. Other weights of the model, of parts that the file does not know, keep their
    initial values. (MMEngine's ``Pretrained`` loads what fits and ignores the rest without a
    word.) The file is read when a training starts, and not for restoring.

    Args:
        checkpoint: training checkpoint (of which the averaged weights are taken, if it has any),
            published ``.safetensors``, or ``restorelab:<name>``.
        part: take only this part of the file's model, such as ``restorer`` of a joint one.
    Raises: FileNotFoundError; CheckpointError that names the weights that do not fit, or a part
        that is not there.
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
            chosen = [key for key in state if key.startswith(prefix)]
            state = {key.removeprefix(prefix): state[key] for key in chosen}
        load_known_weights(module, state, path)
        if '_params_init_info' in vars(module):  # while MMEngine initializes the module
            update_init_info(module, init_info=f'load from {path}')
