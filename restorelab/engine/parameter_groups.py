"""The groups of parameters that a config names."""

from mmengine.config import ConfigDict
from torch import nn

from restorelab.registry import nearest
from restorelab.utils.modules import unwrap

DEFAULT = 'DefaultOptimWrapperConstructor'


def check_custom_keys(optim_wrapper: ConfigDict, model: nn.Module) -> None:
    """Refuse ``custom_keys`` that match no parameter of ``model``; MMEngine takes them in silence.

    A key matches the parameters in whose name it occurs. Only MMEngine's own way of grouping
    parameters is checked.
    Raises: KeyError that names the key and the nearest members of the model.
    """
    paramwise = optim_wrapper.get('paramwise_cfg') or {}
    keys = paramwise.get('custom_keys') or {}
    if not keys or optim_wrapper.get('constructor', DEFAULT) != DEFAULT:
        return
    names = [name for name, _ in unwrap(model).named_parameters()]
    for key in keys:
        if not any(key in name for name in names):
            near = nearest(key, _members(names)) or 'none'
            raise KeyError(
                f"optim_wrapper.paramwise_cfg.custom_keys['{key}'] is in the name of no parameter; "
                f'nearest: {near}. A key is a part of names such as {names[0]}'
            )


def _members(names: list[str]) -> list[str]:
    """Every beginning of a name, and every word in it."""
    members: dict[str, None] = {}
    for name in names:
        words = name.split('.')
        for end in range(1, len(words) + 1):
            members['.'.join(words[:end])] = None
        members.update(dict.fromkeys(words))
    return list(members)
