"""What parts give each other: conditions, taps, the context of a network call, data samples."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor
from torch.utils.data import Dataset


@dataclass
class Condition:
    """What the priors know about a degraded image, by name.

    ``vectors`` (B, D), ``tokens`` (B, N, D), ``maps`` (B, C, h, w). h and w may differ from the
    image's. Computed once per image, then used in every sampling step and every tile.

    ``region`` (B, 4) is where in the picture a tile lies: top, left, bottom, right as shares of its
    height and width. None is the whole picture. ``left`` names degradations that a person wants
    left as they are; what the priors say of them is 0 then.
    """

    vectors: dict[str, Tensor] = field(default_factory=dict)
    tokens: dict[str, Tensor] = field(default_factory=dict)
    maps: dict[str, Tensor] = field(default_factory=dict)
    region: Tensor | None = None
    left: frozenset[str] = frozenset()
    _memo: dict = field(default_factory=dict, repr=False, compare=False)

    def once(self, key: object, compute: Callable[[], Tensor]) -> Tensor:
        """``compute()`` the first time ``key`` is asked for, the same tensor afterwards.

        For what an adapter derives from conditions alone: constant over all sampling steps.
        """
        if key not in self._memo:
            self._memo[key] = compute()
        return self._memo[key]

    def vector(self, name: str) -> Tensor:
        return self._get('vectors', name)

    def token(self, name: str) -> Tensor:
        return self._get('tokens', name)

    def map(self, name: str) -> Tensor:
        return self._get('maps', name)

    def entries(self) -> dict[str, dict[str, Tensor]]:
        """The entries of each kind, by the name of the kind."""
        return dict(vectors=self.vectors, tokens=self.tokens, maps=self.maps)

    def _get(self, kind: str, name: str) -> Tensor:
        entries = self.entries()[kind]
        if name not in entries:
            raise KeyError(
                f"no prior provides {kind[:-1]} '{name}'; the configured ones provide "
                f'{self.names()}. Add a prior that gives it to `priors`, or drop the adapter that '
                'asks for it.'
            )
        return entries[name]

    def names(self) -> list[str]:
        """Full names, such as ``vectors.degradation``."""
        names = []
        for kind, entries in self.entries().items():
            names += [f'{kind}.{name}' for name in entries]
        return names

    def update(self, other: Condition) -> None:
        """Take the entries of ``other``.

        Raises: KeyError when a name is already there: one prior would hide the other.
        """
        for kind, theirs in other.entries().items():
            mine = self.entries()[kind]
            twice = sorted(set(mine) & set(theirs))
            if twice:
                raise KeyError(
                    f'two priors provide {kind} {twice}; give one of them another name by '
                    '`condition_names`'
                )
            mine.update(theirs)

    def with_map(self, name: str, value: Tensor) -> Condition:
        """A new Condition with the map ``name`` added or replaced."""
        return replace(self, maps={**self.maps, name: value}, _memo={})

    def renamed(self, names: Mapping[str, str]) -> Condition:
        """A new Condition whose entries have other names: ``{'semantic': 'scene'}``."""
        changed = Condition(region=self.region, left=self.left)
        for kind, entries in self.entries().items():
            for name, value in entries.items():
                changed.entries()[kind][names.get(name, name)] = value
        return changed

    def apply(self, fn: Callable[[Tensor], Tensor]) -> Condition:
        """A new Condition with ``fn`` of every entry.

        ``cond.apply(lambda value: value[:1])`` is the condition of the first image.
        """
        region = None if self.region is None else fn(self.region)
        changed = Condition(region=region, left=self.left)
        for kind, entries in self.entries().items():
            for name, value in entries.items():
                changed.entries()[kind][name] = fn(value)
        return changed


@dataclass(frozen=True)
class TapSpec:
    """A place in a backbone or a codec where adapters may sit.

    Attributes:
        name: what adapters and configs call it, such as ``enc.s2``.
        side: ``enc``, ``mid`` or ``dec`` for feature maps (B, C, H / stride, W / stride);
            ``tokens`` for the same flattened to (B, N, C); ``time`` for the embedding of the
            diffusion time (B, C); ``skip`` for the skips of a latent U-Net.
        stride: in pixels of what the network sees: the image, or the latent.
        channels: C.
    """

    name: str
    side: str
    stride: int
    channels: int


# One vocabulary for all networks: a level of the encoder or the decoder, by how much smaller it is
# than the network's input, and a point on it; the bottom; the time; a skip of a latent U-Net. Words
# before it say which of several networks is meant: ``latent.enc.s2``.
TAP_NAME = re.compile(
    r'(?:[a-z]\w*\.)*?(?:(?P<level>enc|dec)\.s(?P<stride>[1-9]\d*)(?:\.[a-z]\w*)?'
    r'|mid(?:\.tokens)?|time|skip\.\d+)'
)
TAP_ROLE = re.compile(r'(?P<head>.+)\.(?:\*|s(?P<stride>[1-9]\d*)\+)(?P<point>(?:\.[a-z]\w*)?)')
LATENT = 'latent.'  # before the levels of a U-Net on latents: its codec has such levels, too
SIDES = ('enc', 'mid', 'dec', 'tokens', 'time', 'skip')
FEATURE_MAPS = ('enc', 'mid', 'dec', 'skip')  # the sides whose features are (B, C, H, W)


def check_taps(specs: Iterable[TapSpec], who: str) -> None:
    """Raise ValueError unless the taps of the part ``who`` are named in the vocabulary, and once.

    So that a config which names taps fits every network that has such a level.
    """
    seen = set()
    for spec in specs:
        match = TAP_NAME.fullmatch(spec.name)
        if match is None or spec.side not in SIDES:
            raise ValueError(
                f"{who} calls a tap '{spec.name}', on the side '{spec.side}'; names are enc.s<n>, "
                'dec.s<n>, dec.s<n>.in and the like, where n is the stride, or mid, time and '
                f'skip.<n>; sides are {list(SIDES)}'
            )
        level, stride = match['level'], match['stride']
        if level and (int(stride) != spec.stride or spec.side not in (level, 'tokens')):
            raise ValueError(
                f"{who} has the tap '{spec.name}' of stride {spec.stride} on the side "
                f"'{spec.side}'; the name says the stride and the side, so change one of them"
            )
        if spec.name in seen:
            raise ValueError(f"{who} has two taps called '{spec.name}'; give one another name")
        seen.add(spec.name)


class TapContext:
    """State of one network call. Each call has its own, and all its adapters see it.

    A training step has one for encoder, backbone and decoder together: what an adapter leaves
    behind in the encoder is there in the decoder.

    ``skips`` and ``scratch`` belong to the adapters, for a prompt chain for example. ``tasks``
    names what each image of the batch is restored for (``ir``, ``det``, ...), or is None. ``time``
    (B,) is the diffusion time, where the network has one. A tap without an adapter changes nothing.
    """

    def __init__(
        self,
        adapters: dict[str, list],
        cond: Condition | None = None,
        tasks: Sequence[str] | None = None,
        time: Tensor | None = None,
    ):
        self._adapters = adapters
        self.cond = cond if cond is not None else Condition()
        self.tasks = tasks
        self.time = time
        self.skips: dict[str, Tensor] = {}
        self.scratch: dict[object, object] = {}
        self._outer: TapContext | None = None
        self._names: Mapping[str, str] = {}
        self._first: Mapping[str, Callable[[Tensor], Tensor]] = {}

    def inside(
        self,
        names: Mapping[str, str] | None = None,
        first: Mapping[str, Callable[[Tensor], Tensor]] | None = None,
    ) -> TapContext:
        """This context as a network within a network sees it; both share all that is kept.

        Args:
            names: of its taps, by what it calls them itself.
            first: what changes a feature before the adapters do, by the tap.
        """
        inner = copy(self)
        inner._outer, inner._names, inner._first = self, names or {}, first or {}
        return inner

    def for_tasks(self, tasks: Sequence[str]) -> TapContext:
        """A copy that goes on for other ``tasks``, with the ``skips`` so far and a new scratch."""
        other = TapContext(self._adapters, self.cond, tasks, self.time)
        other.skips = dict(self.skips)
        return other

    def tap(self, name: str, feat: Tensor) -> Tensor:
        if name in self._first:
            feat = self._first[name](feat)
        if self._outer is not None:
            return self._outer.tap(self._names.get(name, name), feat)
        for adapter in self._adapters.get(name, ()):
            feat = adapter.on_tap(name, feat, self)
        return feat


class TapRecorder:
    """Sits where an adapter would, and keeps in ``ctx.skips`` what passes: for reference passes."""

    def on_tap(self, name: str, feat: Tensor, ctx: TapContext) -> Tensor:
        ctx.skips[name] = feat
        return feat


def by_tap(adapters: Iterable) -> dict[str, list]:
    """The adapters on each tap, in their order."""
    on_tap: dict[str, list] = {}
    for adapter in adapters:
        for name in adapter.taps:
            on_tap.setdefault(name, []).append(adapter)
    return on_tap


def taps_of_role(specs: Iterable[TapSpec], role: str) -> list[TapSpec]:
    """One tap on each level that ``role`` means, in the network's order.

    ``enc.*`` is every level of the encoder; ``dec.s2+`` the levels of the decoder at 1/2 and
    deeper; ``dec.*.block`` a certain point on each level. Without a point the decoder is met where
    a level begins (``dec.s2.in``), if the network has a tap there. ``latent.enc.*`` is the encoder
    of a U-Net on latents, ``skip.*`` all skips.
    """
    match = TAP_ROLE.fullmatch(role)
    if match is None:
        return []
    head, point, least = match['head'], match['point'], int(match['stride'] or 1)
    points = [point] if point else ['.in', '']
    by_name, levels, chosen = {spec.name: spec for spec in specs}, set(), []
    for spec in by_name.values():
        if not spec.name.startswith(f'{head}.') or spec.stride < least:
            continue
        level = f'{head}.s{spec.stride}'
        if head.rpartition('.')[2] == 'skip':
            chosen.append(spec)
        elif level not in levels:
            levels.add(level)
            names = [level + each for each in points if level + each in by_name]
            chosen += [by_name[name] for name in names[:1]]
    return chosen


def select_taps(
    specs: Iterable[TapSpec],
    wanted: Iterable[str] | str,
    who: str,
    sides: Sequence[str] | None = None,
) -> list[TapSpec]:
    """The specs called ``wanted``, names or roles; see ``taps_of_role``.

    A name that only the U-Net on latents has need not say ``latent.``.

    Args:
        who: the part that asks, for the message.  sides: those that it can sit on; any when None.
    Raises: ValueError that lists the taps to choose from, when one does not exist or is on
        another side.
    """
    by_name = {spec.name: spec for spec in specs if sides is None or spec.side in sides}
    chosen, missing = {}, []
    for name in [wanted] if isinstance(wanted, str) else wanted:
        found = [by_name[each] for each in (name, LATENT + name) if each in by_name][:1]
        found = found or taps_of_role(by_name.values(), name)
        chosen.update((spec.name, spec) for spec in found)
        if not found:
            missing.append(name)
    if missing:
        where = f' on {list(sides)}' if sides else ''
        if not by_name:
            raise ValueError(
                f'{who} asks for the taps {missing}, but this backbone has none{where}; choose a '
                'backbone with taps, such as RestormerUNet or ResidualUNet'
            )
        raise ValueError(
            f'{who} asks for the taps {missing}, but this backbone has{where} {list(by_name)}; '
            "choose from them, or ask by a role such as 'enc.*' or 'dec.s2+'"
        )
    return list(chosen.values())


VIEWING = 'ir'  # the task of pictures that people look at; no network stands behind it


class RestorationSample(BaseDataElement):
    """One image's data beside its degraded input.

    Data, all float32 RGB in [0, 1]: ``gt`` (3, H, W), the clean image; after prediction also
    ``restored`` (3, H, W) and ``lq`` (3, H, W). Where ``DegradeInOrder`` made ``lq``, also
    ``strengths`` (K,) in [0, 1], one for each degradation of its order. Meta: ``key`` (name for
    output files), ``degradation`` (what was done to the image), ``path``, ``ori_shape`` (H, W), and
    in sets for several tasks ``task`` (what it is restored for: ``ir`` for viewing, ``det``,
    ``cls``, ``seg``).
    """


# What a task looks at: the name of a view, and the field of the sample with its image.
VIEWS = dict(degraded='lq', restored='restored', clean='gt')


class SampleDataset(Dataset):
    """A data set of samples in the form ``dict(inputs=<image>, data_samples=<RestorationSample>)``.

    Attributes:
        task: what the images are restored for, or None where nothing asks for it.
        parts: the data sets that it joins; one that joins none is its own only part.
        metainfo: what evaluators must know, such as the names of classes.
        with_masks: whether its objects have masks.
    """

    task: str | None = None
    metainfo: Mapping = {}
    with_masks: bool = False

    @property
    def parts(self) -> list[SampleDataset]:
        return [self]

    def __iter__(self) -> Iterator[dict]:
        return (self[index] for index in range(len(self)))


def tasks_of(samples: Sequence[BaseDataElement]) -> list[str] | None:
    """What each sample is restored for; None where no sample says so.

    Raises: KeyError that names the first sample without a task, where others of the batch have one.
    """
    tasks = [sample.get('task') for sample in samples]
    if all(task is None for task in tasks):
        return None
    if None in tasks:
        key = samples[tasks.index(None)].get('key', '?')
        raise KeyError(
            f"sample '{key}' names no 'task', but others of its batch do; "
            'give each data set its `task`'
        )
    return tasks


def stack_images(samples: list[BaseDataElement], name: str, device: torch.device) -> Tensor:
    """(B, 3, H, W) of one image field. Raises KeyError naming the sample that has none."""
    for sample in samples:
        if name not in sample:
            raise KeyError(
                f"sample '{sample.get('key', '?')}' has no '{name}'; "
                'a paired data set is needed here'
            )
    return torch.stack([sample.get(name) for sample in samples]).to(device)


def stack_strengths(samples: list[BaseDataElement], names: Sequence[str]) -> Tensor:
    """(B, K): the strengths in the samples of the degradations ``names``, which are all K.

    Raises: KeyError naming the sample that has none; ValueError for another number of them.
    """
    for sample in samples:
        key = sample.get('key', '?')
        if 'strengths' not in sample:
            raise KeyError(f"sample '{key}' has no 'strengths'; DegradeInOrder makes them")
        if len(sample.strengths) != len(names):
            raise ValueError(
                f"sample '{key}' has {len(sample.strengths)} strengths, wanted are those of "
                f'{list(names)}; give DegradeInOrder the same order'
            )
    return torch.stack([sample.strengths for sample in samples])


@dataclass
class DiffusionState:
    """A training state of a process: what ``add_noise`` made and what the network shall answer.

    ``x_t``, ``target``, ``noise``, ``gt`` and ``lq`` are (B, C, H, W) as the process has them;
    ``t`` is (B,), int64.
    """

    x_t: Tensor
    t: Tensor
    target: Tensor
    noise: Tensor
    gt: Tensor
    lq: Tensor


@dataclass
class TrainingStep:
    """One training step of a restorer, as losses and tasks on its result see it.

    Attributes:
        restored: the clean image (B, 3, H, W) that this step predicts, with its gradient. It is in
            units of [0, 1] and not clamped.
        lq, gt: (B, 3, H, W) in [0, 1].
        cond: what the priors say about ``lq``.
        samples: one per image.
        describe: asks the priors about other images: (images, full names of the wanted
            conditions) -> Condition.
        restored_for: restores for other tasks: (one task per image) -> (B, 3, H, W). None where
            only the backbone knows the tasks.
    """

    restored: Tensor
    lq: Tensor
    gt: Tensor
    cond: Condition
    samples: list[RestorationSample]
    describe: Callable[[Tensor, Sequence[str]], Condition] | None = None
    restored_for: Callable[[Sequence[str]], Tensor] | None = None
