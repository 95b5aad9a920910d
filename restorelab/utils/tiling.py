"""A large image through a function that only takes small ones: overlapping tiles, blended by Hann ramps.

As few tiles as ``tile`` allows, of nearly one size, since statistics over a sliver mislead a network. They begin at
multiples of ``grid`` pixels (of ``tile - overlap``, where that is smaller), so that a network whose strides divide it
cuts its own grid as in the whole image; the last tile of a row ends with the image and is a little smaller.

Across an overlap of O pixels the outermost quarter of each tile, where it lacks context, is dropped, and the middle
half goes over from one tile to the next along a Hann ramp. The weights of all tiles sum to one everywhere. So a
convolutional function whose output depends on pixels up to O / 4 away gives exactly what it gives on the whole image.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

GRID = 16


@dataclass(frozen=True)
class Span:
    """The pixels ``start:stop`` of one tile along one axis; ``before`` and ``after``: does a neighbor overlap there?"""

    start: int
    stop: int
    before: bool
    after: bool

    def weights(self, overlap: int) -> Tensor:
        """(stop - start,) float32 blending weights."""
        weights = torch.ones(self.stop - self.start)
        if self.before and overlap:
            weights[:overlap] = hann_ramp(overlap)
        if self.after and overlap:
            weights[-overlap:] = 1 - hann_ramp(overlap)
        return weights


@dataclass(frozen=True)
class Tile:
    """A rectangle of an image: rows and columns."""

    rows: Span
    cols: Span

    def cut(self, image: Tensor) -> Tensor:
        """The view of ``image`` (..., H, W) under this tile."""
        return image[..., self.rows.start : self.rows.stop, self.cols.start : self.cols.stop]


def hann_ramp(overlap: int) -> Tensor:
    """(overlap,) rising from 0 to 1: zero for a quarter, sin^2 for the middle half, one for the last quarter."""
    position = (torch.arange(overlap) + 0.5) / overlap
    return torch.sin(math.pi / 2 * (2 * position - 0.5).clamp(0, 1)).square()


def split_axis(length: int, tile: int, overlap: int, grid: int = GRID) -> list[Span]:
    """The fewest spans of at most ``tile`` pixels that cover ``length`` and overlap by exactly ``overlap``."""
    covered = max(1, length - overlap)
    count = math.ceil(covered / (tile - overlap))
    stride = min(tile - overlap, math.ceil(covered / count / grid) * grid)
    count = math.ceil(covered / stride)
    starts = [i * stride for i in range(count)]
    return [
        Span(start, min(start + stride + overlap, length), start > 0, start < starts[-1])
        for start in starts
    ]


def default_overlap(tile: int, grid: int = GRID) -> int:
    """An eighth of ``tile``, and less than ``grid`` more so that tiles begin at multiples of it; at most half."""
    eighth = tile // 8
    return min(eighth + (tile - eighth) % grid, tile // 2)


def check_tile(tile: int, overlap: int) -> None:
    """Raise ValueError unless tile >= 1 and 0 <= overlap <= tile / 2, so that only neighbors overlap."""
    if tile < 1 or not 0 <= 2 * overlap <= tile:
        raise ValueError(
            f'tile {tile} with overlap {overlap}: wanted a tile of 1 pixel or more and an overlap from 0 '
            'to half of the tile'
        )


def split_image(height: int, width: int, tile: int, overlap: int, grid: int = GRID) -> list[Tile]:
    """The tiles of an image, row by row. Raises ValueError as ``check_tile`` does."""
    check_tile(tile, overlap)
    columns = split_axis(width, tile, overlap, grid)
    return [
        Tile(rows, cols) for rows in split_axis(height, tile, overlap, grid) for cols in columns
    ]


def blend_tiles(
    fn: Callable[[Tensor, int, int], Tensor],
    image: Tensor,
    tile: int,
    overlap: int,
    wrap: Callable[[list[Tile]], Iterable[Tile]] = iter,
    grid: int = GRID,
) -> Tensor:
    """``fn`` on every tile of ``image``, blended into a result of the image's size, dtype and device.

    Beside the image and the result only one tile is held at a time.

    Args:
        fn: (tile (B, C, h, w), top, left) -> (B, C, h, w); top and left say where the tile lies in the image.
        image: (B, C, H, W), any size; a side shorter than ``tile`` gives one tile of that side.
        tile: largest side of a tile, in pixels.
        overlap: pixels shared by neighbors, 0 to tile / 2; 0 is a plain split.
        wrap: put around the list of tiles, for a progress bar.
        grid: tiles begin at multiples of it.
    Raises: ValueError for a bad tile or overlap, or when ``fn`` changes the size.
    """
    result = torch.zeros_like(image)
    for place in wrap(split_image(*image.shape[-2:], tile, overlap, grid)):
        part = place.cut(image)
        done = fn(part, place.rows.start, place.cols.start)
        if done.shape != part.shape:
            raise ValueError(
                f'a tile of shape {tuple(part.shape)} came back as {tuple(done.shape)}; '
                'blending needs the same size'
            )
        weights = place.rows.weights(overlap)[:, None] * place.cols.weights(overlap)
        place.cut(result).add_(done.to(result) * weights.to(result))
    return result
