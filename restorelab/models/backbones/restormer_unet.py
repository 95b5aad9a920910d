"""The U-Net of channel attention that Restormer, PromptIR and Perceive-IR share."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from restorelab.models.contracts import RegressionBackbone
from restorelab.models.layers.restormer import downsample, upsample
from restorelab.registry import BACKBONES, BLOCKS
from restorelab.structures import TapContext, TapSpec
from restorelab.utils import check_size

PLAIN = dict(type='TransformerBlock')


class Stage(nn.ModuleList):
    """Blocks one after another; all get the same guidance."""

    @property
    def guided(self) -> bool:
        return len(self) > 0 and self[0].guided

    def forward(self, x: Tensor, guidance: Tensor | None = None) -> Tensor:
        for block in self:
            x = block(x, guidance)
        return x


@BACKBONES.register_module()
class RestormerUNet(RegressionBackbone):
    """Degraded image (B, 3, H, W) -> restored image, not clamped; one network call restores.

    Sources: Restormer (arXiv 2111.09881); Perceive-IR (DOI 10.1109/TIP.2025.3566300). Perceive-IR
    has biases, and level 1 of its decoder has ``dim`` channels behind a 1x1 convolution;
    Restormer's has twice as many. The defaults are Perceive-IR's with plain blocks: its "medium"
    restorer, 25,571,439 parameters. With ``decoder_block=dict(type='EnhancedBlock')`` it is
    Perceive-IR's network without guidance and encoder.

    Taps: after an encoder level ``enc.s1`` ...; around the deepest stage and every decoder level
    ``dec.s8.in`` and ``dec.s8`` ...; ``mid`` behind the deepest stage, like ``dec.s8``. With a
    guided block also ``dec.s8.guidance`` ..., where an adapter turns the input of a stage into its
    guidance. Without an adapter the input is its own guidance.

    Args:
        dim: channels at full resolution, doubled at every level below.
        blocks: number of blocks of each level, the deepest last.
        heads: attention heads, likewise.
        refinement: number of plain blocks behind the decoder.
        expansion: width of the feed-forwards over channels.
        level1_reduce: a 1x1 convolution to ``dim`` channels before level 1 of the decoder, as
            before the others.
        bias: of all convolutions; Restormer has none.
        decoder_block: config of the BLOCKS part for the deepest stage and the decoder. It is given
            ``channels``, ``num_heads``, ``expansion`` and ``bias``.
    Raises: ValueError unless H and W are multiples of ``size_divisor``.
    """

    def __init__(
        self,
        dim: int = 48,
        blocks: Sequence[int] = (4, 6, 6, 8),
        heads: Sequence[int] = (1, 2, 4, 8),
        refinement: int = 4,
        expansion: float = 2.66,
        level1_reduce: bool = True,
        bias: bool = True,
        decoder_block: dict = PLAIN,
    ):
        super().__init__()
        _check_levels(blocks, heads)
        widths = [dim * 2**level for level in range(len(blocks))]
        decoder_widths = [dim if level1_reduce else 2 * dim, *widths[1:]]
        self.size_divisor = 2 ** (len(blocks) - 1)

        def stage(kind: dict, channels: int, level: int, count: int) -> Stage:
            options = dict(
                channels=channels, num_heads=heads[level], expansion=expansion, bias=bias
            )
            return Stage(BLOCKS.build(kind, default_args=options) for _ in range(count))

        upper = range(len(blocks) - 1)
        self.embed = nn.Conv2d(3, dim, 3, padding=1, bias=bias)
        self.encoders = nn.ModuleList(stage(PLAIN, widths[i], i, blocks[i]) for i in upper)
        self.downs = nn.ModuleList(downsample(widths[i], bias) for i in upper)
        self.latent = stage(decoder_block, widths[-1], len(upper), blocks[-1])
        self.ups = nn.ModuleList(upsample(widths[i + 1], bias) for i in upper)
        self.reduces = nn.ModuleList(
            nn.Conv2d(2 * widths[i], widths[i], 1, bias=bias) for i in upper
        )
        if not level1_reduce:
            self.reduces[0] = nn.Identity()
        self.decoders = nn.ModuleList(
            stage(decoder_block, decoder_widths[i], i, blocks[i]) for i in upper
        )
        self.refinement = stage(PLAIN, decoder_widths[0], 0, refinement)
        self.output = nn.Conv2d(decoder_widths[0], 3, 3, padding=1, bias=bias)
        self.tap_specs = self._list_taps(widths, decoder_widths)

    def _list_taps(self, widths: list[int], decoder_widths: list[int]) -> list[TapSpec]:
        taps = []
        for level, width in enumerate(widths[:-1]):
            taps.append(TapSpec(f'enc.s{2**level}', 'enc', 2**level, width))
        points = ('.in', '.guidance', '') if self.latent.guided else ('.in', '')
        for level, width in reversed(list(enumerate(decoder_widths))):
            for point in points:
                taps.append(TapSpec(f'dec.s{2**level}{point}', 'dec', 2**level, width))
            if 2**level == self.size_divisor:
                taps.append(TapSpec('mid', 'mid', 2**level, width))
        return taps

    def forward(self, lq: Tensor, ctx: TapContext | None = None) -> Tensor:
        check_size(lq, self.size_divisor)
        ctx = TapContext({}) if ctx is None else ctx
        x, skips = self.embed(lq), []
        for level, (encoder, down) in enumerate(zip(self.encoders, self.downs, strict=True)):
            x = ctx.tap(f'enc.s{2**level}', encoder(x))
            skips.append(x)
            x = down(x)
        x = self._decode(self.latent, x, f'dec.s{self.size_divisor}', ctx)
        x = ctx.tap('mid', x)
        for level in reversed(range(len(skips))):
            x = self.reduces[level](torch.cat([self.ups[level](x), skips[level]], dim=1))
            x = self._decode(self.decoders[level], x, f'dec.s{2**level}', ctx)
        return lq + self.output(self.refinement(x))

    def _decode(self, stage: Stage, x: Tensor, where: str, ctx: TapContext) -> Tensor:
        x = ctx.tap(f'{where}.in', x)
        guidance = ctx.tap(f'{where}.guidance', x) if stage.guided else None
        return ctx.tap(where, stage(x, guidance))


def _check_levels(blocks: Sequence[int], heads: Sequence[int]) -> None:
    if len(blocks) != len(heads) or len(blocks) < 2:
        raise ValueError(
            f'blocks={list(blocks)} and heads={list(heads)} must name the same levels, two at least'
        )
