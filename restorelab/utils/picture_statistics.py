"""What a network pools over the pixels of a picture, recorded once and used in every tile.

Group norms, mean pooling and attention over all positions make a pixel depend on the whole picture.
A network that sees a tile alone would pool over the tile, and so judge each tile for itself: one as
dark, its neighbor as bright. Here a first pass over a sample of the picture records what was
pooled, and the passes over the tiles use that instead of their own.

Recorded are group and instance norms, adaptive mean pooling to one pixel, and attention by
``F.scaled_dot_product_attention``, in all networks, also in those of other libraries. Layers of
this package with other poolings call ``over_picture``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

Value = TypeVar('Value')
_ACTIVE: ContextVar[PictureStatistics | None] = ContextVar('picture_statistics', default=None)


class PictureStatistics(TorchFunctionMode):
    """The statistics of one picture. The first pass inside ``with`` records them.

    The batch of that pass is a sample of the picture: crops of one size. They are pooled together.
    ``with statistics.replay():`` is a later pass that uses what was recorded. It must call the same
    layers in the same order. Each thread has its own active statistics.
    """

    def __init__(self, recorded: list[tuple[str, object]] | None = None):
        super().__init__()
        self.records = recorded is None
        self._entries = [] if recorded is None else recorded
        self._position = 0

    def __len__(self) -> int:
        """Number of statistics that were recorded."""
        return len(self._entries)

    def replay(self) -> PictureStatistics:
        """The same statistics for one pass over a tile."""
        return PictureStatistics(self._entries)

    def __enter__(self) -> PictureStatistics:
        self._token = _ACTIVE.set(self)
        return super().__enter__()

    def __exit__(self, *error) -> None:
        super().__exit__(*error)
        _ACTIVE.reset(self._token)

    def share(self, kind: str, compute: Callable[[], Value]) -> Value:
        """``compute()`` when recording, the recorded value otherwise.

        Raises: RuntimeError when this pass calls other layers than the recorded one.
        """
        if self.records:
            value = compute()
            self._entries.append((kind, value))
            return value
        place, self._position = self._position, self._position + 1
        recorded = self._entries[place][0] if place < len(self._entries) else 'nothing'
        if recorded != kind:
            raise RuntimeError(
                f'number {place} of the statistics of this picture is {recorded}, and the network '
                f'asks for {kind}: a network must call the same layers for each tile'
            )
        return self._entries[place][1]

    def __torch_function__(
        self, func: Callable, types: tuple, args: tuple = (), kwargs: Mapping | None = None
    ) -> object:
        shared = _SHARED.get(func)
        if shared is None:
            return func(*args, **(kwargs or {}))
        return shared(self, *args, **(kwargs or {}))


def over_picture(kind: str, value: Tensor) -> Tensor:
    """The mean over the picture, of a mean over the pixels of each image: (B, ...) -> the same.

    ``value`` itself where no ``PictureStatistics`` are active.

    Args:
        kind: names it in the message when two passes differ.
    """
    statistics = _ACTIVE.get()
    if statistics is None:
        return value
    shared = statistics.share(kind, lambda: value.mean(dim=0, keepdim=True))
    return shared.expand(len(value), *shared.shape[1:])


def picture_positions(positions: int) -> int:
    """The number of positions that statistics are pooled over; ``positions`` where none are active.

    For layers whose result depends on this number: it is the same for all tiles.
    """
    statistics = _ACTIVE.get()
    if statistics is None:
        return positions
    return statistics.share('positions', lambda: positions)


def _group_norm(
    statistics: PictureStatistics,
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    count, channels = input.shape[:2]

    def moments() -> Tensor:
        # torch's kernel gives those of each crop several times faster than var_mean those of all
        crops = input.float().contiguous()
        _, mean, scale = torch.native_group_norm(
            crops, None, None, count, channels, crops[0, 0].numel(), num_groups, eps
        )
        var = scale.square().reciprocal().mean(dim=0) + mean.var(dim=0, correction=0)
        return torch.stack([mean.mean(dim=0), var.rsqrt()])

    mean, scale = statistics.share('group norm', moments).repeat_interleave(
        channels // num_groups, dim=1
    )
    if weight is not None:
        scale = scale * weight
    shift = -mean * scale
    if bias is not None:
        shift = shift + bias
    by_channel = (1, channels, *[1] * (input.ndim - 2))
    return torch.addcmul(
        shift.view(by_channel).to(input.dtype), input, scale.view(by_channel).to(input.dtype)
    )


def _instance_norm(
    statistics: PictureStatistics,
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    if not use_input_stats:  # the statistics of the training set, the same for all pictures
        return F.instance_norm(
            input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
        )
    return _group_norm(statistics, input, input.shape[1], weight, bias, eps)


def _adaptive_avg_pool2d(
    statistics: PictureStatistics, input: Tensor, output_size: int | tuple[int, int]
) -> Tensor:
    if output_size not in (1, (1, 1), [1, 1]):
        return F.adaptive_avg_pool2d(input, output_size)
    return over_picture('mean', input.mean(dim=(-2, -1), keepdim=True))


def _attention(
    statistics: PictureStatistics,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    **options,
) -> Tensor:
    """Attends to the positions of the sample, whichever tile the queries come from."""
    if attn_mask is not None:  # of tokens, not of pixels
        return F.scaled_dot_product_attention(query, key, value, attn_mask, **options)

    def joined() -> Tensor:
        both = torch.stack([key, value])  # 2 B H N D
        return both.permute(0, 2, 1, 3, 4).flatten(2, 3)[:, None]  # 2 1 H BN D

    key, value = statistics.share('attention', joined).expand(-1, len(query), -1, -1, -1)
    return F.scaled_dot_product_attention(query, key, value, **options)


_SHARED = {
    F.group_norm: _group_norm,
    F.instance_norm: _instance_norm,
    F.adaptive_avg_pool2d: _adaptive_avg_pool2d,
    F.scaled_dot_product_attention: _attention,
}
