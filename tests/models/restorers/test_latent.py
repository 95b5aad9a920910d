"""DiffusionRestorer on latents, with all of UniRestore's parts, tiny."""

import json

import pytest
import torch
from torch import Tensor, nn

from restorelab.registry import MODELS
from restorelab.structures import Condition, RestorationSample
from restorelab.utils import LatticeNoise
from tests.models.tiny import (
    LATENT_RESTORER,
    PROCESS_OF,
    TINY_ADAPTERS,
    TINY_BACKBONES,
    TINY_CODECS,
    TINY_PROCESSES,
    TINY_SAMPLERS,
    part,
    randomize,
)

ONE_TAP = part(TINY_ADAPTERS, 'CFRM', taps=['enc.s2'], num_naf=[0], loss_weights=[1.0])
CFRM, CONTROL, EDITOR = LATENT_RESTORER['adapters'].values()


def restorer(**options) -> nn.Module:
    torch.manual_seed(0)
    model = MODELS.build({**LATENT_RESTORER, **options})
    randomize(model.adapters, std=0.2)
    return model


def images(batch: int = 2) -> Tensor:
    return torch.rand(batch, 3, 16, 24, generator=torch.Generator().manual_seed(1))


def samples(*tasks: str | None) -> list[RestorationSample]:
    return [
        RestorationSample(
            gt=torch.rand(3, 16, 24),
            metainfo=dict(key=f'{i}', degradation='noise', **(dict(task=task) if task else {})),
        )
        for i, task in enumerate(tasks)
    ]


def losses(model: nn.Module, *tasks: str | None, seed: int = 0) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    return model(images(len(tasks)), samples(*tasks), mode='loss')


def test_loss_mode_gives_all_losses_of_the_stages():
    assert set(losses(restorer(), 'ir', 'det')) == {
        'loss_cfrm',
        'loss_diffusion',
        'loss_image',
        'loss_keep',
    }


def test_adapters_train_and_nothing_else():
    model = restorer()
    sum(losses(model, 'ir', 'det').values()).backward()
    without = {name for name, weight in model.named_parameters() if weight.grad is None}
    assert without == {
        name for name, _ in model.named_parameters() if not name.startswith('adapters.')
    }


def test_the_trunk_stays_in_eval_mode():
    model = restorer().train()
    assert not any(
        module.training for part in (model.codec, model.backbone) for module in part.modules()
    )


def test_without_a_look_at_images_a_training_step_decodes_none(monkeypatch):
    model = restorer(step_losses=None)
    monkeypatch.setattr(model.codec, 'decode', None)
    assert set(losses(model, 'ir')) == {'loss_cfrm', 'loss_diffusion'}


def test_a_frozen_first_stage_gives_no_losses_and_gets_no_gradient():
    model = restorer(
        loss=None,
        objective=None,
        adapters=dict(
            cfrm={**CFRM, 'frozen': True}, control={**CONTROL, 'frozen': True}, tfa=EDITOR
        ),
    )
    given = losses(model, 'ir')
    assert set(given) == {'loss_image', 'loss_keep'}
    assert given['loss_keep'] == 0  # no image of another task
    given['loss_image'].backward()
    assert {
        name.split('.')[1] for name, weight in model.named_parameters() if weight.grad is not None
    } == {'tfa'}


def test_the_image_loss_of_a_mixed_batch_is_the_mean_of_its_images():
    model = restorer()
    given, step = model.training_step(images(), samples('ir', 'det'))
    restored, kept, gt = step.restored, step.restored_for(['ir', 'ir']), step.gt
    torch.testing.assert_close(kept[0], restored[0])
    assert not torch.equal(kept[1], restored[1])
    torch.testing.assert_close(given['loss_image'], 10 * (restored[0] - gt[0]).abs().mean() / 2)
    torch.testing.assert_close(given['loss_keep'], (kept[1] - gt[1]).abs().mean() / 2)


