"""Every table of restorelab, and the one way to build a part from a config.

Each kind of part has a table of its own, so that a config which puts a prior where a backbone belongs fails with
the name of the table. What MMEngine's Runner builds, ``MODELS`` among it, stands in children of MMEngine's tables. A table imports its ``locations`` on the first look-up; importing this module imports no part.

Third parties add parts in three ways: ``custom_imports`` in a config, a scope (``type='mypkg.Name'``), or the
entry-point group ``restorelab.plugins``, whose modules are imported when a bare name is not found among ours.
"""

import inspect
import re
import warnings
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import ModuleType

from mmengine import registry as mm
from mmengine.registry import DefaultScope, Registry

PLUGIN_GROUP = 'restorelab.plugins'


@cache
def load_plugins() -> dict[str, Exception]:
    """Import every installed plugin once. Returns the broken ones with their cause; each is warned about."""
    broken = {}
    for entry in sorted(entry_points(group=PLUGIN_GROUP), key=lambda e: e.name):
        try:
            entry.load()
        except (
            Exception
        ) as error:  # a third party's module may fail in any way; it must not take ours along
            broken[entry.name] = error
            warnings.warn(
                f'restorelab plugin {entry.name!r} ({entry.value}) does not import and is left out: '
                f'{type(error).__name__}: {error}',
                stacklevel=2,
            )
    return broken


def nearest(word: str, names: Iterable[str]) -> list[str]:
    """The three names most like ``word``, whatever their case; the most alike first."""
    by_lower = {name.lower(): name for name in names}
    return [by_lower[n] for n in get_close_matches(word.lower(), by_lower, n=3, cutoff=0.5)]


def known_names(registry: Registry) -> list[str]:
    """Names that a config may use bare for this table: restorelab's own, then those of its parents."""
    registry.import_from_location()
    return sorted(registry.module_dict) + (
        known_names(registry.parent) if registry.parent is not None else []
    )


def registered_parts(table: str | None = None) -> dict[str, list[tuple[str, str]]]:
    """(name, package) of every part of restorelab's tables, plugins included, by name of the table.

    Args:
        table: name of one table, such as ``backbone``; all of them when None.
    Raises: KeyError for an unknown table, naming the nearest.
    """
    load_plugins()
    tables = {registry.name: registry for registry in TABLES}
    if table is not None:
        wanted = table.lower().replace('-', ' ').replace('_', ' ')
        found = [
            name for name in tables if wanted in (name, f'{name}s', f'{name}es', f'{name[:-1]}ies')
        ]
        if not found:
            raise KeyError(
                f"no table is called '{table}'; nearest: {nearest(wanted, tables) or 'none'}; "
                f'all: {list(tables)}'
            )
        tables = {name: tables[name] for name in found}
    return {name: _parts(registry) for name, registry in tables.items()}


def _parts(registry: Registry, prefix: str = '') -> list[tuple[str, str]]:
    registry.import_from_location()
    parts = [
        (prefix + name, part.__module__.split('.')[0])
        for name, part in sorted(registry.module_dict.items())
    ]
    return parts + [
        part for scope, child in registry.children.items() for part in _parts(child, f'{scope}.')
    ]


def split_scope(kind: str | Callable, registry: Registry) -> tuple[str | None, str | Callable]:
    """(scope, name) of ``type=kind``: ``'mmdet.RetinaNet'`` is RetinaNet in the scope mmdet.

    The scope is None for a bare name, a class, and an import path such as ``'mypkg.nets.Net'``.
    Raises: ImportError when the package of the scope is missing or does not import.
    """
    if not isinstance(kind, str) or '.' not in kind:
        return None, kind
    scope, name = kind.split('.', 1)
    table = table_of_scope(scope, registry)
    return (
        (scope, name) if table is not None and _look_up(name, table) is not None else (None, kind)
    )


