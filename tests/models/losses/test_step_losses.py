"""Losses of a whole training step: what they need, what they reward, where gradients go."""

import pytest
import torch

from restorelab.models.losses.degradation_infonce import degradation_infonce
from restorelab.models.losses.difficulty_adaptive_perceptual_loss import difficulty_weights
from restorelab.registry import LOSSES
from restorelab.structures import Condition, RestorationSample, TrainingStep
from tests.models.tiny import TINY_STEP_LOSSES, part


def step(degradations=('haze', 'noise', 'noise'), **fields) -> TrainingStep:
    """Three images of 16x16 and a unit vector of each; its priors give the mean color."""
    torch.manual_seed(0)
    samples = [
        RestorationSample(metainfo=dict(degradation=degradation, key=f'{number}'))
        for number, degradation in enumerate(degradations)
    ]
    for name, value in fields.items():
        for sample in samples:
            sample.set_field(value, name)
    lq, gt = torch.rand(2, len(degradations), 3, 16, 16)

    def describe(image, wanted):
        assert wanted == ['vectors.degradation']
        return Condition(dict(degradation=image.mean(dim=(2, 3))))

    return TrainingStep(
        (lq + 0.1 * (gt - lq)).requires_grad_(),
        lq,
        gt,
        describe(lq, ['vectors.degradation']),
        samples,
        describe,
    )


@pytest.fixture(params=TINY_STEP_LOSSES)
def name(request):
    return request.param


def test_it_is_a_finite_scalar_and_its_weight_multiplies(name):
    torch.manual_seed(0)
    loss = LOSSES.build(part(TINY_STEP_LOSSES, name, weight=1.0))
    value = loss(step())
    assert value.shape == ()
    assert value.isfinite()
    loss.weight = 3.0
    torch.testing.assert_close(loss(step()), 3 * value)


def test_it_trains_nothing_of_its_own(name):
    assert not any(
        weight.requires_grad for weight in LOSSES.build(part(TINY_STEP_LOSSES, name)).parameters()
    )


@pytest.mark.parametrize('name', ['CLIPAwareLoss', 'DifficultyAdaptivePerceptualLoss'])
def test_its_gradient_reaches_the_restored_image(name):
    given = step()
    LOSSES.build(part(TINY_STEP_LOSSES, name))(given).backward()
    assert given.restored.grad.abs().sum() > 0


def test_the_perceptual_ratio_falls_on_the_way_to_the_clean_image():
    loss, given = LOSSES.build(part(TINY_STEP_LOSSES, 'DifficultyAdaptivePerceptualLoss')), step()
    values = []
    for share in (0.2, 0.5, 0.9):
        given.restored = given.lq + share * (given.gt - given.lq)
        values.append(float(loss(given)))
    assert values == sorted(values, reverse=True)


def test_contrast_of_a_single_task_is_zero_with_a_gradient():
    anchor = torch.rand(3, 4, requires_grad=True)
    loss, share = degradation_infonce(anchor, torch.rand(3, 4), torch.zeros(3, dtype=torch.int64))
    loss.backward()
    assert loss == 0
    assert share == 0
    assert torch.equal(anchor.grad, torch.zeros(3, 4))


def test_contrast_takes_the_second_view_where_every_sample_has_one():
    loss = LOSSES.build(part(TINY_STEP_LOSSES, 'DegradationInfoNCE'))
    assert not torch.equal(loss(step()), loss(step(positive_lq=torch.zeros(3, 16, 16))))


def test_proxies_weigh_by_difficulty_and_alike_before_the_first_measurement():
    psnr = torch.tensor([20.0, 30.0, 40.0])
    assert difficulty_weights(psnr, torch.tensor(30.0)).tolist() == [1.25, 1.25, 0.75]
    assert difficulty_weights(psnr, torch.tensor(torch.nan)).tolist() == [1, 1, 1]


def test_a_reference_for_each_degradation_and_an_unknown_one():
    loss = LOSSES.build(
        part(TINY_STEP_LOSSES, 'DifficultyAdaptivePerceptualLoss', degradations=['haze', 'noise'])
    )
    loss.reference_psnr.copy_(torch.tensor([20.0, 30.0]))
    assert loss.reference(step()).tolist() == [20, 30, 30]
    with pytest.raises(
        KeyError, match=r"degradations \['rain'\], but it has references for \['haze', 'noise'\]"
    ):
        loss.reference(step(degradations=('rain', 'haze')))


def test_rendered_proxies_count_where_there_are_some():
    plain = part(TINY_STEP_LOSSES, 'DifficultyAdaptivePerceptualLoss')
    torch.manual_seed(0)
    without = LOSSES.build(plain)
    torch.manual_seed(0)
    with_proxy = LOSSES.build(
        dict(plain, proxies=[dict(type='RenderedProxy', degradations=['haze'])])
    )
    assert torch.equal(without(step()), with_proxy(step()))
    assert without(step()) > with_proxy(step(rendered=torch.zeros(3, 16, 16)))
