"""What may stand at each place of a config: its table, its part, and the options of that part.

MMEngine meets a misspelt part or option only when it builds that part. Here every dict with a
``type`` is looked up, and its keys are compared with the options of what was found.
"""

import logging
import re
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from functools import cache
from typing import NamedTuple

from mmengine import registry as mm
from mmengine.config import Config
from mmengine.registry import Registry

from restorelab import registry as rl
from restorelab.untyped import HOOK_SLOTS, NMS, OF_OPTIM_WRAPPER, Known, keys_of_runner, read_by
from restorelab.utils.options import (
    A_SLIP,
    Holder,
    check_keys,
    check_of,
    holders_of,
    is_one_edit,
    is_slip,
    named_options,
    nearest,
    with_article,
)

SCOPE = 'restorelab'
log = logging.getLogger(__name__)
FUNCTIONS = ('collate_fn', 'worker_init_fn')

# The table of a part, by the key that it stands under. Under other keys every table is tried.
TABLE_OF_KEY = {
    'model': rl.MODELS,
    'restorer': rl.MODELS,
    'data_preprocessor': rl.MODELS,
    'backbone': rl.BACKBONES,
    'stages': rl.BACKBONES,
    'attention': rl.BLOCKS,
    'mid_attention': rl.BLOCKS,
    'block': rl.BLOCKS,
    'decoder_block': rl.BLOCKS,
    'prior': rl.PRIORS,
    'priors': rl.PRIORS,
    'perceiver': rl.PRIORS,
    'semantic': rl.PRIORS,
    'degradation': rl.PRIORS,
    'cues': rl.CUES,
    'adapters': rl.ADAPTERS,
    'loss': rl.LOSSES,
    'semantic_loss': rl.LOSSES,
    'degradation_loss': rl.LOSSES,
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
    'model_wrapper_cfg': rl.MODEL_WRAPPERS,
}
# Keys of dicts that hold parts by name.
GROUPS = ('stages', 'priors', 'adapters', 'step_losses', 'tasks', 'default_hooks')
ALL_TABLES = (*rl.TABLES, *rl.MM_TABLES, mm.TASK_UTILS)
# Keys that MMEngine takes out of a part's dict before it builds the part.
TAKEN_BEFORE = {
    rl.OPTIM_WRAPPERS: list(OF_OPTIM_WRAPPER),
    rl.HOOKS: ['priority'],
    mm.PARAM_SCHEDULERS: ['convert_to_iter_based'],
    rl.WEIGHT_INITIALIZERS: ['name', 'override'],
}


class Place(NamedTuple):
    """A dict or list of a config, its path, the key that says its table, and its outer scope.

    ``network`` is the outermost part of another package around it.
    """

    node: dict | list
    path: str
    key: str
    scope: str | None
    network: dict | None = None

    @property
    def own_scope(self) -> str | None:
        """The scope in which the dict itself is built."""
        return self.node.get('_scope_', self.scope)

    @property
    def in_foreign_part(self) -> bool:
        return self.scope not in (None, SCOPE)

    @property
    def is_group(self) -> bool:
        """Whether it holds parts of one kind by name."""
        node = self.node
        foreign = self.in_foreign_part or not isinstance(node, dict) or 'type' in node
        return not foreign and self.path.rpartition('.')[2] in GROUPS

    def below(self, name: str | int) -> 'Place':
        """The entry of that name. Lists and groups hand their key on to their entries."""
        node, path = self.node[name], f'{self.path}.{name}'.lstrip('.')
        if isinstance(self.node, dict):
            key, scope = self.key if self.is_group else name, self.own_scope
            network = self.network
            if network is None and 'type' in self.node and scope not in (None, SCOPE):
                network = self.node
            return Place(node, path, key, scope, network)
        return self._replace(node=node, path=path)

    def joined(self, name: str) -> str:
        return f'{self.path}.{name}'.lstrip('.')


