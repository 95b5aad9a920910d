"""Every trunk has the same doors: its taps, names for conditions, and refusals that help."""

import pytest
import torch

from restorelab.models.contracts import DiffusionBackbone
from restorelab.registry import BACKBONES, CODECS, MODELS, SAMPLERS
from restorelab.structures import Condition, RestorationSample, TapContext, check_taps
from tests.models.tiny import (
    LATENT_RESTORER,
    TINY_ADAPTERS,
    TINY_BACKBONES,
    TINY_CODECS,
    TINY_PRIORS,
    TINY_RESTORERS,
    part,
    randomize,
)

SIDE = 16
TRUNK = dict(type='RestormerUNet', dim=4, blocks=[1, 1], heads=[1, 2], refinement=1)
LOSS = dict(type='L1Loss')


class Recorder:
    """An adapter that changes nothing and remembers what passed each tap."""

    def __init__(self):
        self.shapes = {}

    def on_tap(self, name, feat, ctx):
        self.shapes[name] = tuple(feat.shape)
        return feat


def call(net, taps: dict) -> torch.Tensor:
    torch.manual_seed(0)
    vectors = {kind: torch.ones(2, 1) for kind in ('noise', 'jpeg', 'haze')}
    cond = Condition(vectors, dict(haze=torch.rand(2, 4, 6)))
    ctx = TapContext(taps, cond)
    if isinstance(net, DiffusionBackbone):
        images = torch.rand(2, 2, net.channels, SIDE, SIDE)
        return net(*images, torch.tensor([3, 7]), ctx)
    return net(torch.rand(2, 3, SIDE, SIDE), ctx)


@pytest.mark.parametrize('name', TINY_BACKBONES)
def test_every_backbone_calls_the_taps_it_lists_in_the_words_of_all(name):
    net, recorder = BACKBONES.build(part(TINY_BACKBONES, name)), Recorder()
    check_taps(net.tap_specs, name)
    call(net, {spec.name: [recorder] for spec in net.tap_specs})
    expected = {}
    for spec in net.tap_specs:
        side = SIDE // spec.stride if spec.stride else 0
        flat = dict(time=(2, spec.channels), tokens=(2, side * side, spec.channels))
        expected[spec.name] = flat.get(spec.side, (2, spec.channels, side, side))
    assert recorder.shapes == expected


@pytest.mark.parametrize('name', TINY_BACKBONES)
def test_what_an_adapter_does_at_a_tap_reaches_the_output(name):
    class Shift:
        def on_tap(self, name, feat, ctx):
            return feat + torch.linspace(-1, 1, feat.numel()).view_as(feat)

    torch.manual_seed(0)
    net = randomize(BACKBONES.build(part(TINY_BACKBONES, name))).eval()
    with torch.no_grad():
        plain = call(net, {})
        deaf = [
            spec.name
            for spec in net.tap_specs
            if torch.equal(call(net, {spec.name: [Shift()]}), plain)
        ]
    assert deaf == []


def test_a_regressions_network_hears_state_and_time_in_a_diffusion():
    torch.manual_seed(0)
    net = randomize(BACKBONES.build(part(TINY_BACKBONES, 'TimedBackbone')))
    x_t, lq = torch.rand(2, 2, 3, SIDE, SIDE)
    time = torch.tensor([3.0, 7.0])
    out = net(x_t, lq, time)
    others = (net(x_t.flip(-1), lq, time), net(x_t, lq.flip(-1), time), net(x_t, lq, time + 9))
    assert not any(torch.equal(out, other) for other in others)


def test_a_new_timed_backbone_is_its_trunk_plus_the_state_at_the_first_level():
    net = BACKBONES.build(part(TINY_BACKBONES, 'TimedBackbone'))
    torch.nn.init.zeros_(net.enter.weight)
    torch.nn.init.zeros_(net.enter.bias)
    x_t, lq = torch.rand(2, 2, 3, SIDE, SIDE)
    assert torch.equal(net(x_t, lq, torch.tensor([3.0, 7.0])), net.backbone(lq))


def test_a_timed_backbone_works_on_latents():
    backbone = part(TINY_BACKBONES, 'TimedBackbone', channels=4)
    film = dict(type='FiLM', taps=['latent.enc.*', 'time'], condition='maps.latent')
    cfg = dict(LATENT_RESTORER, backbone=backbone, adapters=dict(film=film), step_losses={})
    model = MODELS.build(cfg)
    assert model.adapters['film'].taps == ('latent.enc.s1', 'time')
    assert model.restore(torch.rand(1, 3, SIDE, SIDE)).shape == (1, 3, SIDE, SIDE)


