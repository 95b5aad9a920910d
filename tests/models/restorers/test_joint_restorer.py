"""A restorer with tasks behind it: what is trained, which sample goes where, what is scored."""

import pytest
import torch
from torch import nn

from restorelab.models.tasks.network_task import NetworkTask
from restorelab.registry import MODELS, TASKS
from restorelab.structures import RestorationSample
from tests.engine import toys  # noqa: F401  ToyRestorer and ToyNet


@TASKS.register_module()
class ToyTask(NetworkTask):
    """Wants images whose mean is ``aim``; ``answer`` is their mean. ``seen`` keeps its images."""

    def __init__(
        self,
        aim: float = 0.5,
        frozen: bool = True,
        loss_weight: float = 1.0,
        checkpoint: str | None = None,
    ):
        super().__init__(
            nn.Sequential(nn.Conv2d(3, 2, 3, padding=1), nn.BatchNorm2d(2)),
            checkpoint,
            frozen,
            loss_weight,
        )
        self.aim, self.seen = aim, []

    def loss(self, images, samples):
        self.seen.append((images, [sample.key for sample in samples]))
        return dict(
            loss=(self.network(images).mean() - self.aim).abs()
            + (images.mean() - self.aim).square()
        )

    def predict(self, image, sample):
        return dict(answer=image.mean().item())


def joint(tasks: dict | None = None, **options):
    torch.manual_seed(0)
    restorer = dict(type='ToyRestorer', backbone=dict(type='ToyNet'))
    return MODELS.build(
        dict(
            type='JointRestorer',
            restorer=restorer,
            tasks=tasks or dict(det=dict(type='ToyTask')),
            **options,
        )
    ).train()


def samples(*tasks: str) -> list[RestorationSample]:
    return [
        RestorationSample(
            gt=torch.rand(3, 8, 8),
            metainfo=dict(key=f'{task}{place}', task=task, ori_shape=(8, 8)),
        )
        for place, task in enumerate(tasks)
    ]


def moved(model, before: dict) -> set[str]:
    return {
        name for name, value in model.state_dict().items() if not torch.equal(value, before[name])
    }


def train_a_step(model, *tasks: str) -> dict:
    optimizer = torch.optim.SGD(
        [weight for weight in model.parameters() if weight.requires_grad], lr=0.1
    )
    losses = model(torch.rand(len(tasks), 3, 8, 8), samples(*tasks), mode='loss')
    sum(losses.values()).backward()
    optimizer.step()
    return losses


def test_a_batch_may_mix_tasks():
    model = joint(dict(det=dict(type='ToyTask'), seg=dict(type='ToyTask', loss_weight=0.5)))
    losses = model(torch.rand(4, 3, 8, 8), samples('det', 'ir', 'seg', 'det'), mode='loss')
    assert set(losses) == {'loss_pixel', 'loss_det', 'loss_seg'}
    assert [keys for _, keys in model.tasks['det'].seen + model.tasks['seg'].seen] == [
        ['det0', 'det3'],
        ['seg2'],
    ]


def test_each_task_sees_the_restored_images_of_its_own_samples():
    model = joint(dict(det=dict(type='ToyTask'), seg=dict(type='ToyTask')))
    model.restorer.noise_scale = 0.0
    lq = torch.rand(3, 3, 8, 8)
    model(lq, samples('seg', 'det', 'det'), mode='loss')
    restored = model.restorer.backbone(lq).clamp(0, 1)
    torch.testing.assert_close(model.tasks['det'].seen[0][0], restored[1:])
    torch.testing.assert_close(model.tasks['seg'].seen[0][0], restored[:1])


def test_a_batch_for_the_eye_alone_has_no_task_loss():
    assert set(joint()(torch.rand(1, 3, 8, 8), samples('ir'), mode='loss')) == {'loss_pixel'}


def test_a_route_without_a_task_is_named():
    with pytest.raises(
        KeyError, match=r"'cls0' is restored for 'cls', but the tasks are \['det'\]"
    ):
        joint()(torch.rand(1, 3, 8, 8), samples('cls'), mode='loss')


def test_losses_are_weighted_as_the_config_says():
    def found(**options) -> dict:
        model = joint(
            dict(det=dict(type='ToyTask', loss_weight=options.pop('loss_weight', 1.0))), **options
        )
        model.restorer.noise_scale = 0.0
        torch.manual_seed(1)
        return model(torch.rand(2, 3, 8, 8), samples('det', 'det'), mode='loss')

    plain, weighted = found(), found(restorer_weight=3.0, loss_weight=0.25)
    torch.testing.assert_close(
        weighted, dict(loss_pixel=3 * plain['loss_pixel'], loss_det=plain['loss_det'] / 4)
    )


def test_a_restorer_that_is_not_trained_stays_and_its_task_learns_on_finished_restorations():
    model = joint(dict(det=dict(type='ToyTask', frozen=False)), train_restorer=False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert set(train_a_step(model, 'det', 'det')) == {'loss_det'}
    assert not model.restorer.training
    assert not model.tasks['det'].seen[0][0].requires_grad
    names = moved(model, before)
    assert 'tasks.det.network.0.weight' in names
    assert not [name for name in names if name.startswith('restorer.')]


def test_a_frozen_task_stays_and_the_restorer_learns():
    model = joint()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    train_a_step(model, 'det', 'det')
    assert moved(model, before) == {'restorer.backbone.conv.weight', 'restorer.backbone.conv.bias'}


@pytest.mark.parametrize('task', [dict(frozen=True), dict(frozen=False, loss_weight=0)], ids=str)
def test_with_nothing_to_train_it_is_not_built(task):
    with pytest.raises(ValueError, match='nothing is left to train'):
        joint(dict(det=dict(type='ToyTask', **task)), train_restorer=False)


def test_a_task_looks_at_all_views_and_its_answer_on_the_restored_one_counts():
    model = joint().eval()
    given, lq = samples('det', 'ir'), torch.rand(2, 3, 8, 8)
    found, eye = model(lq, given, mode='predict')
    means = dict(degraded=lq[0], restored=found.restored, clean=found.gt)
    assert {view: found.views.get(view).answer for view in means} == pytest.approx(
        {view: image.mean().item() for view, image in means.items()}
    )
    assert found.answer == found.views.restored.answer
    assert 'views' not in eye


def test_an_image_without_a_clean_one_has_two_views():
    (sample,) = samples('det')
    del sample.gt
    (found,) = joint().eval()(torch.rand(1, 3, 8, 8), [sample], mode='predict')
    assert set(found.views.keys()) == {'degraded', 'restored'}