def places(root: Place) -> Iterator[Place]:
    """Every dict from ``root`` on, outer ones first."""
    if isinstance(root.node, dict):
        yield root
        for name in list(root.node):  # after the yield: a check may have changed it
            yield from places(root.below(name))
    elif isinstance(root.node, list | tuple):
        for index in range(len(root.node)):
            yield from places(root.below(index))


def root_of(cfg: Config) -> Place:
    return Place(cfg._cfg_dict, '', '', None)


def check_place(place: Place, allow_unknown: bool) -> None:
    """Look up the part and its options, and move the prefix of its type into ``_scope_``.

    Raises: KeyError, TypeError, ImportError that name the place and what would be right.
    """
    node, scope = place.node, place.node.get('_scope_', SCOPE)
    if not isinstance(scope, str) or not scope:
        raise TypeError(f"{place.path}: '_scope_' is {scope!r}; wanted is the name of a package")
    if not allow_unknown:
        _check_type_is_there(place)
    if place.is_group:
        _check_group(place, allow_unknown)
    known = known_keys(place)
    if known is not None and not allow_unknown:
        _check_names(place, known)
    if 'type' in node and not place.in_foreign_part and place.key not in FUNCTIONS:
        _check_part(place, allow_unknown)


def _check_names(place: Place, known: Known) -> None:
    """Refuse unknown keys; warn of those that a part may take all the same."""
    keys, free = list(place.node), []
    if place.in_foreign_part or not known.closed:  # it may take options of its own out of it
        free = [key for key in keys if key not in known.names and not is_slip(key, known.names)]
        keys = [key for key in keys if key not in free]
    kind = place.node.get('type', place.key)
    check_keys(f'{place.path}: {kind}', keys, known.names)
    unchecked = [key for key in free if key not in ('type', '_scope_')]
    if unchecked:
        log.warning('%s: %s may take anything; nothing checked %s', place.path, kind, unchecked)


def _check_part(place: Place, allow_unknown: bool) -> None:
    """What the options of a part hold; its scope."""
    node = place.node
    part, _, scope = _find(place)
    if not allow_unknown:
        for option, holder in holders_of(part).items():
            _check_held(node.get(option), holder, place.joined(option))
        check = check_of(part)
        if check is not None:
            try:
                check(node)
            except (KeyError, TypeError, ValueError) as error:
                raise type(error)(f'{place.path}: {error.args[0]}') from error
    if scope not in (None, SCOPE, place.own_scope):
        node['type'], node['_scope_'] = node['type'].partition('.')[2], scope


def _check_held(entries: object, holder: Holder | None, path: str) -> None:
    """Check a dict that a part hands on, see ``holds``. Raises: TypeError for an unknown entry."""
    if not isinstance(entries, dict) or holder is None:
        return
    if isinstance(holder, dict):
        for name, inner in holder.items():
            _check_held(entries.get(name), inner, f'{path}.{name}')
        check_keys(path, entries, holder)
        return
    names, closed = [], True
    for each in [holder] if isinstance(holder, str) else holder:
        if '.' in each:
            more, takes_more = named_options(rl.find_part(each, rl.MODELS))
            names, closed = [*names, *more], closed and not takes_more
        else:
            names.append(each)
    keys = list(entries) if closed else [key for key in entries if is_slip(key, names)]
    check_keys(path, keys, names)


def _check_type_is_there(place: Place) -> None:
    """Raise TypeError for a dict in which a word stands that was meant to be ``type``."""
    if 'type' in place.node or not place.path:
        return
    for key in place.node:
        if isinstance(key, str) and is_one_edit(key, 'type'):
            raise TypeError(f"{place.path}: '{key}' is no option; did you mean type?")


def _check_group(place: Place, allow_unknown: bool) -> None:
    kind = with_article(TABLE_OF_KEY[place.key].name)
    for name, part in place.node.items():
        left_to_mmengine = part is None and place.key == 'default_hooks'
        if not left_to_mmengine and (not isinstance(part, dict) or 'type' not in part):
            raise TypeError(
                f"{place.joined(name)}: {kind} is built from a dict with the key 'type', not "
                f'from {part!r}. None leaves it out'
            )
        if not allow_unknown:
            _check_name(place, name, part)


