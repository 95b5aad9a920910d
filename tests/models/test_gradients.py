"""Weights that can get no gradient are frozen, so that processes need not look for them."""

import pytest
import torch
from torch import nn

from restorelab.config import load_config
from restorelab.registry import MODELS
from restorelab.structures import RestorationSample
from tests.test_configs import CONFIGS, ROOT

ALL_IN_ONE = [path for path in CONFIGS if path.startswith('configs/') and 'allinone' in path]


def samples(gt: torch.Tensor) -> list[RestorationSample]:
    made = []
    for image, degradation in zip(gt, ('blur', 'noise'), strict=True):
        sample = RestorationSample(metainfo=dict(degradation=degradation))
        sample.gt = image
        made.append(sample)
    return made


def without_gradient(model: nn.Module) -> list[str]:
    lq, gt = torch.rand(2, 2, 3, 64, 64)
    losses = model(lq, samples(gt), mode='loss')
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    return [
        name
        for name, weight in model.named_parameters()
        if weight.requires_grad and weight.grad is None
    ]


@pytest.mark.parametrize('path', ALL_IN_ONE)
def test_every_weight_that_is_not_frozen_gets_a_gradient(path):
    torch.manual_seed(0)
    model = MODELS.build(load_config(str(ROOT / path)).model)
    assert not model.find_unused_parameters
    assert without_gradient(model.train()) == []
