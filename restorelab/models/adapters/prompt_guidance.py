"""Affine guidance from a semantic and a degradation vector (Perceive-IR, prompt guidance)."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from restorelab.models.contracts import Adapter
from restorelab.registry import ADAPTERS
from restorelab.structures import TapContext, TapSpec, select_taps

FEATURE_MAPS = ('enc', 'mid', 'dec')


@ADAPTERS.register_module()
class PromptGuidance(Adapter):
    """``feat * (1 + gamma) + beta``, from two vectors: (B, C, H, W) -> the same.

    A small network at each tap makes ``[gamma, beta]``. The first tap reads the first semantic
    token, the second tap the second, and so on: taps go from fine to coarse, tokens from shallow to
    deep. On the taps ``dec.s*.guidance`` of a ``RestormerUNet`` it makes the guidance of
    ``EnhancedBlock``. On other taps it modulates the feature. As in Perceive-IR it is not the
    identity at the start.

    Args:
        taps: feature taps, one for each semantic token.
        semantic: name of the tokens (B, len(taps), D).
        degradation: name of the vector.
        residual: False for ``feat * gamma + beta``, as in the figure of the paper.
    Raises: ValueError when the prior gives another number of tokens than there are taps.
    """

    def __init__(
        self,
        tap_specs: Sequence[TapSpec],
        cond_widths: Mapping[str, int],
        taps: Sequence[str],
        semantic: str = 'semantic',
        degradation: str = 'degradation',
        residual: bool = True,
    ):
        super().__init__()
        self.taps, self.residual = tuple(taps), residual
        self.semantic, self.degradation = semantic, degradation
        self.needs = (f'tokens.{semantic}', f'vectors.{degradation}')
        width = sum(
            cond_widths.get(name, 1) for name in self.needs
        )  # the restorer reports a missing condition
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Linear(width, 2 * spec.channels),
                nn.GELU(),
                nn.Linear(2 * spec.channels, 2 * spec.channels),
            )
            for spec in select_taps(tap_specs, taps, 'PromptGuidance', FEATURE_MAPS)
        )

    def on_tap(self, name: str, feat: Tensor, ctx: TapContext) -> Tensor:
        index = self.taps.index(name)
        affine = ctx.cond.once((self, name), lambda: self._affine(index, ctx))
        gamma, beta = affine[:, :, None, None].chunk(2, dim=1)
        return feat * (gamma + 1 if self.residual else gamma) + beta

    def _affine(self, index: int, ctx: TapContext) -> Tensor:
        tokens, vector = ctx.cond.token(self.semantic), ctx.cond.vector(self.degradation)
        if tokens.shape[1] != len(self.taps):
            raise ValueError(
                f'PromptGuidance sits on {len(self.taps)} taps, and the prior gives '
                f"{tokens.shape[1]} tokens '{self.semantic}'; give it as many taps as the prior "
                'has layers'
            )
        return self.layers[index](torch.cat([tokens[:, index], vector], dim=1))
