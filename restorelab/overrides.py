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
from restorelab.untyped import Known
from restorelab.utils.options import is_slip, nearest

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
    changes = _Changes(cfg, allow_unknown)
    for key, value in items:
        changes.set(key, value, f'{what} {key}')


def _flatten(options: dict, prefix: str = '') -> Iterator[tuple[str, object]]:
    for key, value in options.items():
        if isinstance(value, dict) and value and 'type' not in value:
            yield from _flatten(value, f'{prefix}{key}.')
        else:
            yield prefix + key, ConfigDict(value) if isinstance(value, dict) else value


class _Changes:
    """Sets entries of one config, and remembers which dicts it had to make on the way."""

    def __init__(self, cfg: Config, allow_unknown: bool):
        self.cfg, self.allow_unknown = cfg, allow_unknown
        self.opened: set[str] = set()  # paths

    def set(self, key: str, value: object, what: str) -> None:
        """Set one entry.  what: names it in messages."""
        if key.startswith('_'):
            raise KeyError(f'{what}: {_about_variable(self.cfg, key)}')
        *parents, last = key.split('.')
        if last == DELETE:
            last = parents.pop()
        place = root_of(self.cfg)
        for depth, name in enumerate(parents, start=1):
            place = self._enter(place, name, [*parents[depth:], last], what)
        index = _index(place, last, what)
        self._check_read(place, last, value is None or isinstance(value, dict), what)
        if key.endswith(f'.{DELETE}'):
            del place.node[index]
            return
        if last == 'type' and place.node.get('type') not in (None, value):
            _switch(place, value, what)
        place.node[index] = value

    def _enter(self, place: Place, name: str, rest: list[str], what: str) -> Place:
        """The entry called ``name``; a dict is made where nothing is."""
        index = _index(place, name, what)
        if isinstance(place.node, dict) and place.node.get(name) is None:
            self._check_read(place, name, rest == ['type'], what)
            place.node[name] = ConfigDict()
            self.opened.add(place.joined(name))
        return place.below(index)

    def _check_read(self, place: Place, name: str, is_part: bool, what: str) -> None:
        """Raise KeyError for a name that is not there and that nothing reads.

        is_part: a whole part comes to stand there. Parts held by name may have any name.
        """
        if self.allow_unknown or place.path in self.opened or (is_part and place.is_group):
            return
        if isinstance(place.node, list) or name in place.node:
            return
        known = known_keys(place) if place.path else Known(top_level_keys())
        if known is None:
            known = Known([], closed='type' not in place.node)
        is_free = not known.closed and 'type' in place.node and not is_slip(name, known.names)
        if name not in known.names and not is_free:
            raise KeyError(f'{what}: {_about_unread(place, name, known.names)}')


def _about_unread(place: Place, name: str, known: list[str]) -> str:
    near = []
    for each in nearest(name, [*place.node, *known]):
        near.append(place.joined(each))
    return (
        f"{place.path or 'the config'} has no '{name}'; nearest: {near or 'none'}; "
        '--allow-unknown lets any key pass'
    )


def _about_variable(cfg: Config, key: str) -> str:
    rest = key.partition('.')[2] or key.lstrip('_')
    paths, near = [], []
    for place in places(root_of(cfg)):
        for name in place.node:
            path = place.joined(name)
            paths.append(path)
            if f'.{path}'.endswith(f'.{rest}'):
                near.append(path)
    return (
        'a name that begins with an underscore is a variable of the config file, which was used '
        'when the file was read. An override of it has no effect; set the entry that was made with '
        f'it. nearest: {near[:3] or nearest(rest, paths) or "none"}'
    )


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


def _switch(place: Place, kind: object, what: str) -> None:
    """Leave out the options of the old part that the one called ``kind`` does not take."""
    node = place.node
    if isinstance(kind, str) and '.' in kind:
        node.pop('_scope_', None)
    known = known_keys(place._replace(node=ConfigDict(node, type=kind)))
    if known is None or not known.closed:
        return
    gone = []
    for key in list(node):
        if key not in (*known.names, 'type', '_scope_'):
            gone.append(f'{key}={node.pop(key)!r}')
    if gone:
        log.warning('%s=%s: left out what it does not take: %s', what, kind, ', '.join(gone))


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
