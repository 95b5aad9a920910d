"""Every table of restorelab, and the one way to build a part from a config.

``BACKBONES PRIORS ADAPTERS LOSSES SAMPLERS`` are tables of our own, so that a config which puts a prior where a
backbone belongs fails with the name of the table. The others are children of MMEngine's, so that its Runner finds
them. A table imports its ``locations`` on the first look-up; importing this module imports no part.

Third parties add parts in three ways: ``custom_imports`` in a config, a scope (``type='mypkg.Name'``), or the
entry-point group ``restorelab.plugins``, whose modules are imported when a bare name is not found among ours.
"""

import inspect
import warnings
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from mmengine import registry as mm
from mmengine.config import ConfigDict
from mmengine.registry import Registry, build_from_cfg

PLUGIN_GROUP = 'restorelab.plugins'


@cache
def load_plugins() -> dict[str, Exception]:
    """Import every installed plugin once. Returns the broken ones with their cause; each is warned about."""
    broken = {}
    for entry in sorted(entry_points(group=PLUGIN_GROUP), key=lambda e: e.name):
        try:
            entry.load()
        except Exception as error:  # a third party's module may fail in any way; it must not take ours along
            broken[entry.name] = error
            warnings.warn(f'restorelab plugin {entry.name!r} ({entry.value}) does not import and is left out: '
                          f'{type(error).__name__}: {error}', stacklevel=2)
    return broken


def known_names(registry: Registry) -> list[str]:
    """Names that a config may use bare for this table, restorelab's own and those of its parents."""
    registry.import_from_location()
    names = set(registry.module_dict)
    if registry.parent is not None:
        names |= set(known_names(registry.parent))
    return sorted(names)


def nearest(word: str, names) -> list[str]:
    """The three names most like ``word``, whatever their case."""
    by_lower = {name.lower(): name for name in names}
    return [by_lower[n] for n in get_close_matches(word.lower(), by_lower, n=3, cutoff=0.5)]


def find_part(kind: str | Callable, registry: Registry) -> Callable:
    """The class or function that ``type=kind`` means in ``registry``.

    Raises: KeyError that names the table, the nearest names and, where one is to blame, the plugin.
    """
    if not isinstance(kind, str):
        return kind
    part = registry.get(kind)
    broken = {}
    if part is None and '.' not in kind:
        broken = load_plugins()
        part = registry.get(kind)
    if part is not None:
        return part
    if '.' in kind:
        _raise_import_error_of_scope(kind.split('.')[0])
    names = known_names(registry)
    message = f"no {registry.name} is called '{kind}'; nearest: {nearest(kind, names) or 'none'}; all: {names}"
    if broken:
        causes = '; '.join(f'{name}: {type(e).__name__}: {e}' for name, e in broken.items())
        raise KeyError(f'{message}. It may belong to a plugin that does not import ({causes})') from next(
            iter(broken.values()))
    raise KeyError(message)


def _raise_import_error_of_scope(scope: str) -> None:
    """MMEngine swallows an ImportError inside a scope's package and then says that the name is unknown."""
    try:
        import_module(scope)
        import_module(f'{scope}.registry')
    except ModuleNotFoundError as error:
        if error.name == f'{scope}.registry':
            return
        if error.name in ('mmdet', 'mmcv', 'mmcv._ext'):
            raise ImportError(f"'{error.name}' is not installed; detection needs it: "
                              "pip install -e '.[detection]' after `make detection`") from error
        raise ImportError(f"'{scope}' does not import: no module named '{error.name}'") from error


def check_options(kind: str, part: Callable, options, what: str) -> None:
    """Raise TypeError when ``options`` holds a key that ``part`` does not take."""
    takes = inspect.signature(part).parameters
    if any(p.kind is p.VAR_KEYWORD for p in takes.values()):
        return
    stray = sorted(set(options) - {'type', '_scope_'} - set(takes))
    if stray:
        near = {key: nearest(key, takes) for key in stray}
        hints = '; '.join(f"'{key}': did you mean {' or '.join(n)}?" for key, n in near.items() if n)
        raise TypeError(f'{what} {kind} has no option {stray}; it takes {list(takes)}. {hints}'.rstrip())


