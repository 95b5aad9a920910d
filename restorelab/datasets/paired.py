"""Degraded images on disk with their clean ones, and mixtures of data sets."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
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
    task: str, lq: Path | None, gt: Path | None, lq_name: str = '(.*)', gt_name: str = '(.*)'
) -> list[Record]:
    """Records of two paired folders, or of one: degraded images alone, or clean ones alone.

    Raises: ValueError that names the degraded images that have no clean one.
    """
    if lq is None or gt is None:
        folder, role = (gt, 'gt') if lq is None else (lq, 'lq')
        names = {name_in(path, folder): path for path in find_images(folder)}
        return [
            Record(key, task, name=name, **{role: path})
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
        Record(key, task, degraded, clean, name=name)
        for key, name, (degraded, clean) in zip(unique_keys(names), names, found.pairs, strict=True)
    ]


def list_records(task: str | None, list_file: str | Path, root: str | Path) -> list[Record]:
    """Records of a list file; a task in the list goes before ``task``. Raises ValueError when neither names one."""
    rows = read_list(list_file, root)
    if untold := [lq for lq, _, own in rows if not (own or task)]:
        raise ValueError(f'{list_file}: no task for {some(untold)}; give a third column, or `task`')
    names = [name_in(lq, root) for lq, _, _ in rows]
    return [
        Record(key, own or task, lq, gt, name=name)
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
        pipeline, seed, cache_mib: see ``RestorationDataset``.
        root: folder that ``lq``, ``gt`` and the paths in a list are relative to.
        task: the degradation of all images; may be left out where a list file has it as third column.
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
        task: str | None = None,
        lq: str | None = None,
        gt: str | None = None,
        lq_name: str = '(.*)',
        gt_name: str = '(.*)',
        list_file: str | Path | None = None,
        rendered: str | None = None,
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
            records = list_records(task, list_file, root)
        elif task is None:
            raise ValueError(f"PairedDataset of {root / lq}: say its task, such as task='rain'")
        else:
            records = folder_records(
                task, root / lq, None if gt is None else root / gt, lq_name, gt_name
            )
        if rendered is not None:
            records = with_renderings(records, root / rendered)
        super().__init__(records, pipeline, seed, cache_mib)


@DATASETS.register_module()
class TaskMixDataset(Dataset):
    """Data sets one after another, each repeated: the repeat ratios of Perceive-IR.

    Indices carry the epoch as in ``RestorationDataset``. The repetitions of a part are further passes of it, with
    chance of their own. Keys that occur in several parts get a number, so that output files do not collide.

    Args:
        datasets: configs of restorelab's own data sets (or built ones).
        repeats: how often each comes in one pass; None means once.
    """

    def __init__(self, datasets: list[dict | RestorationDataset], repeats: list[int] | None = None):
        self.parts = [DATASETS.build(part) if isinstance(part, dict) else part for part in datasets]
        if stray := [
            type(part).__name__ for part in self.parts if not isinstance(part, RestorationDataset)
        ]:
            raise TypeError(
                f'TaskMixDataset joins data sets of the kind RestorationDataset, not {stray}'
            )
        self.repeats = [1] * len(self.parts) if repeats is None else list(repeats)
        if (
            not self.parts
            or len(self.repeats) != len(self.parts)
            or any(n < 1 for n in self.repeats)
        ):
            raise ValueError(
                f'{len(self.parts)} data set(s), repeats={self.repeats}; wanted is one number, at least '
                '1, for each data set'
            )
        self._number_repeated_keys()
        self.ends = np.cumsum(
            [times * len(part) for part, times in zip(self.parts, self.repeats, strict=True)]
        )
        self.tasks = [
            task
            for part, times in zip(self.parts, self.repeats, strict=True)
            for task in part.tasks * times
        ]

    def _number_repeated_keys(self) -> None:
        keys = iter(unique_keys(record.key for part in self.parts for record in part.records))
        for part in self.parts:
            part.records = [replace(record, key=next(keys)) for record in part.records]

    def __len__(self) -> int:
        return len(self.tasks)

    def __iter__(self) -> Iterator[dict]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> dict:
        epoch, number = split_index(index, len(self))
        which = int(np.searchsorted(self.ends, number, side='right'))
        part, times = self.parts[which], self.repeats[which]
        start = self.ends[which] - times * len(part)
        return part[epoch * times * len(part) + number - int(start)]
