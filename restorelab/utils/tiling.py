"""Restore a large image in overlapping tiles, and blend them with Hann ramps.

An image is cut into as few tiles as the option ``tile`` allows. They are of nearly one size, since
a network works badly on a narrow strip. They begin at multiples of ``grid`` pixels, or of
``tile - overlap`` if that is smaller. If the strides of a network divide ``grid``, it samples a
tile at the same pixels as the whole image. The last tile of a row ends where the image ends and is
a little smaller.

Two neighbors share an overlap of O pixels, in which a Hann ramp leads from one tile to the next.
The weights of all tiles sum to one at every pixel. Near the edge of a tile, where it lacks context,
its weight is near 0. So a convolutional function whose output depends on pixels up to O / 2 away
gives nearly its result on the whole image.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from restorelab.utils.whole import check_is_whole

GRID = 16
# Networks look further than half of this, but what they see there changes a result little.
MOST_OVERLAP = 48


@dataclass(frozen=True)
class Span:
    """The pixels ``start:stop`` of one tile along one axis.

    Attributes:
        before: a neighbor overlaps its beginning.
        after: a neighbor overlaps its end.
    """

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

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Top, left, height and width, in pixels."""
        height, width = self.rows.stop - self.rows.start, self.cols.stop - self.cols.start
        return self.rows.start, self.cols.start, height, width

    def cut(self, image: Tensor) -> Tensor:
        """The pixels of ``image`` (..., H, W) in this tile, as a view."""
        return image[..., self.rows.start : self.rows.stop, self.cols.start : self.cols.stop]


def hann_ramp(overlap: int) -> Tensor:
    """(overlap,) from 0 to 1: sin^2 of a quarter period."""
    position = (torch.arange(overlap) + 0.5) / overlap
    return torch.sin(math.pi / 2 * position).square()


def split_axis(length: int, tile: int, overlap: int, grid: int = GRID) -> list[Span]:
    """The fewest spans of at most ``tile`` pixels that cover ``length``.

    Neighbors overlap by exactly ``overlap`` pixels.
    """
    covered = max(1, length - overlap)
    count = math.ceil(covered / (tile - overlap))
    stride = min(tile - overlap, math.ceil(covered / count / grid) * grid)
    count = math.ceil(covered / stride)
    spans = []
    for number in range(count):
        start = number * stride
        stop = min(start + stride + overlap, length)
        spans.append(Span(start, stop, before=number > 0, after=number < count - 1))
    return spans


