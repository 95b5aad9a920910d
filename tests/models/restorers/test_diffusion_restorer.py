"""DiffusionRestorer with all of TPGDiff's parts, tiny."""

import pytest
import torch

from restorelab.models.contracts import StepLoss
from restorelab.registry import LOSSES, MODELS
from restorelab.structures import RestorationSample
from restorelab.utils import LatticeNoise
from tests.models.tiny import (
    DENOISERS,
    PROCESS_OF,
    TINY_ADAPTERS,
    TINY_BACKBONES,
    TINY_CUES,
    TINY_PRIORS,
    TINY_PROCESSES,
    TINY_RESTORERS,
    TINY_SAMPLERS,
    part,
    restorer,
)


def images(batch: int = 2):
    return torch.rand(batch, 3, 8, 12, generator=torch.Generator().manual_seed(1))


def samples(batch: int = 2):
    return [
        RestorationSample(gt=torch.rand(3, 8, 12), metainfo=dict(key=f'{i}', degradation='noise'))
        for i in range(batch)
    ]


def test_loss_mode_gives_losses_only():
    losses = restorer()(images(), samples(), mode='loss')
    assert [name for name in losses if not name.startswith('loss_')] == []
    assert all(value.ndim == 0 and value.isfinite() for value in losses.values())


def test_the_loss_reaches_every_weight_but_those_that_one_token_leaves_idle():
    model = restorer(
        priors=dict(
            degradation=part(TINY_PRIORS, 'CLIPDegradationPrior', frozen=False),
            semantic=part(TINY_PRIORS, 'CLIPSemanticPrior', frozen=False),
            structure=part(TINY_PRIORS, 'StructurePrior'),
        )
    )
    sum(model(images(), samples(), mode='loss').values()).backward()
    idle = {name.split('.')[-2] for name, weight in model.named_parameters() if weight.grad is None}
    assert idle == {'norm2', 'to_q', 'to_k'}


def test_predict_mode_sets_the_images_of_each_sample():
    model, given = restorer(), samples()
    returned = model(images(), given, mode='predict')
    assert returned is given
    for sample, lq, restored in zip(returned, images(), model.restore(images()), strict=True):
        assert torch.equal(sample.lq, lq)
        assert torch.equal(sample.restored, restored)


def test_tensor_mode_gives_images_in_the_unit_range():
    out = restorer()(images())
    assert out.shape == images().shape
    assert out.min() >= 0
    assert out.max() <= 1


def test_another_mode_is_refused():
    with pytest.raises(ValueError, match="mode is 'loss', 'predict' or 'tensor', not 'train'"):
        restorer()(images(), samples(), mode='train')


def test_a_sample_without_its_clean_image_is_named():
    with pytest.raises(KeyError, match="sample 'street' has no 'gt'"):
        restorer()(images(1), [RestorationSample(metainfo=dict(key='street'))], mode='loss')


def test_the_same_image_gives_the_same_result():
    model = restorer()
    assert torch.equal(model.restore(images()), model.restore(images()))


def test_other_noise_gives_another_result():
    first, second = (restorer().restore(images(), noise=LatticeNoise(seed)) for seed in (0, 1))
    assert not torch.equal(first, second)


def test_a_batch_gives_what_its_images_give_alone():
    model = restorer()
    alone = torch.cat([model.restore(image[None]) for image in images()])
    torch.testing.assert_close(model.restore(images()), alone, rtol=0, atol=1e-4)


def test_priors_are_asked_once_an_image_and_not_when_their_answer_is_given():
    model, calls = restorer(), []
    for prior in model.priors.values():
        prior.register_forward_hook(lambda *_: calls.append(1))
    cond = model.condition(images())
    model.restore(images(), cond)
    assert len(calls) == len(model.priors)
    model.restore(images())
    assert len(calls) == 2 * len(model.priors)


@pytest.mark.parametrize('name', TINY_SAMPLERS)
@pytest.mark.parametrize('size', [(8, 8), (5, 3), (1, 1)])
def test_every_sampler_restores_any_size(name, size):
    model = restorer(
        process=part(TINY_PROCESSES, PROCESS_OF[name]), sampler=part(TINY_SAMPLERS, name)
    )
    assert model.restore(torch.rand(1, 3, *size)).shape == (1, 3, *size)


@pytest.mark.parametrize('prediction', ['noise', 'residual'])
@pytest.mark.parametrize('objective', [None, dict(type='ReverseMeanMatching')])
def test_bfloat16_autocast_trains(prediction, objective):
    model = restorer(
        process=part(TINY_PROCESSES, 'MeanRevertingProcess', prediction=prediction),
        objective=objective,
    )
    with torch.autocast('cpu', torch.bfloat16):
        loss = sum(model(images(), samples(), mode='loss').values())
    loss.backward()
    assert loss.isfinite()
    assert all(
        weight.grad.isfinite().all() for weight in model.parameters() if weight.grad is not None
    )


def test_bfloat16_autocast_restores():
    with torch.autocast('cpu', torch.bfloat16):
        assert restorer().restore(images()).isfinite().all()


