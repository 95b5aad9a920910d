"""TPGDiff against numbers of its official modules. All sizes come from the recordings' own metadata."""

import math
import re

import pytest
import torch
from torch import Tensor

# M
from restorelab.models.diffusion import MeanRevertingProcess, ReverseMeanMatching
from restorelab.models.layers.attention import (LinearAttention, PreNormResidual, SpatialTransformer, TokenAttention,
                                                TransformerBlock)
from restorelab.models.layers.embedding import SinusoidalEmbedding
from restorelab.models.layers.hourglass import TimeResBlock
from restorelab.models.layers.norm import ChannelLayerNorm
from restorelab.models.priors import cues
from restorelab.models.priors.image_tower import clip_view
from restorelab.models.priors.structure import sincos_position
from restorelab.models.samplers import mean_reverting as samplers
from restorelab.registry import ADAPTERS, MODELS, PRIORS
from restorelab.structures import Condition, DiffusionState, RestorationSample, TapContext, TapSpec
from tests.parity.fixtures import Recording, assert_close, assert_gradient_close, load_converter

pytestmark = pytest.mark.slow
CONVERT = load_converter('tpgdiff')


def recording(name: str) -> Recording:
    return Recording('tpgdiff', name)


def make_process(config: dict) -> MeanRevertingProcess:
    level = config['max_sigma']
    return MeanRevertingProcess(config['T'], level / 255 if level >= 1 else level, config['schedule'], config['eps'],
                                respaced_steps=config.get('sample_T'))


class GivenCondition(torch.nn.Module):
    """A prior whose answer is set from outside, to feed recorded conditions to a restorer."""

    def __init__(self, context_dim: int, struct_dim: int, num_tokens: int = 1):
        super().__init__()
        self.provides = {'vectors.degradation': context_dim, 'tokens.semantic': context_dim,
                         'tokens.structure': struct_dim}


PRIORS.register_module(module=GivenCondition)


def make_restorer(config: dict, with_priors: bool = True, process: dict | None = None):
    """The official ``ConditionalUNet(**config)`` as an assembly of our parts."""
    levels = len(config['ch_mult'])
    deep = 'transformer' if config['use_image_context'] else 'linear'
    attention = ['linear'] * min(3, levels) + [deep] * max(0, levels - 3)
    shallow = [f'{side}.s{2**i}.block' for side in ('enc', 'dec') for i in range(levels - 1)]
    adapters = [dict(type='PromptTimeAdapter'), dict(type='TokenCrossAttention'),
                dict(type='PooledFiLM', taps=shallow, zero_init=False,
                     idle_taps=[f'{side}.s{2**(levels - 1)}.block' for side in ('enc', 'dec')])]
    return MODELS.build(dict(
        type='DiffusionRestorer',
        backbone=dict(type='IRSDEUNet', channels=config['in_nc'], width=config['nf'], channel_mults=config['ch_mult'],
                      attention=attention, mid_attention=deep),
        priors=[dict(type='GivenCondition', context_dim=config['context_dim'],
                     struct_dim=config['struct_context_dim'])] if with_priors else [],
        adapters=adapters if with_priors else [],
        process=process or dict(type='MeanRevertingProcess'), loss=dict(type='L1Loss'),
        sampler=dict(type='Posterior'))).eval()


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
    """One evaluation of the network; conditions that are absent take their adapters out, as the official code does."""
    absent = [f'{kind}.{name}' for kind, name in (('vectors', 'degradation'), ('tokens', 'structure'))
              if name not in getattr(cond, kind)]
    taps = {name: [a for a in adapters if not set(a.needs) & set(absent)]
            for name, adapters in model.context(cond)._adapters.items()}
    return model.backbone(x_t, mu, time, TapContext(taps, cond))


# -- the network -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('case', ['a', 'b'])
@torch.no_grad()
def test_network_output(restorer, case):
    io = recording('unet_io')
    x_t, mu, t, deg, sem, struct = (io[f'{case}.{name}'] for name in ('x_t', 'mu', 't', 'deg', 'sem', 'struct'))
    assert_close(call(restorer, x_t, mu, t, condition(deg, sem, struct)), io[f'{case}.out'])


