"""DiffUIR against numbers of its official code.

All sizes come from the ``config.json`` of the recordings.
"""

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from torch import Tensor

from restorelab.datasets.transforms import (
    BlackFillCrop,
    ChannelHistEqualize,
    RandomCrop,
    RandomFlip,
)
from restorelab.engine import InverseDecayEMA
from restorelab.evaluation.protocols import Protocol, find_preset
from restorelab.models.processes import SharedResidualProcess
from restorelab.models.samplers.sdt_ddim_sampler import sample_sdt_ddim, sdt_step_grid
from restorelab.registry import HOOKS, MODELS
from restorelab.structures import DiffusionState
from tests.parity.fixtures import ROOT, Recording, load_converter, recorded_file

pytestmark = pytest.mark.slow
CONVERT = load_converter('diffuir')


def recording(name: str) -> Recording:
    return Recording('diffuir', name)


def settings() -> dict:
    return json.loads(recorded_file('diffuir', 'config.json').read_text())


def within(actual: Tensor, expected: Tensor, atol: float, rtol: float = 0.0) -> None:
    torch.testing.assert_close(
        actual, expected.to(actual.dtype), atol=atol, rtol=rtol, equal_nan=True
    )


def make_process() -> SharedResidualProcess:
    diffusion = settings()['diffusion']
    return SharedResidualProcess(diffusion['timesteps'], delta=diffusion['delta_end'])


def make_restorer(state: dict[str, Tensor]):
    """The recorded network as one of our restorers; ``state`` as the converter gives it."""
    config = settings()
    unet, diffusion = config['unet'], config['diffusion']
    model = MODELS.build(
        dict(
            type='DiffusionRestorer',
            backbone=dict(
                type='ResidualDiffusionUNet',
                channels=unet['channels'],
                width=unet['dim'],
                channel_mults=unet['dim_mults'],
                norm_groups=unet['resnet_block_groups'],
            ),
            process=dict(
                type='SharedResidualProcess',
                steps=diffusion['timesteps'],
                delta=diffusion['delta_end'],
            ),
            loss=dict(type='L1Loss'),
            sampler=dict(type='SDTDDIMSampler', init_noise_std=diffusion['sum_scale'] ** 0.5),
        )
    )
    model.load_state_dict(state, strict=True)
    return model.eval()


@pytest.fixture
def online():
    """The network with the weights of the last iteration."""
    return make_restorer(CONVERT.network_state(recording('ckpt_model').tensors, CONVERT.ONLINE))


@pytest.fixture(scope='module')
def averaged():
    """The network with the averaged weights."""
    return make_restorer(
        CONVERT.network_state(recording('ckpt_ema').tensors, CONVERT.AVERAGED.removeprefix('ema.'))
    )


# -- process ---------------------------------------------------------------------------------------


# Vector units of processors round the last bit differently.
ROUNDING = dict(atol=3e-7, rtol=3e-7)


def test_schedule_is_the_official_one_up_to_the_last_bit():
    io = recording('schedule')
    ours = CONVERT.official_schedule(make_process())
    recorded = {
        name: value
        for name, value in io.tensors.items()
        if not name.startswith(('times.', 'after_init.'))
    }
    assert set(ours) == set(recorded)
    for name, expected in recorded.items():
        within(ours[name], expected, **ROUNDING)


def test_first_entries_after_the_official_init():
    io = recording('schedule')
    ours = CONVERT.official_schedule(make_process(), after_init=True)
    for name, expected in io.under('after_init.').items():
        within(ours[name], expected, **ROUNDING)


def test_step_grids():
    grids = recording('schedule').under('times.S')
    for steps, expected in grids.items():
        assert [
            *sdt_step_grid(settings()['diffusion']['timesteps'], int(steps)),
            -1,
        ] == expected.tolist(), steps


# -- network ---------------------------------------------------------------------------------------


