"""What every restorer shares: priors, adapters on the backbone's taps, and the three modes of ``forward``."""

from collections.abc import Callable, Iterable, Sequence

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from restorelab.registry import ADAPTERS, BACKBONES, LOSSES, MODELS, PRIORS
from restorelab.structures import (
    Condition,
    RestorationSample,
    TapContext,
    TapRecorder,
    TapSpec,
    TrainingStep,
    select_taps,
    stack_images,
    tasks_of,
)
from restorelab.utils import LatticeNoise, resize
from restorelab.utils.modules import load_pretrained_parts


class Restorer(BaseModel):
    """Data flow of a restorer; subclasses say what is trained (``learn``) and how to restore (``run``).

    Shapes: images (B, 3, H, W), float32, RGB, [0, 1].

    Args:
        backbone: config of a BACKBONES part.
        priors: configs of PRIORS parts; their conditions are merged, by name.
        adapters: configs of ADAPTERS parts; each is given the backbone's taps and the widths of all conditions.
        noise_seed: seed of the noise used when restoring, so that the same image gives the same result.
        step_losses: further LOSSES parts by name, each called with the ``TrainingStep``; its scalar is logged as
            ``loss_<name>``.
    Raises: KeyError when an adapter needs a condition that no prior gives, or two priors give the same.
    """

    tile_grid = (
        16  # tiles of a large image begin at multiples of this; the networks' strides divide it
    )

    def __init__(
        self,
        backbone: dict,
        priors: list[dict] = (),
        adapters: list[dict] = (),
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
        noise_seed: int = 0,
        step_losses: dict[str, dict] | None = None,
    ):
        super().__init__(
            MODELS.build(data_preprocessor or dict(type='RestorationDataPreprocessor')), init_cfg
        )
        self.backbone = BACKBONES.build(backbone)
        self.priors = nn.ModuleList(PRIORS.build(prior) for prior in priors)
        self.add_adapters(adapters)
        self.noise_seed = noise_seed
        self.step_losses = nn.ModuleDict(
            {name: LOSSES.build(cfg) for name, cfg in (step_losses or {}).items()}
        )

    def add_adapters(self, adapters: list[dict]) -> None:
        """Build ``adapters``; for subclasses whose own networks have taps too, and must be there first."""
        widths = self.condition_widths()
        self.adapters = nn.ModuleList(self._build_adapter(adapter, widths) for adapter in adapters)

    def all_taps(self) -> list[TapSpec]:
        """Where adapters may sit."""
        return list(getattr(self.backbone, 'tap_specs', ()))

    def _build_adapter(self, cfg: dict, widths: dict[str, int]) -> nn.Module:
        taps = self.all_taps()
        adapter = ADAPTERS.build(cfg, default_args=dict(tap_specs=taps, cond_widths=widths))
        if missing := sorted(set(adapter.needs) - set(widths)):
            raise KeyError(
                f'{cfg["type"]} needs the condition {missing}; the configured priors provide '
                f'{sorted(widths) or "nothing"}. Add a prior that gives it to `priors`.'
            )
        select_taps(taps, adapter.taps, cfg['type'])
        return adapter

    def load_pretrained(self) -> None:
        """Read the weights of pretrained parts (a file, or a hub). Once, before training or restoring, not when built.

        Raises: FileNotFoundError that says how to provide weights which cannot be fetched.
        """
        load_pretrained_parts(self)

    def condition_widths(self) -> dict[str, int]:
        """Width of every condition by its full name, such as ``vectors.degradation``."""
        widths: dict[str, int] = {}
        for prior in self.priors:
            if twice := sorted(set(widths) & set(prior.provides)):
                raise KeyError(f'two priors provide {twice}; give one of them another name')
            widths.update(prior.provides)
        return widths

    def context(self, cond: Condition, tasks: Sequence[str] | None = None) -> TapContext:
        """A fresh context for one network call; ``tasks`` as in ``TapContext``."""
        return TapContext(by_tap(self.adapters), cond, tasks)

    def reference_context(self, cond: Condition) -> TapContext | None:
        """A context for the reference pass that some adapters learn from (CFRM); None when none does.

        The restorer runs it through the same network on the clean image, without gradient. Adapters that repair
        features (``in_reference = False``) are off in it; those that hear priors stay: the trunk relies on them.
        """
        taps = [
            name
            for adapter in self.adapters
            if getattr(adapter, 'needs_reference', False)
            for name in adapter.taps
        ]
        if not taps:
            return None
        on_tap = by_tap(
            adapter for adapter in self.adapters if getattr(adapter, 'in_reference', True)
        )
        for name in taps:
            on_tap.setdefault(name, []).append(TapRecorder())
        return TapContext(on_tap, cond)

    def adapter_losses(self, ctx: TapContext, reference: TapContext | None) -> dict[str, Tensor]:
        """``loss_*`` of the adapters that compare a call on the degraded image with its reference pass, summed by name."""
        losses: dict[str, Tensor] = {}
        for adapter in self.adapters:
            if getattr(adapter, 'needs_reference', False):
                for name, value in adapter.losses(ctx, reference).items():
                    losses[f'loss_{name}'] = losses.get(f'loss_{name}', 0) + value
        return losses

    def condition(self, lq: Tensor, wanted: Sequence[str] | None = None) -> Condition:
        """What the priors say about ``lq``; once an image, never once a step.

        Args:
            wanted: full names such as ``vectors.degradation``; only priors that give one of them are asked. All when
                None.
        """
        cond = Condition()
        for prior in self.priors:
            if wanted is None or set(wanted) & set(prior.provides):
                cond.update(prior(lq))
        return cond

    def forward(
        self,
        inputs: Tensor,
        data_samples: list[RestorationSample] | None = None,
        mode: str = 'tensor',
    ):
        """``loss``: dict of ``loss_*``; ``predict``: the samples with ``restored`` set; ``tensor``: the image."""
        if mode == 'loss':
            return self.training_step(inputs, data_samples)[0]
        if mode == 'predict':
            outputs = self.restore(inputs, tasks=tasks_of(data_samples))
            for sample, lq, restored in zip(data_samples, inputs, outputs, strict=True):
                sample.lq, sample.restored = lq, restored
            return data_samples
        if mode == 'tensor':
            return self.restore(inputs)
        raise ValueError(f"mode is 'loss', 'predict' or 'tensor', not '{mode}'")

    @torch.no_grad()
    def restore(
        self,
        lq: Tensor,
        cond: Condition | None = None,
        noise: Callable[[Tensor], Tensor] | None = None,
        tasks: Sequence[str] | None = None,
    ) -> Tensor:
        """Restored image of ``lq`` (B, 3, H, W), clamped to [0, 1].

        Args:
            cond: what ``condition`` says of these images; computed when None.
            noise: source of standard normal noise, called with a tensor of the wanted shape.
            tasks: what each image is restored for, where adapters ask.
        """
        cond = self.condition(lq) if cond is None else cond
        noise = LatticeNoise(self.noise_seed) if noise is None else noise
        size = tuple(lq.shape[-2:])
        return resize(
            self.run(resize(lq, self.working_size(size)), cond, noise, tasks), size
        ).clamp(0, 1)

    def working_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The size at which an image of ``size`` (H, W) is restored, before it is cut into tiles."""
        return size

    def training_step(
        self, lq: Tensor, samples: list[RestorationSample]
    ) -> tuple[dict[str, Tensor], TrainingStep]:
        """All losses of one step as ``loss_*``, and the step itself, for tasks behind the restorer."""
        gt = stack_images(samples, 'gt', lq.device)
        cond = self.condition(lq)
        losses, restored = self.learn(lq, gt, cond, tasks_of(samples))
        step = TrainingStep(restored, lq, gt, cond, samples, self.condition)
        losses |= {f'loss_{name}': loss(step) for name, loss in self.step_losses.items()}
        return losses, step

    def learn(
        self, lq: Tensor, gt: Tensor, cond: Condition, tasks: Sequence[str] | None
    ) -> tuple[dict[str, Tensor], Tensor]:
        """The method's own losses, and the clean image (B, 3, H, W) in [0, 1] units that this step predicts."""
        raise NotImplementedError

    def run(
        self,
        lq: Tensor,
        cond: Condition,
        noise: Callable[[Tensor], Tensor],
        tasks: Sequence[str] | None,
    ) -> Tensor:
        """The restored image (B, 3, H, W) before clamping, from ``lq`` in its working size, or from a tile of that.

        ``cond`` is then that of the whole image, its maps cut to the tile.
        """
        raise NotImplementedError


def by_tap(adapters: Iterable[nn.Module]) -> dict[str, list[nn.Module]]:
    """The adapters on each tap, in their order."""
    on_tap: dict[str, list] = {}
    for adapter in adapters:
        for name in adapter.taps:
            on_tap.setdefault(name, []).append(adapter)
    return on_tap
