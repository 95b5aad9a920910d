"""Draw README's picture: what the default restorer makes of photographs it was not trained on.

    python projects/house/draw_demo.py docs/demo.png

The photographs are those of scikit-image. Seven are degraded here, with fixed draws; whole pictures
are restored, and crops are shown at 100 %. The last two are as they are: a clock that really moved,
and a good picture of a night sky, which must stay as it is.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from restorelab.apis import load
from restorelab.datasets.embedded import embedded_images
from restorelab.datasets.transforms.degrade import Degrade
from restorelab.io.images import read_image, write_image

CROP = 176  # pixels
LABEL = 20
GAP = 4
ACROSS = 5


class Exhibit(NamedTuple):
    """A picture of scikit-image, the degradation to add (None: as it is), and where to look."""

    picture: str
    degradation: str | None
    top: int
    left: int


EXHIBITS = (
    Exhibit('astronaut.png', 'noise', 60, 150),
    Exhibit('chelsea.png', 'jpeg', 60, 150),
    Exhibit('coffee.png', 'lowlight', 120, 220),
    Exhibit('rocket.jpg', 'haze', 100, 230),
    Exhibit('motorcycle_left.png', 'rain', 150, 250),
    Exhibit('coffee.png', 'snow', 60, 60),
    Exhibit('astronaut.png', 'blur', 60, 150),
    Exhibit('chelsea.png', 'haze', 60, 150),
    Exhibit('clock_motion.png', None, 60, 110),
    Exhibit('hubble_deep_field.jpg', None, 300, 400),
)


def column(model, exhibit: Exhibit) -> np.ndarray:
    """Input above result, with a label."""
    folder = embedded_images('val')[0].parent
    picture = read_image(folder / exhibit.picture)
    label = f'{exhibit.picture.split(".")[0].replace("_", " ")}, as it is'
    if exhibit.degradation is not None:
        label = exhibit.degradation
        sample = dict(gt=picture, degradation=label, key=label, rng=np.random.default_rng(1))
        picture = Degrade()(sample)['lq']
    restored = model(picture)
    top, left = exhibit.top, exhibit.left
    crops = [image[top : top + CROP, left : left + CROP] for image in (picture, restored)]
    bar = np.full((LABEL, CROP, 3), 255, np.uint8)
    cv2.putText(bar, label, (2, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (40, 40, 40), 1, cv2.LINE_AA)
    gap = np.full((GAP, CROP, 3), 255, np.uint8)
    return np.vstack([bar, crops[0], gap, crops[1]])


def draw(model) -> np.ndarray:
    columns = [column(model, exhibit) for exhibit in EXHIBITS]
    height = columns[0].shape[0]
    gap = np.full((height, GAP, 3), 255, np.uint8)
    banks = []
    for first in range(0, len(columns), ACROSS):
        parts = []
        for part in columns[first : first + ACROSS]:
            parts += [gap, part]
        banks.append(np.hstack(parts[1:]))
    return np.vstack(banks)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('output', type=Path, help='PNG to write')
    parser.add_argument('--model', help='as in tools/restore.py (default: the default)')
    args = parser.parse_args()
    write_image(args.output, draw(load(args.model)))


if __name__ == '__main__':
    main()