@pytest.mark.parametrize('case', ['even', 'odd', 't0'])
@torch.no_grad()
def test_network_output(online, case):
    io = recording('unet').under(f'{case}/')
    time = online.process.time(io['t_index'])
    assert torch.equal(time, io['time'])
    x_t, lq = io['x'].chunk(2, dim=1)
    within(online.backbone(x_t, lq, time), io['out'], 1e-5)


@torch.no_grad()
def test_network_activations(online):
    io = recording('unet').under('even/')
    recorded = {
        name.removeprefix('act/'): value for name, value in io.items() if name.startswith('act/')
    }
    outputs = {}
    for name in recorded:
        online.backbone.get_submodule(name).register_forward_hook(
            lambda module, inputs, output, name=name: outputs.__setitem__(name, output)
        )
    online.backbone(*io['x'].chunk(2, dim=1), io['time'])
    for name, expected in recorded.items():
        within(outputs[name], expected, 1e-5, 1e-5)


# -- training --------------------------------------------------------------------------------------


def noised(model, gt: Tensor, lq: Tensor, t: Tensor, noise: Tensor) -> DiffusionState:
    to_state = model.process.to_state
    return model.process.add_noise(to_state(gt), to_state(lq), t, noise)


def test_loss_and_gradients(online):
    io = recording('loss')
    state = noised(online, *(io[name] for name in ('gt', 'lq', 't', 'noise')))
    within(torch.cat([state.x_t, state.lq], dim=1), io['x_in'], 1e-6)
    time = online.process.time(state.t)
    within(time, io['time_res'], 1e-6, rtol=3e-7)
    within(
        online.process.noise_std(state.t).flatten() * online.process.steps,
        io['time_noise'],
        1e-6,
        rtol=3e-7,
    )
    out = online.backbone(state.x_t, state.lq, time)
    within(out, io['model_out'], 1e-5)
    loss = online.criterion(out, state.target)
    within(loss.detach()[None], io['loss'], 1e-6)
    loss.backward()
    parameters = {name.removeprefix('backbone.'): p for name, p in online.named_parameters()}
    gradients = {
        name.removeprefix(CONVERT.ONLINE): grad for name, grad in io.under('grad/').items()
    }
    assert gradients
    for name, expected in gradients.items():
        within(parameters[name].grad, expected, 1e-6, rtol=1e-5)
    # a norm adds up rounding that depends on the processor's vector width, hence the relative part
    norms = torch.stack([p.grad.norm() for p in parameters.values()])
    within(norms, io['grad_norm_per_param'], 1e-6, rtol=1e-5)
    within(norms.norm()[None], io['grad_norm_total'], 1e-6, rtol=1e-5)


def test_three_optimizer_steps_of_the_official_recipe(online):
    io = recording('train')
    recipe = Config.fromfile(
        ROOT / 'projects' / 'diffuir' / 'configs' / 'allinone_t.py'
    ).optim_wrapper
    before = {name: p.detach().clone() for name, p in online.named_parameters()}
    wrapper = build_optim_wrapper(online, recipe)
    wrapper.initialize_count_status(online, 0, len(io['losses']))
    losses, norms = [], []
    clip = wrapper.clip_func
    wrapper.clip_func = lambda *args, **kwargs: norms.append(clip(*args, **kwargs)) or norms[-1]
    for micro in range(len(io['losses'])):
        state = noised(online, *(io[f'micro{micro}/{name}'] for name in ('gt', 'lq', 't', 'noise')))
        out = online.backbone(state.x_t, state.lq, online.process.time(state.t))
        losses.append(online.criterion(out, state.target))
        wrapper.update_params(losses[-1])
    within(torch.stack(losses).detach(), io['losses'], 1e-6)
    within(torch.stack(norms), io['grad_norms'], 1e-6, rtol=1e-5)
    after = dict(online.named_parameters())
    for name, expected in CONVERT.network_state(io.under('after/'), CONVERT.ONLINE).items():
        within(after[name].detach(), expected, 1e-5)
    moved = torch.stack([(after[name] - old).norm() for name, old in before.items()]).detach()
    # a norm group of one channel: its bias has no gradient but rounding noise
    noise_driven = torch.tensor([name.endswith('proj.bias') for name in before])
    within(moved[~noise_driven], io['param_delta_norm'][~noise_driven], 1e-5)


