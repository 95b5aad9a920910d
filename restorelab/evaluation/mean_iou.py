"""Scores of a segmentation."""

import torch
from mmengine.evaluator import BaseMetric
from torch import Tensor

from restorelab.registry import METRICS


@METRICS.register_module()
class MeanIoU(BaseMetric):
    """Intersection over union of each class over the whole set, averaged over its classes.

    Keys: ``mIoU`` and ``pixel_accuracy``, in [0, 1]. Classes that do not occur are left out. It
    reads ``gt_sem_seg`` and ``pred_sem_seg`` of the samples.

    Args:
        num_classes: number of classes.
        ignore_index: label of the pixels that do not count.
        collect_device, prefix: of MMEngine's BaseMetric.
    """

    default_prefix = ''

    def __init__(
        self,
        num_classes: int,
        ignore_index: int = 255,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ):
        super().__init__(collect_device, prefix)
        self.num_classes, self.ignore_index = num_classes, ignore_index

    def process(self, data_batch, data_samples: list[dict]) -> None:
        for sample in data_samples:
            pred = sample['pred_sem_seg']['sem_seg'].flatten().cpu()
            target = sample['gt_sem_seg']['sem_seg'].flatten().cpu()
            self.results.append(confusion(pred, target, self.num_classes, self.ignore_index))

    def compute_metrics(self, results: list[Tensor]) -> dict[str, float]:
        counts = torch.stack(results).sum(dim=0).double()
        hits = counts.diag()
        union = counts.sum(dim=0) + counts.sum(dim=1) - hits
        return dict(
            mIoU=(hits / union)[union > 0].mean().item(),
            pixel_accuracy=(hits.sum() / counts.sum()).item(),
        )


def confusion(pred: Tensor, target: Tensor, num_classes: int, ignore_index: int) -> Tensor:
    """Number of pixels by (true class, predicted class) of two flat label maps.

    Returns: (num_classes, num_classes) int64.
    """
    kept = target != ignore_index
    pairs = target[kept] * num_classes + pred[kept]
    return torch.bincount(pairs, minlength=num_classes**2).view(num_classes, num_classes)
