"""Large pictures in tiles that are one picture.

What a restorer decides about a whole picture is decided once. The priors see the whole picture.
What its networks pool over all pixels is recorded on a sample of the picture, and every tile uses
it. So neighboring tiles agree, and tiles of any size give nearly the same result.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import itemgetter

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from restorelab.apis.precision import computing_in
from restorelab.apis.steering import Steering
from restorelab.models.contracts import Restorer
from restorelab.structures import Condition
from restorelab.utils import CropNoise, LatticeNoise, resize
from restorelab.utils.picture_statistics import PictureStatistics
from restorelab.utils.results import clamp_to_unit
from restorelab.utils.tiling import Tile, blend_batches, check_tile, default_overlap
from restorelab.utils.whole import check_is_whole

# The network of TPGDiff in the size of the paper needs this for each pixel: 2 GiB for 768x768.
BYTES_PER_PIXEL = 3600
WHOLE_PIXELS = 768 * 768
# With the default overlap, tiles of this size compute at most 16 % of the pixels twice.
TILE = 672
# Of the sample that statistics are recorded on.
SAMPLE_PIXELS = 640 * 640
# Side of the crops that statistics are recorded on. Smaller ones cover more of the picture, and
# more of their pixels are near a border.
CROP = 208
# Priors see larger pictures reduced by a whole factor.
GLANCE_PIXELS = 16 * 1024 * 1024
# Smaller tiles than this save memory, and so their sample is only as large as one of them.
FULL_SAMPLE = 384
# That a GPU restores together, if its memory allows.
MOST_TILES = 8


def choose_tile(
    size: tuple[int, int], tile: int | None, overlap: int | None, grid: int
) -> tuple[int, int]:
    """The tile and the overlap for an image of ``size`` (H, W), with the defaults filled in.

    Raises: ValueError as ``check_tile`` does. A tile of 0 means the whole image.
    """
    if tile is None:
        tile = TILE if size[0] * size[1] > WHOLE_PIXELS else 0
    check_is_whole('tile', tile)
    if overlap is None:
        overlap = default_overlap(tile, grid)
    if tile:
        check_tile(tile, overlap)
    return tile, overlap


def tiles_at_once(tile: int, device: torch.device) -> int:
    """How many tiles a GPU restores together: those that fill at most half of its free memory.

    A CPU restores one after another. It is busy with one, and its memory stays small.
    """
    if device.type != 'cuda':
        return 1
    free, _ = torch.cuda.mem_get_info(device)
    return min(max(1, free // (2 * BYTES_PER_PIXEL * tile**2)), MOST_TILES)


def restore_picture(
    restorer: Restorer,
    picture: Tensor,
    device: torch.device,
    tile: int,
    overlap: int,
    finish: Callable[[Tensor], Tensor] = lambda rows: rows,
    seed: int = 0,
    progress: bool = False,
    tasks: list[str] | None = None,
    steps: int | None = None,
    steering: Steering | None = None,
    dtype: torch.dtype = torch.float32,
    seen: Condition | None = None,
) -> Tensor:
    """What ``restorer.restore`` gives, in tiles of the working size.

    A large picture of bytes is never in memory as floats: only its tiles are.

    Args:
        picture: (B, 3, H, W) of one size: uint8, or floating in [0, 1].
        device: of the restorer.
        tile, overlap: as ``choose_tile`` returns them. With a tile of 0 nothing is cut.
        finish: called on rows of the result (B, 3, rows, W) in [0, 1]; what it returns is kept.
        seed: of the sampler's noise.
        progress: show a bar over the tiles.
        tasks, steps: as in ``Restorer.restore``.
        steering: how much is done, and against what (default: all that the model can do).
        dtype: what the networks compute in, but not the priors: torch.float32 or torch.bfloat16.
        seen: what the priors say of these pictures, before steering (default: they are asked).
    """
    steering = Steering() if steering is None else steering
    size = restorer.working_size(tuple(picture.shape[-2:]))
    is_cut = tile > 0 and max(size) > tile
    if not is_cut and size[0] * size[1] <= WHOLE_PIXELS:
        lq = to_unit(picture, device)
        cond = restorer.condition(lq) if seen is None else seen
        cond = steering.steer(cond, restorer.kinds)
        with computing_in(dtype, device):
            restored = restorer.restore(lq, cond, LatticeNoise(seed), tasks, steps).float()
        return finish(steering.blend(lq, restored))
    tile = tile if is_cut else max(size)
    restored = []
    for index in range(len(picture)):  # each has statistics of its own
        task = None if tasks is None else tasks[index : index + 1]
        call = _Call(restorer, device, seed, task, steps, steering, dtype)
        image = picture[index : index + 1]
        if seen is None:
            cond = restorer.condition(glance(image, device))
        else:
            cond = seen.apply(itemgetter(slice(index, index + 1)))
        restored.append(_restore_large(call, image, cond, size, tile, overlap, finish, progress))
    return restored[0] if len(restored) == 1 else torch.cat(restored)


Box = tuple[int, int, int, int]  # top, left, height, width


@dataclass
class _Call:
    """What stays the same for all tiles of one picture."""

    restorer: Restorer
    device: torch.device
    seed: int
    task: list[str] | None
    steps: int | None
    steering: Steering
    dtype: torch.dtype

    def run(self, image: Tensor, cond: Condition, boxes: list[Box]) -> Tensor:
        """Regions of one size of ``image`` (1, 3, H, W), whose condition is ``cond``, restored.

        Returns: (number of boxes, 3, height, width).
        """
        whole = tuple(image.shape[-2:])
        parts, conditions, noises = [], [], []
        for top, left, height, width in boxes:
            part = image[..., top : top + height, left : left + width]
            parts.append(part)
            conditions.append(cut_maps(cond, top, left, tuple(part.shape[-2:]), whole))
            noises.append(LatticeNoise(self.seed, top, left))
        lq = to_unit(torch.cat(parts), self.device).contiguous()
        tasks = None if self.task is None else self.task * len(boxes)
        cond, noise = join_conditions(conditions), CropNoise(noises)
        with computing_in(self.dtype, self.device):
            return self.restorer.restore_region(lq, cond, noise, tasks, self.steps).float()


def to_unit(picture: Tensor, device: torch.device) -> Tensor:
    """uint8 or floating (B, 3, H, W) -> float32 in [0, 1]."""
    on_device = picture.to(device, torch.float32)
    return on_device if picture.is_floating_point() else on_device / 255


def glance(picture: Tensor, device: torch.device) -> Tensor:
    """The picture for its priors: float32 in [0, 1], reduced to at most ``GLANCE_PIXELS``."""
    height, width = picture.shape[-2:]
    factor = math.ceil(math.sqrt(height * width / GLANCE_PIXELS))
    if factor == 1:
        return to_unit(picture, device)
    bands = []
    for band in picture.split(64 * factor, dim=2):
        bands.append(F.avg_pool2d(to_unit(band, device), factor, ceil_mode=True))
    return torch.cat(bands, dim=2)


def _restore_large(
    call: _Call,
    picture: Tensor,
    cond: Condition,
    size: tuple[int, int],
    tile: int,
    overlap: int,
    finish: Callable[[Tensor], Tensor],
    progress: bool,
) -> Tensor:
    """``restore_picture`` for one image (1, 3, H, W), worked on in ``size``."""
    original = tuple(picture.shape[-2:])
    cond = call.steering.steer(cond, call.restorer.kinds)
    is_resized = size != original
    image = resize(to_unit(picture, call.device), size) if is_resized else picture
    pixels = SAMPLE_PIXELS if tile >= FULL_SAMPLE else tile**2
    statistics = record_statistics(call, image, cond, pixels)

    def restore_tiles(places: list[Tile]) -> Tensor:
        with statistics.replay():
            return call.run(image, cond, [place.box for place in places])

    def blend_and_finish(restored: Tensor, top: int) -> Tensor:
        restored = clamp_to_unit(restored)
        lq = picture[..., top : top + restored.shape[2], :]
        return finish(call.steering.blend(to_unit(lq, restored.device), restored))

    done = 0

    def finish_rows(rows: Tensor) -> Tensor:
        nonlocal done
        if is_resized:
            return rows
        done += rows.shape[2]
        return blend_and_finish(rows, done - rows.shape[2])

    restored = blend_batches(
        restore_tiles,
        image,
        tile,
        overlap,
        tiles_at_once(tile, call.device),
        lambda batches: tqdm(batches, desc='tiles', leave=False, disable=not progress),
        call.restorer.tile_grid,
        finish_rows,
    )
    return blend_and_finish(resize(restored, original), 0) if is_resized else restored


def record_statistics(
    call: _Call, image: Tensor, cond: Condition, pixels: int
) -> PictureStatistics:
    """What the networks of a restorer pool over a sample of ``image`` (1, 3, H, W).

    The sample are crops at full resolution, spread evenly, of about ``pixels`` pixels together. A
    reduced picture would not do: it has less noise and other texture. A first look at a single
    crop tells whether anything is pooled at all.
    """
    grid = call.restorer.tile_grid
    crops = place_crops(tuple(image.shape[-2:]), pixels, grid)
    top, left, side = crops[0]
    probe = PictureStatistics()
    with probe:
        call.run(image, cond, [(top, left, min(side, 4 * grid), min(side, 4 * grid))])
    if len(probe) == 0:
        return probe
    statistics = PictureStatistics()
    with statistics:
        call.run(image, cond, [(top, left, side, side) for top, left, side in crops])
    return statistics


def place_crops(size: tuple[int, int], pixels: int, grid: int) -> list[tuple[int, int, int]]:
    """(top, left, side) of square crops that sample an image of ``size`` (H, W) evenly.

    They begin at multiples of ``grid``. Together they have about ``pixels`` pixels, or fewer.
    """
    side = min(CROP, *size, max(4 * grid, math.isqrt(pixels) // 2))
    side = max(grid, side // grid * grid)
    wanted = max(1, pixels // side**2)
    rows = max(1, min(round(math.sqrt(wanted * size[0] / size[1])), size[0] // side))
    cols = max(1, min(wanted // rows, size[1] // side))
    places = []
    for row in range(rows):
        for col in range(cols):
            top = _spread(row, rows, size[0], side) // grid * grid
            left = _spread(col, cols, size[1], side) // grid * grid
            places.append((top, left, side))
    return places


def _spread(index: int, count: int, length: int, side: int) -> int:
    """Where crop ``index`` of ``count`` begins: in the middle of its share of ``length``."""
    middle = (index + 0.5) * length / count
    return min(max(0, round(middle - side / 2)), max(0, length - side))


def join_conditions(conditions: list[Condition]) -> Condition:
    """One condition for a batch. Maps that differ in size by rounding get that of the first."""
    joined = Condition(left=conditions[0].left)
    for kind, entries in conditions[0].entries().items():
        for name, first in entries.items():
            values = [cond.entries()[kind][name] for cond in conditions]
            if kind == 'maps':
                values = [F.interpolate(value, first.shape[-2:]) for value in values]
            joined.entries()[kind][name] = torch.cat(values)
    if conditions[0].region is not None:
        joined.region = torch.cat([cond.region for cond in conditions])
    return joined


def cut_maps(
    cond: Condition, top: int, left: int, size: tuple[int, int], whole: tuple[int, int]
) -> Condition:
    """The condition of one tile, from the condition ``cond`` of the whole image.

    Each map is cut to the area of the tile, rounded to its own pixels; at least one pixel stays.
    Vectors and tokens are those of the whole image; ``region`` says where the tile lies.

    Args:
        top, left: where the tile begins in the image.
        size: (H, W) of the tile.
        whole: (H, W) of the image.
    """

    def cut(start: int, length: int, side: int, pixels: int) -> slice:
        first = min(round(start * pixels / side), pixels - 1)
        return slice(first, max(round((start + length) * pixels / side), first + 1))

    def cut_map(value: Tensor) -> Tensor:
        height, width = value.shape[-2:]
        return value[..., cut(top, size[0], whole[0], height), cut(left, size[1], whole[1], width)]

    maps = {name: cut_map(value) for name, value in cond.maps.items()}
    ends = (
        top / whole[0],
        left / whole[1],
        (top + size[0]) / whole[0],
        (left + size[1]) / whole[1],
    )
    # what was derived from the maps of another tile is not that of this one
    return replace(cond, maps=maps, region=torch.tensor([ends]), _memo={})
