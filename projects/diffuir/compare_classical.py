"""PSNR and SSIM of a restorer beside methods without a network, on several test sets.

    python projects/diffuir/compare_classical.py diffuir-tiny --clean data/CBSD68 \\
        --pairs rain data/Rain100L --pairs noise data/PolyU --pairs haze data/haze '([^_]*).*'

``--clean FOLDER``: clean photographs; their central 256x256 pixels are degraded in seven ways, with
a fixed seed.
``--pairs DEGRADATION FOLDER [LQ_NAME]``: whole degraded images in FOLDER/lq and their clean ones in
FOLDER/gt. Names pair by the groups of the pattern LQ_NAME (default: equal names).
The classical methods are told the degradation, but not its strength; the restorer is told nothing.
Scores: RGB, 8 bits.
"""

import argparse
import csv
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import torch
from tqdm import tqdm

from restorelab.apis import load
from restorelab.evaluation.protocols import Protocol
from restorelab.io.images import to_uint8, to_unit_tensor
from restorelab.registry import DATASETS

PACK = dict(type='PackRestoration')
COLUMNS = ('degraded', 'restored', 'classical')
WINDOW = 15  # of the dark channel, pixels
HAZE_KEPT = 0.95  # omega: a little haze is left, so that distance still shows
LEAST_TRANSMISSION = 0.1


def noise_level(image: np.ndarray) -> float:
    """Standard deviation of white noise in ``image``, 0..255, from the median second difference.

    Source: Immerkaer (CVIU 1996), with a median in place of the mean, so that edges count less.
    """
    second_difference = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)  # its norm is 6
    response = cv2.filter2D(image.astype(np.float32), -1, second_difference)
    return float(np.median(np.abs(response)) / (0.6745 * 6))


def non_local_means(image: np.ndarray) -> np.ndarray:
    """OpenCV's colored non-local means (Buades et al., 2005), as strong as the estimated noise."""
    level = max(noise_level(image), 1.0)
    return cv2.fastNlMeansDenoisingColored(image, None, level, level, 7, 21)


def median(image: np.ndarray) -> np.ndarray:
    """Median of 5x5 pixels: removes bright lines that are thinner than half the window."""
    return cv2.medianBlur(image, 5)


def dark_channel_dehazing(image: np.ndarray) -> np.ndarray:
    """Dark channel prior with a guided filter. Source: He, Sun, Tang (CVPR 2009 and ECCV 2010)."""
    hazy = image.astype(np.float32) / 255
    dark = _dark_channel(hazy)
    brightest = np.argsort(dark, axis=None)[-max(1, dark.size // 1000) :]
    airlight = hazy.reshape(-1, 3)[brightest].mean(axis=0)
    transmission = 1 - HAZE_KEPT * _dark_channel(hazy / np.maximum(airlight, 0.05))
    transmission = _guided_filter(hazy.mean(axis=2), transmission, 40, 1e-3)[..., None]
    clear = (hazy - airlight) / np.maximum(transmission, LEAST_TRANSMISSION) + airlight
    return to_uint8(clear)


def gamma_correction(image: np.ndarray) -> np.ndarray:
    """The power of the gray levels that brings their mean to one half."""
    dark = image.astype(np.float32) / 255
    exponent = np.log(0.5) / np.log(np.clip(dark.mean(), 1e-3, 0.999))
    return to_uint8(dark**exponent)


def unsharp_mask(image: np.ndarray) -> np.ndarray:
    """The image plus half of its difference from a Gaussian blur of 2 pixels."""
    sharp = image.astype(np.float32)
    return to_uint8((1.5 * sharp - 0.5 * cv2.GaussianBlur(sharp, (0, 0), 2)) / 255)


def bilateral_filter(image: np.ndarray) -> np.ndarray:
    """Bilateral filter that smooths steps as small as those between JPEG blocks."""
    return cv2.bilateralFilter(image, 5, 20, 2)


CLASSICAL = dict(
    blur=unsharp_mask,
    haze=dark_channel_dehazing,
    jpeg=bilateral_filter,
    lowlight=gamma_correction,
    noise=non_local_means,
    rain=median,
    snow=median,
)


def _dark_channel(image: np.ndarray) -> np.ndarray:
    return cv2.erode(image.min(axis=2), np.ones((WINDOW, WINDOW)))


def _guided_filter(guide: np.ndarray, image: np.ndarray, radius: int, eps: float) -> np.ndarray:
    """``image`` (H, W) smoothed along the edges of ``guide`` (H, W).

    Source: He, Sun, Tang (ECCV 2010), eq. 5 to 8.
    """

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, (2 * radius + 1, 2 * radius + 1))

    slope = (mean(guide * image) - mean(guide) * mean(image)) / (
        mean(guide**2) - mean(guide) ** 2 + eps
    )
    return mean(slope) * guide + mean(mean(image) - slope * mean(guide))


def clean_set(folder: str, size: int) -> dict:
    return dict(
        type='OnTheFlyDataset',
        source=folder,
        degradations=sorted(CLASSICAL),
        pipeline=[dict(type='CenterCrop', size=size), dict(type='Degrade'), PACK],
    )


def paired_set(degradation: str, folder: str, lq_name: str = '(.*)') -> dict:
    if degradation not in CLASSICAL:
        raise ValueError(
            f'--pairs {degradation}: no classical method is known for it; choose from '
            f'{sorted(CLASSICAL)}'
        )
    return dict(
        type='PairedDataset',
        root=folder,
        degradation=degradation,
        lq='lq',
        gt='gt',
        lq_name=lq_name,
        pipeline=[PACK],
    )


def to_array(image: torch.Tensor) -> np.ndarray:
    return image.permute(1, 2, 0).numpy()


def score_set(
    name: str, dataset: Iterable[dict], model, steps: int | None = None
) -> dict[str, list[list[float]]]:
    """For each degradation, one row per image.

    A row has PSNR and SSIM of the degraded, the restored and the classical image.
    """
    scores: dict[str, list[list[float]]] = {}
    protocol = Protocol()
    for item in tqdm(dataset, desc=name, total=len(dataset)):
        sample, lq = item['data_samples'], to_array(item['inputs'])
        gt = to_unit_tensor(to_array(sample.gt))[None]
        images = (lq, model(lq, steps=steps), CLASSICAL[sample.degradation](lq))
        row = []
        for image in images:
            psnr, ssim = protocol.score(to_unit_tensor(image)[None], gt)
            row += [float(psnr), float(ssim)]
        scores.setdefault(sample.degradation, []).append(row)
    return scores


def markdown(rows: list[list]) -> str:
    """The table as Markdown, with the classical method's name in its column."""
    scored = [f'{column} PSNR / SSIM' for column in COLUMNS]
    titles = ['set', 'degradation', 'images', *scored, 'gain']
    lines = ['| ' + ' | '.join(titles) + ' |', '|---' * len(titles) + '|']
    for name, degradation, count, *values in rows:
        cells = [f'{values[i]:.2f} / {values[i + 1]:.3f}' for i in range(0, 6, 2)]
        if degradation in CLASSICAL:
            cells[2] += f' ({CLASSICAL[degradation].__name__.replace("_", " ")})'
        cells = [name, degradation, str(count), *cells, f'{values[2] - values[0]:+.2f} dB']
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)


