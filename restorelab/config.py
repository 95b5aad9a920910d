"""Configs, checked whole before anything is built.

MMEngine takes a misspelt top-level or ``--cfg-options`` key in silence, and meets a misspelt part or option only when
it builds that part. Here every dict with a ``type`` is looked up, and its options are compared with the constructor's.
"""

import copy
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from mmengine import registry as mm
from mmengine.config import Config, ConfigDict
from mmengine.registry import DefaultScope, Registry

from restorelab import registry as rl
from restorelab.reference import resolve_restorers
from restorelab.registry import (
    check_keys,
    known_names,
    load_plugins,
    look_up,
    named_options,
    nearest,
    options_of,
)
from restorelab.schedule import fit_schedules

SCOPE = 'restorelab'

# The table of a part, by the key that it stands under; where that fails, and for other keys, every table is tried.
TABLE_OF_KEY = {
    'model': rl.MODELS,
    'data_preprocessor': rl.MODELS,
    'backbone': rl.BACKBONES,
    'decoder_block': rl.BLOCKS,
    'prior': rl.PRIORS,
    'priors': rl.PRIORS,
    'adapter': rl.ADAPTERS,
    'adapters': rl.ADAPTERS,
    'cues': rl.CUES,
    'loss': rl.LOSSES,
    'step_losses': rl.LOSSES,
    'proxies': rl.PROXIES,
    'process': rl.PROCESSES,
    'objective': rl.OBJECTIVES,
    'codec': rl.CODECS,
    'tasks': rl.TASKS,
    'dataset': rl.DATASETS,
    'pipeline': rl.TRANSFORMS,
    'batch_sampler': rl.DATA_SAMPLERS,
    'train_cfg': rl.LOOPS,
    'val_cfg': rl.LOOPS,
    'test_cfg': rl.LOOPS,
    'val_evaluator': rl.METRICS,
    'test_evaluator': rl.METRICS,
    'default_hooks': rl.HOOKS,
    'custom_hooks': rl.HOOKS,
    'optim_wrapper': rl.OPTIM_WRAPPERS,
    'optimizer': mm.OPTIMIZERS,
    'param_scheduler': mm.PARAM_SCHEDULERS,
    'log_processor': rl.LOG_PROCESSORS,
    'visualizer': mm.VISUALIZERS,
    'vis_backends': mm.VISBACKENDS,
    'collate_fn': mm.FUNCTIONS,
    'worker_init_fn': mm.FUNCTIONS,
    'init_cfg': rl.WEIGHT_INITIALIZERS,
    'model_wrapper_cfg': mm.MODEL_WRAPPERS,
}
ALL_TABLES = (
    *rl.TABLES,
    mm.OPTIMIZERS,
    mm.OPTIM_WRAPPER_CONSTRUCTORS,
    mm.PARAM_SCHEDULERS,
    mm.VISUALIZERS,
    mm.VISBACKENDS,
    mm.EVALUATOR,
    mm.FUNCTIONS,
    mm.MODEL_WRAPPERS,
    mm.TASK_UTILS,
)
# Keys that MMEngine takes out of a part's dict before it builds the part.
TAKEN_BEFORE = {
    rl.OPTIM_WRAPPERS: ['constructor', 'paramwise_cfg'],
    rl.HOOKS: ['priority'],
    mm.PARAM_SCHEDULERS: ['convert_to_iter_based'],
    rl.WEIGHT_INITIALIZERS: ['name', 'override'],
}


