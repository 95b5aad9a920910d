"""How well the priors of stage 1 see through a degradation."""

from collections.abc import Sequence

from mmengine.evaluator import BaseMetric

from restorelab.registry import METRICS


@METRICS.register_module()
class PriorMetric(BaseMetric):
    """``degradation_accuracy``: share of samples whose degradation is named right, in percent; ``semantic_cosine``: mean
    cosine between what the student says of the degraded image and the teacher of the clean one.

    Reads ``degradation``, ``predicted_degradation`` and ``semantic_cosine`` of the samples.
    """

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        self.results += [
            (sample['degradation'] == sample['predicted_degradation'], sample['semantic_cosine'])
            for sample in data_samples
        ]

    def compute_metrics(self, results: list[tuple[bool, float]]) -> dict[str, float]:
        right, cosines = zip(*results, strict=True)
        return dict(
            degradation_accuracy=100 * sum(right) / len(right),
            semantic_cosine=sum(cosines) / len(cosines),
        )
