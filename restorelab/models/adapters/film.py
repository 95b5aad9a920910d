"""Channel modulation of any tap by any condition (FiLM)."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from restorelab.models.contracts import Adapter
from restorelab.models.layers.conditions import as_vector, full_name, width_of
from restorelab.registry import ADAPTERS
from restorelab.structures import TapContext, TapSpec, select_taps


@ADAPTERS.register_module()
class FiLM(Adapter):
    """``feat * (1 + scale) + shift`` from one condition: the door that every trunk has.

    It sits on features (B, C, H, W), on tokens (B, N, C) and on the time embedding (B, C), and
    keeps their shape. Tokens and maps are averaged to a vector (B, D), and
    ``[scale, shift] = Linear(SiLU(Linear(vector)))``. The last layer starts at zero. Source: FiLM
    (arXiv 1709.07871).

    Args:
        taps: names or roles, such as ``['enc.*']`` or ``['time']``.
        condition: name of a vector, or the full name of any condition: ``tokens.semantic``.
        hidden: width between the two layers.
    """

    def __init__(
        self,
        tap_specs: Sequence[TapSpec],
        cond_widths: Mapping[str, int],
        taps: Sequence[str] | str = ('dec.*',),
        condition: str = 'degradation',
        hidden: int = 64,
    ):
        super().__init__()
        self.condition = full_name(condition, 'vectors')
        self.needs = (self.condition,)
        specs = select_taps(tap_specs, taps, 'FiLM')
        self.taps = tuple(spec.name for spec in specs)
        width = width_of(self.condition, cond_widths)
        self.layers = nn.ModuleDict()
        for spec in specs:
            last = nn.Linear(hidden, 2 * spec.channels)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            layer = nn.Sequential(nn.Linear(width, hidden), nn.SiLU(), last)
            self.layers[spec.name.replace('.', '_')] = layer

    def on_tap(self, name: str, feat: Tensor, ctx: TapContext) -> Tensor:
        layer = self.layers[name.replace('.', '_')]
        film = ctx.cond.once((self, name), lambda: layer(as_vector(ctx.cond, self.condition)))
        scale, shift = film.chunk(2, dim=1)
        if feat.ndim == 3:
            scale, shift = scale[:, None], shift[:, None]
        elif feat.ndim == 4:
            scale, shift = scale[..., None, None], shift[..., None, None]
        return feat * (1 + scale) + shift
