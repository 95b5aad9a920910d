"""What kind of value a config has where MMEngine and torch would stumble over another one later.

Options of parts are their own affair. Here are the entries that the Runner reads itself.
"""

import math
from collections.abc import Iterator
from numbers import Real

from mmengine.config import Config

from restorelab.utils.whole import check_whole

DICTS = (
    *('model', 'train_dataloader', 'val_dataloader', 'test_dataloader', 'optim_wrapper'),
    *('train_cfg', 'val_cfg', 'test_cfg', 'default_hooks', 'randomness', 'env_cfg'),
)
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
# Parts of a restorer, which are built from a dict with a type, or left out by None.
PARTS = ('backbone', 'codec', 'loss', 'objective', 'process')
# The least whole number of an entry, by its dotted key.
WHOLE = {
    'train_cfg.max_iters': 1,
    'train_cfg.max_epochs': 1,
    'train_cfg.val_interval': 1,
    'optim_wrapper.accumulative_counts': 1,
    'default_hooks.checkpoint.interval': -1,  # never
    'default_hooks.logger.interval': 1,
    'randomness.seed': 0,
    **{f'{loader}.batch_size': 1 for loader in LOADERS},
    **{f'{loader}.num_workers': 0 for loader in LOADERS},
}
RATES = ('optim_wrapper.optimizer.lr', 'optim_wrapper.optimizer.weight_decay')
MAY_BE_NONE = ('randomness.seed',)
MOST_SEED = 2**32 - 1


def check_values(cfg: Config) -> None:
    """Raise ValueError or TypeError that names the config, the entry and its value."""
    name = cfg.filename or 'the config'
    root = cfg._cfg_dict
    _check_kinds(root, name)
    _check_whole_numbers(root, name)
    for key in RATES:
        for value in _at(root, key):
            _check_rate(f'{name}: {key}', value)
    _check_schedulers(root.get('param_scheduler'), f'{name}: param_scheduler')
    if root.get('model') is not None:
        _check_model(root['model'], f'{name}: model')


def _check_kinds(root: dict, name: str) -> None:
    for key in DICTS:
        if root.get(key) is not None and not isinstance(root[key], dict):
            raise TypeError(f'{name}: {key} is {root[key]!r}; wanted is a dict')
    if not isinstance(root.get('custom_hooks') or [], list | tuple):
        raise TypeError(f'{name}: custom_hooks is {root["custom_hooks"]!r}; wanted is a list')
    if not isinstance(root.get('work_dir') or '', str):
        raise TypeError(f'{name}: work_dir is {root["work_dir"]!r}; wanted is a path')


def _check_whole_numbers(root: dict, name: str) -> None:
    for key, least in WHOLE.items():
        for value in _at(root, key):
            if value is not None or key not in MAY_BE_NONE:
                check_whole(f'{name}: {key}', value, least)
    for seed in _at(root, 'randomness.seed'):
        if seed is not None and seed > MOST_SEED:
            raise ValueError(f'{name}: randomness.seed is {seed}; wanted is at most {MOST_SEED}')


def _at(root: dict, key: str) -> Iterator[object]:
    """The value at a dotted key, if there is one."""
    *parents, last = key.split('.')
    node = root
    for parent in parents:
        node = node.get(parent) if isinstance(node, dict) else None
    if isinstance(node, dict) and last in node:
        yield node[last]


def _check_rate(place: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < math.inf:
        raise ValueError(f'{place} is {value!r}; it must be a number from 0')


def _check_schedulers(schedulers: object, place: str) -> None:
    """One entry, a list of them, or a list for each optimizer."""
    if isinstance(schedulers, list):
        for index, entry in enumerate(schedulers):
            _check_schedulers(entry, f'{place}.{index}')
    elif isinstance(schedulers, dict) and 'type' not in schedulers:
        for optimizer, entry in schedulers.items():
            _check_schedulers(entry, f'{place}.{optimizer}')
    elif isinstance(schedulers, dict):
        period = schedulers.get('T_max')
        if period is not None and not isinstance(period, float):  # that is a share of the training
            check_whole(f'{place}.T_max', period)


def _check_model(model: dict, place: str) -> None:
    """The model and the parts of our own in it are dicts with a type."""
    if 'type' not in model:
        raise TypeError(f"{place} has no 'type', by which the restorer is chosen")
    if '_scope_' in model or '.' in str(model['type']):
        return
    for key in PARTS:
        part = model.get(key)
        if part is not None and (not isinstance(part, dict) or 'type' not in part):
            raise TypeError(
                f"{place}.{key}: a {key} is built from a dict with the key 'type', not from "
                f'{part!r}'
            )
    if isinstance(model.get('restorer'), dict):
        _check_model(model['restorer'], f'{place}.restorer')
