"""Making the degraded image of a task from the clean one."""

from numbers import Real

import numpy as np

from restorelab.registry import DEGRADATIONS, TRANSFORMS, check_options, find_part

DEFAULT_KINDS = dict(
    blur=[dict(type='motion_blur', length=(5.0, 21.0), bend=(-60.0, 60.0)),
          dict(type='defocus_blur', radius=(1.0, 3.5))],
    clean=dict(type='clean'),
    defocus=dict(type='defocus_blur', radius=(1.0, 3.5)),
    haze=dict(type='haze', beta=(0.6, 2.0), airlight=(0.7, 1.0)),
    jpeg=dict(type='jpeg', quality=(10, 40)),
    lowlight=dict(type='lowlight', gamma=(1.8, 3.0), gain=(0.35, 0.8), read_noise=(0.0, 0.02), shot_noise=(0.0, 0.03)),
    noise=dict(type='gaussian_noise', sigma=(15 / 255, 50 / 255)),
    rain=dict(type='rain', density=(0.002, 0.012), length=(12.0, 32.0), brightness=(0.5, 0.9), slant=(-25.0, 25.0)),
    snow=dict(type='snow', density=(0.003, 0.02), size=(3.0, 9.0), opacity=(0.7, 0.95)),
)


def draw(value, rng: np.random.Generator):
    """A strength from what a config says: a number is itself, a pair is a range, ``dict(choice=[...])`` a list.

    A pair of integers is drawn as an integer, both ends included; any other pair uniformly.
    """
    if isinstance(value, Real):
        return value
    if isinstance(value, dict):
        return value['choice'][rng.integers(len(value['choice']))]
    low, high = value
    if isinstance(low, int) and isinstance(high, int):
        return int(rng.integers(low, high + 1))
    return rng.uniform(low, high)


def check_kind(task: str, kind: dict) -> None:
    """Raise KeyError, TypeError or ValueError, naming the task, unless ``kind`` is a degradation that can be drawn."""
    part = find_part(kind['type'], DEGRADATIONS)
    check_options(kind['type'], part, kind, f"the degradation of task '{task}',")
    for name, value in kind.items():
        fits = (name == 'type' or isinstance(value, Real)
                or isinstance(value, list | tuple) and len(value) == 2 and value[0] <= value[1]
                or isinstance(value, dict) and list(value) == ['choice'] and len(value['choice']) > 0)
        if not fits:
            raise ValueError(f"{kind['type']} of task '{task}': {name}={value!r}; a strength is a number, a pair "
                             '(low, high), or dict(choice=[...])')


@TRANSFORMS.register_module()
class Degrade:
    """Make ``lq`` from ``gt``, as ``task`` says, with strengths drawn from ranges.

    This is where a degraded image becomes 8 bits: the degradation's float result is clipped to [0, 1] and rounded,
    once. Crop before it in training: a patch is cheaper to degrade, and every degradation looks right at patch size.

    Args:
        kinds: for each task a dict ``type=<DEGRADATIONS function>, <strength>=<number, (low, high) or
            dict(choice=[...])>``, or a list of such dicts of which one is drawn. Entries given here replace or
            join those of ``DEFAULT_KINDS``.
    Raises: KeyError for an unknown degradation, or, when called, for a task that has none.
    """

    def __init__(self, kinds: dict | None = None):
        self.kinds = {**DEFAULT_KINDS, **(kinds or {})}
        self.kinds = {task: [kind] if isinstance(kind, dict) else list(kind) for task, kind in self.kinds.items()}
        for task, variants in self.kinds.items():
            for kind in variants:
                check_kind(task, kind)

    def __call__(self, results: dict) -> dict:
        task, rng = results['task'], results['rng']
        if task not in self.kinds:
            raise KeyError(f"no degradation for task '{task}' (sample '{results['key']}'); Degrade knows "
                           f'{sorted(self.kinds)}. Add it: Degrade(kinds=dict({task}=dict(type=...)))')
        variants = self.kinds[task]
        kind = variants[rng.integers(len(variants))] if len(variants) > 1 else variants[0]
        strengths = {name: draw(value, rng) for name, value in kind.items() if name != 'type'}
        degraded = find_part(kind['type'], DEGRADATIONS)(results['gt'].astype(np.float32) / 255, **strengths, rng=rng)
        results['lq'] = np.rint(np.clip(degraded, 0, 1) * 255).astype(np.uint8)
        return results
