"""Every table of restorelab, and the one way to build a part from a config.

Each kind of part has a table of its own, so that a config which puts a prior where a backbone
belongs fails with the name of the table. What MMEngine's Runner builds, ``MODELS`` among it, stands
in children of MMEngine's tables. A look-up of a name imports the module of that part and no other;
importing this module imports no part.

Third parties add parts in three ways: ``custom_imports`` in a config, a scope
(``type='mypkg.Name'``), or the entry-point group ``restorelab.plugins``, whose modules are imported
when a name is not found among ours.
"""

import warnings
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import ModuleType

from mmengine import registry as mm
from mmengine.registry import DefaultScope, Registry

from restorelab.utils.options import (
    check_keys,
    missing_options,
    named_options,
    nearest,
    with_article,
)

PLUGIN_GROUP = 'restorelab.plugins'


class Table(Registry):
    """A table of ours, which can import one part alone.

    A package of its ``locations`` may have ``PARTS``, the module of each part by the part's name.
    Its modules are then imported when their parts are asked for. Other packages import all of
    theirs.
    """

    def import_part(self, name: str) -> None:
        """Import the module of the part called ``name``, if it is one of ours."""
        for location in self._locations:
            module = _parts_in(location).get(name)
            if module is not None:
                import_module(f'{location}.{module}')

    def import_from_location(self) -> None:
        """Import all parts."""
        for location in self._locations:
            for name in _parts_in(location):
                self.import_part(name)
        super().import_from_location()


def _parts_in(location: str) -> dict[str, str]:
    return vars(import_module(location)).get('PARTS', {})


@cache
def load_plugins() -> dict[str, Exception]:
    """Import every installed plugin once. Returns the broken ones by name; each is warned about."""
    broken = {}
    for entry in sorted(entry_points(group=PLUGIN_GROUP), key=lambda e: e.name):
        try:
            entry.load()
        except Exception as error:  # whatever fails in it must not take ours along
            broken[entry.name] = error
            warnings.warn(
                f'restorelab plugin {entry.name!r} ({entry.value}) does not import and is left '
                f'out: {type(error).__name__}: {error}',
                stacklevel=2,
            )
    return broken


def known_names(registry: Registry) -> list[str]:
    """Names that a config may use bare for this table: its own, then those of its parents."""
    registry.import_from_location()
    names = sorted(registry.module_dict)
    return names + known_names(registry.parent) if registry.parent is not None else names


def find_part(kind: str | Callable, registry: Registry, scope: str | None = None) -> Callable:
    """The class or function that ``type=kind`` means in ``registry``.

    Args:
        scope: the package to look in first, as ``_scope_`` in a config says it.
    Raises:
        KeyError: that names the table, the nearest names and, where one is to blame, the plugin.
        ImportError: the package that holds the part is missing or does not import.
    """
    return resolve(kind, registry, scope)[0]


def resolve(
    kind: str | Callable, registry: Registry, scope: str | None = None
) -> tuple[Callable, str | None]:
    """``find_part``, and the scope that holds inside the part: that of a prefix, or ``scope``."""
    found = look_up(kind, registry, scope)
    if found is None:
        load_plugins()
        found = look_up(kind, registry, scope)
    if found is None:
        raise KeyError(unknown_part(kind, registry, scope))
    return found


def look_up(
    kind: str | Callable, registry: Registry, scope: str | None = None
) -> tuple[Callable, str | None] | None:
    """``resolve`` without plugins; None when there is no such part.

    ``'mmdet.RetinaNet'`` is RetinaNet of the scope mmdet; ``'mypkg.nets.Net'`` is an import path.
    """
    if not isinstance(kind, str):
        if not callable(kind):
            wanted = with_article(registry.name)
            raise TypeError(f"'type' is the name of {wanted} or a class, not {kind!r}")
        return kind, scope
    prefix, dot, name = kind.partition('.')
    if not dot:
        part = _in_scope(kind, registry, scope)
        return None if part is None else (part, scope)
    part = in_table(name, table_of_scope(prefix, registry))
    if part is not None:
        return part, prefix
    part = _import_path(kind)
    return None if part is None else (part, scope)