def build_part(cfg: dict, registry: Registry, default_args: dict | None = None):
    """``build_from_cfg``, after checking the name and the options.

    A ``scope.`` prefix holds for everything inside: ``dict(type='mmdet.RetinaNet', ...)`` builds its inner parts from
    mmdet too, as if ``_scope_='mmdet'`` stood there.
    """
    if not isinstance(cfg, dict) or 'type' not in cfg:
        raise TypeError(f"a {registry.name} is built from a dict with the key 'type', not from {cfg!r}")
    kind, scope = cfg['type'], cfg.get('_scope_')
    if isinstance(kind, str) and scope is None and kind.count('.') == 1:
        scope, name = kind.split('.')
        part = find_part(kind, registry)
        if scope != registry.scope:
            cfg = ConfigDict(cfg, type=name, _scope_=scope) if registry.parent is not None else cfg
    elif scope is None or scope == registry.scope:
        part = find_part(kind, registry)
    else:
        part = find_part(kind if '.' in str(kind) else f'{scope}.{kind}', registry)
    check_options(str(kind), part, {**(default_args or {}), **cfg}, registry.name)
    return build_from_cfg(cfg, registry, default_args)


def _own(name: str, location: str) -> Registry:
    return Registry(name, build_func=build_part, scope='restorelab', locations=[f'restorelab.models.{location}'])


def _child(name: str, parent: Registry, *locations: str) -> Registry:
    return Registry(name, build_func=build_part, parent=parent, scope='restorelab', locations=list(locations))


BACKBONES = _own('backbone', 'backbones')  # image, time, condition -> image or features
PRIORS = _own('prior', 'priors')  # degraded image -> Condition
ADAPTERS = _own('adapter', 'adapters')  # feature at a tap, context -> feature
LOSSES = _own('loss', 'losses')  # tensors -> scalar
SAMPLERS = _own('sampler', 'samplers')  # predictor, process, degraded image -> restored image
DEGRADATIONS = Registry('degradation', scope='restorelab', locations=['restorelab.datasets.degradations'])
# functions: clean image, strengths, random generator -> degraded image

MODELS = _child('model', mm.MODELS, 'restorelab.models.restorers', 'restorelab.models.diffusion',
                'restorelab.models.tasks', 'restorelab.engine')
DATASETS = _child('dataset', mm.DATASETS, 'restorelab.datasets')
TRANSFORMS = _child('transform', mm.TRANSFORMS, 'restorelab.datasets')
DATA_SAMPLERS = _child('data sampler', mm.DATA_SAMPLERS, 'restorelab.datasets')
METRICS = _child('metric', mm.METRICS, 'restorelab.evaluation')
HOOKS = _child('hook', mm.HOOKS, 'restorelab.engine')
LOOPS = _child('loop', mm.LOOPS, 'restorelab.engine')
OPTIM_WRAPPERS = _child('optimizer wrapper', mm.OPTIM_WRAPPERS, 'restorelab.engine')
LOG_PROCESSORS = _child('log processor', mm.LOG_PROCESSORS, 'restorelab.engine')
for _parent in (mm.RUNNERS, mm.OPTIMIZERS, mm.OPTIM_WRAPPER_CONSTRUCTORS, mm.PARAM_SCHEDULERS, mm.VISUALIZERS,
                mm.VISBACKENDS, mm.EVALUATOR, mm.MODEL_WRAPPERS, mm.WEIGHT_INITIALIZERS, mm.FUNCTIONS):
    _child(_parent.name, _parent)  # no parts of ours: MMEngine warns about a scope that lacks one of its tables

OWN_TABLES = (BACKBONES, PRIORS, ADAPTERS, LOSSES, SAMPLERS, DEGRADATIONS)
TABLES = (*OWN_TABLES, MODELS, DATASETS, TRANSFORMS, DATA_SAMPLERS, METRICS, HOOKS, LOOPS,
          OPTIM_WRAPPERS, LOG_PROCESSORS)
