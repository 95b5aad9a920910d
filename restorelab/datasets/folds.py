"""Two halves of a data set that stay the same whoever asks: for restorers that must not see what they will render."""

import hashlib
from dataclasses import replace
from pathlib import Path

from restorelab.datasets.base import Record, RestorationDataset
from restorelab.registry import DATASETS

OFFICIAL_NAMES = dict(noise='denoise', haze='dehaze', rain='derain', blur='deblur')


def sample_fold(degradation: str, path: str, num_folds: int = 2) -> int:
    """The fold of a sample: the first 8 bytes of SHA-1 of ``<degradation>|<path>``, modulo ``num_folds`` (Perceive-IR)."""
    return int.from_bytes(_digest(degradation, path)[:8], 'big') % num_folds


def stable_seed(degradation: str, path: str) -> int:
    """A seed in [0, 2^31) for the noise of a sample, by the first 8 bytes of the same digest (Perceive-IR)."""
    return int(_digest(degradation, path).hex()[:16], 16) % 2**31


def _digest(degradation: str, path: str) -> bytes:
    return hashlib.sha1(f'{degradation}|{path}'.encode(), usedforsecurity=False).digest()


@DATASETS.register_module()
class FoldDataset(RestorationDataset):
    """The samples of some folds of a data set; each sample says which fold it is of (``fold``).

    The fold follows from the degradation and the path below the data set's folder, so it stays when the data move.

    Args:
        dataset: config of one of restorelab's own data sets that is no mixture; its pipeline, task and seed are taken over.
        folds: those whose samples are kept.  num_folds: how many there are.
        official: the rule of Perceive-IR's release, which hashes its own degradation names and the path as given, absolute or
            not: to find the folds that its medium restorers were trained with, with the data where they lay then.
    Raises: TypeError for a mixture; ValueError when no sample is left.
    """

    def __init__(
        self, dataset: dict, folds: list[int] = (0, 1), num_folds: int = 2, official: bool = False
    ):
        whole = DATASETS.build(dataset)
        if not isinstance(whole, RestorationDataset):
            raise TypeError(
                f'FoldDataset takes a data set of the kind RestorationDataset, not {type(whole).__name__}; '
                'put one into each part of a mixture'
            )
        rule = _official_path if official else _own_path
        records = [
            replace(record, fold=sample_fold(*rule(record), num_folds)) for record in whole.records
        ]
        kept = [record for record in records if record.fold in folds]
        if not kept:
            raise ValueError(
                f'no sample of {len(records)} is in the folds {list(folds)} of {num_folds}'
            )
        super().__init__(kept, (), whole.task, whole.seed)
        self.transforms, self.cache = whole.transforms, whole.cache


def _own_path(record: Record) -> tuple[str, str]:
    return record.degradation, record.name


def _official_path(record: Record) -> tuple[str, str]:
    path: Path = record.gt if record.degradation == 'noise' else record.lq
    return OFFICIAL_NAMES.get(record.degradation, record.degradation), str(path)