def means_of_set(name: str, scores: dict[str, list[list[float]]]) -> list[list]:
    """One row of means for each degradation, and one for their mean if there are several."""
    rows, means = [], []
    for degradation, values in sorted(scores.items()):
        means.append(np.mean(values, axis=0))
        rows.append([name, degradation, len(values), *means[-1]])
    if len(means) > 1:
        count = sum(len(values) for values in scores.values())
        rows.append([name, 'mean', count, *np.mean(means, axis=0)])
    return rows


def count_wins(rows: list[list]) -> str:
    """How often the restored image has a larger PSNR than the degraded and the classical one."""
    single = [row for row in rows if row[1] != 'mean']
    over_degraded = sum(row[5] > row[3] for row in single)
    over_classical = sum(row[5] > row[7] for row in single)
    return (
        f'Better than degraded: {over_degraded} of {len(single)}. '
        f'Better than classical: {over_classical} of {len(single)} (PSNR).'
    )


def write_csv(path: Path, rows: list[list]) -> None:
    titles = ['set', 'degradation', 'images']
    for column in COLUMNS:
        titles += [f'{column}_psnr', f'{column}_ssim']
    with path.open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(titles)
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('model', help='published weights: a name or a .safetensors file')
    parser.add_argument('--clean', action='append', default=[], metavar='FOLDER')
    parser.add_argument(
        '--pairs', action='append', default=[], nargs='+', metavar='DEGRADATION FOLDER [LQ_NAME]'
    )
    parser.add_argument(
        '--size',
        type=int,
        default=256,
        help='side of the crops of clean photographs (default: 256)',
    )
    parser.add_argument('--steps', type=int, help="sampling steps instead of the model's")
    parser.add_argument('--csv', type=Path, help='also write the means to this file')
    args = parser.parse_args()
    for given in args.pairs:
        if len(given) not in (2, 3):
            parser.error(f'--pairs takes DEGRADATION FOLDER [LQ_NAME], not {" ".join(given)}')
    if not args.clean and not args.pairs:
        parser.error('name at least one set: --clean FOLDER or --pairs DEGRADATION FOLDER')
    if args.csv and args.csv.exists():
        parser.error(f'{args.csv} exists already; remove it or choose another name')
    configs = [(Path(folder).name, clean_set(folder, args.size)) for folder in args.clean]
    configs += [(Path(given[1]).name, paired_set(*given)) for given in args.pairs]
    sets = [(name, DATASETS.build(config)) for name, config in configs]
    model = load(args.model)

    rows = []
    for name, dataset in sets:
        rows += means_of_set(name, score_set(name, dataset, model, args.steps))
    print(markdown(rows))
    print(f'\n{count_wins(rows)}')
    if args.csv:
        write_csv(args.csv, rows)


if __name__ == '__main__':
    main()