def test_moving_average():
    io = recording('ema')
    hook = HOOKS.build(
        Config.fromfile(ROOT / 'projects' / 'diffuir' / 'configs' / 'allinone_t.py').custom_hooks[0]
    )
    weight = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        weight.weight.fill_(io['online'][0])
    ema = InverseDecayEMA(
        weight, **{key: value for key, value in hook.ema_cfg.items() if key != 'type'}
    )
    averages = []
    for value in io['online']:
        with torch.no_grad():
            weight.weight.fill_(value)
        ema.update_parameters(weight)
        averages.append(float(ema.module.weight))
    within(torch.tensor(averages), io['ema'], 1e-5)


def test_decay_of_the_moving_average():
    from restorelab.engine.inverse_decay_ema import inverse_decay

    recorded = recording('ema')['decay']
    for call, expected in enumerate(
        recorded.tolist(), start=1
    ):  # what the object reports after the call
        assert inverse_decay(call - 100 - 1, 0.995, 2 / 3) == pytest.approx(expected, abs=1e-6), (
            call
        )


# -- sampler ---------------------------------------------------------------------------------------

CASES = dict(S3=3, S3_odd=3, S4=4, S1=1, S3_eta1=3)


@pytest.mark.parametrize('case', CASES)
@torch.no_grad()
def test_sampler(averaged, case):
    io = recording('sampler').under(f'{case}/')
    process, lq = averaged.process, averaged.process.to_state(io['lq'])
    draws = iter([io['init_noise'], *(io[name] for name in sorted(io) if name.endswith('/noise'))])
    states, answers = [], []

    def predict(x: Tensor, t: Tensor) -> Tensor:
        step = len(states)
        assert torch.equal(t, io[f'step{step}/t'])
        assert torch.equal(process.time(t), io[f'step{step}/time'])
        states.append(x)
        answers.append(averaged.backbone(x, lq, process.time(t)))
        return answers[-1]

    final = sample_sdt_ddim(
        predict,
        process,
        lq,
        lambda like: next(draws),
        CASES[case],
        eta=float(case == 'S3_eta1'),
        init_noise_std=averaged.sampler.init_noise_std,
    )
    within(process.to_image(states[0]), io['x_T_unnorm'], 1e-6)
    within(process.to_image(final), io['final'], 1e-5)
    for step, (x, out) in enumerate(zip(states, answers, strict=True)):
        within(out, io[f'step{step}/unet_out'], 1e-5, 1e-5)
        after = states[step + 1] if step + 1 < len(states) else final
        within(process.to_image(after), io[f'img{step}_unnorm'], 1e-5)
        if f'step{step}/x' in io:
            t = int(io[f'step{step}/t'][0])
            residual = out.clamp(-1, 1)
            within(x, io[f'step{step}/x'], 1e-5)
            within(residual, io[f'step{step}/pred_res'], 1e-5)
            within(process.noise_from(residual, x, lq, t), io[f'step{step}/pred_noise'], 1e-5, 1e-5)
            within(
                process.clean_from(residual, x, lq, t).clamp(-1, 1), io[f'step{step}/x_start'], 1e-5
            )


@pytest.mark.parametrize('case', ['S3', 'S3_odd'])
def test_restorer_with_the_recorded_noise(averaged, case):
    io = recording('sampler').under(f'{case}/')
    within(averaged.restore(io['lq'], noise=lambda like: io['init_noise']), io['final'], 1e-5)


# -- checkpoint ------------------------------------------------------------------------------------


