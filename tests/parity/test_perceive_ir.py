"""Perceive-IR against numbers of its official modules. All sizes come from the recordings' own JSON and metadata."""

import json

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.layers.restormer import PixelLayerNorm
from restorelab.models.losses.contrastive import task_infonce
from restorelab.registry import MODELS
from restorelab.structures import Condition
from tests.parity.fixtures import Recording, load_converter, recorded_file

pytestmark = pytest.mark.slow
CONVERT = load_converter('perceive_ir')


def recording(name: str) -> Recording:
    return Recording('perceive_ir', name)


def vectors() -> dict:
    return json.loads(recorded_file('perceive_ir', 'vectors.json').read_text())


def assert_close(actual: Tensor, expected: Tensor, tolerance: float = 1e-5) -> None:
    """|actual - expected| <= tolerance + tolerance * |expected|, entry by entry."""
    torch.testing.assert_close(actual, expected.reshape(actual.shape), rtol=tolerance, atol=tolerance)


# -- the network -------------------------------------------------------------------------------------------------------

@pytest.fixture(scope='module')
def restorer() -> nn.Module:
    """The official network with its weights, loaded strictly by their official names."""
    network = CONVERT.convert_network(recording('net').tensors)
    model = MODELS.build(CONVERT.model_config(network)).eval()
    model.load_state_dict(network, strict=True)
    return model


def semantics(io: Recording) -> Tensor:
    return torch.stack([io[f'in.semantics.{level}'] for level in range(len(io.under('in.semantics.')))], dim=1)


def describe(restorer: nn.Module, io: Recording) -> Condition:
    """What the priors would say: the recorded stubs for DINOv2, the encoder's vector."""
    degradation = restorer.condition(io['in.image'], ['vectors.degradation'])
    return Condition(degradation.vectors, dict(semantic=semantics(io)))


def test_the_restored_image(restorer):
    io = recording('net_io')
    restored = restorer.backbone(io['in.image'], restorer.context(describe(restorer, io)))
    assert_close(restored, io['out.restored'])


@pytest.mark.parametrize(('image', 'name'), [('in.image', 'out.degradation'), ('in.positive_image', 'out.positive')])
def test_the_degradation_vector(restorer, image, name):
    io = recording('net_io')
    assert_close(restorer.condition(io[image], ['vectors.degradation']).vector('degradation'), io[name])


def test_the_mirrored_image_is_the_default_positive(restorer):
    io = recording('net_io')
    mirrored = restorer.condition(io['in.image'].flip(-1), ['vectors.degradation'])
    assert_close(mirrored.vector('degradation'), io['out.positive_default_hflip'])


def test_every_recorded_activation(restorer):
    io, seen = recording('net_io'), {}
    names = {CONVERT.convert_name(f'{name}.x').removesuffix('.x'): name for name in io.under('act.')}
    guidance = {f'adapters.0.layers.{level}': name for level, name in enumerate(restorer.adapters[0].taps)}

    class Spy:
        """Stands behind the adapter on its taps."""

        def on_tap(self, name, feat, ctx):
            seen[name] = feat
            return feat

    hooks = [module.register_forward_hook(lambda _m, _i, out, name=name: seen.update({name: out}))
             for name, module in restorer.named_modules() if name in names and name not in guidance]
    ctx = restorer.context(describe(restorer, io))
    for tap in guidance.values():
        ctx._adapters[tap].append(Spy())
    restorer.backbone(io['in.image'], ctx)
    for hook in hooks:
        hook.remove()
    names = {CONVERT.convert_name(f'{name}.affine.0.x').rsplit('.', 2)[0] if name.startswith('pgm.') else converted: name
             for converted, name in names.items()}
    for converted, name in names.items():
        assert_close(seen[guidance.get(converted, converted)], io[f'act.{name}'])


def test_the_gradients_of_both_losses(restorer):
    io = recording('net_io')
    cond, labels = describe(restorer, io), torch.arange(len(io['in.image']))
    restored = restorer.backbone(io['in.image'], restorer.context(cond))
    positive = restorer.condition(io['in.positive_image'], ['vectors.degradation']).vector('degradation')
    contrast, _ = task_infonce(cond.vector('degradation'), positive, labels)
    loss = F.l1_loss(restored, io['in.gt']) + 0.1 * contrast
    restorer.zero_grad()
    loss.backward()
    assert_close(loss, io['loss.l1_plus_0.1contrastive'])
    parameters, recorded = dict(restorer.named_parameters()), io.under('grad.')
    assert recorded
    for name, gradient in recorded.items():
        assert_close(parameters[CONVERT.convert_name(name)].grad, gradient)


@pytest.mark.parametrize(('tag', 'name'), [
    ('layernorm', 'backbone.encoders.1.0.norm1'), ('mdta', 'backbone.encoders.1.0.attention'),
    ('gdfn', 'backbone.encoders.1.0.ffn'), ('tb', 'backbone.encoders.1.0'), ('pgca', 'backbone.latent.0.attention'),
    ('etb', 'backbone.latent.0'), ('stage', 'backbone.latent'), ('down1', 'backbone.downs.0'),
    ('up2', 'backbone.ups.1')])
def test_a_module_alone(restorer, tag, name):
    io = recording('modules_io')
    inputs = [io[f'{tag}.in{number}'] for number in range(3) if f'{tag}.in{number}' in io]
    assert_close(restorer.get_submodule(name)(*inputs), io[f'{tag}.out'])


def test_the_guidance_alone(restorer):
    io, adapter = recording('modules_io'), restorer.adapters[0]
    semantic = torch.stack([io['pgm1.in1']] * len(adapter.taps), dim=1)
    ctx = restorer.context(Condition(dict(degradation=io['pgm1.in2']), dict(semantic=semantic)))
    assert_close(adapter.on_tap(adapter.taps[1], io['pgm1.in0'], ctx), io['pgm1.out'])


def test_the_degradation_encoder_alone(restorer):
    io = recording('modules_io')
    assert_close(restorer.priors[1](io['cfe.in0']).vector('degradation'), io['cfe.out'])


def test_norms_have_the_recorded_epsilon(restorer):
    assert {module.eps for module in restorer.modules() if isinstance(module, PixelLayerNorm)} == {1e-5}


def test_the_network_has_the_recorded_size(restorer):
    sizes = vectors()['net']
    assert sum(p.numel() for name, p in restorer.named_parameters() if not name.startswith('priors.0.')) == sizes['params']
    assert restorer.backbone.embed.out_channels == sizes['dim']


@torch.no_grad()
def test_the_medium_restorer():
    weights = recording('medium')
    network = CONVERT.convert_network(weights.under('state.'))
    config, sizes = CONVERT.model_config(network), vectors()['medium']
    assert [config['backbone'][name] for name in ('dim', 'blocks', 'heads', 'refinement')] == [
        sizes[name] for name in ('dim', 'blocks', 'heads', 'refinement_blocks')]
    model = MODELS.build(config)
    model.load_state_dict(network, strict=True)
    assert_close(model.backbone(weights['in.image']), weights['out.restored'])
