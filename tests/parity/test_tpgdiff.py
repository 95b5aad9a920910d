"""TPGDiff against numbers of its official modules.

All sizes come from the metadata of the recordings.
"""

import math
import re

import pytest
import torch
from torch import Tensor

from restorelab.evaluation.functional import quantize
from restorelab.evaluation.protocols import Protocol
from restorelab.models.adapters.token_cross_attention import CrossAttentionLayer
from restorelab.models.contracts import Prior
from restorelab.models.layers.attention import (
    PreNormResidual,
    SpatialTransformer,
    TokenAttention,
    TokenTransformer,
)
from restorelab.models.layers.embedding import SinusoidalEmbedding
from restorelab.models.layers.hourglass import TimeResBlock
from restorelab.models.layers.linear_attention import LinearAttention
from restorelab.models.layers.norm import ChannelLayerNorm
from restorelab.models.priors import cues
from restorelab.models.priors.image_tower import clip_view
from restorelab.models.priors.structure_prior import sincos_position
from restorelab.models.processes import MeanRevertingProcess, ReverseMeanMatching
from restorelab.models.samplers.euler_ode import sample_euler_ode
from restorelab.models.samplers.euler_sde import sample_euler_sde
from restorelab.models.samplers.posterior import sample_posterior
from restorelab.registry import ADAPTERS, LOSSES, MODELS, PRIORS
from restorelab.structures import Condition, DiffusionState, RestorationSample, TapContext, TapSpec
from tests.parity.fixtures import Recording, assert_close, assert_gradient_close, load_converter

pytestmark = pytest.mark.slow
CONVERT = load_converter('tpgdiff')


def recording(name: str) -> Recording:
    return Recording('tpgdiff', name)


def make_process(config: dict) -> MeanRevertingProcess:
    level = config['max_sigma']
    return MeanRevertingProcess(
        config['T'],
        level / 255 if level >= 1 else level,
        config['schedule'],
        config['eps'],
        respaced_steps=config.get('sample_T'),
    )


class GivenCondition(Prior):
    """A prior whose answer is set from outside, to feed recorded conditions to a restorer."""

    def __init__(self, context_dim: int, struct_dim: int, num_tokens: int = 1):
        super().__init__()
        self.provides = {
            'vectors.degradation': context_dim,
            'tokens.semantic': context_dim,
            'tokens.structure': struct_dim,
        }

    def forward(self, lq: Tensor) -> Condition:
        raise AssertionError('the recorded condition is given to the model')


PRIORS.register_module(module=GivenCondition)


def make_restorer(config: dict, with_priors: bool = True, process: dict | None = None):
    """The official ``ConditionalUNet(**config)`` as an assembly of our parts."""
    levels = len(config['ch_mult'])
    linear = dict(type='LinearAttentionBlock')
    deep = dict(type='SpatialTransformerBlock') if config['use_image_context'] else linear
    attention = [linear] * min(3, levels) + [deep] * max(0, levels - 3)
    shallow = [f'{side}.s{2**i}.block' for side in ('enc', 'dec') for i in range(levels - 1)]
    adapters = dict(
        time=dict(type='PromptTimeAdapter'),
        semantic=dict(type='TokenCrossAttention'),
        film=dict(
            type='PooledFiLM',
            taps=shallow,
            zero_init=False,
            idle_taps=[f'{side}.s{2 ** (levels - 1)}.block' for side in ('enc', 'dec')],
        ),
    )
    given = dict(
        type='GivenCondition',
        context_dim=config['context_dim'],
        struct_dim=config['struct_context_dim'],
    )
    return MODELS.build(
        dict(
            type='DiffusionRestorer',
            backbone=dict(
                type='IRSDEUNet',
                channels=config['in_nc'],
                width=config['nf'],
                channel_mults=config['ch_mult'],
                attention=attention,
                mid_attention=deep,
            ),
            priors=dict(given=given) if with_priors else {},
            adapters=adapters if with_priors else {},
            process=process or dict(type='MeanRevertingProcess'),
            loss=dict(type='L1Loss'),
            sampler=dict(type='Posterior'),
        )
    ).eval()


