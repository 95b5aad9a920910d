"""Tiles against the whole, on twelve large pictures: do the tiles of a picture agree?

    python -m tests.attack.tiles DATA [--models NAME...] [--panels FOLDER]

DATA holds folders of real images, some of them foggy, dark or ordinary; they are enlarged to 1.5 to
6 megapixels. For each picture and model it prints the PSNR between the result in tiles of the
default size and the result in one piece, and between tiles of two sizes. The exit status is 1 when
the first is below 45 dB for a picture.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from restorelab.apis import load
from restorelab.apis.tiles import TILE

WANTED = 45.0  # dB
OTHER_TILE = 448
FOGGY = ('det_dawn_fog/images/foggy-111.jpg', 'det_dawn_fog/images/haze-058.jpg')
DARK = 'real_lowlight'
SHARP = 'test_urban100_half/gt'
ORDINARY = 'det_coco128/images'
MEGAPIXELS = (1.5, 2.0, 3.0, 6.0)


def read(path: Path) -> np.ndarray:
    """(H, W, 3), RGB, float32 in [0, 1]."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    return image[..., ::-1].astype(np.float32) / 255


def enlarge(image: np.ndarray, megapixels: float) -> np.ndarray:
    factor = (megapixels * 1e6 / (image.shape[0] * image.shape[1])) ** 0.5
    size = round(image.shape[1] * factor), round(image.shape[0] * factor)
    return np.clip(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), 0, 1)


def falloff(height: int, width: int, kind: str) -> np.ndarray:
    """(H, W, 1): light from 1 down to 0.06."""
    rows, cols = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    distance = dict(
        left=cols, top=rows, corner=(rows + cols) / 2, center=np.hypot(rows - 0.5, cols - 0.5)
    )[kind]
    return (0.06 ** (distance / distance.max()))[..., None].astype(np.float32)


def night_sky(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    sky = np.full((height, width, 3), (0.02, 0.03, 0.06), np.float32)
    stars = rng.random((height, width)) < 5e-4
    sky[stars] = rng.uniform(0.3, 1, (int(stars.sum()), 1))
    sky = cv2.GaussianBlur(sky, (0, 0), 0.8) * 2
    cv2.circle(sky, (width * 3 // 4, height // 4), height // 20, (0.9, 0.9, 0.8), -1)
    return np.clip(sky, 0, 1)


def pictures(data: Path) -> Iterator[tuple[str, np.ndarray]]:
    """The twelve, each (H, W, 3) float32 in [0, 1], with a name."""
    sharp = sorted((data / SHARP).iterdir())
    for number, (kind, megapixels) in enumerate(
        zip(('left', 'top', 'corner', 'center'), MEGAPIXELS, strict=True)
    ):
        image = enlarge(read(sharp[3 * number]), megapixels)
        yield f'light falls off: {kind}', image * falloff(*image.shape[:2], kind)
    for name in FOGGY:
        yield f'fog: {Path(name).stem}', enlarge(read(data / name), 1.8)
    dark = sorted(path for path in (data / DARK).rglob('*') if path.suffix in ('.png', '.jpg'))
    yield f'night: {dark[0].stem}', enlarge(read(dark[0]), 2.5)
    yield 'night: sky', night_sky(1600, 2400)
    ordinary = sorted((data / ORDINARY).rglob('*.jpg'))
    for number, megapixels in enumerate(MEGAPIXELS):
        path = ordinary[20 * number]
        yield f'ordinary: {path.stem}', enlarge(read(path), megapixels)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(max(np.mean((a.astype(np.float64) - b) ** 2), 1e-12)))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('data', type=Path)
    parser.add_argument('--models', nargs='+', default=['diffuir-tiny', 'tpgdiff-small'])
    parser.add_argument('--panels', type=Path, help='write input, tiles and whole side by side')
    args = parser.parse_args()
    failed = 0
    for name in args.models:
        model = load(name, dtype='float32')
        for title, image in pictures(args.data):
            tiles, whole = model(image), model(image, tile=0)
            other = model(image, tile=OTHER_TILE)
            scores = psnr(tiles, whole), psnr(tiles, other)
            failed += scores[0] < WANTED
            size = f'{image.shape[1]}x{image.shape[0]}'
            sys.stdout.write(
                f'{name:14} {title:28} {size:>10}  tiles-whole {scores[0]:6.1f} dB  '
                f'{TILE}-{OTHER_TILE} {scores[1]:6.1f} dB  '
                f'result-input {psnr(tiles, image):6.1f} dB\n'
            )
            sys.stdout.flush()
            if args.panels:
                args.panels.mkdir(parents=True, exist_ok=True)
                panel = np.hstack([image, tiles, whole])[..., ::-1] * 255
                file = f'{name}_{title.replace(": ", "_").replace(" ", "_")}.jpg'
                cv2.imwrite(
                    str(args.panels / file), np.clip(panel, 0, 255).round().astype(np.uint8)
                )
    return 1 if failed else 0


if __name__ == '__main__':
    raise SystemExit(main())
