"""Channel modulation by the mean of a prior's tokens (TPGDiff's structure adapters)."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from restorelab.models.contracts import Adapter
from restorelab.models.layers.conditions import as_vector, full_name, width_of
from restorelab.registry import ADAPTERS
from restorelab.structures import FEATURE_MAPS, TapContext, TapSpec, select_taps


@ADAPTERS.register_module()
class PooledFiLM(Adapter):
    """``feat * (1 + scale) + shift``, from the mean of tokens (B, M, D): (B, C, H, W) -> the same.

    ``[scale, shift] = Linear(LayerNorm(mean))``. Sources: TPGDiff (arXiv 2601.20306), FiLM (arXiv
    1709.07871).

    Args:
        taps: feature taps to sit on, names or roles.
        condition: name of the tokens, or the full name of any condition: ``vectors.degradation``.
        zero_init: start as the identity. The official network does not; both load its weights.
        idle_taps: taps that get weights, which are frozen, and are never modulated. Official
            checkpoints have them.
    """

    def __init__(
        self,
        tap_specs: Sequence[TapSpec],
        cond_widths: Mapping[str, int],
        taps: Sequence[str] | str,
        condition: str = 'structure',
        zero_init: bool = True,
        idle_taps: Sequence[str] = (),
    ):
        super().__init__()
        active = select_taps(tap_specs, taps, 'PooledFiLM', FEATURE_MAPS)
        idle = select_taps(tap_specs, idle_taps, 'PooledFiLM', FEATURE_MAPS)
        self.taps = tuple(spec.name for spec in active)
        self.condition = full_name(condition, 'tokens')
        self.needs = (self.condition,)
        width = width_of(self.condition, cond_widths)
        self.layers = nn.ModuleDict()
        for spec in (*active, *idle):
            linear = nn.Linear(width, 2 * spec.channels)
            if zero_init:
                nn.init.zeros_(linear.weight)
                nn.init.zeros_(linear.bias)
            mlp = nn.Sequential(nn.LayerNorm(width), linear)
            mlp.requires_grad_(spec.name in self.taps)
            self.layers[spec.name.replace('.', '_')] = nn.ModuleDict(dict(mlp=mlp))

    def on_tap(self, name: str, feat: Tensor, ctx: TapContext) -> Tensor:
        mlp = self.layers[name.replace('.', '_')]['mlp']
        film = ctx.cond.once((self, name), lambda: mlp(as_vector(ctx.cond, self.condition)))
        scale, shift = film[:, :, None, None].chunk(2, dim=1)
        return feat * (1 + scale) + shift
