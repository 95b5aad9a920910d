"""Stage 1 of TPGDiff: teach two image towers to see content and degradation in a degraded image."""

import copy

import torch
from torch import Tensor

from restorelab.models.contracts import Model
from restorelab.models.layers.heads import ResidualClassifier
from restorelab.registry import LOSSES, MODELS, PRIORS
from restorelab.structures import RestorationSample, stack_images


@MODELS.register_module()
class PriorDistillation(Model):
    """Trains a semantic and a degradation prior. Stage 2 takes both from its checkpoint.

    The semantic tower sees the degraded image. It learns the vector that a frozen teacher gives for
    the clean image. The teacher is a copy of the tower at the start. The degradation tower learns
    features from which a head names the degradation.
    Source: TPGDiff (arXiv 2601.20306), PriorStageModel.

    Args:
        semantic, degradation: configs of the priors (with ``frozen=False``).
        degradations: degradations to tell apart; a sample's ``degradation`` is its label.
        semantic_loss, degradation_loss: LOSSES parts for (vectors, vectors) and (logits, ids).
    Raises: ValueError for a sample whose degradation is not among ``degradations``.
    """

    def __init__(
        self,
        semantic: dict,
        degradation: dict,
        degradations: list[str],
        semantic_loss: dict,
        degradation_loss: dict,
        init_cfg: dict | None = None,
    ):
        super().__init__(MODELS.build(dict(type='RestorationDataPreprocessor')), init_cfg)
        self.degradations = list(degradations)
        self.semantic = PRIORS.build(semantic)
        self.degradation = PRIORS.build(degradation)
        self.teacher = copy.deepcopy(self.semantic).requires_grad_(False)
        width = self.degradation.provides['vectors.degradation']
        self.head = ResidualClassifier(width, len(self.degradations))
        self.semantic_loss = LOSSES.build(semantic_loss)
        self.degradation_loss = LOSSES.build(degradation_loss)

    def load_pretrained(self) -> None:
        """Start all three towers from the same pretrained weights, where the config names some."""
        for prior in (self.semantic, self.degradation, self.teacher):
            prior.load_pretrained()

    def train(self, mode: bool = True):
        super().train(mode)
        self.teacher.eval()
        return self

    def labels(self, samples: list[RestorationSample], device: torch.device) -> Tensor:
        """Class ids (B,) of the samples' degradations."""
        names = [sample.degradation for sample in samples]
        if unknown := sorted(set(names) - set(self.degradations)):
            raise ValueError(
                f'samples have the degradations {unknown}, but the model tells apart '
                f'{self.degradations}; add them to model.degradations or leave them out of the data'
            )
        return torch.tensor([self.degradations.index(name) for name in names], device=device)

    def describe(self, lq: Tensor) -> tuple[Tensor, Tensor]:
        """Unit semantic vectors (B, D) and degradation logits (B, K) of images (B, 3, H, W)."""
        semantic = self.semantic(lq).token('semantic')[:, 0]
        return semantic, self.head(self.degradation(lq).vector('degradation'))

    @torch.no_grad()
    def teach(self, gt: Tensor) -> Tensor:
        return self.teacher(gt).token('semantic')[:, 0]

    def loss(self, inputs: Tensor, data_samples: list[RestorationSample]) -> dict[str, Tensor]:
        semantic, logits = self.describe(inputs)
        teacher = self.teach(stack_images(data_samples, 'gt', inputs.device))
        labels = self.labels(data_samples, inputs.device)
        return dict(
            loss_semantic=self.semantic_loss(semantic, teacher),
            loss_degradation=self.degradation_loss(logits, labels),
        )

    def predict(
        self, inputs: Tensor, data_samples: list[RestorationSample]
    ) -> list[RestorationSample]:
        """The samples, with ``predicted_degradation`` and ``semantic_cosine`` set."""
        semantic, logits = self.describe(inputs)
        teacher = self.teach(stack_images(data_samples, 'gt', inputs.device))
        cosines = (semantic * teacher).sum(dim=1).tolist()
        found = logits.argmax(dim=1).tolist()
        for sample, number, cosine in zip(data_samples, found, cosines, strict=True):
            name = self.degradations[number]
            sample.set_field(name, 'predicted_degradation', field_type='metainfo')
            sample.set_field(cosine, 'semantic_cosine', field_type='metainfo')
        return data_samples

    def tensor(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Semantic vectors (B, D) and degradation logits (B, K)."""
        return self.describe(inputs)
