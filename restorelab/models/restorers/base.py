"""What every restorer shares: priors, adapters on the taps, and the way through one image."""

import inspect
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from restorelab.models.contracts import (
    Adapter,
    Backbone,
    DiffusionBackbone,
    Loss,
    Noise,
    RegressionBackbone,
    Restorer,
    StepLoss,
)
from restorelab.registry import ADAPTERS, BACKBONES, LOSSES, MODELS, PRIORS, build_parts
from restorelab.structures import (
    Condition,
    RestorationSample,
    TapContext,
    TapSpec,
    TrainingStep,
    by_tap,
    check_taps,
    select_taps,
    stack_images,
    tasks_of,
)
from restorelab.utils import LatticeNoise, resize
from restorelab.utils.results import clamp_to_unit

# The part that makes a backbone of this contract of one of the other.
WRAPPERS = {DiffusionBackbone: 'TimedBackbone', RegressionBackbone: 'OneStepBackbone'}


class BaseRestorer(Restorer):
    """Data flow of a restorer. Subclasses write ``compute_losses`` and ``restore_region``.

    A subclass takes ``adapters``, too: configs of ADAPTERS parts by name. On a tap they act in this
    order. When its networks exist, its constructor gives them to ``add_adapters``.

    Shapes: images (B, 3, H, W), float32, RGB, [0, 1].

    Args:
        backbone: config of a BACKBONES part.
        priors: configs of PRIORS parts by name. What they say is merged.
        condition_names: other names for what priors say, by the prior's name:
            ``dict(dino=dict(semantic='scene'))`` lets two priors give a ``semantic``.
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
        condition_names: dict[str, dict[str, str]] | None = None,
    ):
        super().__init__(MODELS.build(dict(type='RestorationDataPreprocessor')), init_cfg)
        self.backbone = BACKBONES.build(backbone)
        self.priors = nn.ModuleDict(build_parts(priors, PRIORS))
        self.condition_names = self._checked_names(condition_names or {})
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
        trunk = type(self.backbone).__name__
        check_taps(taps, trunk)
        widths = self.condition_widths() | (widths or {})
        shared = dict(tap_specs=list(taps), cond_widths=widths)
        for name, cfg in (adapters or {}).items():
            try:
                self.adapters.update(build_parts({name: cfg}, ADAPTERS, shared))
            except ValueError as error:
                raise ValueError(f"adapter '{name}' on {trunk}: {error}") from error
        for name, adapter in self.adapters.items():
            self._validate_adapter(name, adapter, taps, widths)
        self._validate_step_losses()

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
        known = {spec.name for spec in taps}
        for tap in adapter.taps:
            if tap not in known:
                full = select_taps(taps, [tap], kind)[0].name
                raise ValueError(
                    f"adapter '{name}' ({kind}) sits on '{tap}', which is called '{full}' here; "
                    'let it take its taps from what `select_taps` gives'
                )

    def _validate_step_losses(self) -> None:
        widths = self.condition_widths()
        for name, loss in self.step_losses.items():
            kind = type(loss).__name__
            if not isinstance(loss, StepLoss):
                raise TypeError(
                    f'step_losses.{name}: {kind} compares a prediction with its target, and a step '
                    f'loss looks at a whole training step; give {kind} as `loss`, or inside a '
                    "step loss: dict(type='ViewingLoss', loss=dict(...))"
                )
            missing = sorted(set(loss.needs) - set(widths))
            if missing:
                raise KeyError(
                    f'step_losses.{name}: {kind} needs the condition {missing}; the configured '
                    f'priors provide {sorted(widths) or "nothing"}. Add a prior that gives it to '
                    '`priors`.'
                )
            if loss.decodes_again and not self.has_latents:
                raise TypeError(
                    f'step_losses.{name}: {kind} decodes one latent for several tasks, and this '
                    f'{type(self).__name__} has no latents; leave the loss out, or choose a codec '
                    'such as LatentAutoencoder'
                )

    def build_criterion(self, cfg: dict) -> Loss:
        """The loss of (prediction, target). Raises: TypeError for one of other things."""
        criterion = LOSSES.build(cfg)
        kind, mine = type(criterion).__name__, type(self).__name__
        if not isinstance(criterion, Loss):
            raise TypeError(
                f'loss={kind} looks at a whole training step, and the `loss` of {mine} compares a '
                f'prediction with its target; put {kind} into `step_losses`, and an L1Loss here'
            )
        if criterion.compares != 'images':
            raise TypeError(
                f'loss={kind} compares {criterion.compares}, and the `loss` of {mine} is given '
                'images; choose a loss of images, such as L1Loss'
            )
        return criterion

    def check_backbone(self, contract: type[Backbone]) -> None:
        """Raise TypeError when the backbone is not called as ``contract`` says."""
        if not isinstance(self.backbone, contract):
            kind = type(self.backbone).__name__
            wrapper = WRAPPERS[contract]
            raise TypeError(
                f'{type(self).__name__} needs a {contract.__name__}, called as '
                f'forward{inspect.signature(contract.forward)}; {kind} is none. Let {wrapper} make '
                f"one of it: backbone=dict(type='{wrapper}', backbone=dict(type='{kind}', ...))"
            )

    def condition_widths(self) -> dict[str, int]:
        """Width of every condition by its full name, such as ``vectors.degradation``."""
        widths: dict[str, int] = {}
        giver: dict[str, str] = {}
        for name, prior in self.priors.items():
            for full, width in self._provided(name).items():
                if full in widths:
                    short = full.partition('.')[2]
                    raise KeyError(
                        f"two priors provide ['{full}'], '{giver[full]}' and '{name}' "
                        f'({type(prior).__name__}); give one of them another name: '
                        f"condition_names=dict({name}=dict({short}='{name}'))"
                    )
                widths[full], giver[full] = width, name
        return widths

    def _provided(self, prior: str) -> dict[str, int]:
        """Width of what the prior of that name says, by the full names that it has here."""
        names = self.condition_names.get(prior, {})
        provided = {}
        for full, width in self.priors[prior].provides.items():
            kind, _, short = full.partition('.')
            provided[f'{kind}.{names.get(short, short)}'] = width
        return provided

    def _checked_names(self, names: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for prior, renamed in names.items():
            if prior not in self.priors:
                raise KeyError(
                    f"condition_names renames what the prior '{prior}' says; the priors are "
                    f'{list(self.priors)}'
                )
            said = [full.partition('.')[2] for full in self.priors[prior].provides]
            unknown = sorted(set(renamed) - set(said))
            if unknown:
                raise KeyError(
                    f'condition_names.{prior} renames {unknown}, and the prior gives {said}; '
                    'choose among these'
                )
        return names

    @property
    def has_latents(self) -> bool:
        """Whether the backbone works on latents, which are then decoded."""
        return False

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
        for name, prior in self.priors.items():
            if wanted is None or set(wanted) & set(self._provided(name)):
                said = prior(lq)
                names = self.condition_names.get(name)
                cond.update(said.renamed(names) if names else said)
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
