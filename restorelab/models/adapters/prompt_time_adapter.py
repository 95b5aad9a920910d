"""Degradation prompt added to the time embedding (DA-CLIP, TPGDiff)."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from restorelab.models.contracts import Adapter
from restorelab.models.layers.conditions import as_vector, full_name, width_of
from restorelab.registry import ADAPTERS
from restorelab.structures import TapContext, TapSpec, select_taps


@ADAPTERS.register_module()
class PromptTimeAdapter(Adapter):
    """``t + prompt_mlp(softmax(text_mlp(v)) * prompt)`` on the tap ``time``: (B, E) -> (B, E).

    The degradation vector ``v`` (B, D) reaches every residual block through the time embedding. As
    in the papers it is not the identity at the start, but weak: a softmax over E entries. Sources:
    DA-CLIP (arXiv 2310.01018), TPGDiff (arXiv 2601.20306).

    Args:
        condition: name of the vector, or the full name of any condition.
    Raises: ValueError for a backbone without a time.
    """

    taps = ('time',)

    def __init__(
        self,
        tap_specs: Sequence[TapSpec],
        cond_widths: Mapping[str, int],
        condition: str = 'degradation',
    ):
        super().__init__()
        self.condition = full_name(condition, 'vectors')
        self.needs = (self.condition,)
        if tap_specs and all(spec.name != 'time' for spec in tap_specs):
            raise ValueError(
                "PromptTimeAdapter sits on the tap 'time', and this backbone knows no time; let "
                f"the condition in by dict(type='FiLM', taps=['enc.*'], condition='{condition}'), "
                'or make it the trunk of a diffusion: TimedBackbone'
            )
        width = select_taps(tap_specs, self.taps, 'PromptTimeAdapter')[0].channels
        cond_width = width_of(self.condition, cond_widths)
        self.text_mlp = nn.Sequential(
            nn.Linear(cond_width, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.prompt = nn.Parameter(torch.rand(1, width))
        self.prompt_mlp = nn.Linear(width, width)

    def on_tap(self, name: str, feat: Tensor, ctx: TapContext) -> Tensor:
        vector = as_vector(ctx.cond, self.condition)
        return feat + ctx.cond.once(
            self, lambda: self.prompt_mlp(self.text_mlp(vector).softmax(dim=1) * self.prompt)
        )
