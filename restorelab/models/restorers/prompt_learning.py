"""Stage 1 of Perceive-IR: learn prompts that tell low, medium and high quality apart."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from restorelab.models.contracts import Model
from restorelab.registry import MODELS, PRIORS
from restorelab.structures import RestorationSample, stack_images


@MODELS.register_module()
class PromptLearning(Model):
    """Trains the prompts of a ``CLIPQualityPerceiver``. Stage 2 takes them from its checkpoint.

    Every sample has one image for each tier: degraded, restored by a briefly trained restorer, and
    clean. The loss is the cross-entropy of the tiers over all images of the batch. Source:
    Perceive-IR's release.

    Args:
        perceiver: config of the perceiver, with ``frozen=False``.
        tiers: where the images come from, the worst first: ``lq``, and fields of the samples.
    Raises: ValueError when the perceiver has another number of tiers.
    """

    def __init__(
        self,
        perceiver: dict,
        tiers: Sequence[str] = ('lq', 'rendered', 'gt'),
        init_cfg: dict | None = None,
    ):
        super().__init__(MODELS.build(dict(type='RestorationDataPreprocessor')), init_cfg)
        self.perceiver = PRIORS.build(perceiver)
        self.tiers = tuple(tiers)
        words = self.perceiver.provides['vectors.quality']
        if len(self.tiers) != words:
            raise ValueError(
                f'tiers={list(self.tiers)}, but the perceiver has {words} words; '
                'give one for each tier'
            )

    def load_pretrained(self) -> None:
        self.perceiver.load_pretrained()

    def logits(self, lq: Tensor, samples: list[RestorationSample]) -> Tensor:
        """(tiers, B, tiers): scaled cosines of the images of each tier."""
        images = []
        for name in self.tiers:
            images.append(lq if name == 'lq' else stack_images(samples, name, lq.device))
        return self.perceiver.logits(torch.cat(images)).unflatten(0, (len(self.tiers), -1))

    def loss(self, inputs: Tensor, data_samples: list[RestorationSample]) -> dict[str, Tensor]:
        logits = self.logits(inputs, data_samples)
        tiers = torch.arange(len(self.tiers), device=inputs.device)
        labels = tiers.repeat_interleave(len(inputs))
        return dict(loss_prompts=F.cross_entropy(logits.flatten(0, 1), labels))

    def predict(
        self, inputs: Tensor, data_samples: list[RestorationSample]
    ) -> list[RestorationSample]:
        """The samples with ``tier_scores``: the expected tier of each image, from 0 (worst) up."""
        logits = self.logits(inputs, data_samples)
        tiers = torch.arange(len(self.tiers), device=inputs.device)
        expected = (logits.softmax(dim=-1) * tiers).sum(dim=-1)
        for sample, scores in zip(data_samples, expected.T.tolist(), strict=True):
            sample.set_field(scores, 'tier_scores', field_type='metainfo')
        return data_samples

    def tensor(self, inputs: Tensor) -> Tensor:
        """Logits (B, tiers) of the inputs alone."""
        return self.perceiver.logits(inputs)
