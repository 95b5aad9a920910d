"""Before/after pictures with captions."""

import os

import numpy as np
from torch import Tensor

from restorelab.io.images import to_uint8, to_unit_tensor
from restorelab.utils.psnr import psnr

MARGIN = 4
CAPTION_HEIGHT = 22


def shown_psnr(image: np.ndarray, clean: np.ndarray) -> float:
    """PSNR in dB of the uint8 pixels as they are shown: RGB, no crop. Equal images give inf."""
    return psnr(to_unit_tensor(image)[None], to_unit_tensor(clean)[None]).item()


def draw_panel(images: list[np.ndarray], captions: list[str]) -> np.ndarray:
    """Images side by side, each with its caption above.

    Args:
        images: uint8 (H, W, 3), RGB, sizes may differ.
        captions: one line each.
    Returns: uint8 (H', W', 3), on white.
    """
    from PIL import Image, ImageDraw, ImageFont

    width = sum(image.shape[1] for image in images) + MARGIN * (len(images) + 1)
    height = max(image.shape[0] for image in images) + CAPTION_HEIGHT + MARGIN
    canvas = Image.new('RGB', (width, height), 'white')
    draw = ImageDraw.Draw(canvas)
    left = MARGIN
    for image, caption in zip(images, captions, strict=True):
        canvas.paste(Image.fromarray(image), (left, CAPTION_HEIGHT))
        font = _fitting_font(ImageFont, caption, image.shape[1])
        draw.text((left, CAPTION_HEIGHT // 2), caption, fill='black', anchor='lm', font=font)
        left += image.shape[1] + MARGIN
    return np.asarray(canvas)


def _fitting_font(fonts, caption: str, width: int):
    """The largest font, 6 to 14 px, in which the caption is no wider than its image."""
    for size in range(14, 6, -1):
        font = fonts.load_default(size)
        if font.getlength(caption) <= width:
            return font
    return fonts.load_default(6)


def compare(
    lq: Tensor | np.ndarray,
    restored: Tensor | np.ndarray,
    gt: Tensor | np.ndarray | None = None,
    drawn: list[np.ndarray] | None = None,
) -> np.ndarray:
    """Panel degraded | restored | clean, with the PSNR of the first two if ``gt`` is given.

    Args:
        lq, restored, gt: float tensors (3, H, W) in [0, 1] or uint8 arrays (H, W, 3).
        drawn: the same images with something drawn on them, shown in place of them.
    Returns: uint8 (H', W', 3).
    """
    images, captions = [to_uint8(lq), to_uint8(restored)], ['degraded', 'restored']
    if gt is not None:
        clean = to_uint8(gt)
        for number, image in enumerate(images):
            captions[number] += f' {shown_psnr(image, clean):.2f} dB'
        images.append(clean)
        captions.append('clean')
    return draw_panel(drawn or images, captions)


def stack_files(pictures: list[str | os.PathLike], target: str | os.PathLike) -> None:
    """Write the pictures of some files below one another into one PNG, on white.

    Raises: ValueError when there are none.
    """
    from PIL import Image

    if not pictures:
        raise ValueError(f'no pictures to put into {target}')
    images = [Image.open(path).convert('RGB') for path in pictures]
    width = max(image.width for image in images)
    height = sum(image.height for image in images)
    canvas = Image.new('RGB', (width, height), 'white')
    top = 0
    for image in images:
        canvas.paste(image, (0, top))
        top += image.height
    canvas.save(target, format='PNG')