@pytest.mark.parametrize('prior', ['CLIPDegradationPrior', 'CLIPSemanticPrior'])
def test_frozen_pretrained_priors_are_not_in_its_checkpoint(prior):
    kinds = dict(
        degradation='CLIPDegradationPrior', semantic='CLIPSemanticPrior', structure='StructurePrior'
    )
    priors = {name: part(TINY_PRIORS, kind) for name, kind in kinds.items()}
    index = next(name for name, kind in kinds.items() if kind == prior)
    priors[index]['pretrained'] = 'weights.pth'
    model = restorer(priors=priors)
    state = model.state_dict()
    assert [key for key in state if key.startswith(f'priors.{index}.')] == []
    before = [weight.clone() for weight in model.priors[index].parameters()]
    restorer(priors=priors).load_state_dict(state, strict=True)
    model.load_state_dict(state, strict=True)
    assert all(
        torch.equal(a, b) for a, b in zip(before, model.priors[index].parameters(), strict=True)
    )


def test_every_pretrained_part_is_loaded(hub):
    model = restorer(
        priors=dict(
            degradation=part(TINY_PRIORS, 'CLIPDegradationPrior'),
            semantic=part(TINY_PRIORS, 'CLIPSemanticPrior'),
            structure=part(TINY_PRIORS, 'StructurePrior', cues=[part(TINY_CUES, 'DepthCue')]),
        )
    )
    model.load_pretrained()
    assert model.priors['structure'].cues[0].shared.net is not None


def test_an_adapter_without_its_prior_is_named():
    with pytest.raises(
        KeyError,
        match=r"adapter 'film' \(PooledFiLM\) needs the condition \['tokens.structure'\]; "
        r".* provide \['vectors.degradation'\]",
    ):
        restorer(
            priors=dict(degradation=part(TINY_PRIORS, 'CLIPDegradationPrior')),
            adapters=dict(film=part(TINY_ADAPTERS, 'PooledFiLM')),
        )


def test_two_priors_of_one_condition_are_refused():
    with pytest.raises(KeyError, match=r"two priors provide \['tokens.semantic'\]"):
        restorer(
            priors=dict.fromkeys(['one', 'two'], part(TINY_PRIORS, 'CLIPSemanticPrior')),
            adapters={},
        )


def test_a_sampler_of_another_process_is_refused():
    with pytest.raises(
        TypeError, match='sampler SDTDDIMSampler reads states of SharedResidualProcess, but'
    ):
        restorer(sampler=part(TINY_SAMPLERS, 'SDTDDIMSampler'))


def test_a_refused_sampler_leaves_the_old_one():
    model = restorer()
    before = model.sampler
    with pytest.raises(ValueError, match='between 1 and the 8 trained ones'):
        model.set_sampler(dict(type='DDIM', steps=9))
    assert model.sampler is before


def test_an_objective_of_another_process_is_refused():
    with pytest.raises(
        TypeError, match='objective ReverseMeanMatching compares steps of MeanRevertingProcess'
    ):
        restorer(
            process=part(TINY_PROCESSES, 'SharedResidualProcess'),
            sampler=part(TINY_SAMPLERS, 'SDTDDIMSampler'),
            objective=dict(type='ReverseMeanMatching'),
        )


@pytest.mark.parametrize('backbone', DENOISERS)
@pytest.mark.parametrize('process', sorted(set(PROCESS_OF.values())))
def test_backbones_and_processes_cross(backbone, process):
    sampler = next(name for name, of in PROCESS_OF.items() if of == process)
    model = MODELS.build(
        part(
            TINY_RESTORERS,
            'DiffusionRestorer',
            priors={},
            adapters={},
            backbone=part(TINY_BACKBONES, backbone),
            process=part(TINY_PROCESSES, process),
            sampler=part(TINY_SAMPLERS, sampler),
        )
    )
    sum(model(images(), samples(), mode='loss').values()).backward()
    assert model.restore(images()).isfinite().all()


@pytest.mark.parametrize('sampler', ['DDIM', 'SDTDDIMSampler'])
def test_a_training_step_predicts_a_clean_image_with_its_gradient(sampler):
    model = restorer(
        process=part(TINY_PROCESSES, PROCESS_OF[sampler]), sampler=part(TINY_SAMPLERS, sampler)
    )
    _, step = model.training_step(images(), samples())
    assert step.restored.shape == images().shape
    step.restored.sum().backward()
    assert model.backbone.final_conv.weight.grad.abs().sum() > 0


@LOSSES.register_module()
class DistanceToInput(StepLoss):
    def forward(self, step):
        return (step.restored - step.lq).abs().mean()


def test_step_losses_see_the_step_and_are_logged_by_name():
    losses, step = restorer(step_losses=dict(distance=dict(type='DistanceToInput'))).training_step(
        images(), samples()
    )
    assert losses['loss_distance'] == (step.restored - step.lq).abs().mean()


def test_adapters_are_told_what_each_image_is_restored_for():
    model, given, seen = restorer(), samples(), []
    for sample, task in zip(given, ('ir', 'det'), strict=True):
        sample.set_metainfo(dict(task=task))
    adapter = next(iter(model.adapters.values()))
    original = adapter.on_tap
    adapter.on_tap = lambda name, feat, ctx: seen.append(ctx.tasks) or original(name, feat, ctx)
    model(images(), given, mode='loss')
    model(images(), given, mode='predict')
    assert all(tasks == ['ir', 'det'] for tasks in seen)


def test_a_batch_where_only_some_name_a_route_is_refused():
    model, given = restorer(), samples()
    given[0].set_metainfo(dict(task='ir'))
    with pytest.raises(KeyError, match="sample '1' names no 'task'"):
        model(images(), given, mode='loss')
