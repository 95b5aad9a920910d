"""Samplers of the mean-reverting process, against a predictor that knows the clean image."""

import pytest
import torch

from restorelab.models.processes import MeanRevertingProcess
from restorelab.registry import PROCESSES, SAMPLERS
from restorelab.utils import LatticeNoise
from tests.models.tiny import PROCESS_OF, TINY_PROCESSES, TINY_SAMPLERS, part


def images():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 1, 3, 4, 4, generator=generator)


def oracle(process: MeanRevertingProcess, clean, lq, biased: bool = False):
    """A network that answers perfectly, or as the optimum of matched reverse means does."""

    def predict(x_t, t):
        if process.prediction == 'residual':
            return clean - lq
        noise = (x_t - process.mean(clean, lq, t)) / process.sigma_bar(t)
        if not biased:
            return noise
        of_noise, of_residual = process.matching_bias(int(t[0]))
        return of_noise * noise + of_residual * (clean - lq)

    return predict


def restore(sampler: dict, process: MeanRevertingProcess, biased: bool = False):
    clean, lq = images()
    out = SAMPLERS.build(sampler)(oracle(process, clean, lq, biased), process, lq, LatticeNoise())
    return (out - clean).abs().max()


@pytest.mark.parametrize('prediction', ['noise', 'residual'])
@pytest.mark.parametrize(
    'sampler',
    [
        dict(type='Posterior'),
        *(
            dict(type=name, steps=steps)
            for name in ('Posterior', 'DDIM', 'MultistepDPM')
            for steps in (1, 2, 7, 100)
        ),
    ],
    ids=lambda cfg: '-'.join(map(str, cfg.values())),
)
def test_a_perfect_prediction_gives_the_clean_image(sampler, prediction):
    assert restore(sampler, MeanRevertingProcess(prediction=prediction)) < 1e-4


@pytest.mark.parametrize(('name', 'error'), [('EulerODE', 0.03), ('EulerSDE', 0.03)])
def test_euler_steps_of_a_perfect_prediction_end_near_the_clean_image(name, error):
    assert restore(dict(type=name), MeanRevertingProcess()) < error


@pytest.mark.parametrize('name', ['DDIM', 'MultistepDPM'])
@pytest.mark.parametrize('steps', [1, 5])
def test_debiasing_recovers_what_matched_means_teach(name, steps):
    assert (
        restore(dict(type=name, steps=steps, debias=True), MeanRevertingProcess(), biased=True)
        < 1e-3
    )


@pytest.mark.parametrize('name', ['DDIM', 'MultistepDPM'])
def test_without_debiasing_one_step_misses_the_clean_image(name):
    assert restore(dict(type=name, steps=1), MeanRevertingProcess(), biased=True) > 0.1


@pytest.mark.parametrize(
    ('name', 'draws'),
    [('EulerSDE', 9), ('EulerODE', 1), ('Posterior', 9), ('DDIM', 1), ('MultistepDPM', 1)],
)
def test_it_draws_noise_for_the_start_and_once_a_random_step(name, draws):
    noise, (clean, lq), process = LatticeNoise(), images(), MeanRevertingProcess(steps=8)
    SAMPLERS.build(part(TINY_SAMPLERS, name))(oracle(process, clean, lq), process, lq, noise)
    assert noise.draw == draws


@pytest.mark.parametrize('name', ['DDIM', 'MultistepDPM', 'Posterior'])
def test_it_asks_the_network_once_a_step(name):
    process, asked = MeanRevertingProcess(prediction='residual'), []

    def predict(x_t, t):
        asked.append(int(t[0]))
        return torch.zeros_like(x_t)

    SAMPLERS.build(dict(type=name, steps=4))(predict, process, images()[1], LatticeNoise())
    assert asked == process.step_grid(4)[:-1]


@pytest.mark.parametrize('steps', [1, 2, 3, 10, 37, 99, 100])
@pytest.mark.parametrize('schedule', ['cosine', 'linear', 'constant'])
def test_a_step_grid_falls_from_the_last_step_to_the_first(schedule, steps):
    *grid, end = MeanRevertingProcess(schedule=schedule).step_grid(steps)
    assert end == 0
    assert len(grid) == steps
    assert grid[0] == 100
    assert grid == sorted(set(grid), reverse=True)
    assert steps == 1 or grid[-1] == 1