def load_config(
    source: str | Path | Config, cfg_options: dict | None = None, allow_unknown: bool = False
) -> Config:
    """Read a config, change it by ``cfg_options`` and check all of it; nothing is built and no data is touched.

    ``default_scope`` is set to restorelab, and the prefix of ``type='mmdet.Name'`` becomes ``_scope_``, so that it
    holds for what is inside, whoever builds it.

    Args:
        source: path of a config file, or a Config, which is not changed.
        cfg_options: value by dotted key (``'model.priors.0.width'``); dicts are merged into what is there.
        allow_unknown: let unknown top-level keys, options and ``cfg_options`` keys pass, also in later calls with the
            returned config.
    Raises:
        FileNotFoundError: no such file.
        ValueError: the file does not load, or has another default scope.
        KeyError: unknown top-level key, ``cfg_options`` key or part; names the place and the nearest right ones.
        TypeError: unknown option of a part; likewise.
        ImportError: a package that the config needs does not import; says what to install.
    """
    cfg = copy.deepcopy(source) if isinstance(source, Config) else _read(Path(source))
    allow_unknown = allow_unknown or vars(cfg).get('allow_unknown', False)
    object.__setattr__(cfg, 'allow_unknown', allow_unknown)
    _import_custom(cfg)
    if cfg.setdefault('default_scope', SCOPE) != SCOPE:
        raise ValueError(
            f"{_name(cfg)}: default_scope is '{cfg.default_scope}', but restorelab builds in its own; "
            f"drop the line and write parts of that package as type='{cfg.default_scope}.Name'"
        )
    if not allow_unknown:
        _check_top_level(cfg)
    for key in [key for key in cfg if key.startswith('_')]:
        del cfg._cfg_dict[key]
    # A Runner of another package leaves its own scope to the process.
    with DefaultScope.overwrite_default_scope(SCOPE):
        resolve_restorers(
            cfg,
            load=lambda path: load_config(path, allow_unknown=allow_unknown),
            change=lambda inner, options, what: _set_options(inner, options, allow_unknown, what),
        )
        _set_options(cfg, cfg_options or {}, allow_unknown)
        for place in _places(cfg._cfg_dict):
            _check_place(place, allow_unknown)
    fit_schedules(cfg)
    return cfg


def _read(path: Path) -> Config:
    if not path.is_file():
        near = (
            nearest(path.name, (p.name for p in path.parent.glob('*.py')))
            if path.parent.is_dir()
            else []
        )
        raise FileNotFoundError(
            f'there is no config {path}' + (f'; nearest in its folder: {near}' if near else '')
        )
    try:
        return Config.fromfile(path, import_custom_modules=False)
    except Exception as error:  # a config is Python: anything may go wrong in it
        raise ValueError(f'config {path} does not load: {type(error).__name__}: {error}') from error


def _name(cfg: Config) -> str:
    return cfg.filename or 'the config'


def _import_custom(cfg: Config) -> None:
    custom = cfg.get('custom_imports') or {}
    imports = custom.get('imports', [])
    for name in [imports] if isinstance(imports, str) else imports:
        try:
            import_module(name)
        except ImportError as error:
            if not custom.get('allow_failed_imports', False):
                raise ImportError(
                    f"{_name(cfg)}: custom_imports names '{name}', which does not import ({error}). "
                    'Install its package, or put its folder on PYTHONPATH'
                ) from error


@cache
def _top_level_keys() -> list[str]:
    """What MMEngine's Runner takes or reads, and ``custom_imports`` and ``vis_backends`` of configs."""
    from mmengine.runner import Runner

    read = [
        'activation_checkpointing',
        'compile',
        'efficient_conv_bn_eval',
        'find_unused_parameters',
        'model_wrapper_cfg',
        'sync_bn',
    ]
    return [*options_of(Runner), *read, 'custom_imports', 'vis_backends']


def _check_top_level(cfg: Config) -> None:
    known = _top_level_keys()
    stray = [key for key in cfg if key not in known and not key.startswith('_')]
    if stray:
        near = '; '.join(f"'{key}': nearest {nearest(key, known) or 'none'}" for key in stray)
        raise KeyError(
            f"{_name(cfg)}: nothing reads the top-level keys {stray} ({near}). A variable of the config's "
            'own starts with an underscore; --allow-unknown lets any key pass'
        )


class Place(NamedTuple):
    """A node of a config: where it is, and the scope and the key that it stands under."""

    node: dict | list
    path: str
    key: str
    scope: str | None

    @property
    def own_scope(self) -> str | None:
        """The scope in which the dict itself is built."""
        return self.node.get('_scope_', self.scope)

    @property
    def in_foreign_part(self) -> bool:
        return self.scope not in (None, SCOPE)


def _places(node, path: str = '', key: str = '', scope: str | None = None) -> Iterator[Place]:
    """Every dict below ``node``, outer ones first. A list hands its key to its items."""
    if isinstance(node, dict):
        yield Place(node, path, key, scope)
        inner = node.get('_scope_', scope)  # after the yield: the check may have put it there
        for name, child in node.items():
            yield from _places(child, f'{path}.{name}' if path else name, name, inner)
    elif isinstance(node, list | tuple):
        for index, child in enumerate(node):
            yield from _places(child, f'{path}.{index}', key, scope)


def _check_place(place: Place, allow_unknown: bool) -> None:
    """Look up the part and its options, and move the prefix of its type into ``_scope_``."""
    node = place.node
    known = _known_keys(place)
    if known is not None and not allow_unknown:
        keys = [
            key for key in node if not place.in_foreign_part or key in known or _is_slip(key, known)
        ]
        check_keys(f'{place.path}: {node.get("type", place.key)}', keys, known)
    if (
        'type' in node
        and not place.in_foreign_part
        and place.key not in ('collate_fn', 'worker_init_fn')
    ):
        scope, name = rl.split_scope(node['type'], _find(place)[1])
        if scope not in (None, SCOPE):
            node['type'], node['_scope_'] = name, scope


