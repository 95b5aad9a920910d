"""Changes to a config by dotted key, as ``--cfg-options`` and ``restorer_changes`` give them.

A key has to be there, or something has to read it: MMEngine would take a misspelt one in silence.

    model.sampler.steps=10                 one option
    model.sampler.type=EulerODE            another part; what only the old one takes is left out
    model.sampler={'type': 'EulerODE'}     another part with options of its own
    model.adapters.tfa._delete_=True       one part less
"""

import logging
from collections.abc import Iterator

from mmengine.config import Config, ConfigDict

from restorelab.checks import Place, known_keys, places, root_of, top_level_keys
from restorelab.utils.options import nearest

DELETE = '_delete_'
log = logging.getLogger(__name__)


def set_options(
    cfg: Config, options: dict, allow_unknown: bool = False, what: str = '--cfg-options'
) -> None:
    """Set entries of ``cfg``: first what goes, then types, then the rest.

    Args:
        options: value by dotted key, or nested. A dict with a ``type`` is a whole part; other dicts
            are merged.
        what: says in messages where the options stand.
    Raises: KeyError for a key that nothing reads, with the nearest ones; what the checks raise.
    """
    order = {DELETE: 0, 'type': 1}
    items = sorted(_flatten(options), key=lambda item: order.get(item[0].rpartition('.')[2], 2))
    opened: set[str] = set()  # paths of the dicts that were made on the way
    for key, value in items:
        if key.startswith('_'):
            raise KeyError(f'{what} {key}: {_about_variable(cfg, key)}')
        _set(cfg, key, value, opened, allow_unknown, f'{what} {key}')


def _flatten(options: dict, prefix: str = '') -> Iterator[tuple[str, object]]:
    for key, value in options.items():
        if isinstance(value, dict) and value and 'type' not in value:
            yield from _flatten(value, f'{prefix}{key}.')
        else:
            yield prefix + key, ConfigDict(value) if isinstance(value, dict) else value


def _about_variable(cfg: Config, key: str) -> str:
    paths = []
    for place in places(root_of(cfg)):
        paths += [place.joined(name) for name in place.node]
    rest = key.partition('.')[2] or key.lstrip('_')
    near = [path for path in paths if f'.{path}'.endswith(f'.{rest}')] or nearest(rest, paths)
    return (
        'a name that begins with an underscore is a variable of the config file, which was used '
        'when the file was read. To change it changes nothing; set the entry that was made with '
        f'it. nearest: {near[:3] or "none"}'
    )


def _set(
    cfg: Config, key: str, value: object, opened: set[str], allow_unknown: bool, what: str
) -> None:
    place = root_of(cfg)
    *parents, last = key.split('.')
    for depth, name in enumerate(parents, start=1):
        index = _index(place, name, what)
        if isinstance(place.node, dict) and place.node.get(index) is None:
            whole = place.is_group and [*parents[depth:], last] == ['type']
            if not (whole or allow_unknown or place.path in opened):
                _check_read(place, name, what)
            place.node[index] = ConfigDict()
            opened.add(place.joined(name))
        place = place.below(index)
    index = _index(place, last, what)
    if last == DELETE:
        _delete(cfg, parents, what)
        return
    whole = place.is_group and (value is None or isinstance(value, dict))
    if not (whole or allow_unknown or place.path in opened):
        _check_read(place, last, what)
    if last == 'type' and place.node.get('type') not in (None, value):
        _switch(place, value, what)
    place.node[index] = value


def _index(place: Place, name: str, what: str) -> str | int:
    """``name`` as an index into ``place.node``. Raises KeyError when that has no entries."""
    if isinstance(place.node, dict):
        return name
    if not isinstance(place.node, list):
        raise KeyError(f'{what}: {place.path} is {place.node!r}, which has no entries of its own')
    if name.isdigit() and int(name) < len(place.node):
        return int(name)
    raise KeyError(
        f"{what}: {place.path} is a list of {len(place.node)}; '{name}' is no index into it"
    )


def _check_read(place: Place, name: str, what: str) -> None:
    """Raise KeyError for a name that is not there and that nothing reads."""
    if isinstance(place.node, list) or name in place.node:
        return
    known = known_keys(place) if place.path else top_level_keys()
    if name in (known or []) or (known is None and 'type' in place.node):
        return
    near = nearest(name, [*place.node, *(known or [])])
    raise KeyError(
        f"{what}: {place.path or 'the config'} has no '{name}'; nearest: "
        f'{[place.joined(each) for each in near] or "none"}; --allow-unknown lets any key pass'
    )


def _delete(cfg: Config, path: list[str], what: str) -> None:
    """Take out the entry at ``path``."""
    place = root_of(cfg)
    for name in path[:-1]:
        place = place.below(_index(place, name, what))
    del place.node[_index(place, path[-1], what)]


def _switch(place: Place, kind: object, what: str) -> None:
    """Leave out the options of the old part that the one called ``kind`` does not take."""
    node = place.node
    if isinstance(kind, str) and '.' in kind:
        node.pop('_scope_', None)
    known = known_keys(place._replace(node=ConfigDict(node, type=kind)))
    if known is None:
        return
    gone = {key: node.pop(key) for key in list(node) if key not in (*known, 'type', '_scope_')}
    if gone:
        given = ', '.join(f'{key}={value!r}' for key, value in gone.items())
        log.warning('%s=%s: left out what it does not take: %s', what, kind, given)


def drop_left_out(cfg: Config) -> None:
    """Take out the parts that are None, or of which ``_delete_`` in a child config left nothing.

    A hook that is None stays: this is how MMEngine is told to do without its own.
    """
    for place in places(root_of(cfg)):
        if not place.is_group:
            continue
        for name, part in list(place.node.items()):
            is_none = part is None and place.key != 'default_hooks'
            if is_none or part in ({}, {DELETE: True}):
                del place.node[name]
