"""Small tools on torch modules."""

from torch import nn


def unwrap(model: nn.Module) -> nn.Module:
    """The model itself, without the wrapper for several processes if there is one."""
    from mmengine.model import is_model_wrapper  # slow to import, and only training needs it

    return model.module if is_model_wrapper(model) else model


def _drop_from_state(module: nn.Module, state: dict, prefix: str, _metadata) -> None:
    for key in list(state):
        if key.startswith(prefix):
            del state[key]


def _stand_in_on_load(module: nn.Module, state: dict, prefix: str, *_args) -> None:
    for path, part in module.named_modules(prefix=prefix.rstrip('.'), remove_duplicate=False):
        for name, value in (*part._parameters.items(), *part._buffers.items()):
            if value is not None and name not in part._non_persistent_buffers_set:
                state.setdefault(f'{path}.{name}' if path else name, value)


def keep_out_of_checkpoint(module: nn.Module) -> None:
    """Leave ``module`` out of every state dict. A strict load does not ask for it either.

    For frozen pretrained networks: their weights are read from a file of their own.
    """
    module._register_state_dict_hook(_drop_from_state)
    module.register_load_state_dict_pre_hook(_stand_in_on_load)
