"""The mean-reverting process: its schedule, its conversions, and what its training pair teaches."""

import pytest
import torch

from restorelab.models.processes import MeanRevertingProcess, ReverseMeanMatching


def images(batch: int = 3):
    return torch.rand(2, batch, 3, 4, 4)


@pytest.mark.parametrize('schedule', ['cosine', 'linear', 'constant'])
def test_it_begins_clean_and_ends_with_eps_of_the_clean_image(schedule):
    process = MeanRevertingProcess(schedule=schedule, eps=0.01)
    assert process.alpha(0) == 1
    assert process.sigma_bar(0) == 0
    torch.testing.assert_close(process.alpha(100), torch.tensor(0.01))
    assert (process.theta_sums.diff() > 0).all()


def test_the_process_keeps_its_variance():
    process, t = MeanRevertingProcess(noise_level=0.3), torch.arange(101)
    total = process.alpha(t) ** 2 + (process.sigma_bar(t) / 0.3) ** 2
    torch.testing.assert_close(total, torch.ones_like(total))


def test_a_batch_of_steps_is_as_its_steps_one_by_one():
    process, (x_0, mu) = MeanRevertingProcess(), images()
    t = torch.tensor([1, 40, 100])
    one_by_one = torch.cat(
        [process.mean(x_0[i : i + 1], mu[i : i + 1], int(step)) for i, step in enumerate(t)]
    )
    assert torch.equal(process.mean(x_0, mu, t), one_by_one)


def test_add_noise_draws_steps_from_1_to_the_last():
    state = MeanRevertingProcess(steps=3).add_noise(
        torch.rand(200, 1, 1, 1), torch.rand(200, 1, 1, 1)
    )
    assert state.t.unique().tolist() == [1, 2, 3]


@pytest.mark.parametrize('prediction', ['noise', 'residual'])
def test_the_target_answers_for_the_clean_image_and_for_the_noise(prediction):
    process, (gt, lq) = MeanRevertingProcess(prediction=prediction), images()
    state = process.add_noise(gt, lq, t=torch.tensor([5, 20, 50]))
    torch.testing.assert_close(
        process.clean_from(state.target, state.x_t, lq, state.t), gt, rtol=0, atol=1e-5
    )
    torch.testing.assert_close(
        process.noise_from(state.target, state.x_t, lq, state.t), state.noise, rtol=0, atol=1e-4
    )


def test_conversions_of_the_two_predictions_are_inverse_to_each_other():
    noises, residuals = (
        MeanRevertingProcess(prediction='noise'),
        MeanRevertingProcess(prediction='residual'),
    )
    (x_t, mu), t, out = images(), torch.tensor([5, 20, 50]), 0.3 * torch.randn(3, 3, 4, 4)
    noise = residuals.noise_from(out, x_t, mu, t)
    torch.testing.assert_close(noises.clean_from(noise, x_t, mu, t) - mu, out, rtol=0, atol=1e-5)


@pytest.mark.parametrize('t', [1, 30, 100])
def test_the_reversed_ode_step_undoes_the_mean_drift_to_first_order(t):
    process, (x_0, mu) = MeanRevertingProcess(steps=1000), images()
    noise = torch.randn_like(x_0)
    x_t = process.mean(x_0, mu, t) + process.sigma_bar(t) * noise
    before = process.mean(x_0, mu, t - 1) + process.sigma_bar(t - 1) * noise
    stepped = process.ode_step(x_t, mu, process.score(noise, t), t)
    assert (stepped - before).abs().max() < max(0.2 * (x_t - before).abs().max(), 2e-3)


def test_the_posterior_mean_of_the_first_step_is_the_clean_image():
    process, (x_0, mu) = MeanRevertingProcess(), images()
    torch.testing.assert_close(
        process.posterior_mean(torch.rand_like(mu), x_0, mu, 1), x_0, rtol=0, atol=1e-4
    )
    assert process.posterior_std(1) < 1e-6


def test_matched_means_agree_exactly_at_the_biased_noise():
    process, (gt, lq) = MeanRevertingProcess(), images(1)
    for t in (1, 10, 50, 100):
        state = process.add_noise(gt, lq, t=torch.tensor([t]))
        of_noise, of_residual = process.matching_bias(t)
        pred, target = ReverseMeanMatching()(
            process, of_noise * state.noise + of_residual * (gt - lq), state
        )
        torch.testing.assert_close(pred, target, rtol=0, atol=1e-5)


def test_values_survive_a_build_on_the_meta_device():
    with torch.device('meta'):
        built = MeanRevertingProcess()
    assert all(
        torch.equal(value, plain)
        for value, plain in zip(built.buffers(), MeanRevertingProcess().buffers(), strict=True)
    )


def test_the_schedule_is_not_in_the_checkpoint():
    assert MeanRevertingProcess().state_dict() == {}


def test_a_respaced_process_tells_the_network_times_of_the_trained_scale():
    process = MeanRevertingProcess(steps=100, respaced_steps=20)
    assert process.steps == 20
    assert process.time(torch.tensor([20, 1])).tolist() == [100, 5]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(schedule='cosin'), "no theta schedule is called 'cosin'; choose from"),
        (dict(prediction='x0'), "'noise' or 'residual', not 'x0'"),
        (dict(noise_level=50), 'such as 50 / 255; got 50'),
        (dict(eps=0), 'such as 0.005; got 0'),
        (dict(steps=0), 'at least 1 step'),
    ],
)
def test_options_out_of_range_are_explained(options, message):
    with pytest.raises(ValueError, match=message):
        MeanRevertingProcess(**options)
