"""SD-Turbo as a frozen generative prior: a one-step denoiser of latents."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from restorelab.models.contracts import Prior
from restorelab.models.layers.hooked_taps import tap_skips, tapped
from restorelab.registry import PRIORS
from restorelab.structures import TapContext, TapSpec
from restorelab.utils.checkpoint import load_weights
from restorelab.utils.hub import DIFFUSERS_FILES, read_part
from restorelab.utils.modules import keep_out_of_checkpoint

SD_UNET = dict(
    sample_size=64,
    in_channels=4,
    out_channels=4,
    block_out_channels=[320, 640, 1280, 1280],
    layers_per_block=2,
    attention_head_dim=[5, 10, 20, 20],
    cross_attention_dim=1024,
    use_linear_projection=True,
    down_block_types=['CrossAttnDownBlock2D'] * 3 + ['DownBlock2D'],
    up_block_types=['UpBlock2D'] + ['CrossAttnUpBlock2D'] * 3,
)
SD_SCHEDULE = dict(
    beta_start=0.00085,
    beta_end=0.012,
    beta_schedule='scaled_linear',
    num_train_timesteps=1000,
    clip_sample=False,
    prediction_type='epsilon',
    steps_offset=1,
    timestep_spacing='trailing',
)
FINAL_ALPHAS = ('first', 'one')


@PRIORS.register_module()
class SDTurboPrior(Prior):
    """Frozen U-Net of Stable Diffusion under the empty prompt, its noise law, and a few DDIM steps back.

    Not a prior that gives a ``Condition``: a ``LatentRestorer`` starts from the noised latent of the degraded image and
    lets this one denoise it. Latents are (B, C, h, w), scaled.

    Taps: ``skip.0``, ``skip.1``, ... for the skips, in the order in which the encoder makes them; an adapter on them
    changes what the decoder sees, not what goes down.

    Args:
        unet: options of diffusers' ``UNet2DConditionModel`` that differ from SD-Turbo's.
        schedule: options of its schedulers that differ from SD-Turbo's.
        pretrained: folder or hub id with the parts ``unet``, ``text_encoder`` and ``tokenizer``, read by
            ``load_pretrained``; then all of it is kept out of checkpoints. None keeps the random weights.
        steps: DDIM steps, 1 to 4 for SD-Turbo.
        train_times: draw training steps from these, uniformly (repeat one to weigh it).
        final_alpha: the last step goes to the signal share of the ``first`` training step, as SD-Turbo is configured,
            or to ``one``, the clean latent that training aims at.
        prompt_tokens: length of the empty prompt; SD-Turbo's are 77.
    Raises: ValueError for an unknown ``final_alpha``, or training steps that the schedule does not have.
    """

    def __init__(
        self,
        unet: dict | None = None,
        schedule: dict | None = None,
        pretrained: str | None = None,
        steps: int = 1,
        train_times: Sequence[int] = (249, 499, 749, 999, 999, 999),
        final_alpha: str = 'first',
        prompt_tokens: int = 77,
    ):
        super().__init__()
        from diffusers import DDIMScheduler, UNet2DConditionModel

        if final_alpha not in FINAL_ALPHAS:
            raise ValueError(f"final_alpha='{final_alpha}'; choose from {list(FINAL_ALPHAS)}")
        self.pretrained, self.steps, self.train_times = pretrained, steps, list(train_times)
        self.unet = UNet2DConditionModel(**{**SD_UNET, **(unet or {})})
        options = {**SD_SCHEDULE, **(schedule or {}), 'set_alpha_to_one': final_alpha == 'one'}
        with torch.device('cpu'):  # values, also while a model is built on the meta device
            self.scheduler = DDIMScheduler(**options)
        self.train_steps = self.scheduler.config.num_train_timesteps
        if not (self.train_times and all(0 <= t < self.train_steps for t in self.train_times)):
            raise ValueError(
                f'train_times={self.train_times}: name steps from 0 to {self.train_steps - 1}'
            )
        width = self.unet.config.cross_attention_dim
        self.register_buffer('null_embeds', torch.zeros(1, prompt_tokens, width))
        self.register_buffer('alpha_bar', self.scheduler.alphas_cumprod.clone(), persistent=False)
        self.requires_grad_(False).eval()
        self.tap_specs = self._hook_taps()
        self.size_divisor = 2 ** (len(self.unet.config.block_out_channels) - 1)
        if pretrained:
            keep_out_of_checkpoint(self)

    def _hook_taps(self) -> list[TapSpec]:
        widths, per_level = self.unet.config.block_out_channels, self.unet.config.layers_per_block
        shapes = [(1, widths[0])]
        for level, width in enumerate(widths):
            shapes += [(2**level, width)] * per_level
            if level < len(widths) - 1:
                shapes.append((2 ** (level + 1), width))
        specs = [
            TapSpec(f'skip.{i}', 'skip', stride, width) for i, (stride, width) in enumerate(shapes)
        ]
        names = [spec.name for spec in specs]
        for block in self.unet.up_blocks:
            count = len(block.resnets)
            tap_skips(block, names[-count:])
            names = names[:-count]
        return specs

    def load_pretrained(self) -> None:
        """Read the U-Net and embed the empty prompt. Raises FileNotFoundError with both ways to provide them."""
        if not self.pretrained:
            return
        from diffusers import UNet2DConditionModel
        from transformers import CLIPTextModel, CLIPTokenizer

        read = partial(
            UNet2DConditionModel.from_pretrained, low_cpu_mem_usage=False, use_safetensors=True
        )
        unet = read_part(read, self.pretrained, 'unet', DIFFUSERS_FILES)
        load_weights(self.unet, unet.state_dict(), f'{self.pretrained}/unet')
        tokenizer = read_part(
            CLIPTokenizer.from_pretrained,
            self.pretrained,
            'tokenizer',
            ('vocab.json', 'merges.txt'),
        )
        encoder = read_part(
            partial(CLIPTextModel.from_pretrained, use_safetensors=True),
            self.pretrained,
            'text_encoder',
            ('config.json', 'model.safetensors'),
        ).eval()
        tokens = tokenizer(
            '', padding='max_length', max_length=self.null_embeds.shape[1], return_tensors='pt'
        ).input_ids
        with torch.no_grad():
            self.null_embeds.copy_(encoder(tokens).last_hidden_state)

    def train(self, mode: bool = True):
        return super().train(False)

    def draw_times(self, count: int) -> Tensor:
        """``count`` training steps (int64), drawn on the CPU: one stream everywhere."""
        return torch.tensor(self.train_times)[torch.randint(0, len(self.train_times), (count,))]

    def _alpha(self, t: Tensor) -> Tensor:
        return self.alpha_bar[t].view(-1, 1, 1, 1)

    def add_noise(self, latent: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """``sqrt(a) latent + sqrt(1 - a) noise`` with ``a`` the signal's share at the steps ``t`` (B,) or (1,)."""
        alpha = self._alpha(t)
        return alpha.sqrt() * latent + (1 - alpha).sqrt() * noise

    def clean_from(self, noise: Tensor, z_t: Tensor, t: Tensor) -> Tensor:
        """The clean latent according to a prediction of the noise in ``z_t``."""
        alpha = self._alpha(t)
        return (z_t - (1 - alpha).sqrt() * noise) / alpha.sqrt()

    def predict(self, z_t: Tensor, t: Tensor, ctx: TapContext | None = None) -> Tensor:
        """Noise (B, C, h, w) in ``z_t`` at the steps ``t`` (B,) or (1,)."""
        prompt = self.null_embeds.expand(len(z_t), -1, -1)
        with tapped(ctx):
            return self.unet(z_t, t, prompt).sample

    @torch.no_grad()
    def sample(self, z_t: Tensor, context: Callable[[Tensor], TapContext]) -> Tensor:
        """The clean latent of ``z_t``, which is noised to the last step, in ``steps`` DDIM steps without noise.

        Args:
            context: of the network call at a step ``t`` (1,).
        """
        self.scheduler.set_timesteps(self.steps)
        for step in self.scheduler.timesteps.to(z_t.device):
            noise = self.predict(z_t, step[None], context(step[None]))
            z_t = self.scheduler.step(noise, step, z_t).prev_sample
        return z_t

    def check(self, _process: object) -> None:
        """Raise ValueError unless ``steps`` fits the schedule."""
        if not 1 <= self.steps <= self.train_steps:
            raise ValueError(f'steps must be between 1 and {self.train_steps}, not {self.steps}')
