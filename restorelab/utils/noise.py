"""Gaussian noise that depends on the position in the image, not on its tiles or its batch."""

import torch
from torch import Tensor

BLOCK = 64


class LatticeNoise:
    """Standard normal noise from blocks of 64x64 pixels, each with a generator of its own.

    A tile at (top, left) gets exactly the noise that the whole image has there. Every image of a
    batch gets the same noise. So neither tiling nor batching changes a result. Each call gives new
    noise, for the next step of a sampler.

    Args:
        seed: any non-negative integer.
        top, left: where this tile begins in the whole image, in pixels.
    """

    def __init__(self, seed: int = 0, top: int = 0, left: int = 0):
        self.seed, self.top, self.left = seed, top, left
        self.draw = 0

    def __call__(self, like: Tensor) -> Tensor:
        """Noise with the shape (B, C, H, W), the dtype and the device of ``like``."""
        channels, height, width = like.shape[1:]
        row, col = self.top // BLOCK, self.left // BLOCK
        rows = range(row, (self.top + height - 1) // BLOCK + 1)
        cols = range(col, (self.left + width - 1) // BLOCK + 1)
        bands = []
        for r in rows:
            bands.append(torch.cat([self._block(channels, r, c) for c in cols], dim=2))
        whole = torch.cat(bands, dim=1)
        top, left = self.top - row * BLOCK, self.left - col * BLOCK
        self.draw += 1
        return whole[:, top : top + height, left : left + width].to(like).expand_as(like).clone()

    def at_stride(self, stride: int) -> 'LatticeNoise':
        """The noise of a latent ``stride`` times smaller. Tiles begin at its multiples."""
        return LatticeNoise(self.seed, self.top // stride, self.left // stride)

    def _block(self, channels: int, row: int, col: int) -> Tensor:
        """Noise (C, 64, 64) of one block; a hash of its position is the seed of its generator."""
        mixed = 0
        for number in (self.seed, self.draw, row, col):
            mixed = (mixed ^ (number + 0x9E3779B97F4A7C15)) * 0xBF58476D1CE4E5B9 % 2**63
            mixed ^= mixed >> 31
        generator = torch.Generator().manual_seed(mixed)
        return torch.randn(channels, BLOCK, BLOCK, generator=generator, device='cpu')


class CropNoise:
    """The noise of crops of one picture in one batch, each from its place."""

    def __init__(self, noises: list[LatticeNoise]):
        self.noises = noises

    def __call__(self, like: Tensor) -> Tensor:
        """Noise with the shape, the dtype and the device of ``like`` (B, C, H, W)."""
        return torch.cat([noise(like[:1]) for noise in self.noises])

    def at_stride(self, stride: int) -> 'CropNoise':
        return CropNoise([noise.at_stride(stride) for noise in self.noises])