def find_part(kind: str | Callable, registry: Registry, scope: str | None = None) -> Callable:
    """The class or function that ``type=kind`` means in ``registry``, inside ``scope`` where one is given.

    Raises:
        KeyError: that names the table, the nearest names and, where one is to blame, the plugin.
        ImportError: the package that holds the part is missing or does not import.
    """
    part = look_up(kind, registry, scope)
    if part is None:
        load_plugins()
        part = look_up(kind, registry, scope)
    if part is None:
        raise KeyError(unknown_part(kind, registry, scope))
    return part


def look_up(kind: str | Callable, registry: Registry, scope: str | None = None) -> Callable | None:
    """``find_part`` without plugins; None when there is no such part."""
    if not isinstance(kind, str):
        if not callable(kind):
            raise TypeError(f"'type' is the name of a {registry.name} or a class, not {kind!r}")
        return kind
    prefix, name = split_scope(kind, registry)
    if prefix is None and '.' in kind:
        return _import_path(kind)
    return _in_scope(name, registry, prefix or scope)


def _in_scope(name: str, registry: Registry, scope: str | None) -> Callable | None:
    """``name`` in the table of ``scope`` (of the scope that MMEngine is building in, when None), then in ours."""
    active = DefaultScope.get_current_instance()
    scope = scope or (active.scope_name if active else None)
    table = table_of_scope(scope, registry) if scope else None
    part = _look_up(name, table) if table is not None else None
    return part if part is not None else _look_up(name, registry)


def _look_up(name: str, registry: Registry | None) -> Callable | None:
    while registry is not None:
        registry.import_from_location()
        if name in registry.module_dict:
            return registry.module_dict[name]
        registry = registry.parent
    return None


def table_of_scope(scope: str, registry: Registry) -> Registry | None:
    """The relative of ``registry`` that ``scope`` owns, or None when that package has none."""
    if scope == registry.scope:
        return registry
    try:
        import_module(f'{scope}.registry')
    except ModuleNotFoundError as error:
        if error.name != f'{scope}.registry':
            raise _import_error(scope, error) from error
    return registry.root._search_child(scope)


def _import_path(path: str) -> Callable | None:
    """The class or function at ``path`` (``mypkg.nets.Net``), or None when the module does not have it."""
    module, _, name = path.rpartition('.')
    try:
        part = getattr(import_module(module), name, None)
    except ModuleNotFoundError as error:
        if f'{module}.'.startswith(f'{error.name}.') and '.' in error.name:
            return None
        raise _import_error(path, error) from error
    return part if callable(part) else None


