"""Degraded images and their clean ones."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from mmengine.logging import print_log

from restorelab.datasets.base import (
    Record,
    RestorationDataset,
    find_images,
    name_in,
    some,
    unique_keys,
)
from restorelab.datasets.pairing import pair_folders, read_list
from restorelab.registry import DATASETS


@DATASETS.register_module()
class PairedDataset(RestorationDataset):
    """Degraded images and their clean ones, from two folders or from a list file.

    Args:
        pipeline, task: see ``RestorationDataset``.
        root: folder that ``lq``, ``gt``, ``rendered`` and the paths in a list are relative to.
        degradation: that of all images. Not needed where a list file names it in a third column.
        lq, gt: folders below ``root``, with all their subfolders. Without ``gt`` the samples have
            no clean image.
        lq_name, gt_name: patterns whose groups pairs share, see ``pairing.pair_folders``.
        list_file: instead of the folders, see ``pairing.read_list``.
        rendered: folder with what another restorer made of the degraded images, by the same names.
    Raises: FileNotFoundError or ValueError that names the folder, file or line that is missing or
        has no partner.
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
    ):
        root = Path(root).expanduser()
        if (lq is None) == (list_file is None):
            raise ValueError(
                f'PairedDataset: lq={lq!r}, list_file={list_file!r}; give the folder lq (and gt), '
                'or a list_file'
            )
        if degradation is not None and not isinstance(degradation, str):
            raise ValueError(
                f'PairedDataset of {root / (lq or list_file)}: degradation={degradation!r}; '
                'wanted is a name'
            )
        if lq is not None and degradation is None:
            raise ValueError(
                f"PairedDataset of {root / lq}: say its degradation, such as degradation='rain'"
            )
        if list_file is not None:
            records = list_records(degradation, list_file, root)
        else:
            clean = None if gt is None else root / gt
            records = folder_records(degradation, root / lq, clean, lq_name, gt_name)
        if rendered is not None:
            records = with_renderings(records, root / rendered)
        super().__init__(records, pipeline, task)


def folder_records(
    degradation: str,
    lq: Path | None,
    gt: Path | None,
    lq_name: str = '(.*)',
    gt_name: str = '(.*)',
) -> list[Record]:
    """Records of two paired folders, or of one: degraded images alone, or clean ones alone.

    Raises: ValueError that names the degraded images that have no clean one.
    """
    if gt is None:
        found = [(path, None) for path in find_images(lq)]
    elif lq is None:
        found = [(None, path) for path in find_images(gt)]
    else:
        found = _checked_pairs(lq, gt, lq_name, gt_name)
    names = [name_in(path or clean, lq or gt) for path, clean in found]
    records = []
    for key, name, (path, clean) in zip(unique_keys(names), names, found, strict=True):
        records.append(Record(key, degradation, path, clean, name=name))
    return records


def _checked_pairs(lq: Path, gt: Path, lq_name: str, gt_name: str) -> list[tuple[Path, Path]]:
    found = pair_folders(lq, gt, lq_name, gt_name)
    if found.lonely:
        raise ValueError(
            f'{len(found.lonely)} image(s) in {lq} have no partner in {gt}: {some(found.lonely)}. '
            f"Names pair by the groups of lq_name='{lq_name}' and gt_name='{gt_name}'"
        )
    if found.unused:
        print_log(
            f'{gt}: {len(found.unused)} clean image(s) have no degraded one in {lq} and stay '
            f'unused: {some(found.unused)}',
            'current',
            logging.WARNING,
        )
    return found.pairs


def list_records(degradation: str | None, list_file: str | Path, root: str | Path) -> list[Record]:
    """Records of a list file. Where a line names a degradation, that one counts.

    Raises: ValueError for lines without one when ``degradation`` is None.
    """
    rows = read_list(list_file, root)
    if degradation is None:
        unnamed = [lq for lq, _, own in rows if not own]
        if unnamed:
            raise ValueError(
                f'{list_file}: no degradation for {some(unnamed)}; give a third column, or '
                '`degradation`'
            )
    names = [name_in(lq, root) for lq, _, _ in rows]
    records = []
    for key, name, (lq, gt, own) in zip(unique_keys(names), names, rows, strict=True):
        records.append(Record(key, own or degradation, lq, gt, name=name))
    return records


def with_renderings(records: list[Record], folder: Path) -> list[Record]:
    """The records, with the image of the same name in ``folder`` as ``rendered``.

    Raises: ValueError that names the images without one.
    """
    images = {name_in(path, folder): path for path in find_images(folder)}
    lonely = [record.name for record in records if record.name not in images]
    if lonely:
        raise ValueError(
            f'{len(lonely)} image(s) have no rendering of the same name in {folder}: {some(lonely)}'
        )
    return [replace(record, rendered=images[record.name]) for record in records]