@pytest.fixture(scope='module')
def restorer():
    weights = recording('unet_weights')
    model = make_restorer(weights.json('config'))
    model.load_state_dict(CONVERT.convert_network(weights.tensors), strict=True)
    return model


def condition(deg: Tensor | None, sem: Tensor, struct: Tensor | None) -> Condition:
    vectors = {} if deg is None else dict(degradation=deg)
    tokens = dict(semantic=sem[:, None]) | ({} if struct is None else dict(structure=struct))
    return Condition(vectors, tokens)


def call(model, x_t: Tensor, mu: Tensor, time: Tensor, cond: Condition) -> Tensor:
    """One call of the network.

    Conditions that are absent take their adapters out, as the official code does.
    """
    absent = [
        f'{kind}.{name}'
        for kind, name in (('vectors', 'degradation'), ('tokens', 'structure'))
        if name not in getattr(cond, kind)
    ]
    taps = {
        name: [a for a in adapters if not set(a.needs) & set(absent)]
        for name, adapters in model.context(cond)._adapters.items()
    }
    return model.backbone(x_t, mu, time, TapContext(taps, cond))


# -- the network -----------------------------------------------------------------------------------


@pytest.mark.parametrize('case', ['a', 'b'])
@torch.no_grad()
def test_network_output(restorer, case):
    io = recording('unet_io')
    x_t, mu, t, deg, sem, struct = (
        io[f'{case}.{name}'] for name in ('x_t', 'mu', 't', 'deg', 'sem', 'struct')
    )
    assert_close(call(restorer, x_t, mu, t, condition(deg, sem, struct)), io[f'{case}.out'])


@pytest.mark.parametrize('variant', ['out_no_struct', 'out_no_deg', 'out_int_t', 'out_frac_t'])
@torch.no_grad()
def test_network_output_without_a_condition_or_with_another_time(restorer, variant):
    io = recording('unet_io')
    x_t, mu, t, deg, sem, struct = (
        io[f'a.{name}'] for name in ('x_t', 'mu', 't', 'deg', 'sem', 'struct')
    )
    time = {'out_int_t': torch.tensor([50]), 'out_frac_t': torch.tensor([12.5])}.get(variant, t)
    cond = condition(
        None if variant == 'out_no_deg' else deg,
        sem,
        None if variant == 'out_no_struct' else struct,
    )
    assert_close(call(restorer, x_t, mu, time, cond), io[f'a.{variant}'])


@torch.no_grad()
def test_network_activations(restorer):
    io = recording('unet_io')
    recorded = io.under('a.act0.')
    outputs = {}

    def keep(name):
        return lambda module, inputs, output: outputs.__setitem__(name, output)

    hooks = [
        restorer.backbone.get_submodule(name).register_forward_hook(keep(name))
        for name in recorded
        if not name.startswith(('prompt', 'struct'))
    ]
    x_t, mu, t, deg, sem, struct = (
        io[f'a.{name}'][:1] for name in ('x_t', 'mu', 't', 'deg', 'sem', 'struct')
    )
    prompt, films = restorer.adapters['time'], restorer.adapters['film']
    hooks.append(prompt.prompt_mlp.register_forward_hook(keep('prompt_mlp')))
    feats = {}
    on_tap = films.on_tap
    films.on_tap = lambda name, feat, ctx: feats.setdefault(name, on_tap(name, feat, ctx))
    call(restorer, x_t, mu, t, condition(deg, sem, struct))
    films.on_tap = on_tap
    for hook in hooks:
        hook.remove()
    downs, ups = CONVERT.level_names(len(restorer.backbone.downs))
    for name, expected in recorded.items():
        if name.startswith('struct_adapters'):
            side, level = name.removeprefix('struct_adapters_').split('.')
            tap = (downs if side == 'down' else ups)[int(level)].replace('_', '.') + '.block'
            assert_close(feats[tap], expected)
        else:
            assert_close(outputs[name], expected)