@pytest.mark.parametrize('size', [(16, 24), (9, 7), (20, 33)])
def test_any_size_comes_back_in_the_unit_range(size):
    lq = torch.rand(1, 3, *size)
    out = restorer().restore(lq)
    assert out.shape == lq.shape
    assert out.min() >= 0
    assert out.max() <= 1


def test_the_same_image_gives_the_same_result():
    model = restorer()
    assert torch.equal(model.restore(images()), model.restore(images()))


def test_a_mixed_batch_equals_the_batches_of_its_tasks():
    model = restorer()
    mixed = model.restore(images(), tasks=['ir', 'det'])
    for i, task in enumerate(['ir', 'det']):
        alone = model.restore(images()[i : i + 1], tasks=[task])
        torch.testing.assert_close(mixed[i : i + 1], alone, atol=1e-6, rtol=0)


def test_no_task_means_the_first_task():
    model = restorer()
    assert torch.equal(model.restore(images()), model.restore(images(), tasks=['ir', 'ir']))


def test_an_unknown_task_is_refused_with_those_there_are():
    with pytest.raises(
        KeyError, match=r"no prompt for \['cls'\]; this model restores for \['ir', 'det'\]"
    ):
        restorer().restore(images(1), tasks=['cls'])


def test_training_a_new_task_leaves_the_outputs_of_the_old_ones_as_they_are():
    old = restorer()
    grown = restorer(
        loss=None,
        objective=None,
        adapters=dict(
            cfrm={**CFRM, 'frozen': True},
            control={**CONTROL, 'frozen': True},
            tfa={
                **EDITOR,
                'tasks': ['ir', 'det', 'seg'],
                'frozen': True,
                'frozen_tasks': ['ir', 'det'],
            },
        ),
    )
    assert grown.load_state_dict(old.state_dict(), strict=False).missing_keys == [
        'adapters.tfa.prompts.seg'
    ]
    optimizer = torch.optim.AdamW(grown.parameters(), lr=1.0, weight_decay=0.1)
    before = grown.restore(images(), tasks=['seg', 'seg'])
    for _ in range(2):
        step = grown.training_step(images(), samples('seg', 'seg'))[1]
        optimizer.zero_grad()
        step.restored.square().mean().backward()
        optimizer.step()
    assert not torch.equal(grown.restore(images(), tasks=['seg', 'seg']), before)
    for task in ('ir', 'det'):
        tasks = [task, task]
        torch.testing.assert_close(
            grown.restore(images(), tasks=tasks), old.restore(images(), tasks=tasks)
        )


def test_what_is_frozen_stays_so_in_front_of_tasks():
    frozen = dict(
        cfrm={**CFRM, 'frozen': True},
        control={**CONTROL, 'frozen': True},
        tfa={**EDITOR, 'tasks': ['ir', 'det'], 'frozen': True, 'frozen_tasks': ['ir']},
    )
    alone = restorer(loss=None, objective=None, adapters=frozen)
    joint = MODELS.build(
        dict(
            type='JointRestorer',
            tasks={},
            restorer={**LATENT_RESTORER, 'loss': None, 'objective': None, 'adapters': frozen},
        )
    )
    assert [weight.requires_grad for weight in joint.restorer.parameters()] == [
        weight.requires_grad for weight in alone.parameters()
    ]
    assert [name for name, weight in joint.named_parameters() if weight.requires_grad] == [
        'restorer.adapters.tfa.prompts.det'
    ]


def test_more_steps_give_another_result():
    model = restorer()
    one = model.restore(images())
    assert not torch.equal(model.restore(images(), steps=2), one)


def test_the_last_step_may_go_to_the_clean_latent():
    process = {**LATENT_RESTORER['process'], 'ends_clean': True}
    model, cond = restorer(process=process), Condition()
    noise, z = LatticeNoise(), torch.randn(1, 4, 4, 4)
    z_t, t = model.process.start(z, noise(z)), torch.tensor([999])
    ctx = model.context(model.denoising_condition(cond, z))
    ctx.time = t

    def predict(x_t, steps):
        return model.backbone(x_t, z, steps, ctx)

    expected = model.process.clean_from(predict(z_t, t), z_t, z, t)
    sampled = model.sampler(predict, model.process, z, LatticeNoise())
    torch.testing.assert_close(sampled, expected, rtol=1e-4, atol=1e-4)


