"""Small tools on torch modules."""

from torch import nn


def _drop_from_state(module: nn.Module, state: dict, prefix: str, _metadata) -> None:
    for key in [key for key in state if key.startswith(prefix)]:
        del state[key]


def _stand_in_on_load(module: nn.Module, state: dict, prefix: str, *_args) -> None:
    for path, part in module.named_modules(prefix=prefix.rstrip('.'), remove_duplicate=False):
        for name, value in (*part._parameters.items(), *part._buffers.items()):
            if value is not None and name not in part._non_persistent_buffers_set:
                state.setdefault(f'{path}.{name}' if path else name, value)


def keep_out_of_checkpoint(module: nn.Module) -> None:
    """Leave ``module`` out of every state dict, and do not miss it when one is loaded.

    For frozen pretrained networks, whose weights have a source of their own.
    """
    module._register_state_dict_hook(_drop_from_state)
    module.register_load_state_dict_pre_hook(_stand_in_on_load)
