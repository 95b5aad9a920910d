"""What a restorer does for damaged pictures, and to good ones: the tables of projects/house.

    python projects/house/measure.py house --clean data/test_cbsd68 \\
        --pairs polyu data/test_polyu --pairs rain100l data/test_rain100l \\
        --pairs haze data/test_haze '([^_]*).*'

For each row: the number of pictures, the mean PSNR of the input and of the result, the mean gain,
and the worst gain of a single picture with its name. Scores: RGB, 8 bits.

--clean FOLDER: clean photographs. Their central 256x256 pixels are degraded in seven ways, with
    strengths as in training, and with --weak also in four
    weak ways and not at all.
--pairs NAME FOLDER [LQ_NAME]: degraded images in FOLDER/lq and their clean ones in FOLDER/gt.
    Names pair by the groups of the pattern LQ_NAME (default: equal names).
--weak: see --clean.
--count N: only the first N pictures of each row.
--made: good pictures of other kinds, to themselves: all of scikit-image's, a page of text, a
    screen, night skies, plain gray.
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from restorelab.apis import load
from restorelab.datasets.embedded import embedded_images
from restorelab.datasets.transforms.made_picture import lamps, screen, stars, text
from restorelab.io.images import read_image, to_uint8
from restorelab.registry import DATASETS

PACK = dict(type='PackRestoration')
STRONG = ('noise', 'haze', 'jpeg', 'lowlight', 'rain', 'snow', 'blur')
WEAK = ('jpeg 80', 'jpeg 92', 'noise 5', 'blur 0.7')
PERFECT = 100.0  # decibels for equal pictures


class Pair(NamedTuple):
    name: str
    lq: np.ndarray
    gt: np.ndarray


def psnr(image: np.ndarray, other: np.ndarray) -> float:
    """Decibels between two uint8 images, at most ``PERFECT``."""
    error = np.square(image.astype(np.float64) - other).mean()
    return PERFECT if error == 0 else min(PERFECT, 10 * np.log10(255**2 / error))


def degraded(folder: str, row: str, seed: int, count: int | None) -> Iterator[Pair]:
    """The central 256x256 pixels of the photographs in ``folder``, with one degradation."""
    crop = dict(type='CenterCrop', size=256)
    dataset = DATASETS.build(
        dict(
            type='OnTheFlyDataset',
            source=folder,
            degradations=[row],
            seed=seed,
            pipeline=[crop, dict(type='Degrade'), PACK],
        )
    )
    yield from _pairs_of(dataset, count)


def weakly_degraded(folder: str, row: str, count: int | None) -> Iterator[Pair]:
    """Good photographs with a trace of one degradation."""
    for number, pair in enumerate(degraded(folder, 'clean', 0, count)):
        image, rng = pair.gt.astype(np.float32) / 255, np.random.default_rng(number)
        if row.startswith('jpeg'):
            data = cv2.imencode(
                '.jpg', pair.gt[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(row[4:])]
            )
            weak = cv2.imdecode(data[1], cv2.IMREAD_COLOR)[..., ::-1]
        elif row == 'noise 5':
            weak = to_uint8(image + 5 / 255 * rng.standard_normal(image.shape))
        else:
            weak = to_uint8(cv2.GaussianBlur(image, (0, 0), 0.7))
        yield Pair(pair.name, np.ascontiguousarray(weak), pair.gt)


def paired(folder: str, lq_name: str, count: int | None) -> Iterator[Pair]:
    """Pairs of files, whole."""
    dataset = DATASETS.build(
        dict(
            type='PairedDataset',
            root=folder,
            degradation='noise',
            lq='lq',
            gt='gt',
            lq_name=lq_name,
            pipeline=[PACK],
        )
    )
    yield from _pairs_of(dataset, count)


def _pairs_of(dataset, count: int | None) -> Iterator[Pair]:
    for index in range(min(len(dataset), count or len(dataset))):
        packed = dataset[index]
        sample = packed['data_samples']
        gt = sample.gt.permute(1, 2, 0).numpy()
        yield Pair(sample.key, packed['inputs'].permute(1, 2, 0).numpy(), gt)


def made_pictures() -> Iterator[Pair]:
    """Good pictures that are no daylight photographs, each as its own input."""
    folder = embedded_images('val')[0].parent
    pictures = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in ('.png', '.jpg'):
            pictures[path.stem] = read_image(path)
    photograph = pictures['coffee'][:256, :256].astype(np.float32) / 255
    for maker in (text, screen, stars, lamps):
        drawn = maker(photograph, np.random.default_rng(7))
        pictures[f'drawn {maker.__name__}'] = to_uint8(drawn)
    for level in (20, 128, 235):
        pictures[f'flat {level}'] = np.full((256, 256, 3), level, np.uint8)
    for name, picture in pictures.items():
        yield Pair(name, picture, picture)


def measure(model, pairs: Iterator[Pair], row: str, verbose: bool) -> dict:
    """One row of the table."""
    inputs, gains, results, names = [], [], [], []
    for name, lq, gt in tqdm(pairs, desc=row, leave=False):
        before, after = psnr(lq, gt), psnr(model(np.ascontiguousarray(lq)), gt)
        names.append(name)
        inputs.append(before)
        results.append(after)
        gains.append(after - before)
        if verbose:
            tqdm.write(f'  {row} {name}: {before:.2f} -> {after:.2f}')
    score = gains if np.mean(inputs) < PERFECT else results
    worst = int(np.argmin(score))
    return dict(
        row=row,
        pictures=len(names),
        input=round(float(np.mean(inputs)), 2),
        result=round(float(np.mean(results)), 2),
        gain=round(float(np.mean(gains)), 2),
        worst=round(float(score[worst]), 2),
        worst_name=names[worst],
    )


def print_row(row: dict) -> None:
    is_self = row['input'] == PERFECT
    gain = '' if is_self else f'{row["gain"]:+.2f}'
    print(
        f'{row["row"]:<14}{row["pictures"]:>5}{row["input"]:>9.2f}{row["result"]:>9.2f}'
        f'{gain:>9}{row["worst"]:>9.2f}  {row["worst_name"]}',
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('model', help='name of weights, a .safetensors file')
    parser.add_argument('--clean', metavar='FOLDER')
    parser.add_argument('--rows', nargs='*', default=STRONG, choices=STRONG)
    parser.add_argument('--pairs', nargs='+', action='append', default=[], metavar='NAME FOLDER')
    parser.add_argument('--made', action='store_true')
    parser.add_argument('--weak', action='store_true')
    parser.add_argument('--count', type=int)
    parser.add_argument('--seed', type=int, default=0, help='of the degradations')
    parser.add_argument('--verbose', action='store_true', help='a line for each picture')
    parser.add_argument('--out', type=Path, help='write the table as CSV')
    args = parser.parse_args()
    model = load(args.model)
    print(f'{"row":<14}{"n":>5}{"input":>9}{"result":>9}{"gain":>9}{"worst":>9}')
    sources: dict[str, Iterator[Pair]] = {}
    if args.clean:
        for row in args.rows:
            sources[row] = degraded(args.clean, row, args.seed, args.count)
        if args.weak:
            sources['clean'] = degraded(args.clean, 'clean', args.seed, args.count)
            for row in WEAK:
                sources[row] = weakly_degraded(args.clean, row, args.count)
    for name, folder, *pattern in args.pairs:
        sources[f'{name} pairs'] = paired(folder, pattern[0] if pattern else '(.*)', args.count)
    if args.made:
        sources['made'] = made_pictures()
    rows = []
    for name, pairs in sources.items():
        rows.append(measure(model, pairs, name, args.verbose))
        print_row(rows[-1])
    strong = [row['gain'] for row in rows if row['row'] in STRONG]
    if strong:
        print(f'{"mean":<14}{"":>5}{"":>9}{"":>9}{np.mean(strong):>+9.2f}')
    if args.out:
        with args.out.open('w', newline='') as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


if __name__ == '__main__':
    main()
