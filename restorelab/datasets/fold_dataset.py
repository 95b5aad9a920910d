"""Fixed halves of a data set: for restorers that must not see what they will render."""

import hashlib
from dataclasses import replace

from restorelab.datasets.base import Record, RestorationDataset
from restorelab.registry import DATASETS

# What Perceive-IR's release calls the degradations.
OFFICIAL_NAMES = dict(noise='denoise', haze='dehaze', rain='derain', blur='deblur')


@DATASETS.register_module()
class FoldDataset(RestorationDataset):
    """The samples of some folds of a data set; each sample says its ``fold``.

    The fold follows from the degradation and the path below the data set's folder, so it stays when
    the data move.

    Args:
        dataset: config of one of restorelab's own data sets, but no mixture. Its pipeline, task and
            seed are taken over.
        folds: those whose samples are kept.
        num_folds: how many folds there are.
        official: use the rule of Perceive-IR's release. It hashes the path as it was given,
            absolute or not, and its own names of degradations. So it finds the folds that the
            released medium restorers were trained with, if the data lie where they lay then.
    Raises: TypeError for a mixture; ValueError when no sample is left.
    """

    def __init__(
        self, dataset: dict, folds: list[int] = (0, 1), num_folds: int = 2, official: bool = False
    ):
        whole = DATASETS.build(dataset)
        if not isinstance(whole, RestorationDataset):
            raise TypeError(
                'FoldDataset takes a data set of the kind RestorationDataset, not '
                f'{type(whole).__name__}; put one into each part of a mixture'
            )
        kept = []
        for record in whole.records:
            name, path = _official_path(record) if official else _own_path(record)
            fold = sample_fold(name, path, num_folds)
            if fold in folds:
                kept.append(replace(record, fold=fold))
        if not kept:
            raise ValueError(
                f'no sample of {len(whole)} is in the folds {list(folds)} of {num_folds}'
            )
        super().__init__(kept, (), whole.task, whole.seed)
        self.transforms, self.cache = whole.transforms, whole.cache


def sample_fold(degradation: str, path: str, num_folds: int = 2) -> int:
    """The fold of a sample (Perceive-IR).

    It is the first 8 bytes of SHA-1 of ``<degradation>|<path>``, modulo ``num_folds``.
    """
    return int.from_bytes(_digest(degradation, path)[:8], 'big') % num_folds


def stable_seed(degradation: str, path: str) -> int:
    """A seed in [0, 2^31) for the noise of a sample, from the same 8 bytes (Perceive-IR)."""
    return int(_digest(degradation, path).hex()[:16], 16) % 2**31


def _digest(degradation: str, path: str) -> bytes:
    return hashlib.sha1(f'{degradation}|{path}'.encode(), usedforsecurity=False).digest()


def _own_path(record: Record) -> tuple[str, str]:
    return record.degradation, record.name


def _official_path(record: Record) -> tuple[str, str]:
    path = record.gt if record.degradation == 'noise' else record.lq
    return OFFICIAL_NAMES.get(record.degradation, record.degradation), str(path)
