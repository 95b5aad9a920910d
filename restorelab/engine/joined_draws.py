"""Random draws that do not depend on how many processes share a batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import torch
from mmengine.dist import get_dist_info
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils.data import DataLoader

OF_A_SIZE = (torch.rand, torch.randn, torch.randint)
LIKE_A_TENSOR = (torch.rand_like, torch.randn_like, torch.randint_like)


@runtime_checkable
class JoinedBatches(Protocol):
    """A batch sampler that knows where its batches stand in the joined batch of all ranks."""

    def place_in_joined(self) -> tuple[int, int]:
        """The place of its first image, and the number of images of the joined batch."""


def places_of(loader: DataLoader) -> tuple[range, int]:
    """The places of this rank's images in the joined batch, and the number of images of that.

    A sampler of single images deals them in turn: rank r of w has the places r, r + w, and so on.
    A batch sampler that says nothing gives each rank one part, rank 0's first.
    """
    rank, world_size = get_dist_info()
    if loader.batch_size is not None:  # torch's own batches of a sampler
        total = loader.batch_size * world_size
        return range(rank, total, world_size), total
    sampler = loader.batch_sampler
    if isinstance(sampler, JoinedBatches):
        first, total = sampler.place_in_joined()
    else:
        first, total = sampler.batch_size * rank, sampler.batch_size * world_size
    return range(first, first + sampler.batch_size), total


@contextmanager
def joined_draws(loader: DataLoader) -> Iterator[None]:
    """Let each image of a batch draw what it would draw in the joined batch of all ranks.

    All ranks start from the same seed. What is drawn for a batch (``rand``, ``randn``, ``randint``,
    their ``_like`` forms and dropout, where the first side is the batch) is drawn for the joined
    batch, and each rank takes its part. With one process nothing changes.
    """
    if get_dist_info()[1] == 1:
        yield
        return
    with JoinedDraws(*places_of(loader)):
        yield


class JoinedDraws(TorchFunctionMode):
    """Draws for ``total`` images and takes those at ``places``; see ``joined_draws``.

    A draw with a generator of its own, or of another size, stays as it is.
    """

    def __init__(self, places: range, total: int):
        super().__init__()
        self.own, self.total = len(places), total
        self.part = slice(places.start, places.stop, places.step)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if kwargs.get('generator') is None:
            if func in OF_A_SIZE:
                return self._of_a_size(func, args, kwargs)
            if func in LIKE_A_TENSOR and self._is_batch(args[0]):
                return func(self._joined(args[0]), *args[1:], **kwargs)[self.part]
            if func is functional.dropout:
                return self._dropout(*args, **kwargs)
        return func(*args, **kwargs)

    def _is_batch(self, tensor: Tensor) -> bool:
        return tensor.ndim > 0 and len(tensor) == self.own

    def _joined(self, tensor: Tensor) -> Tensor:
        """Room for the joined batch, in the memory format of ``tensor``."""
        room = tensor.new_empty((self.total, *tensor.shape[1:]))
        if tensor.ndim == 4 and not tensor.is_contiguous():
            room = room.contiguous(memory_format=torch.channels_last)
        return room

    def _of_a_size(self, func, args: tuple, kwargs: dict) -> Tensor:
        """``randn(4, 3)``, ``randn((4, 3))``, ``randint(0, 9, (4,))`` or ``size=(4, 3)``."""
        before = []
        if 'size' in kwargs:
            before, size = list(args), kwargs['size']
        elif args and isinstance(args[-1], tuple | list):
            before, size = list(args[:-1]), args[-1]
        else:
            size = args
        if len(size) == 0 or size[0] != self.own:
            return func(*args, **kwargs)
        options = {key: value for key, value in kwargs.items() if key != 'size'}
        return func(*before, (self.total, *size[1:]), **options)[self.part]

    def _dropout(
        self, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        if not training or p == 0 or not self._is_batch(input):
            return functional.dropout(input, p, training, inplace)
        mask = functional.dropout(self._joined(input).detach().fill_(1), p)[self.part]
        return input.mul_(mask) if inplace else input * mask