def _known_keys(place: Place) -> list[str] | None:
    """The keys that a dict may have, or None for any. Raises KeyError for an unknown part."""
    if 'type' not in place.node:
        return _keys_of_untyped().get(place.path)
    part, table = _find(place)
    if part is None or (place.in_foreign_part and part.__module__.split('.')[0] != place.own_scope):
        return None  # a layer, say: mmcv takes keys such as requires_grad out of its dict
    names, takes_more = named_options(part)
    more = _options_behind(part, place) if takes_more else []
    return None if more is None else [*names, *more, *TAKEN_BEFORE.get(table, [])]


def _options_behind(part: Callable, place: Place) -> list[str] | None:
    """What becomes of the ``**kwargs`` of MMEngine's hooks, None for other parts: nobody knows."""
    from mmengine.hooks import CheckpointHook, EMAHook
    from mmengine.runner import Runner

    if isinstance(part, type) and issubclass(part, EMAHook):
        average = place.node.get('ema_type', 'ExponentialMovingAverage')
        return options_of(rl.find_part(average, rl.MODELS, place.own_scope))
    if isinstance(part, type) and issubclass(part, CheckpointHook):
        return options_of(Runner.save_checkpoint)
    return None


@cache
def _keys_of_untyped() -> dict[str, list[str]]:
    """Keys of the dicts that MMEngine's Runner takes without a ``type``, by their place."""
    from mmengine.optim import OptimWrapper
    from mmengine.runner import (
        EpochBasedTrainLoop,
        IterBasedTrainLoop,
        LogProcessor,
        Runner,
        TestLoop,
        ValLoop,
    )
    from mmengine.visualization import Visualizer
    from torch.utils.data import DataLoader

    loader = [*options_of(DataLoader), 'num_batch_per_epoch', 'disable_subprocess_warning']
    return dict(
        train_dataloader=loader,
        val_dataloader=loader,
        test_dataloader=loader,
        train_cfg=['by_epoch', *options_of(EpochBasedTrainLoop), *options_of(IterBasedTrainLoop)],
        val_cfg=options_of(ValLoop),
        test_cfg=options_of(TestLoop),
        optim_wrapper=[*options_of(OptimWrapper), *TAKEN_BEFORE[rl.OPTIM_WRAPPERS]],
        log_processor=options_of(LogProcessor),
        visualizer=options_of(Visualizer),
        randomness=options_of(Runner.set_randomness),
        env_cfg=['cudnn_benchmark', 'dist_cfg', 'mp_cfg', 'resource_limit'],
        auto_scale_lr=['base_batch_size', 'enable'],
        custom_imports=['allow_failed_imports', 'imports'],
    )


def _find(place: Place) -> tuple[Callable | None, Registry]:
    """The part of a dict with a ``type``, and the table that has it.

    Inside a part of another package the type may be no part at all: mmdet calls functions (``nms``) and operators of
    mmcv by that key, and takes options of its own out of dicts. So there only a near miss of a known name is an error,
    and the part may be None.
    """
    import mmengine.runner  # noqa: F401  MMEngine's own parts are registered by their import

    kind, scope = place.node['type'], place.own_scope
    expected = _expected_table(place.path, place.key, scope)
    tables = list(dict.fromkeys((expected, *ALL_TABLES) if expected else ALL_TABLES))
    if scope not in (None, SCOPE):  # its own parts first: names such as L1Loss are ours too
        tables.sort(key=lambda table: rl.table_of_scope(scope, table) is None)
    try:
        found = _first(kind, tables, scope) or (
            load_plugins() is not None and _first(kind, tables, scope)
        )
    except (ImportError, TypeError) as error:
        raise type(error)(f'{place.path}, type={kind!r}: {error}') from error
    if found and not (
        expected in rl.OWN_TABLES and found[1] in rl.OWN_TABLES and found[1] is not expected
    ):
        return found
    names = {
        table: known_names((scope and rl.table_of_scope(scope, table)) or table)
        for table in ALL_TABLES
    }
    if place.in_foreign_part and not any(_is_slip(kind, names[table]) for table in names):
        return None, rl.MODELS
    closest = max(names, key=lambda table: _likeness(kind, names[table]))
    raise KeyError(f'{place.path}: {rl.unknown_part(kind, expected or closest, scope)}')


