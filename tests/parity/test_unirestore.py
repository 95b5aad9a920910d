"""UniRestore against numbers of its official code.

All sizes come from the ``config.json`` of the recordings.
"""

import json

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from restorelab.models.adapters.cfrm import GroupAttentionBlock, NAFBlock
from restorelab.models.adapters.control_sc_tuner import Controller, SCTuner
from restorelab.models.adapters.tfa import TaskEditor
from restorelab.models.restorers import DiffusionRestorer
from restorelab.models.restorers.reference import ReferencePass
from restorelab.registry import MODELS
from restorelab.structures import Condition, RestorationSample, TrainingStep
from restorelab.utils import pad_to_multiple, resize
from tests.parity.fixtures import (
    Recording,
    assert_close,
    assert_gradient_close,
    load_converter,
    recorded_file,
)

pytestmark = pytest.mark.slow
CONVERT = load_converter('unirestore')


def recording(name: str) -> Recording:
    return Recording('unirestore', name)


def settings() -> dict:
    return json.loads(recorded_file('unirestore', 'config.json').read_text())


# -- CFRM ------------------------------------------------------------------------------------------


@pytest.fixture
def cfrm():
    io, options = recording('cfrm'), settings()['cfrm']
    blocks = [NAFBlock(options['channels']) for _ in range(options['num_naf'])]
    stage = torch.nn.Sequential(
        *blocks, GroupAttentionBlock(options['channels'], options['groups'])
    )
    stage.load_state_dict(io.under('w/'))
    return stage.eval(), io


@torch.no_grad()
def test_naf_blocks(cfrm):
    stage, io = cfrm
    assert_close(stage[0](io['x']), io['y_first_nafblock'])
    assert_close(stage[:-1](io['x']), io['y_before_core'])


@torch.no_grad()
def test_group_attentions(cfrm):
    stage, io = cfrm
    core, seen = stage[-1], {}
    for name in ('intra_group_attn', 'inter_group_attn', 'nafblock'):
        core.get_submodule(name).register_forward_hook(
            lambda module, inputs, output, name=name: seen.__setitem__(name, (inputs[0], output))
        )
    core(io['y_before_core'])
    assert_close(seen['intra_group_attn'][1], io['core_intra'])
    assert_close(seen['inter_group_attn'][1].reshape(io['core_inter'].shape), io['core_inter'])
    assert_close(seen['nafblock'][0], io['y_core_before_last_nafblock'])


@pytest.mark.parametrize('size', ['', '_small'])
@torch.no_grad()
def test_cfrm_stage(cfrm, size):
    stage, io = cfrm
    assert_close(stage(io[f'x{size}']), io[f'y{size}'])


# -- TFA -------------------------------------------------------------------------------------------


