"""Faults of annotation files, and label maps."""

from pathlib import Path

import numpy as np
from PIL import Image

from restorelab.datasets import DetectionDataset
from restorelab.io.images import read_label_map
from tests.attack.cases import Case
from tests.datasets.coco_cases import CASES as COCO
from tests.datasets.coco_cases import dumped, sound


def _read(path: Path) -> dict:
    return DetectionDataset(path, [], gt=path.parent / 'images', with_masks=True)[0]


def _read_boxes(path: Path) -> dict:
    return DetectionDataset(path, [], gt=path.parent / 'images')[0]


def _is_object(found: dict) -> bool:
    boxes, masks = found['boxes'], found.get('masks', np.ones((1, 1, 1)))
    return boxes.shape == (1, 4) and np.isfinite(boxes).all() and masks.any()


def _of_coco() -> list[Case]:
    cases = []
    for number, case in enumerate(COCO):  # some have one name
        words = () if case.words is None else (r'instances\.json', case.words)
        run = _read if case.words is None else _read_boxes
        title = f'{case.name} ({number})'
        cases.append(Case('annotations', title, case.make, run, words, _is_object))
    return cases


def _option(**options):
    def run(path: Path) -> object:
        return DetectionDataset(path, [], **dict(dict(gt=path.parent / 'images'), **options))[0]

    return run


OPTIONS = {
    'a class that is not there': (dict(classes=['carr']), ('carr', 'nearest')),
    'classes twice': (dict(classes=['car', 'car']), ('car',)),
    'no classes': (dict(classes=[]), ('classes',)),
    'classes a text': (dict(classes='car'), ('classes|car',)),
    'a number for a class': (dict(classes=[7]), ('7',)),
    'no folder': (dict(gt=None), (r'instances\.json', 'give the folder')),
    'a folder that is not there': (dict(gt='/nonexistent'), ('/nonexistent',)),
    'no degradations': (dict(degradations=[]), ('degradations',)),
    'degradations a text': (dict(degradations='haze'), ('degradations|haze',)),
    'degradations twice': (dict(degradations=['haze', 'haze']), ('haze',)),
    'degradations of numbers': (dict(degradations=[1]), ('degradation',)),
    'one class': (dict(classes=['car']), ()),
}


def _options() -> list[Case]:
    return [
        Case('annotations', f'option: {name}', dumped(sound()), _option(**options), words)
        for name, (options, words) in OPTIONS.items()
    ]


def _map(array: np.ndarray, mode: str | None = None):
    def make(folder: Path) -> Path:
        image = Image.fromarray(array)
        (image if mode is None else image.convert(mode)).save(folder / 'labels.png')
        return folder / 'labels.png'

    return make


MAPS = {
    'labels': (_map(np.full((4, 5), 7, np.uint8)), ()),
    'a palette of labels': (_map(np.full((4, 5), 7, np.uint8), 'P'), ()),
    'large labels': (_map(np.full((4, 5), 700, np.uint16)), ('labels from 700',)),
    'color for labels': (_map(np.full((4, 5, 3), 7, np.uint8)), ('mode RGB',)),
    'opacity for labels': (_map(np.full((4, 5, 4), 7, np.uint8)), ('mode RGBA',)),
}


def _maps() -> list[Case]:
    cases = []
    for name, (make, words) in MAPS.items():
        words = (r'labels\.png: ', *words) if words else ()
        cases.append(
            Case(
                *('annotations', name, make, read_label_map, words),
                check=lambda found: found.shape == (4, 5) and (found == 7).all(),
            )
        )
    return cases


CASES = [*_of_coco(), *_options(), *_maps()]