def test_checkpoint_import(averaged):
    path = recorded_file('diffuir', 'model-300.pt')
    model, report = CONVERT.convert(path)
    for name, value in averaged.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name
    assert report['step'] == 300000
    assert report['network'] == len(list(averaged.parameters()))


def test_checkpoint_import_of_the_online_weights(online):
    model, _ = CONVERT.convert(recorded_file('diffuir', 'model-300.pt'), averaged=False)
    for name, value in online.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name


# -- scores ----------------------------------------------------------------------------------------

PROTOCOLS = dict(
    y=find_preset('diffuir')['any'],
    rgb=find_preset('diffuir')['udc'],
    y_crop4=Protocol(space='y', crop=4, window='gaussian_replicate'),
)


@pytest.mark.parametrize('kind', PROTOCOLS)
def test_scores(kind):
    io = recording('metrics')
    pairs = sorted({name.split('/')[1] for name in io.tensors if name.startswith('score/')})
    for pair in pairs:
        psnr, ssim = PROTOCOLS[kind].score(io[f'{pair}/sr'], io[f'{pair}/gt'])
        within(psnr, io[f'score/{pair}/psnr_{kind}'], 1e-4)
        within(ssim, io[f'score/{pair}/ssim_{kind}'], 1e-5 if kind == 'rgb' else 1e-6)


# -- data ------------------------------------------------------------------------------------------


class Draws:
    """Stands in for a generator: gives the recorded whole numbers in order.

    Where a probability is tested, it gives 0.
    """

    def __init__(self, *numbers: int):
        self.numbers = iter(numbers)

    def integers(self, high: int) -> int:
        return next(self.numbers)

    def random(self, size: int) -> np.ndarray:
        return np.zeros(size)


def to_planes(image: np.ndarray) -> Tensor:
    planes = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
    return planes.float() / 255 if planes.dtype == torch.uint8 else planes


@pytest.mark.parametrize('phase', ['train', 'test'])
def test_lowlight_samples(phase):
    io = recording('data').under('lol/')
    results = dict(
        key='lol',
        path='lol',
        lq=io['low'].numpy(),
        gt=io['high'].numpy(),
        degradation='lowlight',
        rng=Draws(*io['train_crop_yx'].tolist()),
    )
    steps = [ChannelHistEqualize(degradations=['lowlight'])]
    if phase == 'train':
        steps = [RandomCrop(io['train_gt'].shape[-1]), *steps, RandomFlip(horizontal=1.0)]
    for step in steps:
        results = step(results)
    assert torch.equal(to_planes(results['lq']), io[f'{phase}_adap'])
    assert torch.equal(to_planes(results['gt']), io[f'{phase}_gt'])


def pattern(height: int, width: int, offset: int) -> np.ndarray:
    y, x, c = np.ogrid[:height, :width, :3]
    return ((3 * x + 5 * y + 40 * c + x * y % 17 + offset) % 256).astype(np.uint8)


@pytest.mark.parametrize('case', [f'rain{i}' for i in range(4)])
def test_rain_samples(case):
    io = recording('data').under(f'{case}/')
    height, width = io['hw'].tolist()
    results = dict(
        key=case,
        path=case,
        lq=pattern(height, width, 0),
        gt=pattern(height, width, 91),
        degradation='rain',
        rng=Draws(*io['crop_xy'].tolist()),
    )
    results = RandomFlip(horizontal=float(io['flip']))(BlackFillCrop(256)(results))
    stretched = max(height, width) < 256
    for name, recorded in (('lq', 'adap'), ('gt', 'gt')):
        planes = to_planes(results[name])
        within(planes[:, ::17, ::19], io[f'{recorded}_sub'], 1e-5 if stretched else 0)
        within(
            planes.double().mean(dim=(1, 2)), io[f'{recorded}_mean'], 1e-5 if stretched else 1e-7
        )