def test_without_a_drawn_latent_restoring_draws_noise_for_the_start_alone():
    codec = part(TINY_CODECS, 'LatentAutoencoder', sample_posterior=False)
    draws = []
    for model in (restorer(codec=codec), restorer()):
        calls = []
        model.restore(images(), noise=lambda like, calls=calls: calls.append(1) or like * 0)
        draws.append(len(calls))
    assert draws == [1, 2]


def on_latents(sampler: str, **options) -> nn.Module:
    """A network of DiffUIR or TPGDiff on latents, with a process that the sampler can walk."""
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='DiffusionRestorer',
            codec=part(TINY_CODECS, 'LatentAutoencoder'),
            backbone=part(TINY_BACKBONES, 'IRSDEUNet', channels=4),
            process=part(TINY_PROCESSES, PROCESS_OF[sampler]),
            sampler=part(TINY_SAMPLERS, sampler),
            loss=dict(type='L1Loss'),
            **options,
        )
    )


@pytest.mark.parametrize('sampler', TINY_SAMPLERS)
def test_every_sampler_runs_on_latents(sampler):
    model = on_latents(sampler)
    sum(model(images(), samples('ir', 'ir'), mode='loss').values()).backward()
    assert model.backbone.final_conv.weight.grad.abs().sum() > 0
    restored = model.restore(images()[..., :13])
    assert restored.shape == (2, 3, 16, 13)
    assert torch.equal(model.restore(images()[..., :13]), restored)


def test_levels_of_codec_and_backbone_have_different_names():
    adapters = dict(cfrm=ONE_TAP, inner=dict(ONE_TAP, taps=['latent.enc.s2']))
    backbone = part(TINY_BACKBONES, 'DiffusersUNet2D', channels=4)
    taps = restorer(backbone=backbone, adapters=adapters).adapters
    assert (taps['cfrm'].taps, taps['inner'].taps) == (('enc.s2',), ('latent.enc.s2',))


def test_cfrm_and_tfa_sit_on_the_skips_inside_the_latent_trunk():
    """Restored skips are what the decoder inside adapts to the task."""
    adapters = dict(
        control=CONTROL,
        cfrm=dict(ONE_TAP, taps=['skip.*'], num_naf=0, loss_weights=1.0, cut=False),
        tfa=dict(type='TFA', pairs='latent.dec.*', tasks=['ir', 'det']),
    )
    model = restorer(adapters=adapters)
    skips = model.adapters['tfa'].skip_of
    assert skips == {'latent.dec.s2.in': 'latent.enc.s2', 'latent.dec.s1.in': 'skip.0'}
    losses = model(images(), samples('ir', 'det'), mode='loss')
    sum(losses.values()).backward()
    idle = [name for name, w in model.adapters.named_parameters() if w.grad is None]
    assert idle == []


def test_a_pair_of_two_networks_is_refused():
    with pytest.raises(ValueError, match=r"'dec.s2.in' and 'latent.enc.s2' are of two networks"):
        restorer(adapters=dict(tfa=dict(type='TFA', pairs=[('dec.s2.in', 'latent.enc.s2')])))


def test_adapters_of_codec_and_backbone_learn_in_one_model():
    """CFRM in the encoder, and another one in the backbone, each with its part of the reference."""
    adapters = dict(encoder=dict(ONE_TAP, taps=['enc.s4']), inner=dict(ONE_TAP, taps=['enc.s1']))
    model = on_latents('DDIM', adapters=adapters)
    randomize(model.adapters, std=0.2)
    given = model(images(), samples('ir', 'ir'), mode='loss')
    given['loss_cfrm'].backward()
    for name in ('encoder', 'inner'):
        grads = [weight.grad for weight in model.adapters[name].parameters()]
        assert all(grad is not None for grad in grads)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(loss=None), 'objective=CleanMatching makes a pair for a loss, and loss is None'),
        (dict(codec=None), 'SDTurboUNet works on 4 channels, but PixelCodec gives 3'),
        (dict(process=dict(LATENT_RESTORER['process'], train_times=[1000])), 'from 0 to 999'),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        restorer(**options)