@pytest.mark.parametrize('variant', ['out_no_struct', 'out_no_deg', 'out_int_t', 'out_frac_t'])
@torch.no_grad()
def test_network_output_without_a_condition_or_with_another_time(restorer, variant):
    io = recording('unet_io')
    x_t, mu, t, deg, sem, struct = (io[f'a.{name}'] for name in ('x_t', 'mu', 't', 'deg', 'sem', 'struct'))
    time = {'out_int_t': torch.tensor([50]), 'out_frac_t': torch.tensor([12.5])}.get(variant, t)
    cond = condition(None if variant == 'out_no_deg' else deg, sem, None if variant == 'out_no_struct' else struct)
    assert_close(call(restorer, x_t, mu, time, cond), io[f'a.{variant}'])


@torch.no_grad()
def test_network_activations(restorer):
    io = recording('unet_io')
    recorded = io.under('a.act0.')
    outputs = {}

    def keep(name):
        return lambda module, inputs, output: outputs.__setitem__(name, output)

    hooks = [restorer.backbone.get_submodule(name).register_forward_hook(keep(name))
             for name in recorded if not name.startswith(('prompt', 'struct'))]
    x_t, mu, t, deg, sem, struct = (io[f'a.{name}'][:1] for name in ('x_t', 'mu', 't', 'deg', 'sem', 'struct'))
    prompt, films = restorer.adapters[0], restorer.adapters[2]
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
    state = {key: value for key, value in CONVERT.convert_network(weights.tensors).items()
             if key.startswith('backbone.') and not key.startswith(
                 tuple('backbone.' + k.split('.fn.')[0] + '.' for k in extra))}
    model.load_state_dict({**state, **{f'backbone.{k}': v for k, v in extra.items()}}, strict=True)
    assert_close(call(model, plain['x_t'], plain['mu'], plain['t'], Condition()), plain['out'])


# -- its blocks --------------------------------------------------------------------------------------------------------

def plain_conv(c_in: int, c_out: int) -> torch.nn.Module:
    return torch.nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)


def load(module: torch.nn.Module, modules: Recording, name: str) -> torch.nn.Module:
    module.load_state_dict(modules.under(f'{name}.w.'), strict=True)
    return module.eval()


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
    assert_close(load(ChannelLayerNorm(x.shape[1]), modules, 'chan_layernorm')(x), modules['chan_layernorm.out'])


@torch.no_grad()
def test_linear_attention():
    modules = recording('modules')
    x = modules['linear_attention.in0']
    assert_close(load(LinearAttention(x.shape[1]), modules, 'linear_attention')(x), modules['linear_attention.out'])


@torch.no_grad()
def test_residual_linear_attention():
    modules = recording('modules')
    x = modules['residual_prenorm_linear.in0']
    block = load(PreNormResidual(x.shape[1], LinearAttention(x.shape[1])), modules, 'residual_prenorm_linear')
    assert_close(block(x), modules['residual_prenorm_linear.out'])


def constructor_numbers(modules: Recording, name: str) -> dict[str, int]:
    """The numbers in the recorded note on a module's constructor, such as ``heads 2, dim_head 16``."""
    note = modules.json('ctor').get(name, '')
    return {key: int(value) for key, value in re.findall(r'([a-z_]+) ?(\d+)', note)}


@pytest.mark.parametrize('name', ['cross_attention_multi', 'cross_attention_single', 'self_attention'])
@torch.no_grad()
def test_token_attention(name):
    modules = recording('modules')
    numbers = constructor_numbers(modules, 'cross_attention')
    x, context = modules[f'{name}.in0'], modules.tensors.get(f'{name}.context')
    inner, dim = modules[f'{name}.w.to_q.weight'].shape
    attn = TokenAttention(dim, modules[f'{name}.w.to_k.weight'].shape[1], inner // numbers['dim_head'], numbers['dim_head'])
    assert_close(load(attn, modules, name)(x, context), modules[f'{name}.out'])
