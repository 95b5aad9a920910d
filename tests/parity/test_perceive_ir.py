"""Perceive-IR against numbers of its official modules.

All sizes come from the JSON and the metadata of the recordings.
"""

import itertools
import json
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import CosineAnnealingLR
from safetensors.torch import save_file
from torch import Tensor, nn

from restorelab.datasets import CenterModCrop, GlobalBatchSampler
from restorelab.datasets.fold_dataset import sample_fold, stable_seed
from restorelab.datasets.noise_benchmark_dataset import center_crop, image_noise, stream_noise
from restorelab.evaluation.protocols import find_preset
from restorelab.models.contracts import Prior, Proxy
from restorelab.models.layers.norm import ChannelLayerNorm
from restorelab.models.losses.clip_aware_loss import CLIPAwareLoss
from restorelab.models.losses.degradation_infonce import degradation_infonce
from restorelab.models.losses.difficulty_adaptive_perceptual_loss import (
    DifficultyAdaptivePerceptualLoss,
    difficulty_adaptive_perceptual,
    difficulty_weights,
    patch_psnr,
)
from restorelab.models.priors.clip_quality_perceiver import (
    WORDS,
    CLIPQualityPerceiver,
    build_clip,
    encode_prompts,
    perceiver_view,
)
from restorelab.models.priors.dinov2_class_tokens import DINOv2ClassTokens, imagenet_view
from restorelab.registry import MODELS
from restorelab.structures import Condition, RestorationSample, TrainingStep
from tests.parity.fixtures import Recording, load_converter, recorded_file

pytestmark = pytest.mark.slow
CONVERT = load_converter('perceive_ir')


def recording(name: str) -> Recording:
    return Recording('perceive_ir', name)


def vectors() -> dict:
    return json.loads(recorded_file('perceive_ir', 'vectors.json').read_text())


def assert_close(actual: Tensor, expected: Tensor, tolerance: float = 1e-5) -> None:
    """|actual - expected| <= tolerance + tolerance * |expected|, entry by entry."""
    torch.testing.assert_close(
        actual, expected.reshape(actual.shape), rtol=tolerance, atol=tolerance
    )


# -- the network -----------------------------------------------------------------------------------


@pytest.fixture(scope='module')
def restorer() -> nn.Module:
    """The official network with its weights, loaded strictly by their official names."""
    network = CONVERT.convert_network(recording('net').tensors)
    model = MODELS.build(CONVERT.model_config(network)).eval()
    model.load_state_dict(network, strict=True)
    return model


def semantics(io: Recording) -> Tensor:
    return torch.stack(
        [io[f'in.semantics.{level}'] for level in range(len(io.under('in.semantics.')))], dim=1
    )


def describe(restorer: nn.Module, io: Recording) -> Condition:
    """What the priors would say: the recorded stubs for DINOv2, the encoder's vector."""
    degradation = restorer.condition(io['in.image'], ['vectors.degradation'])
    return Condition(degradation.vectors, dict(semantic=semantics(io)))


def test_the_restored_image(restorer):
    io = recording('net_io')
    restored = restorer.backbone(io['in.image'], restorer.context(describe(restorer, io)))
    assert_close(restored, io['out.restored'])


@pytest.mark.parametrize(
    ('image', 'name'), [('in.image', 'out.degradation'), ('in.positive_image', 'out.positive')]
)
def test_the_degradation_vector(restorer, image, name):
    io = recording('net_io')
    assert_close(
        restorer.condition(io[image], ['vectors.degradation']).vector('degradation'), io[name]
    )


def test_the_mirrored_image_is_the_default_positive(restorer):
    io = recording('net_io')
    mirrored = restorer.condition(io['in.image'].flip(-1), ['vectors.degradation'])
    assert_close(mirrored.vector('degradation'), io['out.positive_default_hflip'])


