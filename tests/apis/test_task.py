"""Restoring for a task, with a model that has prompts."""

import numpy as np
import pytest
import torch

from restorelab.apis import RestoreModel
from restorelab.apis.wishes import check_task
from restorelab.registry import MODELS
from tests.apis.tiny import tiny_restorer
from tests.models.tiny import LATENT_RESTORER, TINY_BACKBONES, part, randomize

PICTURE = np.random.default_rng(0).integers(0, 255, (20, 28, 3), dtype=np.uint8)


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    net = MODELS.build(LATENT_RESTORER)
    randomize(net.adapters, std=0.2)
    torch.nn.init.normal_(net.adapters['tfa'].prompts['det'], std=30)
    return RestoreModel(net)


def test_tasks_restore_differently_and_the_first_is_the_default(model):
    default, ir, det = (model(PICTURE, task=task) for task in (None, 'ir', 'det'))
    assert np.array_equal(default, ir)
    assert not np.array_equal(default, det)


def test_the_task_holds_for_every_tile(model):
    assert not np.array_equal(
        model(PICTURE, task='ir', tile=16), model(PICTURE, task='det', tile=16)
    )


def test_tiles_are_those_of_the_enlarged_picture_and_lie_on_the_grid_of_its_networks(
    model, monkeypatch
):
    monkeypatch.setattr(model.model.codec, 'min_side', 40)
    seen = []
    run = model.model.restore_region

    def watched(part, cond, noise, tasks, steps):
        place = noise.noises[0]
        seen.append((tuple(part.shape[-2:]), place.top, place.left))
        return run(part, cond, noise, tasks, steps)

    monkeypatch.setattr(model.model, 'restore_region', watched)
    assert model(PICTURE, tile=32, overlap=8).shape == PICTURE.shape
    assert seen[-4:] == [  # after the crops for the statistics
        ((24, 32), 0, 0),
        ((24, 32), 0, 24),
        ((24, 32), 16, 0),
        ((24, 32), 16, 24),
    ]  # of 40x56 pixels


def test_steps_can_be_chosen(model):
    assert not np.array_equal(model(PICTURE), model(PICTURE, steps=2))


def test_an_unknown_task_is_refused_with_those_there_are(model):
    with pytest.raises(
        KeyError, match=r"task 'seg': this model restores for \['ir', 'det'\]; choose one of these"
    ):
        model(PICTURE, task='seg')


def test_a_model_without_prompts_takes_no_task():
    with pytest.raises(KeyError, match='this model has no tasks; leave the task out'):
        RestoreModel(tiny_restorer())(PICTURE, task='ir')


def test_a_task_is_known_when_every_tfa_has_a_prompt_for_it():
    first = dict(type='TFA', pairs=[('dec.s2.in', 'enc.s2')], tasks=['ir', 'det'])
    second = dict(first, tasks=['ir', 'seg'])
    backbone = part(TINY_BACKBONES, 'RestormerUNet')
    restorer = MODELS.build(
        dict(
            type='RegressionRestorer',
            backbone=dict(backbone, blocks=[1, 1, 1], heads=[1, 2, 2]),
            adapters=dict(first=first, second=second),
            loss=dict(type='L1Loss'),
        )
    )
    check_task(restorer, 'ir')
    with pytest.raises(KeyError, match=r"restores for \['ir'\]"):
        check_task(restorer, 'det')
