"""The structure prior: cue maps of an image, encoded as a few tokens (TPGDiff)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.contracts import Prior
from restorelab.registry import CUES, PRIORS
from restorelab.structures import Condition


def sincos_position(rows: int, cols: int, dim: int) -> Tensor:
    """Fixed 2-D position code (rows * cols, dim), row by row; ``dim`` is a multiple of 4.

    ``[sin xw, cos xw, sin yw, cos yw]`` with w_k = 10000^(-4k / dim).
    """
    omega = 10000 ** -(torch.arange(dim // 4, dtype=torch.float32) / (dim // 4))
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(cols), indexing='ij')
    x, y = x.flatten()[:, None] * omega, y.flatten()[:, None] * omega
    return torch.cat([x.sin(), x.cos(), y.sin(), y.cos()], dim=1)


class StructureEncoder(nn.Module):
    """Plain convolutions that halve the sides after every second block: (B, 1, S, S) -> (B, N, D).

    Args:
        width: channels after the first block, doubled up to ``token_dim``.
        num_blocks: the stride is 2 ** (num_blocks // 2).
        token_dim: D.
    """

    def __init__(self, width: int = 32, num_blocks: int = 8, token_dim: int = 256):
        super().__init__()
        layers, c_in, c_out = [], 1, width
        for block in range(num_blocks):
            layers += [nn.Conv2d(c_in, c_out, 3, 1, 1), nn.ReLU(inplace=True)]
            wider = min(2 * c_out, token_dim)
            if block % 2:
                layers += [nn.Conv2d(c_out, wider, 3, 2, 1), nn.ReLU(inplace=True)]
                c_in = c_out = wider
            else:
                c_in, c_out = c_out, wider
        self.conv = nn.Sequential(*layers)
        self.proj = nn.Conv2d(c_in, token_dim, 1)

    def forward(self, cue: Tensor) -> Tensor:
        return self.proj(self.conv(cue)).flatten(2).transpose(1, 2)


def make_mlp(dim: int) -> nn.Sequential:
    """A norm and two linear layers on tokens (B, N, D)."""
    return nn.Sequential(
        nn.LayerNorm(dim), nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim)
    )


class LatentResampler(nn.Module):
    """A fixed number of learned tokens that read the cue tokens: (B, N, D) -> (B, M, D).

    After Perceiver (arXiv 2103.03206).
    """

    def __init__(self, dim: int, num_tokens: int, num_heads: int):
        super().__init__()
        self.latent_tokens = nn.Parameter(torch.randn(1, num_tokens, dim))
        self.ln_q, self.ln_kv = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.ln_self1, self.ln_self2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.cross_attn = nn.MultiheadAttention(dim, num_heads, batch_first=True)
        self.self_attn1 = nn.MultiheadAttention(dim, num_heads, batch_first=True)
        self.self_attn2 = nn.MultiheadAttention(dim, num_heads, batch_first=True)
        self.mlp1, self.mlp2, self.mlp3 = make_mlp(dim), make_mlp(dim), make_mlp(dim)

    def forward(self, tokens: Tensor) -> Tensor:
        z = self.latent_tokens.expand(len(tokens), -1, -1)
        kv = self.ln_kv(tokens)
        z = z + self.cross_attn(self.ln_q(z), kv, kv, need_weights=False)[0]
        z = z + self.mlp1(z)
        q = self.ln_self1(z)
        z = z + self.self_attn1(q, q, q, need_weights=False)[0]
        z = z + self.mlp2(z)
        q = self.ln_self2(z)
        z = z + self.self_attn2(q, q, q, need_weights=False)[0]
        return z + self.mlp3(z)


@PRIORS.register_module()
class StructurePrior(Prior):
    """Tokens ``structure`` (B, M, D) from cue maps of the degraded image; trained with the
    restorer.

    Every map is resized to a square and encoded by one shared encoder. A learned embedding tells
    the cues apart, and a fixed code the positions. M latent tokens read all of it. Source: TPGDiff
    (arXiv 2601.20306); there the cues are depth, segmentation and box-DoG, in this order.

    Args:
        cues: configs of CUES parts, of one map each.
        image_size: side S of the square that the maps are resized to.
        width: of the encoder, see ``StructureEncoder``.
        num_blocks: of the encoder.
        token_dim: D, a multiple of 4 and of ``num_heads``.
        num_tokens: M.
        num_heads: of the resampler.
    Raises: ValueError for priors that are no cues, and for a ``token_dim`` that cannot be divided.
    """

    def __init__(
        self,
        cues: list[dict],
        image_size: int = 256,
        width: int = 32,
        num_blocks: int = 8,
        token_dim: int = 256,
        num_tokens: int = 64,
        num_heads: int = 8,
    ):
        super().__init__()
        self.cues = nn.ModuleList(CUES.build(cue) for cue in cues)
        self._validate(token_dim, num_heads)
        self.image_size, self.token_dim = image_size, token_dim
        self.struct_encoder = StructureEncoder(width, num_blocks, token_dim)
        self.modality_embed = nn.Parameter(torch.randn(len(cues), token_dim))
        self.connector = LatentResampler(token_dim, num_tokens, num_heads)

    def _validate(self, token_dim: int, num_heads: int) -> None:
        given = [list(cue.provides) for cue in self.cues]
        if not given or any(len(names) != 1 or not names[0].startswith('maps.') for names in given):
            raise ValueError(
                f'StructurePrior needs cues, priors that give one map each, such as BoxDoGCue; '
                f'those configured give {given or "nothing"}'
            )
        if token_dim % 4 or token_dim % num_heads:
            raise ValueError(
                f'token_dim={token_dim} must be a multiple of 4 (position code) and of '
                f'num_heads={num_heads}'
            )

    @property
    def provides(self) -> dict[str, int]:
        return {'tokens.structure': self.token_dim}

    def encode(self, cue: Tensor, index: int) -> Tensor:
        """Tokens (B, N, D) of the map of cue number ``index``."""
        size = (self.image_size, self.image_size)
        if 'maps.segmentation' in self.cues[index].provides:  # class ids must not be mixed
            cue = F.interpolate(cue, size, mode='nearest')
        else:
            cue = F.interpolate(cue, size, mode='bilinear', align_corners=False)
        tokens = self.struct_encoder(cue)
        side = int(tokens.shape[1] ** 0.5)
        position = sincos_position(side, side, self.token_dim).to(tokens)
        return tokens + self.modality_embed[index] + position

    def forward(self, lq: Tensor) -> Condition:
        tokens = []
        for index, cue in enumerate(self.cues):
            with torch.no_grad():
                (cue_map,) = cue(lq).maps.values()
            tokens.append(self.encode(cue_map, index))
        return Condition(tokens=dict(structure=self.connector(torch.cat(tokens, dim=1))))