def test_every_recorded_activation(restorer):
    io, seen = recording('net_io'), {}
    names = {
        CONVERT.convert_name(f'{name}.x').removesuffix('.x'): name for name in io.under('act.')
    }

    class Spy:
        """Stands behind the adapter on its taps."""

        def on_tap(self, name, feat, ctx):
            seen[name] = feat
            return feat

    hooks = [
        module.register_forward_hook(lambda _m, _i, out, name=name: seen.update({name: out}))
        for name, module in restorer.named_modules()
        if name in names
    ]
    ctx = restorer.context(describe(restorer, io))
    for tap in restorer.adapters['guidance'].taps:
        ctx._adapters[tap].append(Spy())
    restorer.backbone(io['in.image'], ctx)
    for hook in hooks:
        hook.remove()
    for converted, name in names.items():
        if name.startswith('pgm.'):
            converted = restorer.adapters['guidance'].taps[int(name.removeprefix('pgm.'))]
        assert_close(seen[converted], io[f'act.{name}'])


def test_the_gradients_of_both_losses(restorer):
    io = recording('net_io')
    cond, labels = describe(restorer, io), torch.arange(len(io['in.image']))
    restored = restorer.backbone(io['in.image'], restorer.context(cond))
    positive = restorer.condition(io['in.positive_image'], ['vectors.degradation']).vector(
        'degradation'
    )
    contrast, _ = degradation_infonce(cond.vector('degradation'), positive, labels)
    loss = F.l1_loss(restored, io['in.gt']) + 0.1 * contrast
    restorer.zero_grad()
    loss.backward()
    assert_close(loss, io['loss.l1_plus_0.1contrastive'])
    parameters, recorded = dict(restorer.named_parameters()), io.under('grad.')
    assert recorded
    for name, gradient in recorded.items():
        assert_close(parameters[CONVERT.convert_name(name)].grad, gradient)


@pytest.mark.parametrize(
    ('tag', 'name'),
    [
        ('layernorm', 'backbone.encoders.1.0.norm1'),
        ('mdta', 'backbone.encoders.1.0.attention'),
        ('gdfn', 'backbone.encoders.1.0.ffn'),
        ('tb', 'backbone.encoders.1.0'),
        ('pgca', 'backbone.latent.0.attention'),
        ('etb', 'backbone.latent.0'),
        ('stage', 'backbone.latent'),
        ('down1', 'backbone.downs.0'),
        ('up2', 'backbone.ups.1'),
    ],
)
def test_a_module_alone(restorer, tag, name):
    io = recording('modules_io')
    inputs = [io[f'{tag}.in{number}'] for number in range(3) if f'{tag}.in{number}' in io]
    assert_close(restorer.get_submodule(name)(*inputs), io[f'{tag}.out'])


def test_the_guidance_alone(restorer):
    io, adapter = recording('modules_io'), restorer.adapters['guidance']
    semantic = torch.stack([io['pgm1.in1']] * len(adapter.taps), dim=1)
    ctx = restorer.context(Condition(dict(degradation=io['pgm1.in2']), dict(semantic=semantic)))
    assert_close(adapter.on_tap(adapter.taps[1], io['pgm1.in0'], ctx), io['pgm1.out'])


def test_the_degradation_encoder_alone(restorer):
    io = recording('modules_io')
    assert_close(restorer.priors['degradation'](io['cfe.in0']).vector('degradation'), io['cfe.out'])


def test_norms_have_the_recorded_epsilon(restorer):
    assert {
        module.eps for module in restorer.modules() if isinstance(module, ChannelLayerNorm)
    } == {1e-5}


def test_the_network_has_the_recorded_size(restorer):
    sizes = vectors()['net']
    assert (
        sum(p.numel() for name, p in restorer.named_parameters() if 'priors.semantic.' not in name)
        == sizes['params']
    )
    assert restorer.backbone.embed.out_channels == sizes['dim']


@torch.no_grad()
def test_the_medium_restorer():
    weights = recording('medium')
    network = CONVERT.convert_network(weights.under('state.'))
    config, sizes = CONVERT.model_config(network), vectors()['medium']
    assert [config['backbone'][name] for name in ('dim', 'blocks', 'heads', 'refinement')] == [
        sizes[name] for name in ('dim', 'blocks', 'heads', 'refinement_blocks')
    ]
    model = MODELS.build(config)
    model.load_state_dict(network, strict=True)
    assert_close(model.backbone(weights['in.image']), weights['out.restored'])


# -- priors ----------------------------------------------------------------------------------------


