import torch

from restorelab.evaluation import TopOneAccuracy


def test_top_one_counts_hits():
    metric = TopOneAccuracy()
    metric.process(
        None, [dict(pred_label=torch.tensor(p), gt_label=torch.tensor(2)) for p in (2, 1, 2, 0)]
    )
    assert metric.evaluate(4) == dict(top1=0.5)
