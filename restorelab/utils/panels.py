"""Before/after pictures with captions."""

import os

import numpy as np
from torch import Tensor

MARGIN = 4
CAPTION_HEIGHT = 22


def to_uint8(image: Tensor | np.ndarray) -> np.ndarray:
    """(3, H, W) float tensor in [0, 1] to uint8 (H, W, 3), rounded; a uint8 array is returned as it is."""
    if isinstance(image, np.ndarray):
        return image
    return (
        (image.detach().float().nan_to_num().clamp(0, 1) * 255)
        .round()
        .byte()
        .permute(1, 2, 0)
        .cpu()
        .numpy()
    )


def shown_psnr(image: np.ndarray, clean: np.ndarray) -> float:
    """PSNR in dB of the uint8 pixels as they are shown: RGB, no crop; inf when they are equal."""
    error = np.mean((image.astype(np.float64) - clean.astype(np.float64)) ** 2)
    return float('inf') if error == 0 else float(10 * np.log10(255**2 / error))


def draw_panel(images: list[np.ndarray], captions: list[str]) -> np.ndarray:
    """Images side by side, each under its caption.

    Args:
        images: uint8 (H, W, 3), RGB, sizes may differ.  captions: one line each.
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
        draw.text(
            (left, CAPTION_HEIGHT // 2),
            caption,
            fill='black',
            anchor='lm',
            font=_fitting_font(ImageFont, caption, image.shape[1]),
        )
        left += image.shape[1] + MARGIN
    return np.asarray(canvas)


def _fitting_font(fonts, caption: str, width: int):
    """The largest font up to 14 px in which the caption is no wider than its image, 6 px at least."""
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
    """Panel degraded | restored | clean with the PSNR of the first two where ``gt`` is known.

    Images: float tensors (3, H, W) in [0, 1] or uint8 arrays (H, W, 3).  drawn: the same images with something drawn
    on them, to be shown in their place. Returns: uint8 (H', W', 3).
    """
    images = [to_uint8(image) for image in (lq, restored, gt) if image is not None]
    captions = ['degraded', 'restored', 'clean'][: len(images)]
    if gt is not None:
        captions[:2] = [
            f'{name} {shown_psnr(image, images[2]):.2f} dB'
            for name, image in zip(captions[:2], images[:2], strict=True)
        ]
    return draw_panel(drawn or images, captions)


def stack_files(pictures: list[str | os.PathLike], target: str | os.PathLike) -> None:
    """Write the pictures of some files below one another into one PNG, on white where they differ in width.

    Raises: ValueError when there are none.
    """
    from PIL import Image

    if not pictures:
        raise ValueError(f'no pictures to put into {target}')
    images = [Image.open(path).convert('RGB') for path in pictures]
    canvas = Image.new(
        'RGB', (max(i.width for i in images), sum(i.height for i in images)), 'white'
    )
    top = 0
    for image in images:
        canvas.paste(image, (0, top))
        top += image.height
    canvas.save(target, format='PNG')