@pytest.fixture(scope='module')
def dino(tmp_path_factory) -> tuple[DINOv2ClassTokens, Recording]:
    """The prior of the recorded size.

    It read the recorded weights from a file with their published names.
    """
    recorded = recording('dino')
    sizes = {name: json.loads(value) for name, value in recorded.metadata.items()}
    path = tmp_path_factory.mktemp('dino') / 'model.safetensors'
    save_file(recorded.under('state.'), path)
    count = len(recorded.under('out.semantics.'))
    layers = [1, *(round(n * sizes['layers'] / (count - 1)) for n in range(1, count))]
    prior = DINOv2ClassTokens(
        layers,
        pretrained=str(path),
        network=dict(
            hidden_size=sizes['hidden_size'],
            num_hidden_layers=sizes['layers'],
            num_attention_heads=sizes['heads'],
            image_size=sizes['image_size'],
            patch_size=sizes['patch_size'],
            layer_norm_eps=sizes['layer_norm_eps'],
        ),
    )
    prior.load_pretrained()
    return prior, recorded


def test_class_tokens(dino):
    prior, recorded = dino
    tokens = prior(recorded['in.image']).token('semantic')
    for level in range(tokens.shape[1]):
        assert_close(tokens[:, level], recorded[f'out.semantics.{level}'])


def test_the_last_class_token_is_taken_before_the_final_norm(dino):
    prior, recorded = dino
    last = prior(recorded['in.image']).token('semantic')[:, -1]
    assert_close(prior.net.layernorm(last), recorded['aux.cls_last_after_layernorm'])


def test_what_dino_sees(dino):
    prior, recorded = dino
    assert_close(
        imagenet_view(recorded['in.image'], prior.size)[..., ::16, ::16],
        recorded['pre.out_stride16'],
    )


@pytest.fixture(scope='module')
def text_tower() -> tuple[nn.Module, Recording]:
    recorded, sizes = recording('prompts'), vectors()['clip_text']
    clip = build_clip(
        dict(
            embed_dim=recorded['clip.text_projection'].shape[1],
            quick_gelu=True,
            vision_cfg=dict(image_size=16, patch_size=8, width=16, layers=1, head_width=8),
            text_cfg=dict(
                vocab_size=8,
                **{name: sizes[name] for name in ('context_length', 'width', 'heads', 'layers')},
            ),
        )
    )
    missing = clip.load_state_dict(recorded.under('clip.'), strict=False)
    assert not missing.unexpected_keys
    assert all(
        key.startswith(('visual', 'token_embedding', 'logit_scale')) for key in missing.missing_keys
    )
    return clip, recorded


def test_prompts_features_logits_and_their_loss(text_tower):
    clip, recorded = text_tower
    context = recorded['context'].clone().requires_grad_()
    prompts = torch.cat([recorded['token_prefix'], context, recorded['token_suffix']], dim=1)
    assert_close(prompts, recorded['prompts'])
    features = encode_prompts(clip, prompts, context.shape[1] + 1)
    assert_close(features, recorded['text_features'])
    logits = 100 * recorded['image_features'] @ F.normalize(features, dim=-1).T
    assert_close(logits, recorded['logits'])
    loss = F.cross_entropy(logits, recorded['labels'])
    assert_close(loss, recorded['ce'])
    loss.backward()
    assert_close(context.grad, recorded['grad_context'], 1e-4)


def test_the_end_of_text_is_where_the_recorded_tokens_have_it(text_tower):
    _, recorded = text_tower
    end = recorded['tokenized_prompts'].argmax(dim=1)
    assert set(end.tolist()) == {recorded['context'].shape[1] + 1}


def test_the_words_stand_at_the_end_of_the_prompts(text_tower):
    _, recorded = text_tower
    with torch.device('meta'):
        perceiver = CLIPQualityPerceiver()
    ids = vectors()['clip_token_ids']
    assert perceiver.word_tokens == [ids[word] for word in WORDS]
    assert [perceiver._vocabulary()[0], perceiver._vocabulary()[1]] == [ids['sot'], ids['eot']]
    assert perceiver.num_context == recorded['context'].shape[1]


# -- losses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize('labels', ['mixed', 'single', 'two'])
def test_contrast_of_tasks(labels):
    recorded = recording('losses')
    anchor, positive = (
        recorded[f'cl.{name}'].clone().requires_grad_() for name in ('anchor', 'positive')
    )
    loss, share = degradation_infonce(anchor, positive, recorded[f'cl.{labels}.labels'])
    assert_close(loss, recorded[f'cl.{labels}.loss'])
    assert_close(share, recorded[f'cl.{labels}.valid_fraction'])
    loss.backward()
    for name, value in (('anchor', anchor), ('positive', positive)):
        gradient = torch.zeros_like(value) if value.grad is None else value.grad
        assert_close(gradient, recorded[f'cl.{labels}.grad_{name}'])


