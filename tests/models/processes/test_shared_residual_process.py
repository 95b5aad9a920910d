import pytest
import torch

from restorelab.models.processes import SharedResidualProcess


@pytest.fixture
def images():
    """A clean and a degraded state, and noise, (2, 3, 5, 7)."""
    generator = torch.Generator().manual_seed(0)
    gt, lq = torch.rand(2, 2, 3, 5, 7, generator=generator) * 2 - 1
    return gt, lq, torch.randn(gt.shape, generator=generator)


def test_states_and_images_map_back_and_forth():
    image = torch.rand(1, 3, 4, 4)
    process = SharedResidualProcess()
    state = process.to_state(image)
    assert float(state.min()) < 0
    torch.testing.assert_close(process.to_image(state), image)


@pytest.mark.parametrize(
    ('t', 'a', 'b', 'd'),
    [
        (0, 0.00005, 0.010001, 0.000001),
        (332, 0.433621, 0.824145, 0.099878),
        (999, 0.993647, 0.999980, 0.900500),
    ],
)
def test_schedule_has_the_published_values(t, a, b, d):
    process = SharedResidualProcess()
    ours = [process.residual_weight(t), process.noise_std(t), process.shared_weight(t)]
    torch.testing.assert_close(torch.stack(ours), torch.tensor([a, b, d]), atol=1e-6, rtol=0)


@pytest.mark.parametrize('t', [0, 332, 999])
def test_a_state_is_the_sum_that_the_law_says(images, t):
    gt, lq, noise = images
    process = SharedResidualProcess()
    a, b, d = process.residual_weight(t), process.noise_std(t), process.shared_weight(t)
    state = process.add_noise(gt, lq, torch.tensor([t, t]), noise)
    torch.testing.assert_close(state.x_t, (1 - a) * gt + (a - d) * lq + b * noise)
    torch.testing.assert_close(state.target, lq - gt)


def test_the_right_answer_gives_clean_image_and_noise_back(images):
    gt, lq, noise = images
    process = SharedResidualProcess()
    state = process.add_noise(gt, lq, torch.tensor([100, 700]), noise)
    torch.testing.assert_close(process.clean_from(state.target, state.x_t, lq, state.t), gt)
    torch.testing.assert_close(
        process.noise_from(state.target, state.x_t, lq, state.t), noise, atol=1e-5, rtol=1e-5
    )


def test_delta_zero_switches_the_shared_distribution_term_off(images):
    gt, lq, noise = images
    process = SharedResidualProcess(delta=0)
    t = torch.tensor([999, 999])
    state = process.add_noise(gt, lq, t, noise)
    torch.testing.assert_close(
        state.x_t, gt + process.residual_weight(t) * (lq - gt) + process.noise_std(t) * noise
    )


def test_the_network_is_told_how_much_of_the_residual_is_there():
    process = SharedResidualProcess()
    times = process.time(torch.tensor([0, 332, 999]))
    torch.testing.assert_close(times, torch.tensor([0.05, 433.6214, 993.6472]), atol=1e-4, rtol=0)


def test_training_steps_come_from_the_whole_schedule():
    drawn = SharedResidualProcess(steps=10).draw_times(1000)
    assert sorted(set(drawn.tolist())) == list(range(10))


def test_training_steps_can_be_restricted():
    drawn = SharedResidualProcess(train_times=[332, 665, 999]).draw_times(200)
    assert sorted(set(drawn.tolist())) == [332, 665, 999]


@pytest.mark.parametrize('train_times', [[], [1000], [-1]])
def test_training_steps_that_do_not_exist_are_refused(train_times):
    with pytest.raises(ValueError, match='train_times'):
        SharedResidualProcess(train_times=train_times)


@pytest.mark.parametrize('delta', [-1e-3, 1.0])
def test_a_delta_that_is_no_increment_is_refused(delta):
    with pytest.raises(ValueError, match='delta'):
        SharedResidualProcess(delta=delta)


def test_schedule_has_values_when_built_on_the_meta_device():
    with torch.device('meta'):
        process = SharedResidualProcess()
    assert torch.equal(process.residual_sums, SharedResidualProcess().residual_sums)


def test_noise_scale_scales_the_noise_alone(images):
    gt, lq, noise = images
    t = torch.tensor([332, 999])
    full, tenth = (
        SharedResidualProcess(noise_scale=scale).add_noise(gt, lq, t, noise).x_t
        for scale in (1.0, 0.1)
    )
    mean = SharedResidualProcess().add_noise(gt, lq, t, torch.zeros_like(noise)).x_t
    torch.testing.assert_close(tenth - mean, 0.1 * (full - mean))
