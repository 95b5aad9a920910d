"""Several degradations in one picture, and training targets for those who undo some of them."""

from collections.abc import Sequence

import numpy as np

from restorelab.datasets.transforms.degrade import Degrade, check_kinds
from restorelab.io.images import to_uint8
from restorelab.registry import TRANSFORMS
from restorelab.utils.options import checked_by, nearest

NO_DAMAGE = 45.0  # decibels between a picture before and after a degradation that nobody sees
FULL_DAMAGE = 15.0


def check_options(options: dict) -> None:
    """Check a config of ``DegradeInOrder``. Raises: what its constructor raises."""
    check_kinds(options)
    DegradeInOrder(**{name: value for name, value in options.items() if name != 'type'})


@TRANSFORMS.register_module()
@checked_by(check_options)
class DegradeInOrder:
    """Make ``lq`` from ``gt`` by the sample's degradation and, now and then, by others.

    They are applied in ``order``: what happens in the scene, in the lens, on the sensor, in the
    file. Whoever undoes only some of them, ``undo``, learns from the picture before the first of
    those: ``gt`` becomes that picture, and still has what came earlier.

    ``strengths`` (K,), float32 in [0, 1], says how much damage each of ``order`` does: 0 where the
    picture before and after it agree to 45 dB or more, 1 at 15 dB or less, linear between.

    Args:
        order: names of degradations, the first one first.
        undo: names out of ``order``; None means all.
        others: probability of each further degradation by its name. The sample's own degradation
            comes always, ``clean`` means none.
        kinds: see ``Degrade``.
    Raises: see ``Degrade``; KeyError for a name that ``Degrade`` does not know or that is not in
        ``order``; ValueError for a probability outside of [0, 1].
    """

    def __init__(
        self,
        order: Sequence[str],
        undo: Sequence[str] | None = None,
        others: dict[str, float] | None = None,
        kinds: dict | None = None,
    ):
        self.order = list(order)
        self.undo = set(self.order if undo is None else undo)
        self.others = dict(others or {})
        self._degrade = Degrade(kinds)
        for name in self.order:
            self._degrade.check_degradation(name, 'order of DegradeInOrder')
        for option, names in (('undo', self.undo), ('others', self.others)):
            for name in names:
                self._check_has_place(name, f'{option} of DegradeInOrder')
        for name, probability in self.others.items():
            if not 0 <= probability <= 1:
                raise ValueError(
                    f'others: {name}={probability}; wanted is a probability from 0 to 1'
                )

    def __call__(self, results: dict) -> dict:
        rng = results['rng']
        wanted = self._draw(results['degradation'], results['key'], rng)
        image = results['gt'].astype(np.float32) / 255
        strengths = np.zeros(len(self.order), np.float32)
        target = None
        for number, name in enumerate(self.order):
            if name not in wanted:
                continue
            if target is None and name in self.undo:
                target = image
            degraded = np.clip(self._degrade.degrade(image, name, rng), 0, 1)
            strengths[number] = damage(image, degraded)
            image = degraded
        results['lq'] = to_uint8(image)
        results['gt'] = results['lq'] if target is None else to_uint8(target)
        results['strengths'] = strengths
        return results

    def check_degradation(self, degradation: str, user: str) -> None:
        """Raise KeyError, naming ``user`` and ``order``, for one that is not in ``order``."""
        if degradation != 'clean':
            self._check_has_place(degradation, user)

    def _check_has_place(self, name: str, user: str) -> None:
        if name in self.order:
            return
        near = nearest(name, self.order)
        meant = f'did you mean {near[0]}? ' if near else ''
        raise KeyError(
            f"'{name}' ({user}) has no place in order={self.order}; {meant}Put it where it happens"
        )

    def _draw(self, degradation: str, key: str, rng: np.random.Generator) -> set[str]:
        """The degradations of one sample."""
        self.check_degradation(degradation, f"sample '{key}'")
        drawn = {name for name, share in self.others.items() if rng.random() < share}
        return drawn | {degradation}


def damage(before: np.ndarray, after: np.ndarray) -> float:
    """How far two images in [0, 1] are apart, as a strength in [0, 1] (see ``DegradeInOrder``)."""
    error = float(np.square(before - after).mean())
    if error == 0:
        return 0.0
    decibels = -10 * np.log10(error)
    return float(np.clip((NO_DAMAGE - decibels) / (NO_DAMAGE - FULL_DAMAGE), 0, 1))