def optional_module(name: str) -> ModuleType:
    """A module of a package that need not be installed, such as ``mmdet.structures``.

    Raises: ImportError that says what to install.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise _import_error(name, error) from error


def _import_error(wanted: str, error: ModuleNotFoundError) -> ImportError:
    """Says what to install. MMEngine swallows such errors and then calls the name unknown."""
    package = error.name.split('.')[0]
    message = f"the package '{package}' is not installed"
    message += f", and '{wanted}' imports it" if package != wanted.split('.')[0] else ''
    message += '; for detection run `make detection`' if package in ('mmdet', 'mmcv') else ''
    return ImportError(message, name=error.name)


def unknown_part(kind: str, registry: Registry, scope: str | None = None) -> str:
    """What to say of a name that ``registry`` does not have: the nearest names, and what may be to blame."""
    message = f"no {registry.name} is called '{kind}'"
    if elsewhere := [
        table.name
        for table in TABLES
        if table is not registry and _look_up(kind, table) is not None
    ]:
        message += f' (it is the name of a {elsewhere[0]})'
    prefix, _, name = kind.rpartition('.')
    scope = prefix.split('.')[0] or scope
    table = table_of_scope(scope, registry) if scope else None
    if table is not None and table is not registry:
        dot = f'{scope}.' if prefix else ''
        return (
            message + f'; nearest: {[dot + n for n in nearest(name, known_names(table))] or "none"}'
        )
    message += f'; nearest: {nearest(name, known_names(registry)) or "none"}; '
    message += (
        f'all{" of restorelab" if registry in TABLES else ""}: {sorted(registry.module_dict)}'
    )
    if broken := load_plugins():
        causes = '; '.join(f'{name}: {type(e).__name__}: {e}' for name, e in broken.items())
        message += f'. It may belong to a plugin that does not import ({causes})'
    return message


def options_of(part: Callable) -> list[str] | None:
    """Names of the options of a class or function; None when it takes any."""
    names, takes_more = named_options(part)
    return None if takes_more else names


def named_options(part: Callable) -> tuple[list[str], bool]:
    """The options that a class or function names, and whether it takes others beside them.

    A constructor that only hands its ``**kwargs`` to ``super().__init__`` takes what its base takes.
    """
    constructors = _constructors(part)
    if not constructors:
        return [], part.__new__ is not object.__new__
    names: dict[str, None] = {}  # in order, each once
    for constructor in constructors:
        takes = list(inspect.signature(constructor).parameters.values())[inspect.isclass(part) :]
        names.update(
            (p.name, None) for p in takes if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        )
        rest = [p.name for p in takes if p.kind is p.VAR_KEYWORD]
        if not rest:
            return list(names), False
        if not _only_hands_on(constructor, rest[0]):
            break
    return list(names), True


def _constructors(part: Callable) -> list[Callable]:
    if not inspect.isclass(part):
        return [part]
    return [
        vars(base)['__init__']
        for base in part.__mro__
        if '__init__' in vars(base) and base is not object
    ]


def _only_hands_on(constructor: Callable, rest: str) -> bool:
    try:
        source = inspect.getsource(constructor)
    except (OSError, TypeError):  # no source at hand, or not written in Python
        return False
    mentions = re.findall(rf'\b{rest}\b', re.sub(r'""".*?"""', '', source, flags=re.DOTALL))
    return (
        len(mentions) == 2
        and re.search(rf'super\(\)\.__init__\([^)]*\*\*{rest}\b', source) is not None
    )


def check_keys(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise TypeError when ``given`` holds a key that is not ``known``, naming the nearest ones."""
    if stray := sorted(set(given) - {'type', '_scope_'} - set(known)):
        near = {key: nearest(key, known) for key in stray}
        hints = ''.join(
            f"; '{key}': did you mean {' or '.join(n)}?" for key, n in near.items() if n
        )
        raise TypeError(f'{what} has no option {stray}{hints}; it takes {list(known)}')


def check_options(kind: str, part: Callable, options: Iterable[str], what: str) -> None:
    """Raise TypeError when ``options`` holds a key that ``part``, a ``what`` called ``kind``, does not take."""
    if (takes := options_of(part)) is not None:
        check_keys(f'{what} {kind}', options, takes)


def _missing_options(part: Callable, options: Iterable[str]) -> list[str]:
    takes = inspect.signature(part).parameters.values()
    if any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in takes):
        return []
    return [p.name for p in takes if p.default is p.empty and p.name not in options]


def build_part(cfg: dict, registry: Registry, default_args: dict | None = None):
    """The part that ``cfg`` describes, after checking its name and its options.

    A ``scope.`` prefix holds for everything inside: ``dict(type='mmdet.RetinaNet', ...)`` builds its inner parts from
    mmdet too, as if ``_scope_='mmdet'`` stood there.
    Raises: KeyError, ImportError (``find_part``); TypeError for an unknown or a missing option.
    """
    if not isinstance(cfg, dict) or 'type' not in cfg:
        raise TypeError(
            f"a {registry.name} is built from a dict with the key 'type', not from {cfg!r}"
        )
    options = {**(default_args or {}), **cfg}
    kind, scope = options.pop('type'), options.pop('_scope_', None)
    part = find_part(kind, registry, scope)
    check_options(str(kind), part, options, registry.name)
    if missing := _missing_options(part, options):
        raise TypeError(f'{registry.name} {kind} needs the option {missing}')
    if DefaultScope.get_current_instance() is None:
        scope = scope or registry.scope
    with DefaultScope.overwrite_default_scope(split_scope(kind, registry)[0] or scope):
        return part(**options)


