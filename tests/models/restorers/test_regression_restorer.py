"""A restorer that is told true strengths, where a prior will estimate them later."""

import pytest
import torch

from restorelab.registry import MODELS
from restorelab.structures import RestorationSample
from tests.models.tiny import TINY_BACKBONES, part, randomize

TOLD = ['haze', 'noise', 'jpeg']


def build(**options):
    torch.manual_seed(0)
    backbone = part(TINY_BACKBONES, 'ResidualUNet', told=['noise', 'jpeg'])
    options = dict(backbone=backbone, told=TOLD, loss=dict(type='L1Loss')) | options
    return randomize(MODELS.build(dict(type='RegressionRestorer', **options)))


def samples(*strengths):
    made = []
    for index, values in enumerate(strengths):
        sample = RestorationSample(metainfo=dict(key=f'k{index}'))
        sample.strengths, sample.gt = torch.tensor(values), torch.rand(3, 16, 16)
        made.append(sample)
    return made


BATCH = ((0.0, 0.5, 1.0), (0.2, 0.9, 0.1))


def test_it_is_told_the_strengths_of_each_sample_by_name():
    cond = build().eval().condition_of_samples(torch.rand(2, 3, 16, 16), samples(*BATCH))
    assert torch.equal(cond.vector('noise'), torch.tensor([[0.5], [0.9]]))
    assert torch.equal(cond.vector('jpeg'), torch.tensor([[1.0], [0.1]]))


def test_in_training_they_have_errors_and_stay_in_the_unit_range():
    model, lq = build(told_error=0.2).train(), torch.rand(1, 3, 16, 16).expand(300, -1, -1, -1)
    told = model.condition_of_samples(lq, samples(*BATCH[:1] * 300))
    assert told.vector('noise').mean() == pytest.approx(0.5, abs=0.04)
    assert told.vector('noise').std() == pytest.approx(0.2, abs=0.03)
    assert told.vector('jpeg').max() <= 1
    assert told.vector('haze').min() >= 0


def test_what_it_is_told_reaches_predictions_and_losses():
    model, lq = build(told_error=0.0).eval(), torch.rand(1, 3, 16, 16)
    weak, strong = samples((0.0, 0.1, 0.1), (0.0, 0.9, 0.1))
    strong.gt = weak.gt
    assert not torch.equal(
        model.predict(lq, [weak])[0].restored, model.predict(lq, [strong])[0].restored
    )
    losses = [model(lq, [sample], mode='loss')['loss_pixel'] for sample in (weak, strong)]
    assert losses[0] != losses[1]


def test_a_sample_without_strengths_is_named():
    with pytest.raises(KeyError, match="'k' has no 'strengths'; DegradeInOrder makes them"):
        build().predict(torch.rand(1, 3, 16, 16), [RestorationSample(metainfo=dict(key='k'))])


def test_strengths_of_another_order_are_refused():
    with pytest.raises(ValueError, match=r"'k0' has 2 strengths, wanted are those of \['haze', 'n"):
        build().predict(torch.rand(1, 3, 16, 16), samples((0.1, 0.2)))
