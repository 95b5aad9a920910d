"""Accuracy of a classifier."""

from mmengine.evaluator import BaseMetric

from restorelab.registry import METRICS


@METRICS.register_module()
class TopOneAccuracy(BaseMetric):
    """Share of the images whose ``pred_label`` is their ``gt_label``: ``top1``, in [0, 1]."""

    default_prefix = ''

    def process(self, data_batch, data_samples: list[dict]) -> None:
        for sample in data_samples:
            self.results.append(int(sample['pred_label']) == int(sample['gt_label']))

    def compute_metrics(self, results: list[bool]) -> dict[str, float]:
        return dict(top1=sum(results) / len(results))
