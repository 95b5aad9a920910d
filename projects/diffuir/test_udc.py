"""Zero-shot test on pictures of under-display cameras by the paper's protocol.

    python projects/diffuir/test_udc.py WEIGHTS data/UDC_val_test/toled

WEIGHTS is a published .safetensors file, such as convert_weights.py writes. (The paper takes
``model-130.pt`` for this test, not ``model-300.pt``.) The folder holds the set of the UDC challenge
of ECCV 2020: ``<kind>_test_display.mat`` and ``<kind>_test_gt.mat`` with arrays (N, 1024, 2048, 3),
uint8.

As in the official release, there are four sampling steps, and each picture is restored in two
halves of 1024 columns. Group norms and attentions then see one half at a time, and a seam may be
visible. ``--overlap 128`` blends the tiles, and ``--tile 0`` restores the whole picture. Both give
other scores. Scores are of RGB images; the window of SSIM also covers the colors.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from restorelab.apis import load
from restorelab.evaluation.protocols import find_preset
from restorelab.io.images import to_unit_tensor


def read_pairs(folder: str | os.PathLike, kind: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(degraded, clean), uint8 (H, W, 3), of every picture.

    Raises: FileNotFoundError; KeyError for another file.
    """
    from scipy.io import loadmat

    folder = Path(folder)
    arrays = []
    for name in ('test_display', 'test_gt'):
        contents = loadmat(folder / f'{kind}_{name}.mat')
        if name not in contents:
            raise KeyError(
                f"{folder / f'{kind}_{name}.mat'} has no array '{name}', but "
                f'{[key for key in contents if not key.startswith("__")]}'
            )
        arrays.append(contents[name])
    return zip(*arrays, strict=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('weights')
    parser.add_argument(
        'folder', type=Path, help='its name, toled or poled, begins the names of the files in it'
    )
    parser.add_argument('--steps', type=int, default=4)
    parser.add_argument(
        '--tile', type=int, default=1024, help='0 restores the picture whole (default: 1024)'
    )
    parser.add_argument('--overlap', type=int, default=0)
    parser.add_argument('--device')
    args = parser.parse_args()
    model = load(args.weights, device=args.device)
    protocol, scores = find_preset('diffuir')['udc'], []
    for lq, gt in tqdm(list(read_pairs(args.folder, args.folder.name))):
        restored = model(lq, steps=args.steps, tile=args.tile, overlap=args.overlap)
        clean = to_unit_tensor(gt)[None]
        row = []
        for image in (restored, lq):
            row += map(float, protocol.score(to_unit_tensor(image)[None], clean))
        scores.append(row)
    psnr, ssim, input_psnr, input_ssim = torch.tensor(scores).mean(dim=0).tolist()
    print(
        f'{protocol}\n{len(scores)} pictures: input {input_psnr:.2f} dB / {input_ssim:.4f}, '
        f'restored {psnr:.2f} dB / {ssim:.4f}'
    )


if __name__ == '__main__':
    main()
