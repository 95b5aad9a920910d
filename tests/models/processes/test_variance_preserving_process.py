"""The variance-preserving process against diffusers' schedulers, and its conversions."""

import pytest
import torch

from restorelab.models.processes import CleanMatching, VariancePreservingProcess

STABLE = dict(schedule='scaled_linear', betas=(0.00085, 0.012))


def images(batch: int = 3):
    return torch.rand(2, batch, 3, 4, 4) * 2 - 1


@pytest.mark.parametrize(
    ('options', 'theirs'),
    [
        ({}, {}),
        (STABLE, dict(beta_start=0.00085, beta_end=0.012, beta_schedule='scaled_linear')),
    ],
)
def test_states_and_velocities_are_those_of_diffusers(options, theirs):
    from diffusers import DDPMScheduler

    scheduler = DDPMScheduler(**theirs)
    process, (gt, lq) = VariancePreservingProcess(prediction='velocity', **options), images()
    t = torch.tensor([0, 400, 999])
    state = process.add_noise(gt, lq, t)
    torch.testing.assert_close(state.x_t, scheduler.add_noise(gt, state.noise, t))
    torch.testing.assert_close(state.target, scheduler.get_velocity(gt, state.noise, t))


@pytest.mark.parametrize('prediction', ['noise', 'velocity'])
def test_the_target_means_the_clean_image_and_the_noise(prediction):
    process, (gt, lq) = VariancePreservingProcess(prediction=prediction), images()
    state = process.add_noise(gt, lq, torch.tensor([0, 300, 700]))
    args = state.target, state.x_t, lq, state.t
    torch.testing.assert_close(process.clean_from(*args), gt, rtol=0, atol=1e-4)
    torch.testing.assert_close(process.noise_from(*args), state.noise, rtol=0, atol=1e-4)


def test_at_the_last_step_the_velocity_is_the_clean_image():
    process, (gt, lq) = VariancePreservingProcess(prediction='velocity'), images(1)
    state = process.add_noise(gt, lq, torch.tensor([999]))
    torch.testing.assert_close(-state.target, gt, rtol=0, atol=0.05)


def test_clean_matching_compares_clean_images():
    process, (gt, lq) = VariancePreservingProcess(), images()
    state = process.add_noise(gt, lq, torch.tensor([5, 50, 500]))
    pred, target = CleanMatching()(process, state.target, state)
    assert target is gt
    torch.testing.assert_close(pred, gt, rtol=0, atol=1e-4)


@pytest.mark.parametrize(('ends_clean', 'end'), [(True, -1), (False, 0)])
def test_a_step_grid_falls_evenly_to_its_end(ends_clean, end):
    process = VariancePreservingProcess(ends_clean=ends_clean)
    assert process.step_grid(1) == [999, end]
    assert process.step_grid(4) == [999, 749, 499, 249, end]


def test_only_the_clean_end_has_no_noise():
    process = VariancePreservingProcess()
    assert process.sigma_bar(process.clean_step) == 0
    assert process.alpha(process.clean_step) == 1
    assert process.sigma_bar(0) > 0


def test_sampling_starts_at_the_noised_degraded_image():
    process, (lq, noise) = VariancePreservingProcess(**STABLE), images()
    expected = process.add_noise(lq, lq, torch.full((3,), 999), noise).x_t
    torch.testing.assert_close(process.start(lq, noise), expected)


def test_training_steps_are_drawn_from_those_named():
    process = VariancePreservingProcess(train_times=[249, 999])
    state = process.add_noise(torch.rand(50, 1, 1, 1), torch.rand(50, 1, 1, 1))
    assert state.t.unique().tolist() == [249, 999]


def test_values_survive_a_build_on_the_meta_device():
    with torch.device('meta'):
        built = VariancePreservingProcess()
    assert torch.equal(built.alphas, VariancePreservingProcess().alphas)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(schedule='cosine'), r"called 'cosine'; choose from \['linear', 'scaled_linear'\]"),
        (dict(prediction='clean'), r"prediction='clean'; choose from \['noise', 'velocity'\]"),
        (dict(train_times=[1000]), 'name steps from 0 to 999'),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        VariancePreservingProcess(**options)