@pytest.mark.parametrize('name', TINY_SAMPLERS)
def test_it_accepts_its_process(name):
    SAMPLERS.build(part(TINY_SAMPLERS, name)).check(
        PROCESSES.build(part(TINY_PROCESSES, PROCESS_OF[name]))
    )


READS = PROCESS_OF | dict(DDIM='GaussianProcess', MultistepDPM='GaussianProcess')


@pytest.mark.parametrize('name', TINY_SAMPLERS)
def test_it_refuses_the_other_process_by_name(name):
    other = 'SharedResidualProcess'
    if PROCESS_OF[name] == other:
        other = 'MeanRevertingProcess'
    with pytest.raises(
        TypeError, match=f'{name} reads states of {READS[name]}, but the process is {other}'
    ):
        SAMPLERS.build(part(TINY_SAMPLERS, name)).check(
            PROCESSES.build(part(TINY_PROCESSES, other))
        )


@pytest.mark.parametrize('steps', [0, 9])
@pytest.mark.parametrize('name', ['DDIM', 'MultistepDPM', 'Posterior'])
def test_it_refuses_more_steps_than_were_trained(name, steps):
    with pytest.raises(ValueError, match=f'between 1 and the 8 trained ones, not {steps}'):
        SAMPLERS.build(dict(type=name, steps=steps)).check(MeanRevertingProcess(steps=8))


@pytest.mark.parametrize('name', ['DDIM', 'MultistepDPM'])
def test_debias_is_for_noise_predictions(name):
    with pytest.raises(
        ValueError, match=rf"{name}\(debias=True\) .* predicts 'residual'; drop debias"
    ):
        SAMPLERS.build(dict(type=name, steps=2, debias=True)).check(
            MeanRevertingProcess(prediction='residual')
        )


def gaussian_error(sampler: dict) -> float:
    """Relative error where residuals are N(0, 0.3^2).

    There the exact path is ``y_0 = y_T 0.3 / std(y_T)``.
    """
    process, var = MeanRevertingProcess(prediction='residual'), 0.3**2
    lq = torch.full((1, 3, 4, 4), 0.5)

    def predict(x_t, t):
        alpha, sigma = process.alpha(t), process.sigma_bar(t)
        return alpha * var / (alpha**2 * var + sigma**2) * (x_t - lq)

    y_start = process.start(lq, LatticeNoise()(lq)) - lq
    exact = y_start * torch.sqrt(
        var / (process.alpha(100) ** 2 * var + process.sigma_bar(100) ** 2)
    )
    out = SAMPLERS.build(sampler)(predict, process, lq, LatticeNoise()) - lq
    return float((out - exact).norm() / exact.norm())


@pytest.mark.parametrize(
    ('sampler', 'error'),
    [
        (dict(type='EulerODE'), 0.05),
        (dict(type='DDIM', steps=100), 0.03),
        (dict(type='MultistepDPM', steps=20), 0.02),
    ],
    ids=lambda value: value['type'] if isinstance(value, dict) else '',
)
def test_deterministic_samplers_follow_the_exact_path_of_gaussian_residuals(sampler, error):
    assert gaussian_error(sampler) < error


@pytest.mark.parametrize('steps', [10, 20])
def test_the_multistep_solver_is_of_higher_order_than_ddim(steps):
    assert gaussian_error(dict(type='MultistepDPM', steps=steps)) < 0.3 * gaussian_error(
        dict(type='DDIM', steps=steps)
    )


@pytest.mark.parametrize('name', ['DDIM', 'MultistepDPM'])
@pytest.mark.parametrize('scale', [0.0, 0.5, 1.0])
def test_the_starting_noise_is_scaled(name, scale):
    process = MeanRevertingProcess(prediction='residual')
    clean, lq = images()
    states = []

    def predict(x_t, t):
        states.append(x_t)
        return clean - lq

    SAMPLERS.build(dict(type=name, steps=2, noise_scale=scale))(
        predict, process, lq, LatticeNoise()
    )
    torch.testing.assert_close(states[0] - lq, scale * process.noise_level * LatticeNoise()(lq))
