import pytest
import torch

from restorelab.evaluation import MeanIoU


def test_mean_iou_counts_pixels_over_the_set_and_skips_unknown_ones():
    metric = MeanIoU(num_classes=3)
    pred, target = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 1, 255])
    metric.process(None, [dict(pred_sem_seg=dict(sem_seg=pred), gt_sem_seg=dict(sem_seg=target))])
    assert metric.evaluate(1) == pytest.approx(dict(mIoU=0.5, pixel_accuracy=2 / 3))