def _in_scope(name: str, registry: Registry, scope: str | None) -> Callable | None:
    """``name`` in the table of ``scope``, or of the scope that MMEngine builds in; then in ours."""
    active = DefaultScope.get_current_instance()
    if scope is None and active is not None and active.scope_name != 'mmengine':
        scope = active.scope_name  # mmengine's own tables hold mmcv's transforms: ours go first
    part = in_table(name, table_of_scope(scope, registry)) if scope else None
    return in_table(name, registry) if part is None else part


def in_table(name: str, registry: Registry | None) -> Callable | None:
    """The part of that name in a table or its parents, or None."""
    while registry is not None:
        if isinstance(registry, Table):
            registry.import_part(name)
        if name not in registry.module_dict:
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
    """The class or function at ``path``, or None when the module does not have it."""
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
    if package != wanted.split('.')[0]:
        message += f", and '{wanted}' imports it"
    if package in ('mmdet', 'mmcv'):
        message += '; for detection run `make detection`'
    return ImportError(message, name=error.name)


def unknown_part(kind: str, registry: Registry, scope: str | None = None) -> str:
    """What to say of a name that ``registry`` does not have: the nearest names, and the cause."""
    message = f"no {registry.name} is called '{kind}'{_name_of(kind, registry)}"
    prefix, _, name = kind.rpartition('.')
    scope = prefix.split('.')[0] or scope
    table = table_of_scope(scope, registry) if scope else None
    if table is not None and table is not registry:
        dot = f'{scope}.' if prefix else ''
        near = [dot + each for each in nearest(name, known_names(table))]
        return f'{message}; nearest: {near or "none"}'
    of_ours = ' of restorelab' if registry in TABLES else ''
    message += f'; nearest: {nearest(name, known_names(registry)) or "none"}; '
    message += f'all{of_ours}: {sorted(registry.module_dict)}'
    causes = [f'{name}: {type(e).__name__}: {e}' for name, e in load_plugins().items()]
    if causes:
        message += f'. It may belong to a plugin that does not import ({"; ".join(causes)})'
    return message


def _name_of(kind: str, registry: Registry) -> str:
    """Says which other table has a part called ``kind``."""
    for table in TABLES:
        if table is not registry and in_table(kind, table) is not None:
            return f' (it is the name of {with_article(table.name)})'
    return ''


def build_part(cfg: dict, registry: Registry, default_args: dict | None = None):
    """The part that ``cfg`` describes, after checking its name, its options and its contract.

    A ``scope.`` prefix holds for everything inside: ``dict(type='mmdet.RetinaNet', ...)`` builds
    its inner parts from mmdet too, as if ``_scope_='mmdet'`` stood there.
    Raises: KeyError, ImportError (``find_part``); TypeError for an unknown or a missing option, or
        for a part that lacks what its table asks for.
    """
    from restorelab.models.contracts import check_contract  # torch comes in when a part is built

    if not isinstance(cfg, dict) or 'type' not in cfg:
        raise TypeError(
            f"{with_article(registry.name)} is built from a dict with the key 'type', not from "
            f'{cfg!r}'
        )
    options = {**(default_args or {}), **cfg}
    kind = options.pop('type')
    part, scope = resolve(kind, registry, options.pop('_scope_', None))
    names, takes_more = named_options(part)
    if not takes_more:
        check_keys(f'{registry.name} {kind}', options, names)
    missing = missing_options(part, options)
    if missing:
        raise TypeError(f'{registry.name} {kind} needs the option {missing}')
    check_contract(part, registry.name)
    if DefaultScope.get_current_instance() is None:
        scope = scope or registry.scope
    with DefaultScope.overwrite_default_scope(scope):
        return part(**options)


def build_parts(
    cfgs: dict[str, dict] | None, registry: Registry, default_args: dict | None = None
) -> dict:
    """Parts by name, from their configs by name. None instead of a config leaves the part out.

    Raises: TypeError for a list, which would have no names; what ``build_part`` raises.
    """
    if not isinstance(cfgs, dict | None):
        raise TypeError(
            f'{registry.name} parts have names: give dict(<name>=dict(type=...), ...), not a '
            f'{type(cfgs).__name__} {cfgs!r}'
        )
    parts = {}
    for name, cfg in (cfgs or {}).items():
        if cfg is not None:
            parts[name] = build_part(cfg, registry, default_args)
    return parts


