import pytest
import torch

from restorelab.registry import METRICS, MODELS
from restorelab.structures import RestorationSample
from tests.models.tiny import TINY_RESTORERS, part

TRUE = dict(haze=0.7, noise=0.1, jpeg=0.0)


def build(**options):
    torch.manual_seed(0)
    return MODELS.build(part(TINY_RESTORERS, 'StrengthEstimation', **options))


def samples(count=1, strengths=None):
    made = []
    for index in range(count):
        values = torch.tensor(list(TRUE.values()) if strengths is None else strengths)
        made.append(RestorationSample(metainfo=dict(key=f'k{index}'), strengths=values))
    return made


def says(model, **strengths):
    """Let the prior of ``model`` find these strengths in every picture."""
    model.prior.head[-1].weight.data.zero_()
    found = [strengths[kind] for kind in model.prior.kinds]
    model.prior.head[-1].bias.data = torch.tensor(found)
    return model


def test_the_loss_compares_each_degradation_with_its_own_strength():
    lq = torch.rand(2, 3, 64, 64)
    exact = says(build(), **TRUE)(lq, samples(2), mode='loss')
    assert exact['loss_strength'].item() == pytest.approx(0, abs=1e-6)
    off = says(build(), **TRUE | dict(haze=1.0))(lq, samples(2), mode='loss')
    assert off['loss_strength'].item() == pytest.approx(0.3 / 3, abs=1e-6)


def test_an_estimate_below_zero_still_has_a_gradient():
    model = says(build(), **TRUE | dict(jpeg=-0.5))
    model(torch.rand(1, 3, 64, 64), samples(), mode='loss')['loss_strength'].backward()
    assert model.prior.head[-1].bias.grad[model.prior.kinds.index('jpeg')] < 0


def test_predictions_are_what_its_metric_reads():
    model = says(build(), haze=0.5, noise=0.1, jpeg=-0.5).eval()
    metric = METRICS.build(dict(type='StrengthMetric'))
    metric.process(None, [s.to_dict() for s in model.predict(torch.rand(2, 3, 64, 64), samples(2))])
    scores = metric.evaluate(2)
    assert scores['error/haze'] == pytest.approx(0.2)
    assert scores['error/noise'] == pytest.approx(0, abs=1e-6)
    assert scores['error/jpeg'] == 0


def test_a_degradation_that_is_not_in_the_order_is_refused():
    with pytest.raises(ValueError, match=r"prior estimates \['jpeg'\], but order=\['haze', 'noise"):
        build(order=['haze', 'noise'])


def test_a_sample_without_strengths_is_named():
    sample = RestorationSample(metainfo=dict(key='k'))
    with pytest.raises(KeyError, match="sample 'k' has no 'strengths'; DegradeInOrder makes them"):
        build()(torch.rand(1, 3, 64, 64), [sample], mode='loss')


def test_strengths_of_another_order_are_refused():
    with pytest.raises(ValueError, match=r"'k0' has 2 strengths, wanted are those of \['haze', 'n"):
        build()(torch.rand(1, 3, 64, 64), samples(strengths=(0.1, 0.2)), mode='loss')
