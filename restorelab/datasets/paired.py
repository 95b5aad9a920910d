"""Degraded images on disk with their clean ones, and mixtures of data sets."""

import logging
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from mmengine.logging import print_log
from torch.utils.data import Dataset

from restorelab.datasets.base import (
    Record,
    RestorationDataset,
    find_images,
    name_in,
    some,
    split_index,
    unique_keys,
)
from restorelab.datasets.pairing import pair_folders, read_list
from restorelab.registry import DATASETS


def folder_records(
    degradation: str, lq: Path | None, gt: Path | None, lq_name: str = '(.*)', gt_name: str = '(.*)'
) -> list[Record]:
    """Records of two paired folders, or of one: degraded images alone, or clean ones alone.

    Raises: ValueError that names the degraded images that have no clean one.
    """
    if lq is None or gt is None:
        folder, role = (gt, 'gt') if lq is None else (lq, 'lq')
        names = {name_in(path, folder): path for path in find_images(folder)}
        return [
            Record(key, degradation, name=name, **{role: path})
            for key, (name, path) in zip(unique_keys(names), names.items(), strict=True)
        ]
    found = pair_folders(lq, gt, lq_name, gt_name)
    if found.lonely:
        raise ValueError(
            f'{len(found.lonely)} image(s) in {lq} have no partner in {gt}: {some(found.lonely)}. Names '
            f"pair by the groups of lq_name='{lq_name}' and gt_name='{gt_name}'"
        )
    if found.unused:
        print_log(
            f'{gt}: {len(found.unused)} clean image(s) have no degraded one in {lq} and stay unused: '
            f'{some(found.unused)}',
            'current',
            logging.WARNING,
        )
    names = [name_in(degraded, lq) for degraded, _ in found.pairs]
    return [
        Record(key, degradation, degraded, clean, name=name)
        for key, name, (degraded, clean) in zip(unique_keys(names), names, found.pairs, strict=True)
    ]


def list_records(degradation: str | None, list_file: str | Path, root: str | Path) -> list[Record]:
    """Records of a list file; a degradation in the list goes before ``degradation``. Raises ValueError when neither names one."""
    rows = read_list(list_file, root)
    if untold := [lq for lq, _, own in rows if not (own or degradation)]:
        raise ValueError(
            f'{list_file}: no degradation for {some(untold)}; give a third column, or `degradation`'
        )
    names = [name_in(lq, root) for lq, _, _ in rows]
    return [
        Record(key, own or degradation, lq, gt, name=name)
        for key, name, (lq, gt, own) in zip(unique_keys(names), names, rows, strict=True)
    ]


def with_renderings(records: list[Record], folder: Path) -> list[Record]:
    """The records with the image of the same name in ``folder`` as ``rendered``. Raises ValueError naming the rest."""
    images = {name_in(path, folder): path for path in find_images(folder)}
    if lonely := [record.name for record in records if record.name not in images]:
        raise ValueError(
            f'{len(lonely)} image(s) have no rendering of the same name in {folder}: {some(lonely)}'
        )
    return [replace(record, rendered=images[record.name]) for record in records]