def _likeness(word: str, names: list[str]) -> float:
    """How like ``word`` the most similar of ``names`` is, from 0 to 1."""
    return max((SequenceMatcher(None, word, name).ratio() for name in names), default=0.0)


def _is_slip(word: str, names: list[str]) -> bool:
    """Whether ``word`` was most likely meant to be one of ``names``."""
    return _likeness(word, names) > 0.8


def _first(
    kind: str | Callable, tables: list[Registry], scope: str | None
) -> tuple[Callable, Registry] | None:
    for table in tables:
        if (part := look_up(kind, table, scope)) is not None:
            return part, table
    return None


def _expected_table(path: str, key: str, scope: str | None) -> Registry | None:
    """The table of a part by its key. A foreign package has no tables of our own kind: its parts are models there."""
    if key == 'sampler':
        return rl.SAMPLERS if path.startswith('model') else rl.DATA_SAMPLERS
    table = TABLE_OF_KEY.get(key)
    return rl.MODELS if scope not in (None, SCOPE) and table in rl.OWN_TABLES else table


def _flatten(options: dict, prefix: str = '') -> Iterator[tuple[str, object]]:
    """(dotted key, value); a dict with a ``type`` is a whole part, other dicts are taken apart."""
    for key, value in options.items():
        if isinstance(value, dict) and value and 'type' not in value:
            yield from _flatten(value, f'{prefix}{key}.')
        else:
            yield prefix + key, ConfigDict(value) if isinstance(value, dict) else value


def _set_options(
    cfg: Config, options: dict, allow_unknown: bool, what: str = '--cfg-options'
) -> None:
    """Set entries by dotted key, types before options.  ``what``: says where they stand."""
    new: set[str] = set()
    items = sorted(_flatten(options), key=lambda item: item[0].split('.')[-1] != 'type')
    for key, value in items:
        if key.startswith('_'):
            raise KeyError(_own_variable(cfg, key, what))
        _set_option(cfg, key, value, new, allow_unknown, what)


def _own_variable(cfg: Config, key: str, what: str) -> str:
    paths = [
        f'{place.path}.{name}'.lstrip('.')
        for place in _places(cfg._cfg_dict)
        for name in place.node
    ]
    rest = key.partition('.')[2] or key.lstrip('_')
    near = [path for path in paths if f'.{path}'.endswith(f'.{rest}')] or nearest(rest, paths)
    return (
        f'{what} {key}: a name that begins with an underscore is a variable of the config, which '
        f'was used when the file was read; to change it now changes nothing. Set the entry that '
        f'was made with it; nearest: {near[:3] or "none"}'
    )


def _set_option(
    cfg: Config, key: str, value: object, new: set[str], allow_unknown: bool, what: str
) -> None:
    """Set one entry.  ``new``: paths of the dicts made on the way, by this call and those before it."""
    place = Place(cfg._cfg_dict, '', '', None)
    *parents, last = key.split('.')
    for name in parents:
        index = _index(place, name, f'{what} {key}', new, allow_unknown)
        path = f'{place.path}.{name}'.lstrip('.')
        if isinstance(place.node, dict) and place.node.get(index) is None:
            place.node[index] = ConfigDict()
            new.add(path)
        if isinstance(place.node, dict):
            place = Place(place.node[index], path, name, place.own_scope)
        else:
            place = place._replace(node=place.node[index], path=path)
    place.node[_index(place, last, f'{what} {key}', new, allow_unknown)] = value


def _index(place: Place, name: str, key: str, new: set[str], allow_unknown: bool) -> str | int:
    """``name`` as an index into ``place.node``. Raises KeyError when there can be no such entry."""
    node = place.node
    if isinstance(node, list):
        if name.isdigit() and int(name) < len(node):
            return int(name)
        raise KeyError(
            f"{key}: {place.path} is a list of {len(node)}; '{name}' is no index into it"
        )
    if not isinstance(node, dict):
        raise KeyError(f'{key}: {place.path} is {node!r}, which has no entries of its own')
    if name in node or allow_unknown or place.path in new:
        return name
    known = _known_keys(place) if place.path else _top_level_keys()
    if name in (known or []) or (known is None and 'type' in node):
        return name
    near = [f'{place.path}.{n}'.lstrip('.') for n in nearest(name, [*node, *(known or [])])]
    raise KeyError(
        f"{key}: {place.path or 'the config'} has no '{name}'; nearest: {near or 'none'}; "
        '--allow-unknown lets any key pass'
    )
