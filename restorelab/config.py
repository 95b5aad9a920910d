"""Configs, read and checked whole before anything is built."""

import copy
from importlib import import_module
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DefaultScope

from restorelab.checks import SCOPE, check_place, check_top_level, places, root_of
from restorelab.overrides import drop_left_out, set_options
from restorelab.reference import resolve_restorers
from restorelab.schedule import check_schedules, fit_schedules
from restorelab.utils import plain_yaml  # noqa: F401  it replaces the reader of MMEngine
from restorelab.utils.options import nearest
from restorelab.utils.sources import check_source
from restorelab.values import check_values


def load_config(
    source: str | Path | Config, cfg_options: dict | None = None, allow_unknown: bool = False
) -> Config:
    """Read a config, change it by ``cfg_options`` and check all of it. Nothing is built.

    The loaded config stands for itself: variables of the file (names that begin with an underscore)
    are gone, a path to a restorer's config is replaced by that restorer, and schedules count steps.
    ``default_scope`` is set to restorelab, and the prefix of ``type='mmdet.Name'`` becomes
    ``_scope_``, so that it holds for what is inside, whoever builds it.

    Args:
        source: path of a config file, or a Config, which is not changed.
        cfg_options: value by dotted key (``'model.backbone.width'``); see ``overrides``.
        allow_unknown: let unknown top-level keys, options and ``cfg_options`` keys pass, also in
            later calls with the returned config.
    Raises:
        FileNotFoundError: no such file.
        ValueError: the file does not load, has another default scope, or a schedule does not fit.
        KeyError: unknown top-level key, ``cfg_options`` key or part, with the nearest right ones.
        TypeError: unknown option of a part; likewise.
        ImportError: a package that the config needs does not import; says what to install.
    """
    check_source('the config', source)
    cfg = copy.deepcopy(source) if isinstance(source, Config) else _read(Path(source))
    allow_unknown = allow_unknown or vars(cfg).get('allow_unknown', False)
    object.__setattr__(cfg, 'allow_unknown', allow_unknown)
    for key in list(cfg):
        if isinstance(key, str) and key.startswith('_'):
            del cfg._cfg_dict[key]
    options = dict(cfg_options or {})
    imports = {key: options.pop(key) for key in list(options) if key.startswith('custom_imports')}
    set_options(cfg, imports, allow_unknown)
    _import_custom(cfg)
    if cfg.setdefault('default_scope', SCOPE) != SCOPE:
        raise ValueError(
            f"{_name(cfg)}: default_scope is '{cfg.default_scope}', but restorelab builds in its "
            f"own. Drop the line and write parts of that package as type='{cfg.default_scope}.Name'"
        )
    if not allow_unknown:
        check_top_level(cfg)
    # A Runner of another package leaves its own scope to the process.
    with DefaultScope.overwrite_default_scope(SCOPE):
        _change(cfg, options, allow_unknown)
        for place in places(root_of(cfg)):
            check_place(place, allow_unknown)
    check_values(cfg)
    try:
        fit_schedules(cfg)
        check_schedules(cfg)
    except (AttributeError, TypeError) as error:
        raise TypeError(
            f'{_name(cfg)}: a value in param_scheduler or train_cfg is of a wrong type ({error})'
        ) from error
    return cfg


def _change(cfg: Config, options: dict, allow_unknown: bool) -> None:
    """Put in the restorers that the config points at, after the options that point elsewhere."""
    pointers, others = {}, {}
    for key, value in options.items():
        points = key.rpartition('.')[2] == 'restorer' and isinstance(value, str)
        (pointers if points else others)[key] = value
    set_options(cfg, pointers, allow_unknown)
    resolve_restorers(
        cfg,
        load=lambda path: load_config(path, allow_unknown=allow_unknown),
        change=lambda inner, changes, what: set_options(inner, changes, allow_unknown, what),
    )
    set_options(cfg, others, allow_unknown)
    drop_left_out(cfg)


def _read(path: Path) -> Config:
    if path.suffix != '.py':
        raise ValueError(
            f'{path}: a config is a Python file; this name ends in {path.suffix!r}. YAML is not '
            'read, because its reader can run code. JSON is data, for restoring only '
            '(restorelab restore --model x.json --checkpoint x.pth)'
        )
    if not path.is_file():
        near = nearest(path.name, (neighbor.name for neighbor in path.parent.glob('*.py')))
        hint = f'; nearest in its folder: {near}' if near else ''
        raise FileNotFoundError(f'there is no config {path}{hint}')
    try:
        return Config.fromfile(path, import_custom_modules=False)
    except (Exception, SystemExit) as error:  # a config is Python: anything may go wrong in it
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
                    f"{_name(cfg)}: custom_imports names '{name}', which does not import "
                    f'({error}). Install its package, or put its folder on PYTHONPATH'
                ) from error
