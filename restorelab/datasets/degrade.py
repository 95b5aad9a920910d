"""Making a degraded image from the clean one."""

from collections.abc import Callable
from inspect import signature
from numbers import Real

import numpy as np

from restorelab.registry import DEGRADATIONS, TRANSFORMS, find_part
from restorelab.utils.options import check_keys

DEFAULT_KINDS = dict(
    blur=[
        dict(type='motion_blur', length=(5.0, 21.0), bend=(-60.0, 60.0)),
        dict(type='defocus_blur', radius=(1.0, 3.5)),
    ],
    clean=dict(type='clean'),
    corruption=dict(  # one of the 15 of ImageNet-C, or none, as in UniRestore
        type='resized_corruption',
        name=dict(
            choice=[
                'brightness',
                'clean',
                'contrast',
                'defocus_blur',
                'elastic_transform',
                'fog',
                'frost',
                'gaussian_noise',
                'glass_blur',
                'impulse_noise',
                'jpeg',
                'motion_blur',
                'pixelate',
                'shot_noise',
                'snow',
                'zoom_blur',
            ]
        ),
        severity=dict(choice=[1, 2, 3, 4, 5], weights=[0.05, 0.25, 0.4, 0.25, 0.05]),
        short_side=(128, 511),
    ),
    defocus=dict(type='defocus_blur', radius=(1.0, 3.5)),
    haze=dict(type='haze', beta=(0.5, 1.6), airlight=(0.7, 1.0)),
    jpeg=dict(type='jpeg', quality=(10, 40)),
    lowlight=dict(
        type='lowlight',
        gamma=(1.8, 3.0),
        gain=(0.35, 0.8),
        read_noise=(0.0, 0.02),
        shot_noise=(0.0, 0.03),
    ),
    noise=dict(type='gaussian_noise', sigma=(15 / 255, 50 / 255)),
    rain=dict(
        type='rain',
        density=(0.002, 0.012),
        length=(12.0, 32.0),
        brightness=(0.5, 0.9),
        slant=(-25.0, 25.0),
    ),
    snow=dict(type='snow', density=(0.003, 0.02), size=(3.0, 9.0), opacity=(0.7, 0.95)),
)


def draw(value: object, rng: np.random.Generator) -> object:
    """A strength from what a config says.

    A number or a string is itself; a pair is a range, drawn uniformly, as a whole number (both ends included) where
    both are whole; ``dict(choice=[...])`` is one of a list, ``dict(choice=[...], weights=[...])`` with unequal chances.
    """
    if isinstance(value, Real | str):
        return value
    if isinstance(value, dict):
        weights = np.array(value.get('weights', [1] * len(value['choice'])), float)
        return value['choice'][rng.choice(len(weights), p=weights / weights.sum())]
    low, high = value
    if isinstance(low, int) and isinstance(high, int):
        return int(rng.integers(low, high + 1))
    return rng.uniform(low, high)


def can_be_drawn(value: object) -> bool:
    if isinstance(value, dict):
        weights = value.get('weights')
        return (
            set(value) <= {'choice', 'weights'}
            and len(value.get('choice', ())) > 0
            and (
                weights is None
                or (len(weights) == len(value['choice']) and min(weights) >= 0 < sum(weights))
            )
        )
    if isinstance(value, list | tuple):
        return (
            len(value) == 2 and all(isinstance(end, Real) for end in value) and value[0] <= value[1]
        )
    return isinstance(value, Real | str)


def checked_kind(degradation: str, kind: dict) -> tuple[Callable, dict]:
    """The function that ``kind`` names and its strengths.

    Raises: KeyError for an unknown function, TypeError for a strength that it lacks or does not have, ValueError for
    one that cannot be drawn.
    """
    if not isinstance(kind, dict) or 'type' not in kind:
        raise TypeError(
            f"the kind of the degradation '{degradation}' is a dict with the key 'type', not {kind!r}"
        )
    strengths = dict(kind)
    name = strengths.pop('type')
    function = find_part(name, DEGRADATIONS)
    wanted = [
        option
        for key, option in signature(function).parameters.items()
        if key not in ('image', 'rng')
    ]
    check_keys(
        f"function {name} (degradation '{degradation}')",
        strengths,
        [option.name for option in wanted],
    )
    if missing := [
        option.name
        for option in wanted
        if option.name not in strengths and option.default is option.empty
    ]:
        raise TypeError(f"function {name} (degradation '{degradation}') needs {missing}")
    for option, value in strengths.items():
        if not can_be_drawn(value):
            raise ValueError(
                f"function {name} (degradation '{degradation}'): {option}={value!r}; wanted is a number, a pair "
                '(low, high), or dict(choice=[...], weights=[...])'
            )
    return function, strengths


def with_default(degradation: str, kind: dict | list) -> dict | list:
    """``kind``; strengths without a ``type`` are merged into the default of ``degradation``."""
    default = DEFAULT_KINDS.get(degradation)
    if isinstance(kind, dict) and 'type' not in kind and isinstance(default, dict):
        return {**default, **kind}
    return kind


@TRANSFORMS.register_module()
class Degrade:
    """Make ``lq`` from ``gt``, as ``degradation`` says, with strengths drawn from ranges.

    This is where a degraded image becomes 8 bits: the degradation's float result is clipped to [0, 1] and rounded,
    once. Crop before it in training: a patch is cheaper to degrade, and every degradation looks right at patch size.

    Args:
        kinds: for each degradation a dict, ``type`` a DEGRADATIONS function and the rest its
            strengths (see ``draw``), or a list of such dicts of which one is drawn. They replace or
            join those of ``DEFAULT_KINDS``. A dict without ``type`` changes strengths of the one
            there: ``kinds=dict(jpeg=dict(quality=30))``.
    Raises: see ``checked_kind``; when called, KeyError as ``check_degradation``.
    """

    def __init__(self, kinds: dict | None = None):
        self.kinds = {}
        for degradation, kind in {**DEFAULT_KINDS, **(kinds or {})}.items():
            kind = with_default(degradation, kind)
            variants = [kind] if isinstance(kind, dict) else kind
            self.kinds[degradation] = [checked_kind(degradation, variant) for variant in variants]

    def check_degradation(self, degradation: str, user: str) -> None:
        """Raise KeyError, naming ``user`` and the known degradations, for an unknown ``degradation``."""
        if degradation not in self.kinds:
            raise KeyError(
                f"unknown degradation '{degradation}' ({user}); Degrade knows {sorted(self.kinds)}. Add it: "
                f"kinds={{'{degradation}': dict(type=...)}}"
            )

    def __call__(self, results: dict) -> dict:
        degradation, rng = results['degradation'], results['rng']
        self.check_degradation(degradation, f"sample '{results['key']}'")
        variants = self.kinds[degradation]
        function, strengths = variants[rng.integers(len(variants))]
        drawn = {name: draw(value, rng) for name, value in strengths.items()}
        degraded = function(results['gt'].astype(np.float32) / 255, **drawn, rng=rng)
        results['lq'] = np.rint(np.clip(degraded, 0, 1) * 255).astype(np.uint8)
        return results
