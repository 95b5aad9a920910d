"""Good pictures under free licenses, for the verdict: those in packages of Debian.

    python projects/house/open_photographs.py data/open

Downloads seven packages (270 MB) with apt-get, so it runs on Debian and its kin, and writes about
460 PNG files. Photographs of monuments and animals are reduced to two thirds, which hides that they
were compressed. Wallpapers, which are photographs and drawings, come reduced to 1000 pixels and as
two parts of 400x400 pixels at half their size, where they are smooth as things seen from near are.
The licenses and the authors stand in the file ``copyright`` of each package, which is kept in
``copyright/``.
"""

import argparse
import io
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

PHOTOGRAPHS = 'gcompris-qt-data'
WALLPAPERS = (
    'gnome-backgrounds',
    'mate-backgrounds',
    'plasma-workspace-wallpapers',
    'lomiri-wallpapers-16.04',
    'lomiri-wallpapers-20.04',
    'ukui-wallpapers',
)
# Games of the package whose pictures have holes for their pieces.
WITH_HOLES = ('babyshapes',)
LEAST_SIDE = 250  # of a photograph; smaller pictures are icons
WIDTH, PART = 1000, 400
LEAST_SPREAD = 8  # of the levels of a picture; others are nearly plain


def download(package: str, folder: Path) -> Path:
    """The unpacked files of a package. Raises: CalledProcessError when apt-get fails."""
    subprocess.run(['apt-get', 'download', '--quiet', package], cwd=folder, check=True)
    archive = next(folder.glob(f'{package}_*.deb'))
    target = folder / package
    subprocess.run(['dpkg-deb', '--extract', archive, target], check=True)
    return target


def webp_files(data: bytes) -> Iterator[bytes]:
    """The WebP files inside a file of Qt resources, which holds them as they are."""
    place = data.find(b'RIFF')
    while place >= 0:
        if data[place + 8 : place + 12] == b'WEBP':
            length = int.from_bytes(data[place + 4 : place + 8], 'little') + 8
            yield data[place : place + length]
        place = data.find(b'RIFF', place + 4)


def photographs(root: Path) -> Iterator[tuple[str, Image.Image]]:
    seen = set()
    for path in sorted(root.rglob('*.rcc')):
        if path.stem in WITH_HOLES:
            continue
        for number, data in enumerate(webp_files(path.read_bytes())):
            if data in seen:
                continue
            seen.add(data)
            image = Image.open(io.BytesIO(data))
            if image.mode == 'RGB' and min(image.size) >= LEAST_SIDE:
                scale = max(0.66, 200 / min(image.size))
                yield f'{path.stem}_{number:03}', reduced(image, scale)


def wallpapers(root: Path, rng: np.random.Generator) -> Iterator[tuple[str, Image.Image]]:
    for path in largest_of_each(root):
        name = '_'.join(path.relative_to(root).with_suffix('').parts[-4:])
        image = Image.open(path).convert('RGB')
        yield name, reduced(image, min(1, WIDTH / max(image.size)))
        half = reduced(image, 0.5)
        for number in range(2 if min(half.size) > PART else 0):
            left = int(rng.integers(half.width - PART))
            top = int(rng.integers(half.height - PART))
            yield f'{name}_{number}', half.crop((left, top, left + PART, top + PART))


def largest_of_each(root: Path) -> list[Path]:
    """The pictures below ``root``; of those named by their size in one folder only the largest."""
    found: dict[Path, tuple[int, Path]] = {}
    for path in sorted(root.rglob('*')):
        if path.suffix not in ('.jpg', '.png', '.webp') or path.stem == 'screenshot':
            continue
        size = re.fullmatch(r'(\d+)x(\d+)', path.stem)
        key = path.parent if size else path
        pixels = int(size[1]) * int(size[2]) if size else 0
        if key not in found or found[key][0] < pixels:
            found[key] = (pixels, path)
    return [path for _, path in found.values()]


def reduced(image: Image.Image, scale: float) -> Image.Image:
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image if scale == 1 else image.resize(size, Image.Resampling.LANCZOS)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('output', type=Path, help='folder, made when missing')
    args = parser.parse_args()
    (args.output / 'copyright').mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        for package in tqdm((PHOTOGRAPHS, *WALLPAPERS), unit='package'):
            root = download(package, Path(folder))
            is_game = package == PHOTOGRAPHS
            for name, image in photographs(root) if is_game else wallpapers(root, rng):
                if np.asarray(image).std() < LEAST_SPREAD:
                    continue
                image.save(args.output / f'{package}_{name}.png')
                count += 1
            text = root / f'usr/share/doc/{package}/copyright'
            (args.output / 'copyright' / f'{package}.txt').write_bytes(text.read_bytes())
    print(f'{args.output}: {count} pictures')


if __name__ == '__main__':
    main()