def default_overlap(tile: int, grid: int = GRID) -> int:
    """About an eighth of ``tile``, and about 48 for tiles of 384 and more.

    Up to ``grid - 1`` pixels are added, so that ``tile - overlap`` is a multiple of ``grid``. It is
    at most half of ``tile``.
    """
    wanted = min(tile // 8, MOST_OVERLAP)
    return min(wanted + (tile - wanted) % grid, tile // 2)


def check_tile(tile: int, overlap: int) -> None:
    """Raise ValueError unless tile >= 1 and 0 <= overlap <= tile / 2; TypeError for no number.

    With a larger overlap, a tile would overlap more tiles than its neighbors.
    """
    check_is_whole('tile', tile)
    check_is_whole('overlap', overlap)
    if tile < 1 or not 0 <= 2 * overlap <= tile:
        raise ValueError(
            f'tile {tile} with overlap {overlap}: wanted a tile of 1 pixel or more and an overlap '
            'from 0 to half of the tile'
        )


def split_image(height: int, width: int, tile: int, overlap: int, grid: int = GRID) -> list[Tile]:
    """The tiles of an image, row by row. Raises ValueError as ``check_tile`` does."""
    check_tile(tile, overlap)
    tiles = []
    for rows in split_axis(height, tile, overlap, grid):
        for cols in split_axis(width, tile, overlap, grid):
            tiles.append(Tile(rows, cols))
    return tiles


def blend_tiles(
    fn: Callable[[Tensor, int, int], Tensor],
    image: Tensor,
    tile: int,
    overlap: int,
    grid: int = GRID,
) -> Tensor:
    """``blend_batches`` for a function of one tile: (tile (B, C, h, w), top, left) -> its result.

    The tile begins at (top, left) in the image.
    """

    def run(places: list[Tile]) -> Tensor:
        place = places[0]
        return fn(place.cut(image), place.rows.start, place.cols.start)

    return blend_batches(run, image, tile, overlap, grid=grid)


def blend_batches(
    fn: Callable[[list[Tile]], Tensor],
    image: Tensor,
    tile: int,
    overlap: int,
    most: int = 1,
    wrap: Callable[[list[list[Tile]]], Iterable[list[Tile]]] = iter,
    grid: int = GRID,
    finish: Callable[[Tensor], Tensor] = lambda rows: rows,
) -> Tensor:
    """What ``fn`` makes of the tiles of ``image``, blended into a result of the image's size.

    In memory are, beside image and result, the tiles of one call and one row of tiles.

    Args:
        fn: places of N tiles of one size (h, w) -> (N * B, C, h, w), the tiles in this order.
        image: (B, C, H, W), any size. A side shorter than ``tile`` gives one tile of that length.
        tile: largest side of a tile, in pixels.
        overlap: pixels shared by neighbors, 0 to tile / 2. With 0 there is no blending.
        most: N is at most this.
        wrap: called on the list of all batches of tiles, for a progress bar.
        grid: tiles begin at multiples of it.
        finish: called on whole rows of the result (B, C, rows, W), from top to bottom. What it
            returns is kept. So a large result need not exist as floats.
    Returns: (B, C, H, W) on the device of ``image``. It has the dtype that ``finish`` returns, or
        else that of ``image``; float32 where ``image`` is not floating.
    Raises: ValueError for a bad tile or overlap, or when ``fn`` changes the size.
    """
    rows = _Rows(image, overlap, finish)
    places = split_image(*image.shape[-2:], tile, overlap, grid)
    for batch in wrap(in_batches(places, most)):
        done = fn(batch)
        wanted = (len(batch) * len(image), image.shape[1], *batch[0].box[2:])
        if done.shape != wanted:
            raise ValueError(
                f'tiles of shape {wanted} came back as {tuple(done.shape)}; blending needs the '
                'same size'
            )
        for place, part in zip(batch, done.split(len(image)), strict=True):
            rows.add(place, part)
    return rows.end()


def in_batches(places: list[Tile], most: int) -> list[list[Tile]]:
    """The tiles in their order, in groups of at most ``most`` neighbors of one size."""
    batches: list[list[Tile]] = []
    for place in places:
        last = batches[-1] if batches else []
        if last and len(last) < most and last[0].box[2:] == place.box[2:]:
            last.append(place)
        else:
            batches.append([place])
    return batches


class _Rows:
    """The sum of weighted tiles, in which rows that get no more tiles are finished and left."""

    def __init__(self, image: Tensor, overlap: int, finish: Callable[[Tensor], Tensor]):
        self._like, self._overlap, self._finish = image, overlap, finish
        self._dtype = image.dtype if image.is_floating_point() else torch.float32
        self._top, self._sums = 0, self._zeros(0)  # of the row of tiles that is being added
        self._result: Tensor | None = None

    def add(self, place: Tile, done: Tensor) -> None:
        if place.rows.start > self._top or len(self._sums[0, 0]) == 0:
            self._begin(place.rows)
        weights = place.rows.weights(self._overlap)[:, None] * place.cols.weights(self._overlap)
        part = self._sums[..., place.cols.start : place.cols.stop]
        part.add_(done.to(part) * weights.to(part))

    def end(self) -> Tensor:
        self._leave(self._sums.shape[2])
        return self._result

    def _begin(self, span: Span) -> None:
        self._leave(span.start - self._top)
        sums = self._zeros(span.stop - span.start)
        sums[..., : self._sums.shape[2], :] = self._sums
        self._top, self._sums = span.start, sums

    def _leave(self, count: int) -> None:
        """Finish the first ``count`` rows."""
        if count == 0:
            return
        rows = self._finish(self._sums[..., :count, :])
        if self._result is None:
            self._result = torch.empty(self._like.shape, dtype=rows.dtype, device=self._like.device)
        self._result[..., self._top : self._top + count, :] = rows
        self._sums = self._sums[..., count:, :]

    def _zeros(self, count: int) -> Tensor:
        batch, channels, _, width = self._like.shape
        return torch.zeros(
            (batch, channels, count, width), dtype=self._dtype, device=self._like.device
        )