@torch.no_grad()
def test_network_without_priors():
    plain, weights = recording('unet_plain'), recording('unet_weights')
    model = make_restorer(plain.json('config'), with_priors=False)
    extra = plain.under('extra.')
    state = {
        key: value
        for key, value in CONVERT.convert_network(weights.tensors).items()
        if key.startswith('backbone.')
        and not key.startswith(tuple('backbone.' + k.split('.fn.')[0] + '.' for k in extra))
    }
    model.load_state_dict({**state, **{f'backbone.{k}': v for k, v in extra.items()}}, strict=True)
    assert_close(call(model, plain['x_t'], plain['mu'], plain['t'], Condition()), plain['out'])


# -- its blocks ------------------------------------------------------------------------------------


def plain_conv(c_in: int, c_out: int) -> torch.nn.Module:
    return torch.nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)


def load(module: torch.nn.Module, modules: Recording, name: str) -> torch.nn.Module:
    module.load_state_dict(modules.under(f'{name}.w.'), strict=True)
    return module.eval()


def constructor_numbers(modules: Recording, name: str) -> dict[str, int]:
    """The numbers in the recorded note on a constructor, such as ``heads 2, dim_head 16``."""
    note = modules.json('ctor').get(name, '')
    return {key: int(value) for key, value in re.findall(r'([a-z_]+) ?(\d+)', note)}


@torch.no_grad()
def test_sinusoidal_embedding():
    modules = recording('modules')
    embed = SinusoidalEmbedding(modules['sinusoidal.out'].shape[1])
    assert_close(embed(modules['sinusoidal.in0']), modules['sinusoidal.out'])
    if 'sinusoidal.int_in0' in modules:
        assert_close(embed(modules['sinusoidal.int_in0']), modules['sinusoidal.int_out'])


@torch.no_grad()
def test_channel_layer_norm():
    modules = recording('modules')
    x = modules['chan_layernorm.in0']
    assert_close(
        load(ChannelLayerNorm(x.shape[1], bias=False), modules, 'chan_layernorm')(x),
        modules['chan_layernorm.out'],
    )


@torch.no_grad()
def test_linear_attention():
    modules = recording('modules')
    x = modules['linear_attention.in0']
    numbers = constructor_numbers(modules, 'linear_attention')
    attn = LinearAttention(x.shape[1], numbers['heads'], numbers['dim_head'])
    assert_close(load(attn, modules, 'linear_attention')(x), modules['linear_attention.out'])


@torch.no_grad()
def test_residual_linear_attention():
    modules = recording('modules')
    x = modules['residual_prenorm_linear.in0']
    block = load(
        PreNormResidual(x.shape[1], LinearAttention(x.shape[1])), modules, 'residual_prenorm_linear'
    )
    assert_close(block(x), modules['residual_prenorm_linear.out'])