def _check_name(place: Place, name: str, part: dict | None) -> None:
    """Raise KeyError for the name of a part that was most likely meant to be another one.

    Names are free. But MMEngine looks for its own hooks by their names, and a name that is one
    letter away from a word in the type of its part is a slip.
    """
    if not isinstance(name, str):
        raise TypeError(f'{place.joined(name)}: the name of a part is a word, not {name!r}')
    meant = _names_that_may_be_meant(place, name, part)
    bare = name.replace('_', '')
    known = {word.replace('_', ''): word for word in meant}
    plurals = () if part is None else (f'{bare}s', bare.removesuffix('s'))
    if bare in known or any(word in known for word in plurals):
        return
    near = [known[word] for word in known if len(word) > 2 and is_one_edit(bare, word)]
    if near:
        raise KeyError(
            f'{place.joined(name)}: did you mean {near[0]}? Names of parts are free, but this one '
            'differs by a letter. Choose one that differs more, or pass --allow-unknown'
        )


def _names_that_may_be_meant(place: Place, name: str, part: dict | None) -> list[str]:
    meant = [] if part is None else _words_in(part['type'])
    if place.key == 'default_hooks':
        if part is None:  # it leaves out what another config put there
            meant += [each for each in place.node if each != name and isinstance(each, str)]
        meant += HOOK_SLOTS
    return meant


