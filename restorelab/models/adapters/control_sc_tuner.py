"""Control of a frozen latent U-Net through its skips by the degraded image's latent (UniRestore)."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from restorelab.models.contracts import Adapter
from restorelab.registry import ADAPTERS
from restorelab.structures import TapContext, TapSpec


class Controller(nn.Module):
    """Time-aware encoder of a latent (StableSR, arXiv 2305.07015): a pyramid of control maps.

    Shapes: latent (B, C, h, w), ``t`` (B,) or (1,) -> for each level i a map (B, out_channels, h / 2^i, w / 2^i). Level
    features are taken before their downsampler; the last one is the output of the middle block.

    At the start the second convolutions and the attentions' outputs are zero, so the blocks are identities, but the
    control is not zero. Built from diffusers' blocks, with the official names.

    Args:
        in_channels: C.  width: channels of the first level.
        channel_mults: one entry a level.  attention: which levels have self-attention.
        out_channels: of every control map.
        num_heads: in every attention.  num_blocks: residual blocks a level.
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
        from diffusers.models.resnet import ResnetBlock2D
        from diffusers.models.unets.unet_2d_blocks import (
            AttnDownBlock2D,
            DownBlock2D,
            UNetMidBlock2D,
        )

        if len(attention) != len(channel_mults):
            raise ValueError(
                f'attention names {len(attention)} levels, channel_mults {len(channel_mults)}; give one '
                'entry of each for every level'
            )
        time_dim = 4 * width
        widths = [width * mult for mult in channel_mults]
        self.time_proj = Timesteps(width, flip_sin_to_cos=True, downscale_freq_shift=0)
        self.time_embedding = TimestepEmbedding(width, time_dim)
        self.conv_in = nn.Conv2d(in_channels, width, 3, padding=1)
        self.down_blocks = nn.ModuleList()
        for level, (c_in, c_out) in enumerate(zip([width, *widths], widths, strict=False)):
            common = dict(
                in_channels=c_in,
                out_channels=c_out,
                temb_channels=time_dim,
                num_layers=num_blocks,
                resnet_eps=1e-5,
                resnet_act_fn='silu',
                resnet_groups=32,
            )
            last = level == len(widths) - 1
            if attention[level]:
                block = AttnDownBlock2D(
                    **common,
                    attention_head_dim=c_out // num_heads,
                    downsample_type=None if last else 'conv',
                )
            else:
                block = DownBlock2D(**common, add_downsample=not last)
            self.down_blocks.append(block)
        self.middle_block = UNetMidBlock2D(
            widths[-1],
            time_dim,
            resnet_eps=1e-5,
            resnet_act_fn='silu',
            resnet_groups=32,
            attention_head_dim=widths[-1] // num_heads,
        )
        self.fea_tran = nn.ModuleList(
            ResnetBlock2D(
                in_channels=c,
                out_channels=out_channels,
                temb_channels=time_dim,
                groups=32,
                eps=1e-5,
                non_linearity='silu',
            )
            for c in widths
        )
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
            feats.append(states[-2])
        feats.append(self.middle_block(self.down_blocks[-1](x, time)[0], time))
        return [tran(feat, time) for tran, feat in zip(self.fea_tran, feats, strict=True)]


class SCTuner(nn.Module):
    """``u + tuner(u)`` with ``u = skip + proj(control)`` (SCEdit, arXiv 2312.11392): (B, C, h, w) -> the same."""

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
class ControlSCTuner(Adapter):
    """Rewrites the skips of a latent U-Net under the control of the degraded image's latent: shapes stay.

    Source: UniRestore (arXiv 2501.13134). The control maps depend on the latent and the diffusion time and are made
    once a network call; each skip takes the one of its size. It is not the identity at the start, as published.

    Args:
        controller: options of ``Controller``; the latent's width is known.
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
        if small := [name for name, level in self.level_of.items() if level >= levels]:
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