@pytest.mark.parametrize(
    'name', ['cross_attention_multi', 'cross_attention_single', 'self_attention']
)
@torch.no_grad()
def test_token_attention(name):
    modules = recording('modules')
    numbers = constructor_numbers(modules, 'cross_attention')
    x, context = modules[f'{name}.in0'], modules.tensors.get(f'{name}.context')
    inner, dim = modules[f'{name}.w.to_q.weight'].shape
    context_dim, head_dim = modules[f'{name}.w.to_k.weight'].shape[1], numbers['dim_head']
    attn = TokenAttention(dim, context_dim, inner // head_dim, head_dim)
    assert_close(load(attn, modules, name)(x, context), modules[f'{name}.out'])


class CrossAttentionTap:
    """Cross-attention on the one token tap of a lone transformer block."""

    def __init__(self, modules: Recording, prefix: str, channels: int, context: Tensor):
        self.layer = CrossAttentionLayer(channels, context.shape[2])
        self.layer.load_state_dict(
            {
                key: value
                for key, value in modules.under(prefix).items()
                if key.startswith(('attn2', 'norm2'))
            }
        )
        self.context = context

    def __call__(self, tokens: Tensor) -> Tensor:
        return tokens + self.layer(tokens, self.context)


@pytest.mark.parametrize('name', ['spatial_transformer', 'residual_prenorm_spatial'])
@torch.no_grad()
def test_spatial_transformer_with_cross_attention(name):
    modules = recording('modules')
    x, context = modules[f'{name}.in0'], modules[f'{name}.context']
    block = SpatialTransformer(x.shape[1])
    inner = ''
    if name == 'residual_prenorm_spatial':
        block, inner = PreNormResidual(x.shape[1], block), 'fn.fn.'
    state = {
        key: value
        for key, value in modules.under(f'{name}.w.').items()
        if '.attn2.' not in key and '.norm2.' not in key
    }
    block.load_state_dict(state, strict=True)
    tap = CrossAttentionTap(modules, f'{name}.w.{inner}transformer_blocks.0.', x.shape[1], context)
    assert_close(block(x, tap), modules[f'{name}.out'])


@torch.no_grad()
def test_gated_mlp():
    modules = recording('modules')
    x = modules['geglu_ff.in0']
    block = TokenTransformer(x.shape[2], num_heads=1, head_dim=x.shape[2])
    block.ff.load_state_dict(modules.under('geglu_ff.w.'), strict=True)
    assert_close(block.ff['net'](x), modules['geglu_ff.out'])


@pytest.mark.parametrize('name', ['resblock', 'resblock_same'])
@torch.no_grad()
def test_residual_block(name):
    modules = recording('modules')
    x, time = modules[f'{name}.in0'], modules[f'{name}.in1']
    block = TimeResBlock(
        x.shape[1], modules[f'{name}.out'].shape[1], time.shape[1], plain_conv, None, bias=False
    )
    assert_close(load(block, modules, name)(x, time), modules[f'{name}.out'])


@torch.no_grad()
def test_structure_modulation():
    modules = recording('modules')
    feat, tokens = modules['struct_film.in0'], modules['struct_film.in1']
    film = ADAPTERS.build(
        dict(
            type='PooledFiLM',
            taps=['here'],
            tap_specs=[TapSpec('here', 'enc', 1, feat.shape[1])],
            cond_widths={'tokens.structure': tokens.shape[2]},
        )
    )
    load(film.layers['here'], modules, 'struct_film')
    ctx = TapContext({}, Condition(tokens=dict(structure=tokens)))
    assert_close(film.on_tap('here', feat, ctx), modules['struct_film.out'])


# -- the process -----------------------------------------------------------------------------------


def test_schedules():
    tables = recording('sde_schedules')
    for name, config in tables.json('configs').items():
        process = make_process(config)
        for ours, theirs in (
            ('thetas', 'thetas'),
            ('sigmas', 'sigmas'),
            ('theta_sums', 'thetas_cumsum'),
            ('sigma_bars', 'sigma_bars'),
            ('dt', 'dt'),
        ):
            torch.testing.assert_close(
                getattr(process, ours), tables[f'{name}.{theirs}'], rtol=3e-7, atol=1e-7
            )
        assert process.time_scale == pytest.approx(float(tables[f'{name}.sample_scale']))
        assert process.noise_level == pytest.approx(float(tables[f'{name}.max_sigma']))
        steps = range(1, process.steps + 1)
        coefficients = [process.posterior_coefficients(t) for t in steps]
        assert_close(torch.stack([c[0] for c in coefficients]), tables[f'{name}.posterior_coef_xt'])
        assert_close(torch.stack([c[1] for c in coefficients]), tables[f'{name}.posterior_coef_x0'])
        assert_close(
            torch.stack([process.posterior_std(t) for t in steps]), tables[f'{name}.posterior_std']
        )


def step_values(process: MeanRevertingProcess, io: Recording, t: int) -> dict[str, Tensor]:
    """Every single-step function at ``t``, under the names of the recording."""
    x_0, mu, x_t, eps, z = (io[name] for name in ('x0', 'mu', 'xt', 'eps', 'z'))
    score = process.score(eps, t)
    real_noise = (x_t - process.mean(x_0, mu, t)) / process.sigma_bar(t)
    return dict(
        mu_bar=process.mean(x_0, mu, t),
        score=score,
        drift=process.drift(x_t, mu, t),
        dispersion=process.dispersion(z, t),
        forward_step=process.forward_step(x_t, mu, z, t),
        sde_reverse_drift=process.sde_reverse_drift(x_t, mu, score, t),
        ode_reverse_drift=process.ode_reverse_drift(x_t, mu, score, t),
        reverse_sde_step_mean=process.sde_step_mean(x_t, mu, score, t),
        reverse_sde_step=process.sde_step(x_t, mu, score, z, t),
        reverse_ode_step=process.ode_step(x_t, mu, score, t),
        x0_from_noise=process.clean_from(eps, x_t, mu, t),
        reverse_optimum_step=process.posterior_mean(x_t, x_0, mu, t),
        reverse_optimum_std=process.posterior_std(t),
        reverse_posterior_step=process.posterior_mean(
            x_t, process.clean_from(eps, x_t, mu, t), mu, t
        )
        + process.posterior_std(t) * z,
        real_noise=real_noise,
        real_score=process.score(real_noise, t),
        weights=torch.exp(-process.theta_sums[t] * process.dt),
    )


def test_single_steps():
    io = recording('sde_steps')
    process = make_process(io.json('config'))
    times = sorted({int(key[1:].split('.')[0]) for key in io.tensors if re.match(r't\d+\.', key)})
    for t in times:
        ours, recorded = step_values(process, io, t), io.under(f't{t}.')
        assert set(recorded) == set(ours)
        for name, expected in recorded.items():
            assert_close(ours[name], expected)


def test_training_states_and_the_noisy_start():
    io = recording('sde_steps')
    process = make_process(io.json('config'))
    state = process.add_noise(io['x0'], io['mu'], io['grs_timesteps'].flatten(), io['z'])
    assert_close(state.x_t, io['grs_states'])
    assert_close(process.start(io['mu'], io['z']), io['noise_state'])


def test_reverse_chain_of_an_oracle():
    io = recording('sde_steps')
    process = make_process(io.json('config'))
    x = io['xt']
    for t in range(process.steps, 0, -1):
        x = process.posterior_mean(x, io['x0'], io['mu'], t)
    (expected,) = io.under('optimal_reverse_').values()
    assert_close(x, expected)


# -- training --------------------------------------------------------------------------------------


def test_training_step(restorer):
    io = recording('training')
    process = make_process(io.json('config'))
    t = io['timesteps'].flatten()
    struct = io['struct'].clone().requires_grad_()
    out = call(restorer, io['xt'], io['mu'], t, condition(io['deg'], io['sem'], struct))
    assert_close(out, io['pred_noise'])
    made = process.add_noise(io['x0'], io['mu'], t, io['noise'])
    assert_close(made.x_t, io['xt'])
    state = DiffusionState(io['xt'], t, io['noise'], io['noise'], io['x0'], io['mu'])
    expectation, optimum = ReverseMeanMatching()(process, out, state)
    assert_close(process.score(out, t), io['score'])
    assert_close(expectation, io['expectation'])
    assert_close(optimum, io['optimum'])
    loss = restorer.criterion(expectation, optimum)
    assert_close(loss, io['loss_l1'])
    assert_close(LOSSES.build(dict(type='MSELoss'))(expectation, optimum), io['loss_l2'])
    per_image = (expectation - optimum).abs().mean(dim=(1, 2, 3))
    assert_close((per_image * io['weights'].flatten()).mean(), io['loss_l1_weighted'])
    restorer.zero_grad()
    loss.backward()
    gradients = CONVERT.convert_network(
        {**dict.fromkeys(recording('unet_weights').tensors), **io.under('grad.')}
    )
    parameters = dict(restorer.named_parameters())
    for name, expected in gradients.items():
        if expected is not None:
            assert_gradient_close(parameters[name].grad, expected)
    assert_gradient_close(struct.grad, io['grad_struct'])


# -- samplers --------------------------------------------------------------------------------------

RUNS = dict(
    sde=sample_euler_sde,
    ode=sample_euler_ode,
    posterior=sample_posterior,
)


@pytest.mark.parametrize('mode', RUNS)
@pytest.mark.parametrize('name', ['trajectory_T10', 'trajectory_T100', 'trajectory_sampleT20'])
def test_trajectory(restorer, name, mode):
    file = recording(name)
    prefix = next(iter(file.tensors)).split('.')[0]
    io = file.under(f'{prefix}.')
    if f'{mode}.out' not in io:
        pytest.skip(f'{name} was not recorded with the {mode} sampler')
    process = make_process(file.json('config'))
    cond = condition(io['deg'], io['sem'], io['struct'])
    states = []

    def predict(x: Tensor, t: Tensor) -> Tensor:
        states.append(x)
        time = process.time(t)
        gain = io['k'][round(float(time[0]))]
        return gain * (x - io['mu']) + 0.25 * call(restorer, x, io['mu'], time, cond)

    draws = iter([io['init_noise'], *io['noise']])
    out = RUNS[mode](predict, process, io['mu'], lambda like: next(draws))
    assert_close(states[0], io['x_T'])
    kept = states[:: math.ceil(process.steps / len(io[f'{mode}.states']))]
    for ours, expected in zip(kept, io[f'{mode}.states'], strict=True):
        assert_close(ours, expected)
    assert_close(out, io[f'{mode}.out'])


# -- priors ----------------------------------------------------------------------------------------


def make_structure_prior(config: dict):
    prior = PRIORS.build(
        dict(
            type='StructurePrior',
            cues=[dict(type='BoxDoGCue')] * 3,
            image_size=config['image_size'],
            width=config['base_channels'],
            num_blocks=config['num_blocks'],
            token_dim=config['token_dim'],
            num_tokens=config['num_latent_tokens'],
        )
    )
    return prior.eval()


class RecordedCue(torch.nn.Module):
    def __init__(self, name: str, value: Tensor):
        super().__init__()
        self.provides, self.value, self.name = {f'maps.{name}': 1}, value, name

    def forward(self, lq: Tensor) -> Condition:
        return Condition(maps={self.name: self.value})


@torch.no_grad()
def test_cues():
    io = recording('structure_prior')
    assert_close(cues.box_dog(io['lq']), io['dog'])
    assert_close(cues.unit_range(io['depth_raw']), io['depth_norm'])
    assert_close(cues.class_id_map(io['seg_logits']), io['seg_norm'])
    pixels = (io['lq'][0].clamp(0, 1) * 255).to(torch.uint8).permute(1, 2, 0)
    assert torch.equal(pixels, io['pil_uint8_first'].to(torch.uint8))


@torch.no_grad()
def test_structure_tokens():
    io = recording('structure_prior')
    config = io.json('config')
    prior = make_structure_prior(config)
    prior.load_state_dict(
        {
            key.removeprefix(CONVERT.STRUCTURE): value
            for key, value in CONVERT.convert_structure(io.under('w.')).items()
        },
        strict=True,
    )
    side = round(io['pos_embed'].shape[0] ** 0.5)
    assert_close(sincos_position(side, side, config['token_dim']), io['pos_embed'])
    assert_close(sincos_position(3, 5, config['token_dim']), io['pos_embed_3x5'])
    recorded = [RecordedCue('depth', io['depth_norm']), RecordedCue('segmentation', io['seg_norm'])]
    prior.cues = torch.nn.ModuleList([*recorded, prior.cues[2]])
    for index, name in enumerate(('depth', 'seg', 'dog')):
        cue = next(iter(prior.cues[index](io['lq']).maps.values()))
        assert_close(prior.encode(cue, index), io[f'tokens_{name}'])
    assert_close(prior(io['lq']).token('structure'), io['struct_tokens'])


def make_prior_stage(io: Recording):
    vision = io.json('vision_cfg')
    prior = dict(tower=vision, frozen=False)
    num = int(io.metadata['num_degradations'])
    model = MODELS.build(
        dict(
            type='PriorDistillation',
            semantic=dict(type='CLIPSemanticPrior', **prior),
            degradation=dict(type='CLIPDegradationPrior', **prior),
            degradations=[str(i) for i in range(num)],
            semantic_loss=dict(type='CosineDistillationLoss'),
            degradation_loss=dict(
                type='LabelSmoothedCrossEntropy', smoothing=float(io.metadata['label_smoothing'])
            ),
        )
    )
    model.load_state_dict(CONVERT.convert_priors(io.under('w.')), strict=True)
    return model.eval()


def test_prior_stage(monkeypatch):
    io = recording('prior_stage')
    model = make_prior_stage(io)
    monkeypatch.setattr(
        'restorelab.models.priors.image_tower_prior.clip_view', lambda image, size: image
    )
    samples = [
        RestorationSample(gt=gt, metainfo=dict(degradation=str(int(label))))
        for gt, label in zip(io['img_gt'], io['deg_label'], strict=True)
    ]
    semantic, logits = model.describe(io['img_lq'])
    assert_close(semantic, io['z_S'])
    assert_close(semantic, io['content_prior'])
    assert_close(model.teach(io['img_gt']), io['z_T'])
    assert_close(model.degradation(io['img_lq']).vector('degradation'), io['deg_feature'])
    assert_close(logits, io['deg_logits'])
    assert_close(logits.softmax(dim=1), io['deg_prob'])
    losses = model(io['img_lq'], samples, mode='loss')
    assert_close(losses['loss_semantic'], io['content_loss'])
    assert_close(losses['loss_degradation'], io['deg_loss'])
    total = sum(losses.values())
    assert_close(total, io['total_loss'])
    total.backward()
    parameters = dict(model.named_parameters())
    gradients = io.under('grad.')
    assert gradients
    for name, expected in CONVERT.convert_priors(gradients).items():
        assert_gradient_close(parameters[name].grad, expected)


def test_clip_view():
    io = recording('metrics_preproc')
    image, out = io['clip_in_hwc_rgb'].permute(2, 0, 1)[None], io['clip_out_res32']
    assert_close(clip_view(image, out.shape[-1])[0], out)


# -- scores ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(('space', 'suffix'), [('rgb', ''), ('y', '_y')])
def test_psnr_and_ssim(space, suffix):
    io = recording('metrics_preproc')
    protocol = Protocol(space=space, crop=int(io.metadata['crop_border']))
    psnr, ssim = protocol.score(io['sr'][None], io['gt'][None])
    assert_close(psnr[0].float(), io[f'psnr{suffix}'].float())
    assert_close(ssim[0].float(), io[f'ssim{suffix}'].float())
    for name in ('sr', 'gt'):
        pixels = (quantize(io[name]) * 255).round().to(torch.uint8).flip(0).permute(1, 2, 0)
        assert torch.equal(pixels, io[f'{name}_uint8_bgr'].to(torch.uint8))
