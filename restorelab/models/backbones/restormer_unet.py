"""The U-Net of channel attention that Restormer, PromptIR and Perceive-IR share."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from restorelab.models.layers.restormer import EnhancedBlock, TransformerBlock, double, halve
from restorelab.registry import BACKBONES, BLOCKS
from restorelab.structures import TapContext, TapSpec
from restorelab.utils import check_size

BLOCKS.register_module(module=TransformerBlock)
BLOCKS.register_module(module=EnhancedBlock)


class Stage(nn.ModuleList):
    """Blocks one after another; those that take a guidance all get the same one."""

    @property
    def guided(self) -> bool:
        return len(self) > 0 and self[0].guided

    def forward(self, x: Tensor, guidance: Tensor | None = None) -> Tensor:
        for block in self:
            x = block(x, guidance) if block.guided else block(x)
        return x


@BACKBONES.register_module()
class RestormerUNet(nn.Module):
    """Degraded image (B, 3, H, W) -> restored image, not clamped; one network call restores.

    Sources: Restormer (arXiv 2111.09881); Perceive-IR (DOI 10.1109/TIP.2025.3566300), whose trunk has biases and a
    level 1 of the decoder at ``dim`` channels behind a 1x1 convolution, where Restormer's has twice as many. The
    defaults are Perceive-IR's with plain blocks: its "medium" restorer, 25,571,439 parameters. With
    ``decoder_block=dict(type='EnhancedBlock')`` it is Perceive-IR's network without guidance and encoder.

    Taps: after an encoder level ``enc.s1`` ...; around the deepest stage and every decoder level ``dec.s8.in`` and
    ``dec.s8`` ...; with a guided block also ``dec.s8.guidance`` ..., where an adapter turns the stage's input into its
    guidance; without an adapter the input guides itself.
    Raises: ValueError unless H and W are multiples of ``size_divisor``.

    Args:
        dim: channels at full resolution, doubled at every level below.
        blocks: number of blocks of each level, the deepest last.  heads: attention heads, likewise.
        refinement: number of plain blocks behind the decoder.  expansion: width of the feed-forwards over channels.
        level1_reduce: a 1x1 convolution to ``dim`` channels before level 1 of the decoder, as before the others.
        bias: of all convolutions; Restormer has none.
        decoder_block: config of the BLOCKS part for the deepest stage and the decoder; it is given ``channels``,
            ``num_heads``, ``expansion`` and ``bias``, and its ``guided`` says whether it is called with a guidance.
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
        decoder_block: dict | None = None,
    ):
        super().__init__()
        if len(blocks) != len(heads) or len(blocks) < 2:
            raise ValueError(
                f'blocks={list(blocks)} and heads={list(heads)} must name the same levels, two at least'
            )
        widths = [dim * 2**level for level in range(len(blocks))]
        self.size_divisor = 2 ** (len(blocks) - 1)
        self.embed = nn.Conv2d(3, dim, 3, padding=1, bias=bias)
        plain = dict(type='TransformerBlock')

        def stage(kind: dict, channels: int, level: int, count: int) -> Stage:
            options = dict(
                channels=channels, num_heads=heads[level], expansion=expansion, bias=bias
            )
            return Stage(BLOCKS.build(kind, default_args=options) for _ in range(count))

        upper = range(len(blocks) - 1)
        self.encoders = nn.ModuleList(
            stage(plain, widths[level], level, blocks[level]) for level in upper
        )
        self.downs = nn.ModuleList(halve(widths[level], bias) for level in upper)
        self.latent = stage(decoder_block or plain, widths[-1], len(blocks) - 1, blocks[-1])
        self.ups = nn.ModuleList(double(widths[level + 1], bias) for level in upper)
        self.reduces = nn.ModuleList(
            nn.Conv2d(2 * widths[level], widths[level], 1, bias=bias) for level in upper
        )
        decoder_widths = [dim if level1_reduce else 2 * dim, *widths[1:]]
        if not level1_reduce:
            self.reduces[0] = nn.Identity()
        self.decoders = nn.ModuleList(
            stage(decoder_block or plain, decoder_widths[level], level, blocks[level])
            for level in upper
        )
        self.refinement = stage(plain, decoder_widths[0], 0, refinement)
        self.output = nn.Conv2d(decoder_widths[0], 3, 3, padding=1, bias=bias)
        self.tap_specs = self._list_taps(widths, decoder_widths)

    def _list_taps(self, widths: list[int], decoder_widths: list[int]) -> list[TapSpec]:
        taps = [
            TapSpec(f'enc.s{2**level}', 'enc', 2**level, width)
            for level, width in enumerate(widths[:-1])
        ]
        points = ('.in', '.guidance', '') if self.latent.guided else ('.in', '')
        for level, width in reversed(list(enumerate(decoder_widths))):
            taps += [TapSpec(f'dec.s{2**level}{point}', 'dec', 2**level, width) for point in points]
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
        for level in reversed(range(len(skips))):
            x = self.reduces[level](torch.cat([self.ups[level](x), skips[level]], dim=1))
            x = self._decode(self.decoders[level], x, f'dec.s{2**level}', ctx)
        return lq + self.output(self.refinement(x))

    def _decode(self, stage: Stage, x: Tensor, where: str, ctx: TapContext) -> Tensor:
        x = ctx.tap(f'{where}.in', x)
        guidance = ctx.tap(f'{where}.guidance', x) if stage.guided else None
        return ctx.tap(where, stage(x, guidance))
