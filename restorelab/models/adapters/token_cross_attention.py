"""Cross-attention from the tokens of a transformer level to a prior's tokens (TPGDiff)."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from restorelab.models.contracts import Adapter
from restorelab.models.layers.attention import TokenAttention
from restorelab.models.layers.conditions import as_tokens, check_no_map, full_name, width_of
from restorelab.registry import ADAPTERS
from restorelab.structures import FEATURE_MAPS, TapContext, TapSpec, select_taps


class CrossAttentionLayer(nn.Module):
    """Norm and attention of one tap; the names are those of the official checkpoints."""

    def __init__(self, channels: int, context_dim: int):
        super().__init__()
        self.norm2 = nn.LayerNorm(channels)
        self.attn2 = TokenAttention(channels, context_dim, max(1, channels // 32))

    def constant(self, context: Tensor) -> Tensor:
        """The output for a context of one token: a softmax over one key is 1 for every query."""
        return self.attn2.to_out(self.attn2.to_v(context))

    def freeze_queries(self) -> None:
        """Freeze the weights that take no part in ``constant``."""
        for part in (self.norm2, self.attn2.to_q, self.attn2.to_k):
            part.requires_grad_(False)

    def forward(self, tokens: Tensor, context: Tensor) -> Tensor:
        return self.attn2(self.norm2(tokens), context)


@ADAPTERS.register_module()
class TokenCrossAttention(Adapter):
    """``y + attention(norm(y), context)`` on tokens (B, N, C) -> the same, heads of width 32.

    On feature taps the pixels of (B, C, H, W) are the tokens.

    With a context of a single token, as TPGDiff's semantic vector, the branch is one vector per
    image. It is computed once per image, exactly, and ``norm2``, ``to_q`` and ``to_k`` take no
    part. As in the papers it is not the identity at the start.

    Args:
        taps: token or feature taps to sit on, names or roles; all token taps when None.
        condition: name of the tokens (B, M, D), or the full name of a vector, which is one token.
        num_tokens: M, if it is always the same. With 1 the weights that take no part are frozen.
            None takes any number.
    Raises: ValueError, when called, for another number of tokens than ``num_tokens``.
    """

    def __init__(
        self,
        tap_specs: Sequence[TapSpec],
        cond_widths: Mapping[str, int],
        taps: Sequence[str] | str | None = None,
        condition: str = 'semantic',
        num_tokens: int | None = None,
    ):
        super().__init__()
        self.condition, self.num_tokens = full_name(condition, 'tokens'), num_tokens
        check_no_map('TokenCrossAttention', self.condition)
        self.needs = (self.condition,)
        if taps is None:
            taps = [spec.name for spec in tap_specs if spec.side == 'tokens']
        if not taps:
            raise ValueError(
                'TokenCrossAttention sits inside transformer attentions; this backbone has none: '
                "give it feature taps, such as taps=['dec.*'], or give a level "
                "attention=dict(type='SpatialTransformerBlock')"
            )
        sides = ('tokens', *FEATURE_MAPS)
        specs = select_taps(tap_specs, taps, 'TokenCrossAttention', sides)
        self.taps = tuple(spec.name for spec in specs)
        cond_width = width_of(self.condition, cond_widths)
        self.layers = nn.ModuleDict()
        for spec in specs:
            layer = CrossAttentionLayer(spec.channels, cond_width)
            if num_tokens == 1:
                layer.freeze_queries()
            self.layers[spec.name.replace('.', '_')] = layer

    @property
    def find_unused_parameters(self) -> bool:
        return self.num_tokens is None

    def on_tap(self, name: str, feat: Tensor, ctx: TapContext) -> Tensor:
        layer = self.layers[name.replace('.', '_')]
        context = as_tokens(ctx.cond, self.condition)
        if self.num_tokens not in (None, context.shape[1]):
            name = self.condition.partition('.')[2]
            raise ValueError(
                f'TokenCrossAttention has num_tokens={self.num_tokens}, and the prior gives '
                f"{context.shape[1]} tokens '{name}'; give that number, or leave it out"
            )
        if context.shape[1] == 1:
            change = ctx.cond.once((self, name), lambda: layer.constant(context))
            return feat + (change if feat.ndim == 3 else change.mT[..., None])
        if feat.ndim == 3:
            return feat + layer(feat, context)
        change = layer(feat.flatten(2).mT, context)
        return feat + change.mT.unflatten(2, feat.shape[-2:])