def _own(name: str, location: str) -> Registry:
    return Registry(name, build_func=build_part, scope='restorelab', locations=[location])


def _child(name: str, parent: Registry, *locations: str) -> Registry:
    return Registry(
        name, build_func=build_part, parent=parent, scope='restorelab', locations=list(locations)
    )


# image, time, condition -> image or features
BACKBONES = _own('backbone', 'restorelab.models.backbones')
BLOCKS = _own('block', 'restorelab.models.backbones')  # feature (and condition) -> feature
PRIORS = _own('prior', 'restorelab.models.priors')  # degraded image -> Condition
CUES = _own('cue', 'restorelab.models.priors')  # degraded image -> Condition of one map
ADAPTERS = _own('adapter', 'restorelab.models.adapters')  # feature at a tap, context -> feature
LOSSES = _own('loss', 'restorelab.models.losses')  # tensors -> scalar
PROXIES = _own('proxy', 'restorelab.models.restorers')  # training step -> images, mask
PROCESSES = _own('process', 'restorelab.models.diffusion')  # clean image, time, noise -> state
OBJECTIVES = _own('objective', 'restorelab.models.diffusion')  # process, output, state -> pair
# predictor, process, degraded image -> restored image
SAMPLERS = _own('sampler', 'restorelab.models.samplers')
CODECS = _own('codec', 'restorelab.models.codecs')  # image -> latent -> image
TASKS = _own('task', 'restorelab.models.tasks')  # restored image -> task loss or predictions
# clean image, strengths, random generator -> degraded image
DEGRADATIONS = Registry(
    'degradation', scope='restorelab', locations=['restorelab.datasets.degradations']
)

MODELS = _child(
    'model',
    mm.MODELS,
    'restorelab.models.restorers',
    'restorelab.engine',
)
DATASETS = _child('dataset', mm.DATASETS, 'restorelab.datasets')
TRANSFORMS = _child('transform', mm.TRANSFORMS, 'restorelab.datasets')
DATA_SAMPLERS = _child('data sampler', mm.DATA_SAMPLERS, 'restorelab.datasets')
METRICS = _child('metric', mm.METRICS, 'restorelab.evaluation')
HOOKS = _child('hook', mm.HOOKS, 'restorelab.engine')
LOOPS = _child('loop', mm.LOOPS, 'restorelab.engine')
OPTIM_WRAPPERS = _child('optimizer wrapper', mm.OPTIM_WRAPPERS, 'restorelab.engine')
LOG_PROCESSORS = _child('log processor', mm.LOG_PROCESSORS, 'restorelab.engine')
WEIGHT_INITIALIZERS = _child('weight initializer', mm.WEIGHT_INITIALIZERS, 'restorelab.engine')
for _parent in (
    mm.RUNNERS,
    mm.OPTIMIZERS,
    mm.OPTIM_WRAPPER_CONSTRUCTORS,
    mm.PARAM_SCHEDULERS,
    mm.VISUALIZERS,
    mm.VISBACKENDS,
    mm.EVALUATOR,
    mm.MODEL_WRAPPERS,
    mm.FUNCTIONS,
):
    _child(
        _parent.name, _parent
    )  # no parts of ours: MMEngine warns about a scope that lacks one of its tables

OWN_TABLES = (
    BACKBONES,
    BLOCKS,
    PRIORS,
    CUES,
    ADAPTERS,
    LOSSES,
    PROXIES,
    PROCESSES,
    OBJECTIVES,
    SAMPLERS,
    CODECS,
    TASKS,
    DEGRADATIONS,
)
TABLES = (
    *OWN_TABLES,
    MODELS,
    DATASETS,
    TRANSFORMS,
    DATA_SAMPLERS,
    METRICS,
    HOOKS,
    LOOPS,
    OPTIM_WRAPPERS,
    LOG_PROCESSORS,
    WEIGHT_INITIALIZERS,
)
