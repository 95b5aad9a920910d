"""What every restorer shares: priors, adapters on the taps, and the way through one image."""

import inspect
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from restorelab.models.contracts import Adapter, Backbone, Noise, Restorer
from restorelab.registry import ADAPTERS, BACKBONES, LOSSES, MODELS, PRIORS, build_parts
from restorelab.structures import (
    Condition,
    RestorationSample,
    TapContext,
    TapSpec,
    TrainingStep,
    by_tap,
    select_taps,
    stack_images,
    tasks_of,
)
from restorelab.utils import LatticeNoise, resize
from restorelab.utils.results import clamp_to_unit


class BaseRestorer(Restorer):
    """Data flow of a restorer. Subclasses write ``compute_losses`` and ``restore_region``.

    A subclass takes ``adapters``, too: configs of ADAPTERS parts by name. On a tap they act in this
    order. When its networks exist, its constructor gives them to ``add_adapters``.

    Shapes: images (B, 3, H, W), float32, RGB, [0, 1].

    Args:
        backbone: config of a BACKBONES part.
        priors: configs of PRIORS parts by name. What they say is merged.
        step_losses: configs of further LOSSES parts by name. Each is called with the
            ``TrainingStep`` and logged as ``loss_<name>``.
    Raises: KeyError when an adapter needs a condition that no prior provides, or when two priors
        provide the same.
    """

    def __init__(
        self,
        backbone: dict,
        priors: dict[str, dict] | None = None,
        step_losses: dict[str, dict] | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(MODELS.build(dict(type='RestorationDataPreprocessor')), init_cfg)
        self.backbone = BACKBONES.build(backbone)
        self.priors = nn.ModuleDict(build_parts(priors, PRIORS))
        self.step_losses = nn.ModuleDict(build_parts(step_losses, LOSSES))
        self.adapters = nn.ModuleDict()

    def add_adapters(
        self,
        adapters: dict[str, dict] | None,
        taps: Sequence[TapSpec],
        widths: dict[str, int] | None = None,
    ) -> None:
        """Build ``adapters``, when the networks that they sit on exist.

        Args:
            taps: where they may sit.
            widths: of conditions that come from elsewhere than the priors.
        """
        widths = self.condition_widths() | (widths or {})
        shared = dict(tap_specs=list(taps), cond_widths=widths)
        self.adapters.update(build_parts(adapters, ADAPTERS, shared))
        for name, adapter in self.adapters.items():
            self._validate_adapter(name, adapter, taps, widths)

    @staticmethod
    def _validate_adapter(
        name: str, adapter: Adapter, taps: Sequence[TapSpec], widths: dict[str, int]
    ) -> None:
        kind = type(adapter).__name__
        missing = sorted(set(adapter.needs) - set(widths))
        if missing:
            raise KeyError(
                f"adapter '{name}' ({kind}) needs the condition {missing}; the configured priors "
                f'provide {sorted(widths) or "nothing"}. Add a prior that gives it to `priors`.'
            )
        select_taps(taps, adapter.taps, kind)

    def check_backbone(self, contract: type[Backbone]) -> None:
        """Raise TypeError when the backbone is not called as ``contract`` says."""
        if not isinstance(self.backbone, contract):
            raise TypeError(
                f'{type(self).__name__} needs a {contract.__name__}, called as '
                f'forward{inspect.signature(contract.forward)}; '
                f'{type(self.backbone).__name__} is none'
            )

    def condition_widths(self) -> dict[str, int]:
        """Width of every condition by its full name, such as ``vectors.degradation``."""
        widths: dict[str, int] = {}
        for prior in self.priors.values():
            twice = sorted(set(widths) & set(prior.provides))
            if twice:
                raise KeyError(f'two priors provide {twice}; give one of them another name')
            widths.update(prior.provides)
        return widths

    @property
    def tasks(self) -> list[str]:
        """The tasks that all adapters with prompts know, in the order of the first of them."""
        known = [adapter.tasks for adapter in self.adapters.values() if adapter.tasks]
        if not known:
            return []
        return [task for task in known[0] if all(task in others for others in known)]

    @property
    def kinds(self) -> list[str]:
        """The degradations whose strength the priors estimate."""
        return [kind for prior in self.priors.values() for kind in prior.kinds]

    @property
    def find_unused_parameters(self) -> bool:
        """Whether a batch may leave weights without a gradient, such as prompts of other tasks."""
        return any(adapter.find_unused_parameters for adapter in self.adapters.values())

    def context(self, cond: Condition, tasks: Sequence[str] | None = None) -> TapContext:
        """A fresh context for one network call; ``tasks`` names one task per image."""
        return TapContext(by_tap(self.adapters.values()), cond, tasks)

    def condition(self, lq: Tensor, wanted: Sequence[str] | None = None) -> Condition:
        """What the priors say about ``lq``; computed once per image, never once per step.

        Args:
            wanted: full names such as ``vectors.degradation``. Only priors that provide one of
                them are asked. None asks all.
        """
        cond = Condition()
        for prior in self.priors.values():
            if wanted is None or set(wanted) & set(prior.provides):
                cond.update(prior(lq))
        return cond

    def loss(self, inputs: Tensor, data_samples: list[RestorationSample]) -> dict[str, Tensor]:
        return self.training_step(inputs, data_samples)[0]

    def predict(
        self, inputs: Tensor, data_samples: list[RestorationSample]
    ) -> list[RestorationSample]:
        """The samples, with ``lq`` and ``restored`` (3, H, W) set."""
        outputs = self.restore(inputs, tasks=tasks_of(data_samples))
        for sample, lq, restored in zip(data_samples, inputs, outputs, strict=True):
            sample.lq, sample.restored = lq, restored
        return data_samples

    def tensor(self, inputs: Tensor) -> Tensor:
        """The restored image (B, 3, H, W)."""
        return self.restore(inputs)

    @torch.no_grad()
    def restore(
        self,
        lq: Tensor,
        cond: Condition | None = None,
        noise: Noise | None = None,
        tasks: Sequence[str] | None = None,
        steps: int | None = None,
    ) -> Tensor:
        """The restored image of ``lq`` (B, 3, H, W), clamped to [0, 1]; infinite values are NaN.

        Args:
            cond: what ``condition`` says of these images; computed when None.
            noise: source of standard normal noise; the same for every call when None.
            tasks: what each image is restored for, where adapters have prompts.
            steps: sampling steps instead of the sampler's own.
        """
        cond = self.condition(lq) if cond is None else cond
        noise = LatticeNoise(0) if noise is None else noise
        size = tuple(lq.shape[-2:])
        region = resize(lq, self.working_size(size))
        restored = self.restore_region(region, cond, noise, tasks, steps)
        return clamp_to_unit(resize(restored, size))

    def training_step(
        self, lq: Tensor, samples: list[RestorationSample]
    ) -> tuple[dict[str, Tensor], TrainingStep]:
        gt = stack_images(samples, 'gt', lq.device)
        cond = self.condition(lq)
        losses, restored = self.compute_losses(lq, gt, cond, tasks_of(samples))
        step = TrainingStep(restored, lq, gt, cond, samples, self.condition)
        return losses | self.losses_of_step(step), step

    def losses_of_step(self, step: TrainingStep) -> dict[str, Tensor]:
        """The step losses, each as ``loss_<name>``."""
        losses = {}
        for name, loss in self.step_losses.items():
            losses[f'loss_{name}'] = loss(step)
        return losses

    def compute_losses(
        self, lq: Tensor, gt: Tensor, cond: Condition, tasks: Sequence[str] | None
    ) -> tuple[dict[str, Tensor], Tensor]:
        """The method's own losses, and the clean image (B, 3, H, W) that this step predicts."""
        raise NotImplementedError