def test_a_diffusions_trunk_restores_in_one_step():
    net = BACKBONES.build(part(TINY_BACKBONES, 'OneStepBackbone')).eval()
    lq = torch.rand(2, 3, SIDE, SIDE)
    assert torch.equal(net(lq), lq + net.backbone(lq, lq, torch.zeros(2)))


@pytest.mark.parametrize(
    ('cfg', 'error', 'message'),
    [
        (
            dict(type='TimedBackbone', backbone=part(TINY_BACKBONES, 'IRSDEUNet')),
            TypeError,
            'IRSDEUNet hears both already; give IRSDEUNet itself',
        ),
        (
            dict(type='TimedBackbone', backbone=part(TINY_BACKBONES, 'ToneCurve')),
            ValueError,
            'find no way into ToneCurve.*Choose a trunk with levels, such as RestormerUNet',
        ),
        (
            dict(type='OneStepBackbone', backbone=TRUNK),
            TypeError,
            'RestormerUNet is none; give RestormerUNet itself',
        ),
        (
            dict(type='OneStepBackbone', backbone=part(TINY_BACKBONES, 'SDTurboUNet')),
            ValueError,
            'SDTurboUNet works on 4; give it channels=3',
        ),
        (
            dict(type='diffusers.UNet2DModel'),
            TypeError,
            r"UNet2DModel does not derive.*or take dict\(type='DiffusersUNet2D'",
        ),
    ],
)
def test_a_trunk_of_the_other_kind_is_refused_with_the_way_out(cfg, error, message):
    with pytest.raises(error, match=message):
        BACKBONES.build(cfg)


def test_a_scheduler_of_diffusers_is_refused_with_the_part_that_holds_one():
    with pytest.raises(TypeError, match=r"DDIMScheduler does not.*type='DiffusersSampler'"):
        SAMPLERS.build(dict(type='diffusers.DDIMScheduler'))


def two_priors(**options):
    return MODELS.build(
        dict(
            type='RegressionRestorer',
            backbone=TRUNK,
            loss=LOSS,
            priors=dict(
                clip=part(TINY_PRIORS, 'CLIPSemanticPrior'),
                dino=part(TINY_PRIORS, 'DINOv2ClassTokens'),
            ),
            **options,
        )
    )


def test_two_priors_of_one_name_stand_beside_each_other_under_other_names():
    model = two_priors(condition_names=dict(dino=dict(semantic='scene')))
    lq = torch.rand(1, 3, SIDE, SIDE)
    assert model.condition(lq).names() == ['tokens.semantic', 'tokens.scene']
    assert model.condition(lq, ['tokens.scene']).names() == ['tokens.scene']


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        ({}, r"'clip' and 'dino' .* condition_names=dict\(dino=dict\(semantic='dino'\)\)"),
        (dict(dyno=dict(semantic='x')), r"prior 'dyno' says; the priors are \['clip', 'dino'\]"),
        (dict(dino=dict(tokens='x')), r"renames \['tokens'\], and the prior gives \['semantic'\]"),
    ],
)
def test_wrong_names_of_conditions_are_answered_with_the_right_ones(names, message):
    with pytest.raises(KeyError, match=message):
        two_priors(condition_names=names)


def test_adapters_in_a_codec_learn_beside_one_that_needs_a_reference():
    """The reference pass comes first, without gradient; what it derives is not kept."""
    prior = part(TINY_PRIORS, 'CompactDegradationEncoder')
    film = dict(type='FiLM', taps=['enc.s2'])
    adapters = dict(film=film, **LATENT_RESTORER['adapters'])
    adapters['cfrm'] = dict(adapters['cfrm'], cut=False)
    torch.manual_seed(0)
    cfg = dict(LATENT_RESTORER, priors=dict(degradation=prior), adapters=adapters)
    model = randomize(MODELS.build(dict(cfg, step_losses={})))
    samples = [RestorationSample(gt=torch.rand(3, SIDE, SIDE)) for _ in range(2)]
    losses = model(torch.rand(2, 3, SIDE, SIDE), samples, mode='loss')
    losses['loss_cfrm'].backward()
    assert all(w.grad is not None for w in model.adapters['film'].parameters())


def test_a_codec_and_its_taps_speak_the_same_words():
    check_taps(CODECS.build(part(TINY_CODECS, 'LatentAutoencoder')).tap_specs, 'the codec')


@pytest.mark.parametrize('name', ['FiLM', 'MapGate'])
def test_the_error_of_an_adapter_names_it_and_the_trunk(name):
    adapter = part(TINY_ADAPTERS, name, taps=['enc.s64'])
    cfg = part(TINY_RESTORERS, 'DiffusionRestorer', adapters=dict(mine=adapter))
    with pytest.raises(ValueError, match=rf"adapter 'mine' on IRSDEUNet: {name} asks for"):
        MODELS.build(cfg)