def _own(name: str, location: str) -> Table:
    return Table(name, build_func=build_part, scope='restorelab', locations=[location])


def _child(name: str, parent: Registry, *locations: str) -> Table:
    options = dict(scope='restorelab', locations=list(locations))
    return Table(name, build_func=build_part, parent=parent, **options)


# image, time, condition -> image or features
BACKBONES = _own('backbone', 'restorelab.models.backbones')
BLOCKS = _own('block', 'restorelab.models.blocks')  # feature (and condition) -> feature
PRIORS = _own('prior', 'restorelab.models.priors')  # degraded image -> Condition
CUES = _own('cue', 'restorelab.models.priors')  # degraded image -> Condition of one map
ADAPTERS = _own('adapter', 'restorelab.models.adapters')  # feature at a tap, context -> feature
LOSSES = _own('loss', 'restorelab.models.losses')  # tensors -> scalar
PROXIES = _own('proxy', 'restorelab.models.proxies')  # training step -> images, mask
PROCESSES = _own('process', 'restorelab.models.processes')  # clean image, time, noise -> state
OBJECTIVES = _own('objective', 'restorelab.models.processes')  # process, output, state -> pair
# predictor, process, degraded image -> restored image
SAMPLERS = _own('sampler', 'restorelab.models.samplers')
CODECS = _own('codec', 'restorelab.models.codecs')  # image -> latent -> image
TASKS = _own('task', 'restorelab.models.tasks')  # restored image -> task loss or predictions
# clean image, strengths, random generator -> degraded image
DEGRADATIONS = _own('degradation', 'restorelab.datasets.degradations')
OWN_TABLES = (
    *(BACKBONES, BLOCKS, PRIORS, CUES, ADAPTERS, LOSSES, PROXIES),
    *(PROCESSES, OBJECTIVES, SAMPLERS, CODECS, TASKS, DEGRADATIONS),
)

MODELS = _child('model', mm.MODELS, 'restorelab.models.restorers', 'restorelab.engine')
DATASETS = _child('dataset', mm.DATASETS, 'restorelab.datasets')
TRANSFORMS = _child('transform', mm.TRANSFORMS, 'restorelab.datasets')
DATA_SAMPLERS = _child('data sampler', mm.DATA_SAMPLERS, 'restorelab.datasets')
METRICS = _child('metric', mm.METRICS, 'restorelab.evaluation')
HOOKS = _child('hook', mm.HOOKS, 'restorelab.engine')
LOOPS = _child('loop', mm.LOOPS, 'restorelab.engine')
OPTIM_WRAPPERS = _child('optimizer wrapper', mm.OPTIM_WRAPPERS, 'restorelab.engine')
LOG_PROCESSORS = _child('log processor', mm.LOG_PROCESSORS, 'restorelab.engine')
MODEL_WRAPPERS = _child('model wrapper', mm.MODEL_WRAPPERS, 'restorelab.engine')
WEIGHT_INITIALIZERS = _child('weight initializer', mm.WEIGHT_INITIALIZERS, 'restorelab.engine')
TABLES = (
    *(*OWN_TABLES, MODELS, DATASETS, TRANSFORMS, DATA_SAMPLERS, METRICS, HOOKS),
    *(LOOPS, OPTIM_WRAPPERS, LOG_PROCESSORS, MODEL_WRAPPERS, WEIGHT_INITIALIZERS),
)

# MMEngine's tables in which we have no parts. It warns about a scope that lacks one of its tables.
MM_TABLES = (
    *(mm.RUNNERS, mm.OPTIMIZERS, mm.OPTIM_WRAPPER_CONSTRUCTORS, mm.PARAM_SCHEDULERS),
    *(mm.VISUALIZERS, mm.VISBACKENDS, mm.EVALUATOR, mm.FUNCTIONS),
)
for _table in MM_TABLES:
    _child(_table.name, _table)