def test_clip_aware_loss():
    recorded = recording('losses')

    class Recorded(Prior):
        """A perceiver whose features are the recorded ones."""

        def forward(self, lq):
            return Condition(vectors=dict(quality=self.logits(lq, 1.0).softmax(dim=1)))

        def logits(self, image, scale):
            seen, prompts = (
                F.normalize(recorded[f'clip.{name}_features'], dim=-1) for name in ('image', 'text')
            )
            return scale * seen @ prompts.T

    loss = CLIPAwareLoss(dict(type=Recorded))
    assert_close(
        loss.perceiver.logits(None, loss.scale).softmax(dim=1), recorded['clip.probabilities']
    )
    step = TrainingStep(torch.zeros(1), None, None, Condition(), [])
    assert_close(loss(step), recorded['clip.loss'])


def test_what_clip_sees():
    recorded = recording('losses')
    side = 16 * recorded['clip.pre.out_stride16'].shape[-1]
    assert_close(
        perceiver_view(recorded['clip.pre.in'], side)[..., ::16, ::16],
        recorded['clip.pre.out_stride16'],
    )


@pytest.fixture(scope='module')
def perceptual() -> tuple[DifficultyAdaptivePerceptualLoss, Recording]:
    """The loss on the recorded trunk, with the recorded proxies."""
    recorded = recording('losses')
    state = recorded.under('vgg.state.')
    widths = [len(state[f'features.{index}.bias']) for index in (0, 5, 10)]

    class Given(Proxy):
        def __init__(self, number):
            super().__init__()
            self.number = number

        def forward(self, step):
            return recorded[f'dpl.proxy{self.number}'], recorded[f'dpl.mask{self.number}']

    count = len(recorded.under('dpl.proxy_psnr'))
    loss = DifficultyAdaptivePerceptualLoss(
        widths=widths, proxies=[dict(type=Given, number=n) for n in range(count)]
    )
    loss.vgg.load_state_dict(state, strict=True)
    loss.reference_psnr.copy_(recorded['dpl.reference_psnr'])
    return loss, recorded


def test_taps_of_the_perceptual_trunk(perceptual):
    loss, recorded = perceptual
    for index, tap in enumerate(loss.vgg(recorded['dpl.restored'])):
        assert_close(tap, recorded[f'vgg.tap{index}'])


def test_difficulty_of_the_proxies(perceptual):
    loss, recorded = perceptual
    for number in range(len(loss.proxies)):
        psnr = patch_psnr(recorded[f'dpl.proxy{number}'], recorded['dpl.gt'])
        assert_close(psnr, recorded[f'dpl.proxy_psnr{number}'])
        weights = difficulty_weights(psnr, loss.reference_psnr.expand(len(psnr)))
        assert_close(weights, recorded[f'dpl.weight{number}'])


@pytest.mark.parametrize('variant', ['no_proxy', 'unweighted', 'full'])
def test_the_perceptual_ratio_of_each_sample(perceptual, variant):
    loss, recorded = perceptual
    features = {name: loss.vgg(recorded[f'dpl.{name}']) for name in ('restored', 'gt', 'degraded')}
    proxies = []
    for number in range(0 if variant == 'no_proxy' else len(loss.proxies)):
        mask, weight = recorded[f'dpl.mask{number}'], recorded[f'dpl.weight{number}']
        factor = mask * weight if variant == 'full' else torch.ones_like(mask)
        proxies.append((loss.vgg(recorded[f'dpl.proxy{number}']), factor))
    ratio = difficulty_adaptive_perceptual(
        features['restored'], features['gt'], features['degraded'], proxies
    )
    assert_close(ratio, recorded[f'dpl.per_sample.{variant}'])


