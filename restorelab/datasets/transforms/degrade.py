"""Making a degraded image from the clean one."""

from collections.abc import Callable
from inspect import signature
from numbers import Real

import numpy as np

from restorelab.io.images import to_uint8
from restorelab.registry import DEGRADATIONS, TRANSFORMS, find_part
from restorelab.utils.options import check_keys, checked_by, is_slip, nearest

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


def check_kinds(options: dict) -> None:
    """Check the kinds in a config of ``Degrade``.

    Raises: KeyError for a name that was most likely meant to be one of ``DEFAULT_KINDS``; see
        ``checked_kind``.
    """
    kinds = options.get('kinds') or {}
    for name in kinds:
        if is_slip(name, DEFAULT_KINDS):
            raise KeyError(
                f"kinds names '{name}'; did you mean {nearest(name, DEFAULT_KINDS)[0]}? A new kind "
                'of degradation needs a name that differs more'
            )
    Degrade(kinds)


@TRANSFORMS.register_module()
@checked_by(check_kinds)
class Degrade:
    """Make ``lq`` from ``gt``, as ``degradation`` says, with randomly drawn strengths.

    Here a degraded image becomes 8 bits: the float result is clipped to [0, 1] and rounded, once.
    In training, crop before it. A patch is cheaper to degrade, and every degradation looks right at
    the size of a patch.

    Args:
        kinds: for each degradation a dict: ``type`` is a DEGRADATIONS function, the rest are its
            strengths (see ``draw``). A list of such dicts means that one of them is drawn. These
            kinds replace those of ``DEFAULT_KINDS``, or add to them. A dict without ``type``
            changes strengths of the default: ``kinds=dict(jpeg=dict(quality=30))``.
    Raises: see ``checked_kind``; when called, KeyError as ``check_degradation``.
    """

    def __init__(self, kinds: dict | None = None):
        self.kinds: dict[str, list[tuple[Callable, dict]]] = {}
        for degradation, kind in {**DEFAULT_KINDS, **(kinds or {})}.items():
            kind = with_default(degradation, kind)
            variants = [kind] if isinstance(kind, dict) else kind
            self.kinds[degradation] = [checked_kind(degradation, variant) for variant in variants]

    def check_degradation(self, degradation: str, user: str) -> None:
        """Raise KeyError, naming ``user`` and the known ones, for an unknown ``degradation``."""
        if degradation not in self.kinds:
            raise KeyError(
                f"unknown degradation '{degradation}' ({user}); Degrade knows {sorted(self.kinds)}."
                f" Add it: kinds={{'{degradation}': dict(type=...)}}"
            )

    def __call__(self, results: dict) -> dict:
        degradation = results['degradation']
        self.check_degradation(degradation, f"sample '{results['key']}'")
        image = results['gt'].astype(np.float32) / 255
        results['lq'] = to_uint8(self.degrade(image, degradation, results['rng']))
        return results

    def degrade(self, image: np.ndarray, degradation: str, rng: np.random.Generator) -> np.ndarray:
        """``image`` (H, W, 3), float32 in [0, 1], with ``degradation``; not clipped."""
        variants = self.kinds[degradation]
        function, strengths = variants[rng.integers(len(variants))]
        drawn = {name: draw(value, rng) for name, value in strengths.items()}
        return function(image, **drawn, rng=rng)


def draw(value: object, rng: np.random.Generator) -> object:
    """A strength from what a config says.

    - A number or a string is itself.
    - A pair is a range, drawn uniformly. If both ends are whole, so is the result, and both ends
      can occur.
    - ``dict(choice=[...])`` is one of a list, ``dict(choice=[...], weights=[...])`` with unequal
      probabilities.
    """
    if isinstance(value, Real | str):
        return value
    if isinstance(value, dict):
        choice = value['choice']
        weights = np.array(value.get('weights', [1] * len(choice)), float)
        return choice[rng.choice(len(weights), p=weights / weights.sum())]
    low, high = value
    if isinstance(low, int) and isinstance(high, int):
        return int(rng.integers(low, high + 1))
    return rng.uniform(low, high)


def can_be_drawn(value: object) -> bool:
    """Whether ``draw`` understands ``value``."""
    if isinstance(value, dict):
        return _is_choice(value)
    if isinstance(value, list | tuple):
        are_numbers = all(isinstance(end, Real) for end in value)
        return len(value) == 2 and are_numbers and value[0] <= value[1]
    return isinstance(value, Real | str)


def _is_choice(value: dict) -> bool:
    choice, weights = value.get('choice', ()), value.get('weights')
    if not set(value) <= {'choice', 'weights'} or not len(choice):
        return False
    if weights is None:
        return True
    return len(weights) == len(choice) and min(weights) >= 0 < sum(weights)


def with_default(degradation: str, kind: dict | list) -> dict | list:
    """``kind``; strengths without a ``type`` are merged into the default of ``degradation``."""
    default = DEFAULT_KINDS.get(degradation)
    if isinstance(kind, dict) and 'type' not in kind and isinstance(default, dict):
        return {**default, **kind}
    return kind


def checked_kind(degradation: str, kind: dict) -> tuple[Callable, dict]:
    """The function that ``kind`` names, and its strengths.

    Raises: KeyError for an unknown function, TypeError for a strength that it needs or does not
        have, ValueError for one that cannot be drawn.
    """
    if not isinstance(kind, dict) or 'type' not in kind:
        raise TypeError(
            f"the kind of the degradation '{degradation}' is a dict with the key 'type', not "
            f'{kind!r}'
        )
    strengths = dict(kind)
    name = strengths.pop('type')
    function = find_part(name, DEGRADATIONS)
    options = dict(signature(function).parameters)
    options.pop('image')
    options.pop('rng')
    what = f"function {name} (degradation '{degradation}')"
    check_keys(what, strengths, list(options))
    needed = {key for key, option in options.items() if option.default is option.empty}
    missing = sorted(needed - set(strengths))
    if missing:
        raise TypeError(f'{what} needs {missing}')
    for option, value in strengths.items():
        if not can_be_drawn(value):
            raise ValueError(
                f'{what}: {option}={value!r}; wanted is a number, a pair (low, high), or '
                'dict(choice=[...], weights=[...])'
            )
    return function, strengths