def test_a_skip_without_a_control_map_of_its_size_is_refused():
    controller = {**CONTROL['controller'], 'channel_mults': [1], 'attention': [False]}
    with pytest.raises(
        ValueError, match=r"skips \['skip.2', 'skip.3'\] are smaller than the last of 1"
    ):
        restorer(
            adapters=dict(control=part(TINY_ADAPTERS, 'ControlSCTuner', controller=controller))
        )


class TestPretrained:
    """SD-Turbo's folder layout with tiny networks."""

    @pytest.fixture
    def folder(self, tmp_path):
        from transformers import CLIPTextConfig, CLIPTextModel

        source = restorer()
        source.codec.vae.save_pretrained(tmp_path / 'vae')
        source.backbone.unet.save_pretrained(tmp_path / 'unet')
        text = CLIPTextConfig(
            vocab_size=2,
            hidden_size=8,
            intermediate_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
            max_position_embeddings=77,
            bos_token_id=0,
            eos_token_id=1,
        )
        CLIPTextModel(text).save_pretrained(tmp_path / 'text_encoder')
        (tmp_path / 'tokenizer').mkdir()
        (tmp_path / 'tokenizer' / 'vocab.json').write_text(
            json.dumps({'<|startoftext|>': 0, '<|endoftext|>': 1})
        )
        (tmp_path / 'tokenizer' / 'merges.txt').write_text('#version: 0.2\n')
        return tmp_path, source

    def build(self, folder) -> nn.Module:
        return restorer(
            codec=part(TINY_CODECS, 'LatentAutoencoder', pretrained=str(folder)),
            backbone=part(TINY_BACKBONES, 'SDTurboUNet', pretrained=str(folder)),
        )

    def test_a_local_folder_gives_both_networks_and_the_empty_prompt(self, folder):
        path, source = folder
        randomize(source.codec), randomize(source.backbone)
        source.codec.vae.save_pretrained(path / 'vae')
        source.backbone.unet.save_pretrained(path / 'unet')
        model = self.build(path)
        model.load_pretrained()
        for ours, theirs in (
            (model.codec.vae, source.codec.vae),
            (model.backbone.unet, source.backbone.unet),
        ):
            assert all(
                torch.equal(value, theirs.state_dict()[name])
                for name, value in ours.state_dict().items()
            )
        assert model.backbone.null_embeds.abs().sum() > 0

    def test_a_missing_part_is_named_with_both_ways_to_provide_it(self, folder):
        path, _ = folder
        (path / 'unet' / 'config.json').unlink()
        with pytest.raises(
            FileNotFoundError,
            match=r"'unet/config.json' of .* Two ways to provide it: run once on a "
            r'machine that reaches the hub .* or copy a snapshot',
        ):
            self.build(path).load_pretrained()

    def test_missing_and_damaged_weights_are_told_apart(self, folder):
        path, source = folder
        source.codec.vae.save_pretrained(path / 'vae')
        weights = path / 'vae' / 'diffusion_pytorch_model.safetensors'
        weights.write_bytes(weights.read_bytes()[:100])
        with pytest.raises(ValueError, match=r"'vae' of .* cannot be read"):
            self.build(path).load_pretrained()
        weights.unlink()
        with pytest.raises(
            FileNotFoundError, match=r"'vae/diffusion_pytorch_model.safetensors' of .* is missing"
        ):
            self.build(path).load_pretrained()

    def test_pretrained_networks_stay_out_of_checkpoints(self, tmp_path):
        assert {name.split('.')[0] for name in self.build(tmp_path).state_dict()} == {'adapters'}