def editors(prompt_len: int) -> list[TaskEditor]:
    options, io = settings()['tfa'], recording('tfa')
    widths = options['c_skip']
    chain = [
        TaskEditor(options['c_out'], width, None if last else width // 2, prompt_len)
        for width, last in zip(widths, options['last_layer'], strict=True)
    ]
    for i, editor in enumerate(chain):
        editor.load_state_dict(io.under(f'w/p{prompt_len}/{i}.'))
    return chain


def prompt_lengths() -> list[int]:
    return settings()['tfa']['prompt_len']


@torch.no_grad()
def test_chain_of_task_editors():
    io = recording('tfa')
    for length in prompt_lengths():
        prompt = io[f'p{length}/prompt']
        for i, editor in enumerate(editors(length)):
            at = f'p{length}/{i}'
            feat, prompt = editor(io[f'{at}/x'], io[f'{at}/skip'], prompt)
            assert_close(feat, io[f'{at}/y'])
            assert (prompt is not None) == (f'{at}/cond_out' in io)
            if prompt is not None:
                assert_close(prompt, io[f'{at}/cond_out'])


@torch.no_grad()
def test_task_editor_with_a_zero_prompt():
    io = recording('tfa')
    for length in prompt_lengths():
        at, prompt = f'p{length}/0', torch.zeros_like(io[f'p{length}/prompt'])
        feat, after = editors(length)[0](io[f'{at}/x'], io[f'{at}/skip'], prompt)
        assert_close(feat, io[f'{at}/y_zero_prompt'])
        assert_close(after, io[f'{at}/cond_out_zero_prompt'])


@torch.no_grad()
def test_task_editor_with_a_faint_skip():
    io = recording('tfa')
    for length in prompt_lengths():
        at = f'p{length}/0'
        feat, _ = editors(length)[0](io[f'{at}/x'], io[f'{at}/skip_small'], io[f'p{length}/prompt'])
        assert_close(feat, io[f'{at}/y_skip_small'])


# -- controller and tuner --------------------------------------------------------------------------


def controller_options() -> dict:
    options = settings()['controller']
    return dict(
        width=options['model_channels'],
        channel_mults=options['channel_mult'],
        attention=[kind.startswith('Attn') for kind in options['down_block_types']],
        out_channels=options['out_channels'],
        num_heads=options['num_heads'],
        num_blocks=options['num_res_blocks'],
    )


@pytest.fixture
def controller():
    io = recording('controller')
    net = Controller(settings()['controller']['in_channels'], **controller_options())
    net.load_state_dict(io.under('w/'))
    return net.eval(), io


@torch.no_grad()
def test_time_embedding_of_the_controller(controller):
    net, io = controller
    assert_close(net.embed_time(io['timesteps']), io['temb'])


@pytest.mark.parametrize(
    ('case', 'source', 'count'),
    [('control', 'x', None), ('control_small', 'x_small', None), ('control_scalar_t', 'x', 1)],
)
@torch.no_grad()
def test_control_maps(controller, case, source, count):
    net, io = controller
    maps = net(io[source], io['timesteps'] if count is None else io['timesteps'][-count:])
    recorded = io.under(f'{case}_w')
    assert len(recorded) == len(maps)
    for control in maps:
        assert_close(control, recorded[str(control.shape[-1])])


@torch.no_grad()
def test_sc_tuner():
    io, options = recording('sc_tuner'), settings()['sc_tuner']
    tuner = SCTuner(options['c_in'], options['c_cond'], options['c_emb'])
    tuner.load_state_dict(io.under('w/'))
    assert_close(tuner(io['x'], io['condition']), io['y'])


# -- the whole model -------------------------------------------------------------------------------


def model_config() -> dict:
    config = settings()
    editors, blocks = config['task_editors'], config['cfrm_blocks']
    levels = [2 ** (i + 1) for i in range(len(blocks))]
    return dict(
        type='DiffusionRestorer',
        codec=dict(type='LatentAutoencoder', vae=config['vae']),
        backbone=dict(
            type='SDTurboUNet',
            unet=config['unet'],
            prompt_tokens=recording('e2e')['w/base_model.null_embeds'].shape[1],
        ),
        process=process_config(config['scheduler'], config['train_timesteps']),
        sampler=dict(type='DDIM', steps=1),
        loss=dict(type='MSELoss'),
        objective=dict(type='CleanMatching'),
        step_losses=dict(image=dict(type='ViewingLoss', loss=dict(type='L1Loss'))),
        adapters=dict(
            cfrm=dict(
                type='CFRM',
                taps=[f'enc.s{level}' for level in levels],
                num_naf=[block['num_naf'] for block in blocks],
            ),
            control=dict(type='ControlSCTuner', controller=controller_options()),
            tfa=dict(
                type='TFA',
                pairs=[(f'dec.s{level}.in', f'enc.s{level}') for level in reversed(levels)],
                tasks=editors['tasks'],
                prompt_len=editors['prompt_len'],
            ),
        ),
    )


def process_config(scheduler: dict, train_times: list[int]) -> dict:
    """The process of a scheduler of diffusers."""
    assert scheduler['prediction_type'] == 'epsilon'
    assert scheduler['timestep_spacing'] == 'trailing'
    return dict(
        type='VariancePreservingProcess',
        steps=scheduler['num_train_timesteps'],
        betas=(scheduler['beta_start'], scheduler['beta_end']),
        schedule=scheduler['beta_schedule'],
        ends_clean=scheduler['set_alpha_to_one'],
        train_times=train_times,
    )


def official_state() -> dict[str, Tensor]:
    """The weights as two official checkpoints hold them, SD-Turbo's networks included."""
    control = {
        f'controller.{key}': value for key, value in recording('controller').under('w/').items()
    }
    return {**recording('e2e').under('w/'), **control}


@pytest.fixture
def model() -> DiffusionRestorer:
    net = MODELS.build(model_config())
    net.load_state_dict(CONVERT.rename(official_state()), strict=True)
    net.backbone.size_divisor = 8  # of the full-size U-Net: images were padded for that one
    return net.eval()


@pytest.fixture
def io() -> Recording:
    return recording('e2e')


def encoded(model: DiffusionRestorer, io: Recording, case: str):
    """Latent and context of the recorded encoder pass ``hq_plain`` or ``lq_cfrm``."""
    plain = case == 'hq_plain'
    reference = ReferencePass(model.adapters.values(), Condition())
    ctx = reference.ctx if plain else model.context(Condition())
    image = io['hq' if plain else 'lq']
    return model.encode(image, lambda like: io[f'{case}/posterior_noise'], ctx), ctx


def predicted_noise(model: DiffusionRestorer, z_t: Tensor, z_lq: Tensor, t: Tensor) -> Tensor:
    ctx = model.context(model.denoising_condition(Condition(), z_lq))
    ctx.time = t
    return model.backbone(z_t, z_lq, t, ctx)


def predicted_clean(model: DiffusionRestorer, z_t: Tensor, z_lq: Tensor, t: Tensor) -> Tensor:
    return model.process.clean_from(predicted_noise(model, z_t, z_lq, t), z_t, z_lq, t)


def cfrm_loss(model: DiffusionRestorer, io: Recording) -> Tensor:
    reference = ReferencePass(model.adapters.values(), Condition())
    model.encode(io['hq'], lambda like: io['hq_plain/posterior_noise'], reference.ctx)
    return reference.losses(encoded(model, io, 'lq_cfrm')[1])['loss_cfrm']


def test_noise_schedule(model, io):
    assert_close(model.process.alpha_bar, io['alphas_cumprod'])


@pytest.mark.parametrize('case', ['hq_plain', 'lq_cfrm'])
@torch.no_grad()
def test_encoder(model, io, case):
    latent, ctx = encoded(model, io, case)
    posterior = model.codec.posterior(
        io['hq' if case == 'hq_plain' else 'lq'],
        None if case == 'hq_plain' else model.context(Condition()),
    )
    assert_close(posterior.mean, io[f'{case}/posterior_mean'])
    assert_close(posterior.logvar, io[f'{case}/posterior_logvar'])
    assert_close(latent, io[f'{case}/latent'])
    for i, name in enumerate(model.adapters['cfrm'].taps):
        assert_close(ctx.skips[name], io[f'{case}/mid{i}'])


def test_training_prediction(model, io):
    t, z_lq = io['timesteps'], io['lq_cfrm/latent']
    z_t = model.process.add_noise(io['hq_plain/latent'], z_lq, t, io['diffusion_noise']).x_t
    assert_close(z_t, io['train/zt'])
    assert_close(predicted_noise(model, z_t, z_lq, t).detach(), io['train/pred_eps'])
    assert_close(predicted_clean(model, z_t, z_lq, t).detach(), io['train/pred_z0'])


def test_losses(model, io):
    z_gt, reference = encoded(model, io, 'hq_plain')
    z_lq, ctx = encoded(model, io, 'lq_cfrm')
    cfrm = model.adapters['cfrm']
    assert cfrm.loss_weights == (0.1, 0.1, 0.01)
    mids = [F.mse_loss(ctx.skips[name], reference.skips[name]) for name in cfrm.taps]
    assert_close(torch.stack(mids).detach(), io['loss/mid'])
    assert_close(cfrm_loss(model, io).detach(), io['loss/cfrm'])
    assert_close(F.mse_loss(z_lq, z_gt), io['loss/enc_logged_only'])
    t, noise = io['timesteps'], io['diffusion_noise']
    state = model.process.add_noise(z_gt, io['lq_cfrm/latent'], t, noise)
    out = predicted_noise(model, state.x_t, state.lq, t)
    pair = model.objective(model.process, out, state)
    assert_close(model.criterion(*pair).detach(), io['loss/control'])


def named_gradients(model: DiffusionRestorer) -> dict[str, Tensor | None]:
    """Gradients by official name."""
    official = CONVERT.rename({name: name for name in official_state()})
    return {official[name]: weight.grad for name, weight in model.named_parameters()}


def test_gradients_of_the_cfrm_loss(model, io):
    cfrm_loss(model, io).backward()
    gradients = named_gradients(model)
    for name, expected in io.under('grad/cfrm_loss/').items():
        assert_gradient_close(gradients[f'ae.vae.encoder.{name}'], expected)


def test_gradients_of_the_control_loss(model, io):
    z_lq, _ = encoded(model, io, 'lq_cfrm')
    assert not z_lq.requires_grad
    z_0 = predicted_clean(model, io['train/zt'], z_lq, io['timesteps'])
    model.criterion(z_0, io['hq_plain/latent']).backward()
    gradients = named_gradients(model)
    for name, expected in io.under('grad/control_loss/').items():
        official = name if name.startswith('controller.') else f'base_model.{name}'
        assert_gradient_close(gradients[official], expected)
    assert [
        name for name, grad in gradients.items() if 'fr_blocks' in name and grad is not None
    ] == []


def image_loss(model: DiffusionRestorer, restored: Tensor, gt: Tensor) -> Tensor:
    samples = [RestorationSample() for _ in gt]
    step = TrainingStep(restored, restored, gt, Condition(), samples)
    return model.step_losses['image'](step)


def test_image_loss_does_not_reach_cfrm_or_control(model, io):
    ctx = encoded(model, io, 'lq_cfrm')[1]
    image_loss(model, model.decode(io['lq_cfrm/latent'], ctx), io['hq']).backward()
    reached = {
        name.split('.')[2] for name, grad in named_gradients(model).items() if grad is not None
    }
    assert reached == {'decoder'}


@pytest.mark.parametrize('steps', [1, 2, 4])
@torch.no_grad()
def test_sampling(model, io, steps):
    visited, z_lq = [], io['lq_cfrm/latent']

    def predict(z_t, t):
        visited.append(int(t[0]))
        return predicted_noise(model, z_t, z_lq, t)

    noise = io['diffusion_noise']
    z = model.sampler(predict, model.process, z_lq, lambda like: noise, steps)
    assert visited == io[f'infer/timesteps_{steps}step'].tolist()
    assert_close(z, io[f'infer/z_{steps}step'])


@torch.no_grad()
def test_start_of_sampling(model, io):
    z = model.process.start(io['lq_cfrm/latent'], io['diffusion_noise'])
    assert_close(z, io['infer/z999'])


def decode(
    model: DiffusionRestorer, io: Recording, tasks: list[str], latent: str = 'lq_cfrm/latent'
) -> Tensor:
    ctx = encoded(model, io, 'lq_cfrm')[1].for_tasks(tasks)
    return model.decode(io[latent], ctx)


@torch.no_grad()
def test_decoding_for_each_task(model, io):
    for task in settings()['task_editors']['tasks']:
        assert_close(decode(model, io, [task] * len(io['lq'])), io[f'decode/image_{task}'])
    assert_close(
        decode(model, io, ['ir'] * len(io['lq']), 'infer/z_1step'), io['infer/image_1step_ir']
    )
    assert_close(
        image_loss(model, decode(model, io, ['ir'] * len(io['lq'])), io['hq']), io['loss/ir_l1']
    )


@torch.no_grad()
def test_a_mixed_batch_equals_the_batches_of_its_tasks(model, io):
    tasks = settings()['task_editors']['tasks']
    mixed = [tasks[i % len(tasks)] for i in range(len(io['lq']))]
    images = decode(model, io, mixed)
    for i, task in enumerate(mixed):
        torch.testing.assert_close(
            images[i], decode(model, io, [task] * len(mixed))[i], atol=1e-6, rtol=0
        )
        assert_close(images[i], io[f'decode/image_{task}'][i])


@torch.no_grad()
def test_task_editors_in_the_decoder(model, io):
    seen = []
    for editor in model.adapters['tfa'].editors:
        editor.register_forward_hook(
            lambda module, inputs, output: seen.append((inputs[2], output[0]))
        )
    decode(model, io, ['cls'] * len(io['lq']))
    for i, (prompt, feat) in enumerate(seen):
        assert_close(prompt, io[f'decode/cls_cond_in_{i}'])
        if f'decode/cls_tfa_y_{i}' in io:
            assert_close(feat, io[f'decode/cls_tfa_y_{i}'])


def test_adding_a_task_leaves_the_other_images_unchanged(model, io):
    config = model_config()
    config['adapters']['tfa']['tasks'] = [*config['adapters']['tfa']['tasks'], 'det']
    larger = MODELS.build(config).eval()
    state = model.state_dict()
    missing = larger.load_state_dict(state, strict=False).missing_keys
    assert missing == ['adapters.tfa.prompts.det']
    torch.nn.init.normal_(larger.adapters['tfa'].prompts['det'])
    for task in settings()['task_editors']['tasks']:
        tasks = [task] * len(io['lq'])
        assert torch.equal(decode(larger, io, tasks), decode(model, io, tasks))


# -- any size --------------------------------------------------------------------------------------


def network_input(model, image: torch.Tensor) -> torch.Tensor:
    return pad_to_multiple(
        resize(image, model.working_size(tuple(image.shape[-2:]))), model.pad_multiple
    )


def test_network_sizes(model):
    for size, network in settings()['size_plan']:
        assert list(network_input(model, torch.zeros(1, 1, *size)).shape[-2:]) == network


def test_resizing_round_an_identity_network(model):
    io = recording('full_forward')
    size = tuple(io['identity_in'].shape[-2:])
    height, width = model.working_size(size)
    enlarged = network_input(model, io['identity_in'])[..., :height, :width]
    assert_close(resize(enlarged, size), io['identity_out'])


@torch.no_grad()
def test_whole_restoration(model):
    io, options = recording('full_forward'), settings()['full_forward']
    draws = iter([io['posterior_noise'], io['diffusion_noise']])
    assert list(network_input(model, io['image']).shape[-2:]) == options['network_input']
    size = tuple(io['image'].shape[-2:])
    enlarged = resize(io['image'], model.working_size(size))
    out = resize(
        model.restore_region(
            enlarged, Condition(), lambda like: next(draws), [options['task']], None
        ),
        size,
    )
    assert_close(out, io['output'], 2e-5)
