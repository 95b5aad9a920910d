import pytest
import torch

from restorelab.evaluation import MeanIoU


def test_mean_iou_counts_pixels_over_the_set_and_skips_unknown_ones():
    metric = MeanIoU(num_classes=3)
    pred, target = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 1, 255])
    metric.process(None, [dict(pred_sem_seg=dict(sem_seg=pred), gt_sem_seg=dict(sem_seg=target))])
    assert metric.evaluate(1) == pytest.approx(dict(mIoU=0.5, pixel_accuracy=2 / 3))


def test_another_label_may_be_the_one_that_does_not_count():
    metric = MeanIoU(num_classes=3, ignore_index=1)
    pred, target = torch.tensor([0, 2, 1, 1]), torch.tensor([0, 0, 1, 1])
    metric.process(None, [dict(pred_sem_seg=dict(sem_seg=pred), gt_sem_seg=dict(sem_seg=target))])
    assert metric.evaluate(1)['pixel_accuracy'] == pytest.approx(1 / 2)
