"""Features gated by a map of the picture, place by place."""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.contracts import Adapter
from restorelab.models.layers.conditions import full_name, width_of
from restorelab.registry import ADAPTERS
from restorelab.structures import FEATURE_MAPS, TapContext, TapSpec, select_taps


@ADAPTERS.register_module()
class MapGate(Adapter):
    """``feat * (1 + tanh(gate)) + shift``, both from a map (B, D, h, w): (B, C, H, W) -> the same.

    The map is resized to the feature and read by two 3x3 convolutions, the second of which starts
    at zero. The map covers the picture: where a network pads by a few pixels, it is stretched over
    them.

    Args:
        taps: feature taps, names or roles.
        condition: name of the map, or its full name. ``CueMaps`` gives maps, and so do
            codecs (``latent``).
        hidden: channels between the convolutions.
    """

    def __init__(
        self,
        tap_specs: Sequence[TapSpec],
        cond_widths: Mapping[str, int],
        taps: Sequence[str] | str = ('dec.*',),
        condition: str = 'sobel',
        hidden: int = 16,
    ):
        super().__init__()
        self.needs = (full_name(condition, 'maps'),)
        kind, _, self.condition = self.needs[0].partition('.')
        if kind != 'maps':
            raise ValueError(
                f"MapGate reads maps, not '{self.needs[0]}'; vectors enter by FiLM, and tokens by "
                'TokenCrossAttention or FiLM'
            )
        specs = select_taps(tap_specs, taps, 'MapGate', FEATURE_MAPS)
        self.taps = tuple(spec.name for spec in specs)
        width = width_of(self.needs[0], cond_widths)
        self.layers = nn.ModuleDict()
        for spec in specs:
            last = nn.Conv2d(hidden, 2 * spec.channels, 3, padding=1)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            layer = nn.Sequential(nn.Conv2d(width, hidden, 3, padding=1), nn.SiLU(), last)
            self.layers[spec.name.replace('.', '_')] = layer

    def on_tap(self, name: str, feat: Tensor, ctx: TapContext) -> Tensor:
        layer, size = self.layers[name.replace('.', '_')], feat.shape[-2:]
        both = ctx.cond.once((self, name, size), lambda: layer(self._map(ctx, size)))
        gate, shift = both.chunk(2, dim=1)
        return feat * (1 + torch.tanh(gate)) + shift

    def _map(self, ctx: TapContext, size: torch.Size) -> Tensor:
        """The map at the size of the feature; averaged over pixels where it is shrunk."""
        full = ctx.cond.map(self.condition)
        if full.shape[-2] >= size[0] and full.shape[-1] >= size[1]:
            return F.adaptive_avg_pool2d(full, size)
        return F.interpolate(full, size, mode='bilinear', align_corners=False)
