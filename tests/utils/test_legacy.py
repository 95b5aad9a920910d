"""Files of earlier versions, whose priors and adapters were lists, still load."""

import json
import re

import pytest
import torch
from safetensors.torch import save_file

from restorelab.apis import load
from restorelab.registry import MODELS
from restorelab.utils.checkpoint import load_weights
from restorelab.utils.legacy import named_parts, translate_config
from tests.models.tiny import LATENT_RESTORER, TINY_RESTORERS, part, restorer


def numbered(model) -> dict:
    """The state dict with the names that an earlier version gave."""
    state = {}
    for key, value in model.state_dict().items():
        words = key.split('.')
        if words[0] in ('priors', 'adapters'):
            words[1] = str(list(getattr(model, words[0])).index(words[1]))
        state['.'.join(words)] = value
    return state


def test_weights_with_numbers_load_with_a_notice():
    source, target = restorer(), MODELS.build(part(TINY_RESTORERS, 'DiffusionRestorer'))
    with pytest.warns(UserWarning, match=r'old.pth: written by an earlier version'):
        load_weights(target, numbered(source), 'old.pth')
    for name, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[name], value), name


def test_weights_with_numbers_load_inside_a_joint_model():
    source = restorer()
    joint = MODELS.build(
        dict(type='JointRestorer', tasks={}, restorer=part(TINY_RESTORERS, 'DiffusionRestorer'))
    )
    state = {f'restorer.{name}': value for name, value in numbered(source).items()}
    with pytest.warns(UserWarning, match='earlier version'):
        load_weights(joint, state, 'old.pth')
    assert torch.equal(
        joint.restorer.adapters['prompttimeadapter'].prompt,
        source.adapters['prompttimeadapter'].prompt,
    )


def test_a_published_file_with_lists_restores_as_it_did(tmp_path):
    source = restorer()
    config = part(TINY_RESTORERS, 'DiffusionRestorer')
    for kind in ('priors', 'adapters'):
        config[kind] = list(config[kind].values())
    metadata = dict(config=json.dumps(config), info='{}')
    save_file(numbered(source), tmp_path / 'old.safetensors', metadata)
    picture = torch.rand(3, 12, 16)
    with pytest.warns(UserWarning, match='earlier version'):
        model = load(tmp_path / 'old.safetensors', dtype='float32')
    assert torch.equal(model(picture), source.restore(picture[None])[0])


OLD_LATENT = dict(  # UniRestore as it was before the codec
    type='LatentRestorer',
    backbone=dict(type='LatentAutoencoder', vae=LATENT_RESTORER['codec']['vae']),
    prior=dict(
        type='SDTurboPrior',
        unet=LATENT_RESTORER['backbone']['unet'],
        train_times=LATENT_RESTORER['process']['train_times'],
        schedule=dict(clip_sample=False),
    ),
    adapters=list(LATENT_RESTORER['adapters'].values()),
    latent_loss=dict(type='MSELoss'),
    image_loss=dict(type='L1Loss'),
    min_side=16,
    pad_multiple=8,
)


def test_a_latent_restorer_restores_as_it_did(tmp_path):
    torch.manual_seed(0)
    source = MODELS.build(LATENT_RESTORER).eval()
    state = {}
    for key, value in numbered(source).items():
        key = re.sub(r'^backbone\.', 'prior.', key)
        state[re.sub(r'^codec\.', 'backbone.', key)] = value
    assert any(key.startswith('prior.unet.') for key in state)
    metadata = dict(config=json.dumps(OLD_LATENT), info='{}')
    save_file(state, tmp_path / 'old.safetensors', metadata)
    with pytest.warns(UserWarning, match=r'old\.safetensors: written by an earlier version'):
        model = load(tmp_path / 'old.safetensors', dtype='float32')
    picture = torch.rand(3, 12, 16)
    assert torch.equal(model(picture), source.restore(picture[None])[0])


def test_parts_of_one_kind_get_names_of_their_own():
    assert list(named_parts([dict(type='TFA'), dict(type='TFA'), dict(type='x.Mine')])) == [
        'tfa',
        'tfa_2',
        'mine',
    ]


def test_modes_of_attention_become_blocks():
    old = dict(type='ResidualDiffusionUNet', width=8, linear_attention='constant')
    block = dict(type='ConstantAttentionBlock')
    assert translate_config(old) == dict(type='ResidualDiffusionUNet', width=8, attention=block)
    old = dict(type='IRSDEUNet', attention=['none', 'linear'], mid_attention='transformer')
    assert translate_config(dict(type='DiffusionRestorer', backbone=old))['backbone'] == dict(
        type='IRSDEUNet',
        attention=[None, dict(type='LinearAttentionBlock')],
        mid_attention=dict(type='SpatialTransformerBlock'),
    )


def test_todays_config_is_left_as_it_is():
    config = part(TINY_RESTORERS, 'DiffusionRestorer')
    assert translate_config(config) == config


def test_exchanging_two_adapters_changes_nothing_about_which_weights_load():
    source = restorer()
    config = part(TINY_RESTORERS, 'DiffusionRestorer')
    config['adapters'] = dict(reversed(config['adapters'].items()))
    target = MODELS.build(config)
    load_weights(target, source.state_dict(), 'weights.pth')
    for name, value in source.adapters.state_dict().items():
        assert torch.equal(target.adapters.state_dict()[name], value), name


def test_a_latent_restorer_becomes_a_diffusion_restorer_with_a_codec():
    vae = dict(type='LatentAutoencoder', pretrained='folder')
    old = dict(
        type='LatentRestorer',
        backbone=vae,
        prior=dict(type='SDTurboPrior', pretrained='folder', steps=2, final_alpha='one'),
        adapters=[dict(type='CFRM', num_naf=[1, 1, 9]), dict(type='ControlSCTuner')],
        min_side=256,
        noise_seed=0,
    )
    new = translate_config(old)
    assert (new['type'], new['backbone']['type']) == ('DiffusionRestorer', 'SDTurboUNet')
    assert new['codec'] == dict(vae, min_side=256, sample_posterior=True)
    assert (new['sampler']['steps'], new['process']['ends_clean']) == (2, True)
    assert list(new['adapters']) == ['cfrm', 'control']
    model = MODELS.build(LATENT_RESTORER)
    state = {}
    for key, value in model.state_dict().items():
        key = key.replace('backbone.', 'prior.').replace('codec.', 'backbone.')
        state[key] = value + 1
    with pytest.warns(UserWarning, match='old.pth: written by an earlier version'):
        load_weights(model, state, 'old.pth')
    bias = state['backbone.vae.encoder.conv_in.bias']
    assert torch.equal(model.codec.vae.encoder.conv_in.bias, bias)


def test_old_words_for_degradations_are_translated():
    old = dict(type='PriorDistillation', tasks=['haze'], loss=dict(type='TaskInfoNCE'))
    assert translate_config(old) == dict(
        type='PriorDistillation', degradations=['haze'], loss=dict(type='DegradationInfoNCE')
    )