def _words_in(kind: str | Callable) -> list[str]:
    """The words of a type, alone and joined: ``clip``, ``semantic``, ``clip_semantic``, ..."""
    if not isinstance(kind, str | type):  # a function, or what `_find` will refuse
        return []
    name = kind if isinstance(kind, str) else kind.__name__
    words = re.findall(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+', name.rpartition('.')[2])
    words = [word.lower() for word in words]
    joined = []
    for first in range(len(words)):
        for last in range(first + 1, len(words) + 1):
            joined.append('_'.join(words[first:last]))
    return joined


def known_keys(place: Place) -> Known | None:
    """The keys that a dict may have, or None for any. Raises KeyError for an unknown part."""
    if 'type' not in place.node:
        return _keys_of_untyped(place)
    part, table, _ = _find(place)
    if part is None:
        return Known(list(NMS), closed=False) if place.key == 'nms' else None
    names, takes_more = named_options(part)
    if place.in_foreign_part and part.__module__.split('.')[0] != place.own_scope:
        # a layer, say: mmcv takes such keys out of its dict
        return Known([*names, 'requires_grad'], closed=False)
    more = _options_behind(part, place) if takes_more else []
    names += TAKEN_BEFORE.get(table, [])
    return Known(names, closed=False) if more is None else Known([*names, *more])


def _options_behind(part: Callable, place: Place) -> list[str] | None:
    """Where the ``**kwargs`` of MMEngine's hooks go to; None for other parts: nobody knows."""
    from mmengine.hooks import CheckpointHook, EMAHook
    from mmengine.runner import Runner

    if isinstance(part, type) and issubclass(part, EMAHook):
        average = place.node.get('ema_type', 'ExponentialMovingAverage')
        names, takes_more = named_options(rl.find_part(average, rl.MODELS, place.own_scope))
        return None if takes_more else names
    if isinstance(part, type) and issubclass(part, CheckpointHook):
        return named_options(Runner.save_checkpoint)[0]
    return None


def _keys_of_untyped(place: Place) -> Known | None:
    """Those that MMEngine's Runner reads; inside a detector those that its parts read."""
    if place.network is None:
        names = keys_of_runner(place.path, place.key)
        return None if names is None else Known(names)
    if '_cfg' not in place.path:
        return None
    parts = []
    for inner in places(Place(place.network, '', 'model', place.own_scope)):
        part = _find(inner)[0] if 'type' in inner.node else None
        if part is not None and part.__module__.startswith(f'{place.own_scope}.'):
            parts.append(part)
    return Known(read_by(*parts), closed=False)


@cache
def top_level_keys() -> list[str]:
    """What MMEngine's Runner takes or reads, and ``custom_imports`` and ``vis_backends``."""
    from mmengine.runner import Runner

    read = ['activation_checkpointing', 'compile', 'efficient_conv_bn_eval', 'sync_bn']
    read += ['model_wrapper_cfg', 'custom_imports', 'vis_backends']
    return [*named_options(Runner)[0], *read]


def check_top_level(cfg: Config) -> None:
    """Raise KeyError for keys that nothing reads."""
    known = top_level_keys()
    stray = [key for key in cfg if key not in known]
    if stray:
        hints = [f"'{key}': nearest {nearest(key, known) or 'none'}" for key in stray]
        near = '; '.join(hints)
        raise KeyError(
            f'{cfg.filename or "the config"}: nothing reads the top-level keys {stray} ({near}). A '
            "variable of the config's own starts with an underscore; --allow-unknown lets any key "
            'pass'
        )


def _find(place: Place) -> tuple[Callable | None, Registry, str | None]:
    """The part of a dict with a ``type``, the table that has it, and the scope inside it.

    Inside a part of another package the type may be no part at all: mmdet calls functions (``nms``)
    and operators of mmcv by that key. So there only a near miss of a known name is an error, and
    the part may be None.
    """
    import mmengine.runner  # noqa: F401  MMEngine's own parts are registered by their import

    kind, scope = place.node['type'], place.own_scope
    tables = _tables_to_try(place)
    try:
        found = _first(kind, tables, scope)
        if found is None:
            rl.load_plugins()
            found = _first(kind, tables, scope)
    except (ImportError, TypeError) as error:
        raise type(error)(f'{place.path}, type={kind!r}: {error}') from error
    if found is not None:
        return found
    likeness = {}
    for table in ALL_TABLES:
        names = rl.known_names((scope and rl.table_of_scope(scope, table)) or table)
        likeness[table] = _likeness(kind, names)
    closest = max(likeness, key=likeness.get)
    if place.in_foreign_part and likeness[closest] <= A_SLIP:
        return None, rl.MODELS, scope
    closest = _expected_table(place) or closest
    raise KeyError(f'{place.path}: {rl.unknown_part(kind, closest, scope)}')


def _tables_to_try(place: Place) -> list[Registry]:
    """The one that the key says; all of them for other keys, and inside another package's part."""
    expected, scope = _expected_table(place), place.own_scope
    if scope in (None, SCOPE):
        return list(ALL_TABLES) if expected is None else [expected]
    tables = [] if expected is None else [expected]
    tables += [table for table in ALL_TABLES if table is not expected]
    # Its own parts first: names such as L1Loss are ours too.
    return sorted(tables, key=lambda table: rl.table_of_scope(scope, table) is None)


def _first(
    kind: str | Callable, tables: list[Registry], scope: str | None
) -> tuple[Callable, Registry, str | None] | None:
    for table in tables:
        found = rl.look_up(kind, table, scope)
        if found is not None:
            return found[0], table, found[1]
    return None


def _likeness(word: str, names: list[str]) -> float:
    """How like ``word`` the most similar of ``names`` is, from 0 to 1."""
    likeness = 0.0
    for name in names:
        likeness = max(likeness, SequenceMatcher(None, word, name).ratio())
    return likeness


def _expected_table(place: Place) -> Registry | None:
    """The table of a part by its key. In other packages our own kinds of parts are models."""
    if place.key == 'sampler':
        return rl.SAMPLERS if place.path.startswith('model') else rl.DATA_SAMPLERS
    table = TABLE_OF_KEY.get(place.key)
    if place.own_scope not in (None, SCOPE) and table in rl.OWN_TABLES:
        return rl.MODELS
    return table
