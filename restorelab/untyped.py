"""Which keys a dict without a ``type`` may have: MMEngine and MMDetection read them by name."""

import inspect
import re
from collections.abc import Callable, Iterable
from functools import cache
from sys import modules
from typing import NamedTuple

from restorelab.utils.options import named_options

PARAMWISE = 'optim_wrapper.paramwise_cfg'
CUSTOM_KEYS = f'{PARAMWISE}.custom_keys'
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
# What MMEngine's Runner takes out of the dict of a part before it builds it.
OF_OPTIM_WRAPPER = ('constructor', 'paramwise_cfg')
# Hooks that MMEngine's Runner sets up by these names.
HOOK_SLOTS = ('checkpoint', 'logger', 'param_scheduler', 'runtime_info', 'sampler_seed', 'timer')
# What mmcv's nms and soft_nms take, and batched_nms before them.
NMS = (
    *('iou_threshold', 'offset', 'score_threshold', 'max_num', 'class_agnostic', 'split_thr'),
    *('sigma', 'min_score', 'method', 'iou_thr'),
)
# ``train_cfg.get('name'``, ``cfg['name'``, ``self.test_cfg.name`` in the source of a detector
READ = re.compile(r'(?<!optimizer_)cfg(?:\.get\(\s*[\'"]|\[\s*[\'"]|\.)(\w+)')


class Known(NamedTuple):
    """The keys that a dict may have.

    Attributes:
        closed: whether no other key is read. Otherwise only slips of a known one are refused.
    """

    names: list[str]
    closed: bool = True


@cache
def keys_by_place() -> dict[str, list[str]]:
    """Keys of the dicts that MMEngine's Runner takes without a ``type``, by their place."""
    from mmengine import runner
    from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
    from mmengine.utils.dl_utils.setup_env import set_multi_processing
    from mmengine.visualization import Visualizer
    from torch.distributed import init_process_group
    from torch.nn.utils import clip_grad_norm_, clip_grad_value_

    readers = {
        'train_cfg': [runner.EpochBasedTrainLoop, runner.IterBasedTrainLoop],
        'val_cfg': [runner.ValLoop],
        'test_cfg': [runner.TestLoop],
        'optim_wrapper': [OptimWrapper],
        'optim_wrapper.clip_grad': [clip_grad_norm_, clip_grad_value_],
        'log_processor': [runner.LogProcessor],
        'visualizer': [Visualizer],
        'randomness': [runner.Runner.set_randomness],
        'env_cfg.dist_cfg': [init_process_group],
    }
    keys = {}
    for place, parts in readers.items():
        keys[place] = []
        for part in parts:
            keys[place] += named_options(part)[0]
    for loader in LOADERS:
        keys[loader] = loader_keys()
    keys['train_cfg'] += ['by_epoch']
    keys['optim_wrapper'] += OF_OPTIM_WRAPPER
    keys['optim_wrapper.clip_grad'] += ['type']
    keys['env_cfg'] = ['cudnn_benchmark', 'dist_cfg', 'mp_cfg', 'resource_limit']
    keys['env_cfg.dist_cfg'] += ['init_backend', 'port']
    keys['env_cfg.mp_cfg'] = named_options(set_multi_processing)[0]
    keys['auto_scale_lr'] = ['base_batch_size', 'enable']
    keys['custom_imports'] = ['allow_failed_imports', 'imports']
    keys[PARAMWISE] = read_by(DefaultOptimWrapperConstructor)
    return keys


@cache
def loader_keys() -> list[str]:
    from torch.utils.data import DataLoader

    own = ['num_batch_per_epoch', 'disable_subprocess_warning']
    return [*named_options(DataLoader)[0], *own]


def keys_of_runner(path: str, key: str | int) -> list[str] | None:
    """The keys of the dict at ``path`` that stands under ``key``; None where nobody says."""
    if path.startswith(f'{CUSTOM_KEYS}.'):
        return ['lr_mult', 'decay_mult']
    if key == 'dataloader':  # of a hook
        return loader_keys()
    return keys_by_place().get(path)


def read_by(*parts: Callable) -> list[str]:
    """The names that the source of ``parts`` and of their bases reads from dicts called ``cfg``."""
    names: set[str] = set()
    for module in _modules_of(parts):
        names |= _names_read_in(module)
    return sorted(names - set(dir(dict)) - {'type'})


def _modules_of(parts: Iterable[Callable]) -> set[str]:
    """The modules of classes and of those of their bases that are in the same package."""
    found = set()
    for part in parts:
        for base in inspect.getmro(part) if inspect.isclass(part) else [part]:
            if base.__module__.split('.')[0] == part.__module__.split('.')[0]:
                found.add(base.__module__)
    return found


@cache
def _names_read_in(module: str) -> set[str]:
    return set(READ.findall(inspect.getsource(modules[module])))
