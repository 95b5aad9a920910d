"""Learned degradation prompts that mix themselves by what they see (PromptIR)."""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.contracts import Adapter
from restorelab.registry import ADAPTERS, BLOCKS
from restorelab.structures import FEATURE_MAPS, TapContext, TapSpec, select_taps
from restorelab.utils.picture_statistics import over_picture


class PromptBlock(nn.Module):
    """Generation and interaction of one tap: (B, C, H, W) -> the same."""

    def __init__(self, channels: int, num_prompts: int, prompt_size: int, num_heads: int):
        super().__init__()
        self.prompts = nn.Parameter(torch.rand(num_prompts, channels, prompt_size, prompt_size))
        self.choose = nn.Linear(channels, num_prompts)
        self.smooth = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        block = dict(type='TransformerBlock', channels=2 * channels, num_heads=num_heads)
        self.block = BLOCKS.build(block)
        self.reduce = nn.Conv2d(2 * channels, channels, 1, bias=False)

    def forward(self, feat: Tensor) -> Tensor:
        weights = self.choose(over_picture('mean', feat.mean(dim=(2, 3)))).softmax(dim=1)
        mixed = torch.einsum('bn,nchw->bchw', weights, self.prompts)
        prompt = self.smooth(
            F.interpolate(mixed, feat.shape[-2:], mode='bilinear', align_corners=False)
        )
        return self.reduce(self.block(torch.cat([feat, prompt], dim=1)))


@ADAPTERS.register_module()
class PromptInteraction(Adapter):
    """PromptIR's prompt block on feature taps: (B, C, H, W) -> the same; needs no prior.

    Learned maps are mixed by a softmax, which reads the mean of the feature. The mix is resized and
    joined to the feature by a transformer block. Source: PromptIR (arXiv 2306.13090). There it
    follows the deepest stage and the two decoder levels above (``dec.s8``, ``dec.s4``, ``dec.s2``).
    Its prompts there have other widths than the features. Here they have the same, so the official
    weights do not fit. As in the paper it is not the identity at the start.

    Args:
        taps: feature taps, names or roles such as ``['dec.s2+']``.
        num_prompts: maps to mix.
        prompt_size: their side.
        num_heads: of the transformer blocks.
    """

    needs = ()

    def __init__(
        self,
        tap_specs: Sequence[TapSpec],
        cond_widths: Mapping[str, int],
        taps: Sequence[str] | str,
        num_prompts: int = 5,
        prompt_size: int = 16,
        num_heads: int = 4,
    ):
        super().__init__()
        specs = select_taps(tap_specs, taps, 'PromptInteraction', FEATURE_MAPS)
        self.taps = tuple(spec.name for spec in specs)
        self.layers = nn.ModuleList(
            PromptBlock(spec.channels, num_prompts, prompt_size, num_heads) for spec in specs
        )

    def on_tap(self, name: str, feat: Tensor, ctx: TapContext) -> Tensor:
        return self.layers[self.taps.index(name)](feat)
