"""The restorer of all diffusion methods: DiffUIR, TPGDiff, UniRestore and their mixtures."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from restorelab.models.contracts import DiffusionBackbone, Noise, Restorer
from restorelab.models.restorers.base import BaseRestorer
from restorelab.models.restorers.reference import ReferencePass
from restorelab.registry import CODECS, MODELS, OBJECTIVES, PROCESSES, SAMPLERS
from restorelab.structures import (
    LATENT,
    Condition,
    RestorationSample,
    TapContext,
    TapSpec,
    TrainingStep,
    stack_images,
    tasks_of,
)
from restorelab.utils import CropNoise, LatticeNoise, pad_to_multiple


@MODELS.register_module()
class DiffusionRestorer(BaseRestorer):
    """Walks a diffusion process backwards, in the space of a codec.

    The codec maps images to the space of the diffusion and back. The backbone predicts from the
    state, the degraded image and the time. The process says what the prediction means. The sampler
    walks from the degraded image to the restored one.

    Adapters sit on the taps of codec and backbone. Where the codec has latents, the levels of the
    backbone are called ``latent.enc.s2`` and so on, since the codec has levels, too. Where the
    codec has latents, adapters may read the degraded one as ``maps.latent``. Losses on decoded
    images then train the adapters in the decoder, and nothing before it: a predicted latent is
    decoded without its gradient, as in UniRestore (arXiv 2501.13134).

    Args:
        backbone: config of a BACKBONES part, a ``DiffusionBackbone``.
        process: config of a PROCESSES part.
        sampler: config of a SAMPLERS part, for restoring.
        loss: config of a LOSSES part for (prediction, target), or None where the backbone and what
            sits on it do not train.
        objective: config of an OBJECTIVES part, which makes that pair of the network output. None
            compares the output with the target of the process.
        codec: config of a CODECS part; None is ``PixelCodec``.
        priors, adapters, step_losses, init_cfg, condition_names: see ``BaseRestorer``.
    Raises: TypeError when the sampler or the objective cannot read the process; ValueError when
        parts do not fit together.
    """

    def __init__(
        self,
        backbone: dict,
        process: dict,
        sampler: dict,
        loss: dict | None,
        objective: dict | None = None,
        codec: dict | None = None,
        priors: dict[str, dict] | None = None,
        adapters: dict[str, dict] | None = None,
        step_losses: dict[str, dict] | None = None,
        init_cfg: dict | None = None,
        condition_names: dict[str, dict[str, str]] | None = None,
    ):
        codec = CODECS.build(codec or dict(type='PixelCodec'))
        super().__init__(backbone, priors, step_losses, init_cfg, condition_names)
        self.check_backbone(DiffusionBackbone)
        self.codec = codec
        self.process = PROCESSES.build(process)
        self.set_sampler(sampler)
        self.objective = OBJECTIVES.build(objective) if objective else None
        self.criterion = self.build_criterion(loss) if loss else None
        self._validate()
        self.trunk_taps = self._name_taps()
        taps = [*self.codec.tap_specs, *self.trunk_taps]
        widths = {} if codec.is_pixel else {'maps.latent': codec.channels}
        self.add_adapters(adapters, taps, widths)

    def _validate(self) -> None:
        if self.objective is not None:
            self.objective.check(self.process)
            if self.criterion is None:
                raise ValueError(
                    f'objective={type(self.objective).__name__} makes a pair for a loss, and loss '
                    'is None; leave both out, or give a loss'
                )
        if self.backbone.channels != self.codec.channels:
            raise ValueError(
                f'the backbone {type(self.backbone).__name__} works on {self.backbone.channels} '
                f'channels, but {type(self.codec).__name__} gives {self.codec.channels}; choose '
                'parts of one width'
            )

    @property
    def has_latents(self) -> bool:
        return not self.codec.is_pixel

    def _name_taps(self) -> list[TapSpec]:
        """The taps of the backbone by the names that they have in this model.

        On latents its levels are ``latent.enc.s2`` and so on; ``time`` and skips keep their names.
        """
        self.tap_names: dict[str, str] = {}
        if self.codec.is_pixel:
            return list(self.backbone.tap_specs)
        specs = []
        for spec in self.backbone.tap_specs:
            is_level = spec.side in ('enc', 'mid', 'dec', 'tokens')
            if is_level and not spec.name.startswith(LATENT):
                self.tap_names[spec.name] = LATENT + spec.name
            specs.append(replace(spec, name=self.tap_names.get(spec.name, spec.name)))
        return specs

    def _inner(self, ctx: TapContext) -> TapContext:
        """``ctx`` as the backbone sees it."""
        return ctx.inside(self.tap_names) if self.tap_names else ctx

    def set_sampler(self, cfg: dict) -> None:
        """Restore with another sampler from now on.

        Raises: TypeError or ValueError when it does not fit the process; the old one then stays.
        """
        sampler = SAMPLERS.build(cfg)
        sampler.check(self.process)
        self.sampler = sampler

    @property
    def pad_multiple(self) -> int:
        """Sides of images are padded to multiples of this."""
        return self.codec.stride * self.backbone.size_divisor

    @property
    def tile_grid(self) -> int:
        if self.pad_multiple > 1:
            return self.pad_multiple
        return Restorer.tile_grid  # of networks that pad images themselves

    def working_size(self, size: tuple[int, int]) -> tuple[int, int]:
        scale = max(1.0, self.codec.min_side / min(size))
        return round(size[0] * scale), round(size[1] * scale)

    def check_steps(self, steps: int | None) -> None:
        self.sampler.check(self.process, steps)

    def encode(self, image: Tensor, noise: Noise, ctx: TapContext | None) -> Tensor:
        """An image (B, 3, H, W) in [0, 1] as a state of the process (B, C, h, w)."""
        latent = self.codec.encode(image, noise, ctx)
        return self.process.to_state(latent) if self.codec.is_pixel else latent

    def decode(self, state: Tensor, ctx: TapContext | None) -> Tensor:
        """The inverse of ``encode``."""
        latent = self.process.to_image(state) if self.codec.is_pixel else state
        return self.codec.decode(latent, ctx)

    def denoising_condition(self, cond: Condition, degraded: Tensor) -> Condition:
        """``cond`` and, where there are latents, the degraded one."""
        return cond if self.codec.is_pixel else cond.with_map('latent', degraded)

    def loss(self, inputs: Tensor, data_samples: list[RestorationSample]) -> dict[str, Tensor]:
        if self.step_losses:
            return super().loss(inputs, data_samples)
        gt = stack_images(data_samples, 'gt', inputs.device)  # nothing reads the decoded image
        cond = self.condition(inputs)
        return self.diffusion_losses(inputs, gt, cond, tasks_of(data_samples))[0]

    def training_step(
        self, lq: Tensor, samples: list[RestorationSample]
    ) -> tuple[dict[str, Tensor], TrainingStep]:
        gt = stack_images(samples, 'gt', lq.device)
        cond = self.condition(lq)
        losses, clean, ctx = self.diffusion_losses(lq, gt, cond, tasks_of(samples))
        if self.has_latents:
            clean = clean.detach()
        step = TrainingStep(self.decode(clean, ctx), lq, gt, cond, samples, self.condition)
        if self.has_latents:
            step.restored_for = lambda tasks: self.decode(clean, ctx.for_tasks(tasks))
        return losses | self.losses_of_step(step), step

    def diffusion_losses(
        self, lq: Tensor, gt: Tensor, cond: Condition, tasks: Sequence[str] | None
    ) -> tuple[dict[str, Tensor], Tensor, TapContext]:
        """The losses before decoding, the predicted clean state, and the context to decode it in.

        One context goes with the degraded image through encoder, backbone and decoder. The
        reference pass goes through the encoder with the clean image, and through the backbone with
        the same state and the clean image in place of the degraded one.
        """
        ctx = self.context(cond, tasks)
        reference = ReferencePass(self.adapters.values(), cond)
        with torch.no_grad():
            clean = self.encode(gt, torch.randn_like, reference.ctx)
        degraded = self.encode(lq, torch.randn_like, ctx)
        state = self.process.add_noise(clean, degraded)
        ctx.time = self.process.time(state.t)
        ctx.cond = self.denoising_condition(cond, degraded)
        out = self.backbone(state.x_t, state.lq, ctx.time, self._inner(ctx))
        if reference.learns_at(self.trunk_taps):
            reference.ctx.time = ctx.time
            reference.ctx.cond = ctx.cond
            reference.run(
                lambda ref: self.backbone(state.x_t, state.gt, ref.time, self._inner(ref))
            )
        losses = {}
        if self.criterion is not None:
            pred, target = out, state.target
            if self.objective is not None:
                pred, target = self.objective(self.process, out, state)
            losses['loss_diffusion'] = self.criterion(pred, target)
        losses |= reference.losses(ctx)
        return losses, self.process.clean_from(out, state.x_t, state.lq, state.t), ctx

    def restore_region(
        self,
        lq: Tensor,
        cond: Condition,
        noise: Noise,
        tasks: Sequence[str] | None,
        steps: int | None,
    ) -> Tensor:
        if isinstance(noise, LatticeNoise | CropNoise) and not self.codec.is_pixel:
            noise = noise.at_stride(self.codec.stride)
        height, width = lq.shape[-2:]
        ctx = self.context(cond, tasks)
        degraded = self.encode(pad_to_multiple(lq, self.pad_multiple), noise, ctx)
        denoising_cond = self.denoising_condition(cond, degraded)

        def predict(x_t: Tensor, t: Tensor) -> Tensor:
            step_ctx = self.context(denoising_cond, tasks)
            step_ctx.time = self.process.time(t)
            return self.backbone(x_t, degraded, step_ctx.time, self._inner(step_ctx))

        restored = self.sampler(predict, self.process, degraded, noise, steps)
        return self.decode(restored, ctx)[..., :height, :width]
