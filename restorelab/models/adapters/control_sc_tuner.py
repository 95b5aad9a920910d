"""Control of a frozen latent U-Net through its skips, by the degraded latent (UniRestore)."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from restorelab.models.contracts import Adapter
from restorelab.registry import ADAPTERS
from restorelab.structures import TapContext, TapSpec
from restorelab.utils.options import holds

RESNET = dict(resnet_eps=1e-5, resnet_act_fn='silu', resnet_groups=32)


class Controller(nn.Module):
    """Time-aware encoder of a latent (StableSR, arXiv 2305.07015): a pyramid of control maps.

    Shapes: latent (B, C, h, w), ``t`` (B,) or (1,) -> for each level i a map
    (B, out_channels, h / 2^i, w / 2^i). The feature of a level is taken before its downsampler, the
    last one behind the middle block.

    At the start the second convolutions and the outputs of the attentions are zero. The blocks are
    then identities, but the control is not zero. Built from diffusers' blocks, with the official
    names.

    Args:
        in_channels: C.
        width: channels of the first level.
        channel_mults: one entry per level.
        attention: which levels have self-attention.
        out_channels: of every control map.
        num_heads: of every attention.
        num_blocks: residual blocks per level.
    """

    def __init__(
        self,
        in_channels: int = 4,
        width: int = 256,
        channel_mults: Sequence[int] = (1, 1, 2, 2),
        attention: Sequence[bool] = (True, True, True, False),
        out_channels: int = 256,
        num_heads: int = 4,
        num_blocks: int = 2,
    ):
        super().__init__()
        from diffusers.models.embeddings import TimestepEmbedding, Timesteps
        from diffusers.models.unets.unet_2d_blocks import UNetMidBlock2D

        if len(attention) != len(channel_mults):
            raise ValueError(
                f'attention names {len(attention)} levels, channel_mults {len(channel_mults)}; '
                'give one entry of each for every level'
            )
        time_dim = 4 * width
        widths = [width * mult for mult in channel_mults]
        last = widths[-1]
        self.time_proj = Timesteps(width, flip_sin_to_cos=True, downscale_freq_shift=0)
        self.time_embedding = TimestepEmbedding(width, time_dim)
        self.conv_in = nn.Conv2d(in_channels, width, 3, padding=1)
        self.down_blocks = nn.ModuleList()
        for level, attends in enumerate(attention):
            channels = widths[level - 1] if level else width
            options = dict(
                in_channels=channels,
                out_channels=widths[level],
                temb_channels=time_dim,
                num_layers=num_blocks,
            )
            is_last = level == len(widths) - 1
            self.down_blocks.append(down_block(options, num_heads if attends else None, is_last))
        self.middle_block = UNetMidBlock2D(
            last, time_dim, attention_head_dim=last // num_heads, **RESNET
        )
        self.fea_tran = nn.ModuleList()
        for channels in widths:
            self.fea_tran.append(residual_block(channels, out_channels, time_dim))
        self._zero_branches()

    def _zero_branches(self) -> None:
        for name, module in self.named_modules():
            if name.endswith(('.conv2', '.to_out.0')):
                nn.init.zeros_(module.weight)
                nn.init.zeros_(module.bias)

    def embed_time(self, t: Tensor) -> Tensor:
        """(B,) -> (B, 4 width)."""
        return self.time_embedding(self.time_proj(t).to(self.conv_in.weight.dtype))

    def forward(self, latent: Tensor, t: Tensor) -> list[Tensor]:
        time = self.embed_time(t).expand(len(latent), -1)
        x, feats = self.conv_in(latent), []
        for block in self.down_blocks[:-1]:
            x, states = block(x, time)
            feats.append(states[-2])  # before the downsampler
        x, _ = self.down_blocks[-1](x, time)
        feats.append(self.middle_block(x, time))
        return [tran(feat, time) for tran, feat in zip(self.fea_tran, feats, strict=True)]


def down_block(options: dict, num_heads: int | None, is_last: bool) -> nn.Module:
    """A down block of diffusers, with attention unless ``num_heads`` is None.

    The last one does not downsample.
    """
    from diffusers.models.unets.unet_2d_blocks import AttnDownBlock2D, DownBlock2D

    if num_heads is None:
        return DownBlock2D(**options, **RESNET, add_downsample=not is_last)
    return AttnDownBlock2D(
        **options,
        **RESNET,
        attention_head_dim=options['out_channels'] // num_heads,
        downsample_type=None if is_last else 'conv',
    )


def residual_block(channels: int, out_channels: int, time_dim: int) -> nn.Module:
    """A residual block of diffusers, told the time."""
    from diffusers.models.resnet import ResnetBlock2D

    return ResnetBlock2D(
        in_channels=channels,
        out_channels=out_channels,
        temb_channels=time_dim,
        groups=32,
        eps=1e-5,
        non_linearity='silu',
    )


class SCTuner(nn.Module):
    """``u + tuner(u)`` with ``u = skip + proj(control)`` (SCEdit, arXiv 2312.11392).

    (B, C, h, w) -> the same.
    """

    def __init__(self, channels: int, control_channels: int, hidden: int | None = None):
        super().__init__()
        hidden = channels if hidden is None else hidden
        self.tuner = nn.Sequential(
            nn.Conv2d(channels, hidden, 1), nn.GELU(), nn.Conv2d(hidden, channels, 1)
        )
        self.proj = nn.Conv2d(control_channels, channels, 1)

    def forward(self, skip: Tensor, control: Tensor) -> Tensor:
        u = skip + self.proj(control)
        return u + self.tuner(u)


@ADAPTERS.register_module()
@holds(controller='restorelab.models.adapters.control_sc_tuner.Controller')
class ControlSCTuner(Adapter):
    """Rewrites the skips of a latent U-Net, controlled by the degraded latent; their shapes stay.

    Source: UniRestore (arXiv 2501.13134). The control maps depend on the degraded latent and the
    diffusion time. They are computed once per network call, and each skip takes the one of its
    size. As published, it is not the identity at the start.

    Args:
        controller: options of ``Controller`` but ``in_channels``, which is that of the latent.
        frozen: no training.
    Raises: ValueError for a skip that is smaller than the smallest control map.
    """

    needs = ('maps.latent',)

    def __init__(
        self,
        tap_specs: Sequence[TapSpec],
        cond_widths: Mapping[str, int],
        controller: dict | None = None,
        frozen: bool = False,
    ):
        super().__init__()
        specs = [spec for spec in tap_specs if spec.side == 'skip']
        if not specs:
            raise ValueError(
                'ControlSCTuner rewrites the skips of a latent U-Net, and this model has none; it '
                'belongs to the backbone SDTurboUNet'
            )
        self.taps = tuple(spec.name for spec in specs)
        options = dict(controller or {})
        self.controller = Controller(in_channels=cond_widths.get('maps.latent', 4), **options)
        self.level_of = {spec.name: spec.stride.bit_length() - 1 for spec in specs}
        levels = len(self.controller.fea_tran)
        small = [name for name, level in self.level_of.items() if level >= levels]
        if small:
            raise ValueError(
                f'the skips {small} are smaller than the last of {levels} control maps; give the '
                'controller more levels (channel_mults, attention)'
            )
        control_channels = self.controller.fea_tran[0].out_channels
        self.tuners = nn.ModuleList(SCTuner(spec.channels, control_channels) for spec in specs)
        if frozen:
            self.requires_grad_(False)

    def on_tap(self, name: str, feat: Tensor, ctx: TapContext) -> Tensor:
        if self not in ctx.scratch:
            ctx.scratch[self] = self.controller(ctx.cond.map('latent'), ctx.time)
        control = ctx.scratch[self][self.level_of[name]]
        return self.tuners[self.taps.index(name)](feat, control)
