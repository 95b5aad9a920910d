"""CFRM and TFA on a pixel-space network, where nobody has put them."""

import pytest
import torch

from restorelab.models.adapters.tfa import TaskEditor
from restorelab.registry import ADAPTERS, MODELS
from restorelab.structures import RestorationSample, TapSpec
from tests.models.tiny import TINY_BACKBONES, TINY_PROCESSES, TINY_SAMPLERS, part

SPECS = [
    TapSpec('enc.s2', 'enc', 2, 8),
    TapSpec('dec.s2.in', 'dec', 2, 8),
    TapSpec('dec.s1.in', 'dec', 1, 8),
]
PAIR = [('dec.s2.in', 'enc.s2')]


def restorer(**adapters: dict):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='DiffusionRestorer',
            backbone=part(TINY_BACKBONES, 'ResidualDiffusionUNet'),
            process=part(TINY_PROCESSES, 'SharedResidualProcess'),
            loss=dict(type='L1Loss'),
            sampler=part(TINY_SAMPLERS, 'SDTDDIMSampler'),
            adapters=adapters,
        )
    )


def both(**options) -> dict[str, dict]:
    return dict(
        cfrm=dict(
            type='CFRM', taps=['enc.s2'], num_naf=[1], loss_weights=[0.1], cut=False, **options
        ),
        tfa=dict(type='TFA', pairs=PAIR, tasks=['ir', 'det'], **options),
    )


def images(seed: int = 1):
    return torch.rand(2, 3, 8, 12, generator=torch.Generator().manual_seed(seed))


def samples():
    return [
        RestorationSample(gt=gt, metainfo=dict(key='a', degradation='noise', task=task))
        for gt, task in zip(images(2), ('ir', 'det'), strict=True)
    ]


def test_with_zero_init_a_restorer_begins_bit_for_bit_as_it_was():
    plain, adapted = restorer(), restorer(**both(zero_init=True))
    adapted.load_state_dict(plain.state_dict(), strict=False)
    assert torch.equal(adapted.restore(images(), tasks=['ir', 'det']), plain.restore(images()))


def test_the_reference_pass_teaches_cfrm_and_the_trunk_trains_along():
    model = restorer(**both())
    losses = model(images(), samples(), mode='loss')
    assert set(losses) == {'loss_diffusion', 'loss_cfrm'}
    sum(losses.values()).backward()
    assert all(weight.grad is not None for weight in model.adapters['cfrm'].parameters())
    assert model.backbone.init_conv.weight.grad is not None


def test_they_work_on_restormer_too():
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='RegressionRestorer',
            loss=dict(type='L1Loss'),
            backbone=dict(type='RestormerUNet', dim=4, blocks=[1, 1], heads=[1, 2], refinement=1),
            adapters=dict(
                cfrm=dict(type='CFRM', taps=['enc.s1'], num_naf=[1], loss_weights=[0.1], cut=False),
                tfa=dict(type='TFA', pairs=[('dec.s1.in', 'enc.s1')], tasks=['ir', 'det']),
            ),
        )
    )
    losses = model(images(), samples(), mode='loss')
    assert set(losses) == {'loss_pixel', 'loss_cfrm'}
    sum(losses.values()).backward()
    assert all(weight.grad is not None for weight in model.adapters.parameters())


def test_the_loss_of_a_clean_input_vanishes_while_cfrm_is_the_identity():
    model = restorer(**both(zero_init=True))
    given = samples()
    lq = torch.stack([sample.gt for sample in given])
    assert (
        model(lq, given, mode='loss')['loss_cfrm'] < 1e-10
    )  # the two passes differ in memory layout


def test_cut_features_carry_no_gradient_and_the_loss_does():
    model = restorer(cfrm={**both()['cfrm'], 'cut': True}, tfa=both()['tfa'])
    losses = model(images(), samples(), mode='loss')
    losses['loss_diffusion'].backward(retain_graph=True)
    assert all(weight.grad is None for weight in model.adapters['cfrm'].parameters())
    losses['loss_cfrm'].backward()
    assert all(weight.grad is not None for weight in model.adapters['cfrm'].parameters())