@DATASETS.register_module()
class PairedDataset(RestorationDataset):
    """Degraded images and their clean ones from two folders, paired by name, or from a list file.

    Args:
        pipeline, task, seed, cache_mib: see ``RestorationDataset``.
        root: folder that ``lq``, ``gt`` and the paths in a list are relative to.
        degradation: the degradation of all images; may be left out where a list file has it as third column.
        lq, gt: folders below ``root``, read to the bottom. Without ``gt`` the samples have no clean image.
        lq_name, gt_name: patterns whose groups pairs share, see ``pairing.pair_folders``.
        list_file: instead of the folders, see ``pairing.read_list``.
        rendered: folder of what another restorer made of the degraded images, under the same names.
    Raises: FileNotFoundError or ValueError that names the folder, file or line that is missing or has no partner.
    """

    def __init__(
        self,
        pipeline: Iterable[dict | Callable],
        root: str | Path = '.',
        degradation: str | None = None,
        lq: str | None = None,
        gt: str | None = None,
        lq_name: str = '(.*)',
        gt_name: str = '(.*)',
        list_file: str | Path | None = None,
        rendered: str | None = None,
        task: str | None = None,
        seed: int = 0,
        cache_mib: float = 1024,
    ):
        if (lq is None) == (list_file is None):
            raise ValueError(
                f'PairedDataset: lq={lq!r}, list_file={list_file!r}; give the folder lq (and gt), or a '
                'list_file'
            )
        root = Path(root).expanduser()
        if list_file is not None:
            records = list_records(degradation, list_file, root)
        elif degradation is None:
            raise ValueError(
                f"PairedDataset of {root / lq}: say its degradation, such as degradation='rain'"
            )
        else:
            records = folder_records(
                degradation, root / lq, None if gt is None else root / gt, lq_name, gt_name
            )
        if rendered is not None:
            records = with_renderings(records, root / rendered)
        super().__init__(records, pipeline, task, seed, cache_mib)


@DATASETS.register_module()
class MixedDataset(Dataset):
    """Data sets one after another, each repeated: the repeat ratios of Perceive-IR.

    Indices carry the epoch as in ``RestorationDataset``. The repetitions of a part are further passes of it, each with
    its own random draws. Keys that occur in several parts get a number, so that output files do not collide.

    Args:
        datasets: configs of restorelab's own data sets (or built ones).
        repeats: how often each comes in one pass; None means once.
        dataset: instead of ``datasets``, one config that comes once for each of ``tasks``.
        tasks: what the images of ``dataset`` are restored for, such as ``['ir', 'det']``.
    """

    def __init__(
        self,
        datasets: list[dict | RestorationDataset] | None = None,
        repeats: list[int] | None = None,
        dataset: dict | None = None,
        tasks: list[str] | None = None,
    ):
        if (datasets is None) == (dataset is None) or (dataset is None) != (tasks is None):
            raise ValueError(
                'MixedDataset takes datasets=[...], or one dataset=dict(...) and its tasks=[...]; got '
                f'datasets={datasets}, dataset={dataset}, tasks={tasks}'
            )
        if dataset is not None:
            datasets = [dict(dataset, task=task) for task in tasks]
        self.parts = [DATASETS.build(part) if isinstance(part, dict) else part for part in datasets]
        self.repeats = [1] * len(self.parts) if repeats is None else list(repeats)
        self._validate()
        self._number_repeated_keys()
        self.degradations: list[str] = []
        self.tasks: list[str | None] = []
        self.ends: list[int] = []
        for part, times in zip(self.parts, self.repeats, strict=True):
            self.degradations += part.degradations * times
            self.tasks += part.tasks * times
            self.ends.append(len(self.degradations))

    def _validate(self) -> None:
        stray = [
            type(part).__name__ for part in self.parts if not isinstance(part, RestorationDataset)
        ]
        if stray:
            raise TypeError(
                f'MixedDataset joins data sets of the kind RestorationDataset, not {stray}'
            )
        fits = len(self.parts) == len(self.repeats) > 0
        if not fits or min(self.repeats) < 1:
            raise ValueError(
                f'{len(self.parts)} data set(s), repeats={self.repeats}; wanted is one number, at least '
                '1, for each data set'
            )

    def _number_repeated_keys(self) -> None:
        keys = iter(unique_keys(record.key for part in self.parts for record in part.records))
        for part in self.parts:
            part.records = [replace(record, key=next(keys)) for record in part.records]

    def __len__(self) -> int:
        return len(self.degradations)

    def __iter__(self) -> Iterator[dict]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> dict:
        epoch, number = split_index(index, len(self))
        which = bisect_right(self.ends, number)
        part, times = self.parts[which], self.repeats[which]
        start = self.ends[which] - times * len(part)
        return part[epoch * times * len(part) + number - start]
