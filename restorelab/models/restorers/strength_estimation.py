"""Teach a prior how strong the degradations of a picture are."""

from collections.abc import Sequence

from torch import Tensor

from restorelab.models.contracts import Model
from restorelab.registry import LOSSES, MODELS, PRIORS
from restorelab.structures import RestorationSample, stack_strengths


@MODELS.register_module()
class StrengthEstimation(Model):
    """Trains a ``DegradationVerdict`` on pictures whose ``strengths`` are known.

    Args:
        prior: config of the prior.
        order: the degradations that the samples' ``strengths`` stand for, as in
            ``DegradeInOrder``. The prior's own are among them.
        loss: config of the LOSSES part for (estimated, true) strengths (B, K).
    Raises: ValueError for a degradation of the prior that is not in ``order``.
    """

    def __init__(self, prior: dict, order: Sequence[str], loss: dict, init_cfg: dict | None = None):
        super().__init__(MODELS.build(dict(type='RestorationDataPreprocessor')), init_cfg)
        self.prior = PRIORS.build(prior)
        missing = sorted(set(self.prior.kinds) - set(order))
        if missing:
            raise ValueError(f'the prior estimates {missing}, but order={list(order)}')
        self.order = list(order)
        self.places = [self.order.index(kind) for kind in self.prior.kinds]
        self.criterion = LOSSES.build(loss)

    def loss(self, inputs: Tensor, data_samples: list[RestorationSample]) -> dict[str, Tensor]:
        true = stack_strengths(data_samples, self.order)[:, self.places]
        return dict(loss_strength=self.criterion(self.prior.strengths(inputs), true.to(inputs)))

    def predict(
        self, inputs: Tensor, data_samples: list[RestorationSample]
    ) -> list[RestorationSample]:
        """The samples, with ``true_strengths`` and ``estimated_strengths``, dicts by name."""
        found = self.prior.strengths(inputs).clamp(0, 1)
        strengths = stack_strengths(data_samples, self.order)[:, self.places]
        for sample, true, estimated in zip(data_samples, strengths, found, strict=True):
            for name, values in (('true', true.tolist()), ('estimated', estimated.tolist())):
                by_kind = dict(zip(self.prior.kinds, values, strict=True))
                sample.set_field(by_kind, f'{name}_strengths', field_type='metainfo')
        return data_samples

    def tensor(self, inputs: Tensor) -> Tensor:
        """Strengths (B, K)."""
        return self.prior.strengths(inputs)
