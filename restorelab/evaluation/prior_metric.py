"""How well the priors of stage 1 see through a degradation."""

from mmengine.evaluator import BaseMetric

from restorelab.registry import METRICS


@METRICS.register_module()
class PriorMetric(BaseMetric):
    """How often a degradation is named right, and how close the semantic prior is to its teacher.

    Keys: ``degradation_accuracy``, in percent; ``semantic_cosine``, the mean cosine between the
    student's vector of the degraded image and the teacher's of the clean one. It reads
    ``degradation``, ``predicted_degradation`` and ``semantic_cosine`` of the samples.
    """

    def process(self, data_batch, data_samples: list[dict]) -> None:
        for sample in data_samples:
            is_right = sample['degradation'] == sample['predicted_degradation']
            self.results.append((is_right, sample['semantic_cosine']))

    def compute_metrics(self, results: list[tuple[bool, float]]) -> dict[str, float]:
        right, cosines = zip(*results, strict=True)
        return dict(
            degradation_accuracy=100 * sum(right) / len(right),
            semantic_cosine=sum(cosines) / len(cosines),
        )
