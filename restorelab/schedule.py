"""Schedules that follow the length of the training.

In an entry of ``param_scheduler`` a float is a share of the training: ``end=0.1`` means that the
entry ends after a tenth of it. When a config is loaded, ``fit_schedules`` turns shares into whole
steps, and ``check_schedules`` refuses entries whose steps do not fit the training.

A short warm-up, then a cosine to the end of the training, whatever its length:

    param_scheduler = [
        dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=0.05),
        dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=0.05),
    ]
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from mmengine.config import Config

COUNTS = {'begin', 'end', 'T_max', 'total_steps', 'step_size'}  # options that count steps
TO_THE_END = ('Linear', 'CosineAnnealing', 'Poly', 'OneCycle')  # kinds that stretch over their time
FALLING = ('Cosine', 'Poly', 'Exponential', 'OneCycle')  # kinds that end at their lowest value


def fit_schedules(cfg: Config) -> None:
    """Turn the shares in ``param_scheduler`` into steps; an entry of which none is left goes.

    A positive share is at least 2 steps: MMEngine's warm-up of a single step would never end.
    Raises: ValueError for a share that is none, or of a length that is not known.
    """
    for path, entries in _schedules(cfg):
        kept = []
        for index, entry in enumerate(entries):
            by_hand = isinstance(entry.get('end'), int)
            place = f'{path}.{index}'
            _fill(entry, _length(cfg, entry, place), place)
            end = entry.get('end')
            if by_hand or end is None or end > entry.get('begin', 0):
                kept.append(entry)
        entries[:] = kept


def check_schedules(cfg: Config) -> None:
    """Raise ValueError for an entry, in steps, that does not fit the length of the training."""
    for path, entries in _schedules(cfg):
        for index, entry in enumerate(entries):
            place = f'{path}.{index}'
            length = _length(cfg, entry, place)
            if length is not None:
                _check_fit(entry, entries, length, place)


def _schedules(cfg: Config) -> Iterator[tuple[str, list]]:
    """The lists of entries; none for a config without a training, such as a base."""
    if cfg.get('train_cfg'):
        yield from _lists(cfg.get('param_scheduler'), 'param_scheduler')


def _lists(schedules, path: str) -> Iterator[tuple[str, list]]:
    """One list, or one for each optimizer."""
    if isinstance(schedules, list):
        yield path, schedules
    elif isinstance(schedules, dict) and 'type' in schedules:
        yield path, [schedules]
    elif isinstance(schedules, dict):
        for name, inner in schedules.items():
            yield from _lists(inner, f'{path}.{name}')


def _kind(entry: dict) -> str:
    kind = entry['type']
    return kind.rpartition('.')[2] if isinstance(kind, str) else kind.__name__


def _length(cfg: Config, entry: dict, place: str) -> int | None:
    """The length of the training in the unit of ``entry``, or None when it is not known."""
    iterations = cfg.train_cfg.get('max_iters')
    if not entry.get('by_epoch', True) or entry.get('convert_to_iter_based'):
        return None if iterations is None else max(1, iterations)
    if iterations is not None:
        raise ValueError(
            f'{place}: {_kind(entry)} counts epochs, which is the default of MMEngine, but the '
            f'training counts iterations (train_cfg.max_iters={iterations}). Write by_epoch=False'
        )
    return cfg.train_cfg.get('max_epochs')


def _fill(entry: dict, length: int | None, place: str) -> None:
    """Turn shares into steps, and let an entry without an end go on to the end."""
    ends_by_share = isinstance(entry.get('end', 1.0), float)
    for key in COUNTS & set(entry):
        entry[key] = _steps(entry[key], length, f'{place}.{key}')
    if 'milestones' in entry:
        milestones = entry['milestones']
        entry['milestones'] = [_steps(each, length, f'{place}.milestones') for each in milestones]
    if 'periods' in entry:
        entry['periods'] = _periods(entry['periods'], length, f'{place}.periods')
    if length is None or not ends_by_share or {'T_max', 'total_steps'} & set(entry):
        return
    if _kind(entry).startswith(TO_THE_END):
        entry.setdefault('end', length)
    if _kind(entry).startswith('CosineAnnealing'):  # so that the last step gets the lowest value
        entry['T_max'] = max(1, entry['end'] - entry.get('begin', 0) - 1)


def _steps(value: int | float, length: int | None, place: str) -> int:
    """The steps that one count or share means."""
    if not isinstance(value, float):
        return value
    if not 0 <= value <= 1:
        raise ValueError(
            f'{place}={value}: a float is a share of the training, from 0 to 1. A number of steps '
            f'is written as {round(value)}'
        )
    if length is None:
        raise ValueError(
            f'{place}={value} is a share of the training, whose length is not known in this unit. '
            'Write a number of steps, or by_epoch as the training counts'
        )
    return min(length, max(2, round(value * length))) if value else 0


def _periods(values: Sequence[int | float], length: int | None, place: str) -> list[int]:
    """Periods in steps; their ends are rounded, so that shares which sum to 1 fill the training."""
    if not any(isinstance(value, float) for value in values):
        return list(values)
    ends = [0]
    for index in range(len(values)):
        ends.append(_steps(min(1.0, float(sum(values[: index + 1]))), length, place))
    return [max(1, after - before) for before, after in pairwise(ends)]


def _check_fit(entry: dict, entries: list[dict], length: int, place: str) -> None:
    """Raise ValueError for an entry that ends after the training, or falls to its lowest before."""
    stops = _stops(entry)
    kind, ending = _kind(entry), f'the training ends at {length} (train_cfg.max_iters)'
    for key, stop in stops.items():
        if stop > length:
            raise ValueError(
                f'{place}: {kind} goes on to step {stop} by its {key}, but {ending}. Write {key} '
                'as a share of the training: a float from 0 to 1, where 1.0 is its end'
            )
    if not _falls(entry) or not stops or min(stops.values()) >= length - 1:
        return
    key = min(stops, key=stops.get)
    if not _goes_on(entry, entries, stops[key]):
        raise ValueError(
            f'{place}: {kind} is at its lowest at step {stops[key]} by its {key}, but {ending}. '
            f'Leave {key} out, and it goes on to the end; or write it as a share of the training'
        )


def _falls(entry: dict) -> bool:
    if _kind(entry).startswith('Linear'):
        return entry.get('start_factor', 1 / 3) > entry.get('end_factor', 1.0)
    return _kind(entry).startswith(FALLING)


def _stops(entry: dict) -> dict[str, int]:
    """The step at which an entry stops to act, by the option that says so."""
    begin, stops = entry.get('begin', 0), {}
    for key in ('T_max', 'total_steps'):
        if entry.get(key):
            stops[key] = begin + entry[key]
    if entry.get('end') is not None:
        stops['end'] = entry['end']
    if entry.get('milestones'):
        stops['milestones'] = begin + max(entry['milestones'])
    if entry.get('periods'):
        stops['periods'] = begin + sum(entry['periods'])
    return stops


def _goes_on(entry: dict, entries: list[dict], stop: int) -> bool:
    """Whether another entry takes the same quantity on from where this one stops."""
    for other in entries:
        same = _kind(other).endswith('Momentum') == _kind(entry).endswith('Momentum')
        if same and other is not entry and other.get('begin', 0) >= stop:
            return True
    return False
