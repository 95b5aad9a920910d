"""Restorers that denoise in the latent space of an autoencoder (UniRestore)."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from restorelab.models.restorers.base import BaseRestorer
from restorelab.models.restorers.reference import ReferencePass
from restorelab.registry import LOSSES, MODELS, PRIORS
from restorelab.structures import Condition, RestorationSample, TapContext, TapSpec, stack_images
from restorelab.utils import LatticeNoise, pad_to_multiple

Noise = Callable[[Tensor], Tensor]
POSTERIORS = ('sample', 'mode')
FOR_THE_EYE = 'ir'


@MODELS.register_module()
class LatentRestorer(BaseRestorer):
    """Encoder, a few denoising steps, decoder; adapters sit on the autoencoder's taps and on the denoiser's skips.

    Source: UniRestore (arXiv 2501.13134). Autoencoder and denoiser are frozen, the adapters train. A training step
    noises the clean image's latent, lets the denoiser predict it back under the control of the degraded one, and
    decodes the prediction, without gradient into the latent. Restoring starts from the noised latent of the degraded
    image.

    Args:
        backbone: config of a ``LatentAutoencoder`` (BACKBONES).
        prior: config of an ``SDTurboPrior`` (PRIORS).
        latent_loss: LOSSES part for (predicted, clean) latents, or None where nothing before the decoder trains.
        image_loss: LOSSES part for (restored, clean) images, or None where the decoder does not train. Images with
            another task than ``ir`` are decoded for that one too and compared there, so that they keep looking
            right.
        image_weight: of the image loss of images with task ``ir``, or with no task.
        keep_weight: of the image loss of the others.
        train_source: decode in training what the denoiser makes of the noised latent of the clean image (``gt``, as
            published), or of the degraded one in all its steps, as when restoring (``lq``).
        posterior: ``sample`` the encoder's distribution, as published, or take its ``mode``.
        min_side: smaller images are first enlarged to this shorter side.
        pad_multiple: then sides, of the image or of its tiles, are padded to multiples of this.
        priors, adapters, step_losses, init_cfg: see ``BaseRestorer``.
    Raises: ValueError for an option that is not among those named here, or does not fit the networks.
    """

    def __init__(
        self,
        backbone: dict,
        prior: dict,
        latent_loss: dict | None = None,
        image_loss: dict | None = None,
        image_weight: float = 10.0,
        keep_weight: float = 1.0,
        train_source: str = 'gt',
        posterior: str = 'sample',
        min_side: int = 512,
        pad_multiple: int = 64,
        priors: dict[str, dict] | None = None,
        adapters: dict[str, dict] | None = None,
        step_losses: dict[str, dict] | None = None,
        init_cfg: dict | None = None,
    ):
        if posterior not in POSTERIORS:
            raise ValueError(f"posterior='{posterior}'; choose from {list(POSTERIORS)}")
        if train_source not in ('gt', 'lq'):
            raise ValueError(f"train_source='{train_source}'; choose 'gt' or 'lq'")
        if train_source == 'lq' and latent_loss:
            raise ValueError(
                "train_source='lq' samples without gradient: a latent_loss would train nothing; take 'gt'"
            )
        super().__init__(backbone, priors, None, step_losses, init_cfg)
        self.prior = PRIORS.build(prior)
        self.add_adapters(adapters)
        self.latent_loss = LOSSES.build(latent_loss) if latent_loss else None
        self.image_loss = LOSSES.build(image_loss) if image_loss else None
        self.image_weight, self.keep_weight = image_weight, keep_weight
        self.train_source, self.posterior, self.min_side = train_source, posterior, min_side
        self.pad_multiple = pad_multiple
        if pad_multiple % (least := self.backbone.stride * self.prior.size_divisor):
            raise ValueError(
                f'pad_multiple={pad_multiple}, but autoencoder and denoiser together shrink by {least}; '
                'choose a multiple of that'
            )

    @property
    def sampler(self):
        """The part whose ``steps`` say how many are taken."""
        return self.prior

    @property
    def process(self):
        """The part that knows the noise law."""
        return self.prior

    def all_taps(self) -> list[TapSpec]:
        return [*super().all_taps(), *self.prior.tap_specs]

    def condition_widths(self) -> dict[str, int]:
        return {**super().condition_widths(), 'maps.latent': self.backbone.latent_channels}

    def encode(self, image: Tensor, noise: Noise, ctx: TapContext | None = None) -> Tensor:
        """Scaled latent of images in [0, 1]; ``noise`` is asked only where the posterior is sampled."""
        posterior = self.backbone.encode(image, ctx)
        if self.posterior == 'mode':
            return self.backbone.scaled(posterior.mean)
        return self.backbone.scaled(posterior.mean + posterior.std * noise(posterior.mean))

    def denoiser_context(self, z_lq: Tensor, t: Tensor, cond: Condition) -> TapContext:
        """The context of one call of the denoiser at ``t``, controlled by the degraded image's latent."""
        ctx = self.context(Condition(cond.vectors, cond.tokens, {**cond.maps, 'latent': z_lq}))
        ctx.time = t
        return ctx

    def predict_clean(self, z_t: Tensor, z_lq: Tensor, t: Tensor, cond: Condition) -> Tensor:
        """The clean latent that the denoiser sees in ``z_t``."""
        return self.prior.clean_from(
            self.prior.predict(z_t, t, self.denoiser_context(z_lq, t, cond)), z_t, t
        )

    def sample(self, z_lq: Tensor, noise: Tensor, cond: Condition) -> Tensor:
        """The restored latent, from the degraded one and unit noise."""
        last = torch.tensor([self.prior.train_steps - 1], device=z_lq.device)
        return self.prior.sample(
            self.prior.add_noise(z_lq, noise, last), lambda t: self.denoiser_context(z_lq, t, cond)
        )

    def loss(self, inputs: Tensor, data_samples: list[RestorationSample]) -> dict[str, Tensor]:
        if self.image_loss is None and not self.step_losses:  # nothing reads the decoded image
            gt = stack_images(data_samples, 'gt', inputs.device)
            return self.learn_latent(inputs, gt, self.condition(inputs), None)[0]
        return super().loss(inputs, data_samples)

    def learn_latent(
        self, lq: Tensor, gt: Tensor, cond: Condition, tasks: Sequence[str] | None
    ) -> tuple[dict[str, Tensor], Tensor, TapContext]:
        """Losses before the decoder, the latent to be decoded, and the context of the degraded image's encoder."""
        reference = ReferencePass(self.adapters.values(), cond)
        with torch.no_grad():
            z_gt = self.encode(gt, torch.randn_like, reference.ctx)
        ctx = self.context(cond, tasks)
        z_lq = self.encode(lq, torch.randn_like, ctx)
        losses = reference.losses(ctx)
        noise = torch.randn_like(z_gt)
        if self.train_source == 'lq':
            return losses, self.sample(z_lq, noise, cond), ctx
        t = self.prior.draw_times(len(gt)).to(gt.device)
        z_0 = self.predict_clean(self.prior.add_noise(z_gt, noise, t), z_lq, t, cond)
        if self.latent_loss is not None:
            losses['loss_latent'] = self.latent_loss(z_0, z_gt)
        return losses, z_0, ctx

    def compute_losses(
        self, lq: Tensor, gt: Tensor, cond: Condition, tasks: Sequence[str] | None
    ) -> tuple[dict[str, Tensor], Tensor]:
        losses, z_0, ctx = self.learn_latent(lq, gt, cond, tasks)
        z_0 = z_0.detach()
        restored = self.backbone.decode(z_0, ctx)
        if self.image_loss is not None:
            losses |= self._image_losses(restored, z_0, ctx, gt, tasks)
        return losses, restored

    def _image_losses(
        self,
        restored: Tensor,
        z_0: Tensor,
        ctx: TapContext,
        gt: Tensor,
        tasks: Sequence[str] | None,
    ) -> dict[str, Tensor]:
        """Both are weighed by their share of the batch, so that a mixed batch is the mean of its images."""
        others = torch.tensor(
            [task != FOR_THE_EYE for task in tasks or ()] or [False] * len(gt), device=gt.device
        )
        losses, share = {}, float(others.float().mean())
        if share < 1:
            own = self.image_loss(restored[~others], gt[~others])
            losses['loss_image'] = (1 - share) * self.image_weight * own
        if share > 0:
            kept = self.backbone.decode(z_0, ctx.for_tasks([FOR_THE_EYE] * len(gt)))
            losses['loss_keep'] = (
                share * self.keep_weight * self.image_loss(kept[others], gt[others])
            )
        return losses

    def restore_region(
        self,
        lq: Tensor,
        cond: Condition,
        noise: Noise,
        tasks: Sequence[str] | None,
        steps: int | None,
    ) -> Tensor:
        if isinstance(noise, LatticeNoise):
            noise = noise.at_stride(self.backbone.stride)
        height, width = lq.shape[-2:]
        ctx = self.context(cond, tasks)
        z_lq = self.encode(pad_to_multiple(lq, self.pad_multiple), noise, ctx)
        return self.backbone.decode(self.sample(z_lq, noise(z_lq), cond), ctx)[..., :height, :width]

    @property
    def tile_grid(self) -> int:
        return self.pad_multiple

    def working_size(self, size: tuple[int, int]) -> tuple[int, int]:
        scale = max(1.0, self.min_side / min(size))
        return round(size[0] * scale), round(size[1] * scale)
