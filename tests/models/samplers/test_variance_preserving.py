"""Samplers of the variance-preserving process, ours and those of diffusers."""

import pytest
import torch

from restorelab.models.processes import MeanRevertingProcess, VariancePreservingProcess
from restorelab.registry import SAMPLERS
from restorelab.utils import LatticeNoise

SAMPLED = [
    dict(type='DDIM'),
    dict(type='MultistepDPM'),
    dict(type='DiffusersSampler', scheduler='DPMSolverMultistepScheduler'),
    dict(type='DiffusersSampler', scheduler='EulerDiscreteScheduler'),
    dict(type='DiffusersSampler', scheduler='UniPCMultistepScheduler'),
]


def name_of(sampler: dict) -> str:
    return sampler.get('scheduler', sampler['type'])


def images():
    return torch.rand(2, 1, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1


def oracle(process: VariancePreservingProcess, clean):
    """A network that predicts perfectly."""

    def predict(x_t, t):
        alpha, sigma = process.alpha(t.long()), process.sigma_bar(t.long())
        noise = (x_t - alpha * clean) / sigma
        return noise if process.prediction == 'noise' else alpha * noise - sigma * clean

    return predict


def gaussian(process: VariancePreservingProcess):
    """The best network for clean images that are N(0, 0.5^2): no step is trivial with it."""

    def predict(x_t, t):
        alpha, sigma = process.alpha(t.long()), process.sigma_bar(t.long())
        clean = alpha * 0.25 / (alpha**2 * 0.25 + sigma**2) * x_t
        return (x_t - alpha * clean) / sigma

    return predict


def sample(sampler: dict, process, predict, **options):
    built = SAMPLERS.build(dict(sampler, **options))
    built.check(process)
    return built(predict, process, images()[1], LatticeNoise())


@pytest.mark.parametrize('prediction', ['noise', 'velocity'])
@pytest.mark.parametrize('steps', [1, 2, 7])
@pytest.mark.parametrize('sampler', SAMPLED, ids=name_of)
def test_a_perfect_prediction_gives_the_clean_image(sampler, steps, prediction):
    process, clean = VariancePreservingProcess(prediction=prediction), images()[0]
    out = sample(sampler, process, oracle(process, clean), steps=steps)
    torch.testing.assert_close(out, clean, rtol=0, atol=2e-3)


@pytest.mark.parametrize('steps', [1, 2, 4])
@pytest.mark.parametrize('ends_clean', [True, False])
def test_ddim_gives_the_numbers_of_diffusers(steps, ends_clean):
    from diffusers import DDIMScheduler

    process, lq = VariancePreservingProcess(ends_clean=ends_clean), images()[1]
    scheduler = DDIMScheduler(
        clip_sample=False, set_alpha_to_one=ends_clean, timestep_spacing='trailing'
    )
    scheduler.set_timesteps(steps)
    predict = gaussian(process)
    x = scheduler.add_noise(lq, LatticeNoise()(lq), scheduler.timesteps[:1])
    for t in scheduler.timesteps:
        x = scheduler.step(predict(x, t[None]), t, x).prev_sample
    torch.testing.assert_close(sample(SAMPLED[0], process, predict, steps=steps), x)


@pytest.mark.parametrize('steps', [1, 2, 5, 10])
@pytest.mark.parametrize('ends_clean', [True, False])
def test_the_multistep_solver_gives_the_numbers_of_diffusers(steps, ends_clean):
    process = VariancePreservingProcess(ends_clean=ends_clean)
    predict = gaussian(process)
    ours = sample(SAMPLED[1], process, predict, steps=steps)
    options = dict(lower_order_final=ends_clean)  # ours is of first order only at the clean end
    theirs = sample(SAMPLED[2], process, predict, steps=steps, options=options)
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('sampler', SAMPLED, ids=name_of)
def test_steps_of_a_call_count_and_the_sampler_stays_as_it_is(sampler):
    process, visited = VariancePreservingProcess(), []

    def predict(x_t, t):
        visited.append(int(t[0]))
        return torch.zeros_like(x_t)

    built = SAMPLERS.build(dict(sampler, steps=3))
    built(predict, process, images()[1], LatticeNoise(), steps=4)
    assert visited == [999, 749, 499, 249]
    assert built.steps == 3


@pytest.mark.parametrize('steps', [0, 1001])
@pytest.mark.parametrize('sampler', SAMPLED, ids=name_of)
def test_steps_that_were_not_trained_are_refused(sampler, steps):
    built = SAMPLERS.build(sampler)
    with pytest.raises(ValueError, match=f'between 1 and the 1000 trained ones, not {steps}'):
        built.check(VariancePreservingProcess(), steps)


@pytest.mark.parametrize('name', ['EulerSDE', 'Posterior', 'SDTDDIMSampler'])
def test_samplers_of_other_processes_are_refused(name):
    with pytest.raises(TypeError, match='but the process is VariancePreservingProcess'):
        SAMPLERS.build(dict(type=name)).check(VariancePreservingProcess())


def test_debiasing_belongs_to_the_mean_reverting_process():
    with pytest.raises(TypeError, match='reads states of MeanRevertingProcess'):
        SAMPLERS.build(dict(type='DDIM', debias=True)).check(VariancePreservingProcess())


def test_a_scheduler_of_diffusers_is_refused_for_another_process():
    with pytest.raises(
        TypeError,
        match='DiffusersSampler reads states of VariancePreservingProcess, but the process is '
        'MeanRevertingProcess',
    ):
        SAMPLERS.build(dict(type='DiffusersSampler')).check(MeanRevertingProcess())


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(scheduler='EulerAncestralDiscreteScheduler'), r"'DPMSolverMultistepScheduler', "),
        (
            dict(
                scheduler='DPMSolverMultistepScheduler',
                options=dict(algorithm_type='sde-dpmsolver++'),
            ),
            "draws noise that no seed of ours reaches; choose 'dpmsolver",
        ),
    ],
)
def test_schedulers_that_draw_noise_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        SAMPLERS.build(dict(type='DiffusersSampler', **options))


def test_a_wrong_option_of_a_scheduler_is_named_when_the_model_is_built():
    sampler = SAMPLERS.build(dict(type='DiffusersSampler', options=dict(solver_ordr=3)))
    with pytest.raises(TypeError, match='solver_ordr'):
        sampler.check(VariancePreservingProcess())
