import pytest
import torch

from restorelab.models.processes import MeanRevertingProcess, SharedResidualProcess
from restorelab.models.samplers.sdt_ddim_sampler import (
    SDTDDIMSampler,
    sample_sdt_ddim,
    sdt_step_grid,
)


@pytest.fixture
def pair():
    generator = torch.Generator().manual_seed(0)
    gt = torch.rand(2, 3, 4, 4, generator=generator) * 2 - 1
    return gt, (gt + 0.3 * torch.randn(gt.shape, generator=generator)).clamp(-1, 1)


@pytest.mark.parametrize(
    ('steps', 'grid'), [(1, [999]), (3, [999, 665, 332]), (4, [999, 749, 499, 249])]
)
def test_step_grid(steps, grid):
    assert sdt_step_grid(1000, steps) == grid


def test_step_grid_is_cut_off_as_the_official_one_is():
    assert 498 in sdt_step_grid(1000, 26)
    assert 499 not in sdt_step_grid(1000, 26)


@pytest.mark.parametrize('steps', [0, 1001])
def test_steps_that_the_schedule_does_not_have_are_refused(steps):
    with pytest.raises(ValueError, match='1000 trained ones'):
        sdt_step_grid(1000, steps)


@pytest.mark.parametrize('eta', [0.0, 1.0])
@pytest.mark.parametrize('steps', [1, 3, 10])
def test_a_perfect_prediction_gives_the_clean_image(pair, steps, eta):
    gt, lq = pair
    residual = (lq - gt).clamp(-1, 1)
    restored = sample_sdt_ddim(
        lambda x, t: residual, SharedResidualProcess(), lq, torch.randn_like, steps, eta
    )
    torch.testing.assert_close(restored, (lq - residual).clamp(-1, 1))


def test_with_full_noise_and_a_perfect_prediction_the_states_keep_the_mean_of_the_forward_law(pair):
    gt, lq = pair
    process, seen = SharedResidualProcess(), {}

    def predict(x, t):
        seen[int(t[0])] = x
        return lq - gt

    sample_sdt_ddim(predict, process, lq, torch.zeros_like, 3)
    left_at_end = (1 - process.residual_weight(999)) * (lq - gt)  # what the start leaves out
    for t, x in seen.items():
        mean = process.add_noise(gt, lq, torch.tensor([t, t]), torch.zeros_like(gt)).x_t
        torch.testing.assert_close(x, mean + left_at_end)


@pytest.mark.parametrize(('eta', 'draws'), [(0.0, 1), (1.0, 3)])
def test_noise_is_drawn_at_the_start_and_with_eta_between_steps(pair, eta, draws):
    calls = []
    sample_sdt_ddim(
        lambda x, t: torch.zeros_like(x),
        SharedResidualProcess(),
        pair[1],
        lambda like: calls.append(1) or torch.zeros_like(like),
        3,
        eta,
    )
    assert len(calls) == draws


def test_the_start_has_the_noise_that_was_asked_for():
    states = []
    lq = torch.zeros(1, 3, 64, 64)
    SDTDDIMSampler(1, init_noise_std=0.5)(
        lambda x, t: states.append(x) or torch.zeros_like(x),
        SharedResidualProcess(),
        lq,
        lambda like: torch.ones_like(like),
    )
    assert torch.equal(states[0], torch.full_like(lq, 0.5))


def test_another_process_is_refused():
    with pytest.raises(TypeError, match='MeanRevertingProcess'):
        SDTDDIMSampler().check(MeanRevertingProcess())


def test_steps_that_were_left_out_of_the_training_are_refused():
    process = SharedResidualProcess(train_times=[332, 665, 999])
    SDTDDIMSampler(3).check(process)
    SDTDDIMSampler(1).check(process)
    with pytest.raises(ValueError, match=r'never seen \[249, 499, 749\]'):
        SDTDDIMSampler(4).check(process)


def test_noise_between_the_steps_of_a_process_without_noise_is_refused():
    process = SharedResidualProcess(noise_scale=0)
    SDTDDIMSampler(init_noise_std=0).check(process)
    with pytest.raises(ValueError, match='the process has none'):
        SDTDDIMSampler(eta=1.0).check(process)


def test_without_noise_the_restoration_does_not_depend_on_its_source(pair):
    process, lq = SharedResidualProcess(noise_scale=0), pair[1]
    sampler = SDTDDIMSampler(init_noise_std=0)
    results = [
        sampler(lambda x, t: x / 4, process, lq, lambda x, scale=scale: scale * torch.randn_like(x))
        for scale in (1, 2)
    ]
    assert torch.equal(*results)
