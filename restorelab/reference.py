"""A model that holds a restorer may point at that restorer's config.

    model = dict(
        type='JointRestorer',
        restorer='configs/tpgdiff/allinone.py',
        restorer_changes={'sampler.steps': 10},
        tasks=...,
    )

The reference is resolved when the config is loaded: the loaded config holds the whole restorer.
``restorer_changes`` are entries of it, with dots or nested, merged as a child config would. A
config whose own model holds a restorer, such as a joint one, gives that restorer.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from mmengine.config import Config, ConfigDict

from restorelab.utils.options import nearest

ROOT = Path(__file__).resolve().parents[1]


def resolve_restorers(
    cfg: Config,
    load: Callable[[Path], Config],
    change: Callable[[Config, dict, str], None],
) -> None:
    """Put the restorers in the place of the paths that ``model`` has of them.

    Args:
        load: reads the config at a path.
        change: sets entries of a config; its last argument says where they stand.
    Raises: FileNotFoundError that names the nearest files; what ``load`` and ``change`` raise.
    """
    for node, path in _dicts(cfg.get('model'), 'model'):
        source = node.get('restorer')
        if not isinstance(source, str):
            continue
        pointed = load(find_config(source, cfg.filename, f'{path}.restorer'))
        _take_imports(cfg, pointed)
        restorer = pointed.model.get('restorer', pointed.model)
        inner = Config(dict(model=restorer))
        changes = node.pop('restorer_changes', None) or {}
        change(inner, {f'model.{key}': changes[key] for key in changes}, f'{path}.restorer_changes')
        node['restorer'] = inner.model


def _dicts(node, path: str) -> Iterator[tuple[ConfigDict, str]]:
    """Every dict below ``node`` with its path, outer ones first."""
    if isinstance(node, dict):
        yield node, path
        for name, child in node.items():
            yield from _dicts(child, f'{path}.{name}')
    elif isinstance(node, list | tuple):
        for index, child in enumerate(node):
            yield from _dicts(child, f'{path}.{index}')


def _take_imports(cfg: Config, pointed: Config) -> None:
    """The parts of the restorer need the ``custom_imports`` of its config."""
    wanted = (pointed.get('custom_imports') or {}).get('imports', [])
    if not wanted:
        return
    own = cfg.get('custom_imports') or {}
    present = own.get('imports', [])
    present = [present] if isinstance(present, str) else list(present)
    for name in [wanted] if isinstance(wanted, str) else wanted:
        if name not in present:
            present.append(name)
    cfg.custom_imports = dict(own, imports=present)


def find_config(source: str, filename: str | None, place: str) -> Path:
    """The file that ``source`` names, from the working directory or any folder above ``filename``.

    Raises: FileNotFoundError with the nearest files of the folders that were looked in.
    """
    above = Path(filename).resolve().parents if filename else ()
    candidates = [Path(source), *(folder / source for folder in above), ROOT / source]
    neighbors = set()
    for path in candidates:
        if path.is_file():
            return path
        if path.parent.is_dir():
            neighbors.update(path.parent.glob('*.py'))
    near = nearest(Path(source).name, sorted(path.name for path in neighbors))
    raise FileNotFoundError(
        f'{place}: there is no config {source}, neither from the working directory nor from the '
        f'folders above {filename or ROOT}; nearest: {near or "none"}'
    )
