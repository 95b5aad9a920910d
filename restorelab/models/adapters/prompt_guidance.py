"""Affine guidance from a semantic and a degradation vector (Perceive-IR, prompt guidance)."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from restorelab.models.contracts import Adapter
from restorelab.models.layers.conditions import (
    as_tokens,
    as_vector,
    check_no_map,
    full_name,
    width_of,
)
from restorelab.registry import ADAPTERS
from restorelab.structures import FEATURE_MAPS, TapContext, TapSpec, select_taps


@ADAPTERS.register_module()
class PromptGuidance(Adapter):
    """``feat * (1 + gamma) + beta``, from two vectors: (B, C, H, W) -> the same.

    A small network at each tap makes ``[gamma, beta]``. The first tap reads the first semantic
    token, the second tap the second, and so on: taps go from fine to coarse, tokens from shallow to
    deep. Where a prior gives another number of tokens, the tap i of T reads the token ``i M // T``
    of its M. On the taps ``dec.s*.guidance`` of a ``RestormerUNet`` it makes the guidance of
    ``EnhancedBlock``. On other taps it modulates the feature. As in Perceive-IR it is not the
    identity at the start.

    Args:
        taps: feature taps, names or roles, such as ``['dec.*.guidance']``.
        semantic: name of the tokens (B, M, D), or the full name of a vector.
        degradation: name of the vector, or the full name of any condition.
        residual: False for ``feat * gamma + beta``, as in the figure of the paper.
    Raises: ValueError when ``semantic`` is a map.
    """

    def __init__(
        self,
        tap_specs: Sequence[TapSpec],
        cond_widths: Mapping[str, int],
        taps: Sequence[str] | str,
        semantic: str = 'semantic',
        degradation: str = 'degradation',
        residual: bool = True,
    ):
        super().__init__()
        specs = select_taps(tap_specs, taps, 'PromptGuidance', FEATURE_MAPS)
        self.taps, self.residual = tuple(spec.name for spec in specs), residual
        self.semantic = full_name(semantic, 'tokens')
        self.degradation = full_name(degradation, 'vectors')
        check_no_map('PromptGuidance', self.semantic)
        self.needs = (self.semantic, self.degradation)
        width = sum(width_of(name, cond_widths) for name in self.needs)
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Linear(width, 2 * spec.channels),
                nn.GELU(),
                nn.Linear(2 * spec.channels, 2 * spec.channels),
            )
            for spec in specs
        )

    def on_tap(self, name: str, feat: Tensor, ctx: TapContext) -> Tensor:
        index = self.taps.index(name)
        affine = ctx.cond.once((self, name), lambda: self._affine(index, ctx))
        gamma, beta = affine[:, :, None, None].chunk(2, dim=1)
        return feat * (gamma + 1 if self.residual else gamma) + beta

    def _affine(self, index: int, ctx: TapContext) -> Tensor:
        tokens = as_tokens(ctx.cond, self.semantic)
        token = tokens[:, index * tokens.shape[1] // len(self.taps)]
        return self.layers[index](torch.cat([token, as_vector(ctx.cond, self.degradation)], dim=1))