def test_images_restored_for_different_tasks_differ_once_their_prompts_do():
    model = restorer(**both())
    torch.nn.init.normal_(model.adapters['tfa'].prompts['det'], std=50)
    assert not torch.equal(
        model.restore(images(), tasks=['ir', 'ir']), model.restore(images(), tasks=['det', 'det'])
    )


def test_a_route_may_take_the_prompt_of_another():
    plain, swapped = (
        restorer(**both()),
        restorer(cfrm=both()['cfrm'], tfa={**both()['tfa'], 'prompt_for': dict(det='ir')}),
    )
    torch.nn.init.normal_(plain.adapters['tfa'].prompts['det'], std=50)
    swapped.load_state_dict(plain.state_dict())
    for_eye = plain.restore(images(), tasks=['ir', 'ir'])
    assert torch.equal(swapped.restore(images(), tasks=['det', 'det']), for_eye)


def test_from_one_level_to_the_next_a_prompt_fades_at_least_by_its_width():
    torch.manual_seed(0)
    editor, width = TaskEditor(32, 32, 32, 1), 32
    feat, skip, prompts = (
        torch.randn(2, 32, 8, 8),
        torch.randn(1, 32, 8, 8).repeat(2, 1, 1, 1),
        torch.randn(2, 1, 32),
    )
    _, following = editor(feat, skip, prompts)
    assert (following[0] - following[1]).norm() < (prompts[0] - prompts[1]).norm() / width


def test_tfa_alone_takes_the_plain_encoder_features():
    assert restorer(tfa=both()['tfa']).restore(images()).shape == images().shape


@pytest.mark.parametrize(
    ('cfg', 'error', 'message'),
    [
        (dict(type='CFRM', taps=['enc.s2']), ValueError, '1 taps, 3 num_naf and 3 loss_weights'),
        (
            dict(type='CFRM', taps=['enc.s2'], num_naf=[1], loss_weights=[1], groups=5),
            ValueError,
            'cannot be cut into 5',
        ),
        (dict(type='TFA', pairs=[('dec.s1.in', 'enc.s2')]), ValueError, 'differ in stride'),
        (
            dict(type='TFA', pairs=PAIR, frozen_tasks=['seg']),
            KeyError,
            r"frozen_tasks \['seg'\] are not among",
        ),
        (
            dict(type='TFA', pairs=PAIR, prompt_for=dict(det='ir')),
            KeyError,
            r"prompt_for names \['det'\]",
        ),
        (
            dict(type='ControlSCTuner'),
            ValueError,
            'has none; it belongs to the backbone SDTurboUNet',
        ),
    ],
)
def test_what_does_not_fit_is_named(cfg, error, message):
    with pytest.raises(error, match=message):
        ADAPTERS.build(cfg, default_args=dict(tap_specs=SPECS, cond_widths={}))


def test_two_cfrm_bring_the_sum_of_their_losses():
    options = dict(type='CFRM', num_naf=[1], cut=False)
    pair = restorer(
        cfrm=dict(options, taps=['enc.s1'], loss_weights=[0.1]),
        deep=dict(options, taps=['enc.s2'], loss_weights=[0.1]),
    )
    both_count = pair(images(), samples(), mode='loss')['loss_cfrm']
    pair.adapters['cfrm'].loss_weights = [0.0]
    assert 0 < pair(images(), samples(), mode='loss')['loss_cfrm'] < both_count


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(pairs=[]), 'give at least one of each'),
        (dict(tasks=[]), 'give at least one of each'),
        (dict(tasks=['ir', 'a.b']), r"tasks \['a.b'\]; a task is named without dots"),
        (
            dict(pairs=[('dec.s1.in', 'enc.s1'), ('dec.s2.in', 'enc.s2')]),
            'order the pairs like that',
        ),
    ],
)
def test_tfa_refuses_what_cannot_be_before_anything_runs(options, message):
    specs = [TapSpec('enc.s1', 'enc', 1, 8), *SPECS]
    with pytest.raises(ValueError, match=message):
        ADAPTERS.build(
            dict(dict(type='TFA', pairs=PAIR), **options),
            default_args=dict(tap_specs=specs, cond_widths={}),
        )