def test_the_perceptual_loss_and_its_gradient(perceptual):
    loss, recorded = perceptual
    restored = recorded['dpl.restored'].clone().requires_grad_()
    samples = [RestorationSample(metainfo=dict(degradation='any'))] * len(restored)
    value = loss(
        TrainingStep(restored, recorded['dpl.degraded'], recorded['dpl.gt'], Condition(), samples)
    )
    assert_close(value, recorded['dpl.loss.full'])
    value.backward()
    assert_close(restored.grad, recorded['dpl.grad_restored.full'])


# -- protocols -------------------------------------------------------------------------------------


@pytest.mark.parametrize('key', ['sample_fold', 'stable_seed'])
def test_folds_and_seeds(key):
    rule = dict(sample_fold=sample_fold, stable_seed=stable_seed)[key]
    recorded = vectors()[key]
    assert {name: rule(*name.split('|')) for name in recorded} == recorded


def clean_images(recorded: Recording) -> list[np.ndarray]:
    return [recorded[f'clean.{number}'].numpy() for number in range(len(recorded.under('clean.')))]


def recorded_sigmas(recorded: Recording, protocol: str) -> list[int]:
    return sorted({int(key.split('.')[0]) for key in recorded.under(f'{protocol}.sigma')})


def test_crops_to_multiples_of_16():
    recorded = recording('protocol')
    for number, image in enumerate(clean_images(recorded)):
        expected = recorded[f'clean_crop16.{number}'].numpy()
        assert np.array_equal(center_crop(image), expected)
        sample = dict(lq=image, gt=image, key='', path='')
        assert np.array_equal(CenterModCrop(16)(sample)['lq'], expected)


def test_noise_of_three_tasks():
    recorded = recording('protocol')
    sigmas = recorded_sigmas(recorded, 'adair3')
    noisy = iter(stream_noise([center_crop(image) for image in clean_images(recorded)], sigmas))
    for sigma in sigmas:
        for number in range(len(clean_images(recorded))):
            assert np.array_equal(next(noisy), recorded[f'adair3.sigma{sigma}.{number}'].numpy())


def test_noise_of_five_tasks():
    recorded = recording('protocol')
    for sigma in recorded_sigmas(recorded, 'adair5'):
        for number, image in enumerate(clean_images(recorded)):
            noisy = image_noise(image, number, sigma).transpose(2, 0, 1)
            assert np.array_equal(noisy, recorded[f'adair5.sigma{sigma}.{number}'].numpy())


@pytest.mark.parametrize('name', ['adair3', 'adair5'])
def test_scores(name):
    recorded = recording('protocol')
    scores = find_preset(name)['any'].score(
        recorded['metric.pred'][None], recorded['metric.target'][None]
    )
    assert_close(torch.cat(scores), recorded['metric.psnr_ssim'])


def test_the_global_batch_sampler():
    recorded = recording('protocol')
    streams = recorded.under('sampler.')
    assert streams
    for name, expected in streams.items():
        samples, batches, seed, epoch, rank, start = re.fullmatch(
            r'n(\d+)_b([\d-]+)_seed(\d+)_epoch(\d+)_rank(\d+)(?:_start(\d+))?', name
        ).groups()
        sizes = [int(size) for size in batches.split('-')]
        source = SimpleNamespace(
            dataset=range(int(samples)), seed=int(seed), rank=int(rank), world_size=len(sizes)
        )
        sampler = GlobalBatchSampler(source, sizes[int(rank)], sizes)
        sampler.seek(int(epoch) * len(sampler) + int(start or 0))
        drawn = list(itertools.islice(itertools.chain.from_iterable(sampler), len(expected)))
        assert [index % int(samples) for index in drawn] == expected.tolist()
        assert {index // int(samples) for index in drawn} == {int(epoch)}


def test_the_learning_rate():
    recorded = {int(step): rate for step, rate in vectors()['cosine_lr_500k'].items()}
    total, top = max(recorded), recorded[0]
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=top)
    scheduler = CosineAnnealingLR(
        optimizer, T_max=total, eta_min=min(recorded.values()), by_epoch=False
    )
    for step in sorted(recorded):
        if step > 1:
            break
        assert optimizer.param_groups[0]['lr'] == pytest.approx(recorded[step], abs=1e-12)
        optimizer.step()
        scheduler.step()
    closed = {
        step: min(recorded.values())
        + (top - min(recorded.values())) * (1 + math.cos(math.pi * step / total)) / 2
        for step in recorded
    }
    assert closed == pytest.approx(recorded, abs=1e-12)
