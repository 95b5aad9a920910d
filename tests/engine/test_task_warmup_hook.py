"""A task that learns before the restorer does."""

import re
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from torch import nn

from restorelab.apis.training import train
from restorelab.models.tasks.network_task import NetworkTask
from restorelab.registry import DATASETS, HOOKS, MODELS, TASKS
from tests.engine.toys import ToyPairs, toy_config


@TASKS.register_module()
class HalfTask(NetworkTask):
    """Tells, by a norm and a line, which half of the images has the brighter mean."""

    def __init__(
        self, checkpoint: str | None = None, frozen: bool = True, loss_weight: float = 1.0
    ):
        net = nn.Sequential(
            nn.BatchNorm2d(3), nn.AdaptiveAvgPool2d((1, 2)), nn.Flatten(), nn.Linear(6, 2)
        )
        super().__init__(net, checkpoint, frozen, loss_weight)

    def loss(self, images, samples):
        halves = (
            torch.stack([sample.gt.mean(dim=(0, 1)) for sample in samples])
            .view(-1, 2, 8)
            .mean(dim=2)
        )
        return dict(loss=nn.functional.cross_entropy(self.network(images), halves.argmax(dim=1)))

    def predict(self, image, sample):
        return dict(pred_label=self.network(image[None])[0].argmax())


@DATASETS.register_module()
class HalvesPairs(ToyPairs):
    """ToyPairs that are restored for the task ``halves``; ``clean``: they are not degraded."""

    task = 'halves'

    def __init__(self, clean: bool = False, size: int = 16):
        super().__init__(size)
        self.clean = clean

    def __getitem__(self, index: int) -> dict:
        found = super().__getitem__(index)
        found['data_samples'].set_field('halves', 'task', field_type='metainfo')
        return dict(found, inputs=found['data_samples'].gt) if self.clean else found


@HOOKS.register_module()
class RememberHook(Hook):
    """Keeps the weights with which the restorer's training begins."""

    priority = 'LOW'

    def before_train(self, runner) -> None:
        self.state = {name: value.clone() for name, value in runner.model.state_dict().items()}
        self.frozen, self.training = runner.model.tasks['halves'].frozen, runner.model.training


def config(
    work_dir, max_iters: int = 2, warmup: dict | None = None, task: dict | None = None, **changes
):
    loader = dict(
        batch_size=8,
        num_workers=0,
        dataset=dict(type='HalvesPairs', clean=True),
        sampler=dict(type='ToySampler'),
    )
    cfg = toy_config(work_dir, max_iters, **changes)
    cfg.model = dict(
        type='JointRestorer',
        restorer=cfg.model,
        tasks=dict(halves=dict(type='HalfTask', **(task or {}))),
    )
    cfg.train_dataloader.dataset = dict(type='HalvesPairs')
    warmup = dict(dict(task='halves', max_iters=40, lr=0.1), **(warmup or {}))
    cfg.custom_hooks = [
        dict(type='TaskWarmupHook', dataloader=loader, **warmup),
        dict(type='RememberHook'),
        dict(type='StepEMAHook', momentum=0.1),
    ]
    return cfg


def begin_of(runner) -> RememberHook:
    return next(hook for hook in runner.hooks if isinstance(hook, RememberHook))


def task_of(state: dict) -> dict:
    return {name: value for name, value in state.items() if name.startswith('tasks.')}


def loss_of(state: dict) -> float:
    """The task's loss on the clean images, with the weights of ``state``."""
    task = HalfTask().eval()
    task.load_state_dict(
        {name.removeprefix('tasks.halves.'): value for name, value in task_of(state).items()}
    )
    found = [HalvesPairs(clean=True)[index]['data_samples'] for index in range(16)]
    for sample in found:
        sample.gt = sample.gt / 255
    return task.loss(torch.stack([sample.gt for sample in found]), found)['loss'].item()


def test_the_task_learns_and_then_stays_bit_for_bit(tmp_path):
    runner = train(config(tmp_path))
    begin = begin_of(runner)
    assert loss_of(begin.state) < 0.8 * loss_of(
        MODELS.build(
            dict(
                type='JointRestorer',
                restorer=dict(type='ToyRestorer', backbone=dict(type='ToyNet')),
                tasks=dict(halves=dict(type='HalfTask')),
            )
        ).state_dict()
    )
    assert begin.frozen
    end = runner.model.state_dict()
    torch.testing.assert_close(task_of(end), task_of(begin.state), rtol=0, atol=0)
    assert not torch.equal(
        end['restorer.backbone.conv.weight'], begin.state['restorer.backbone.conv.weight']
    )


def test_the_restorer_begins_where_it_would_without(tmp_path):
    warmed, plain = train(config(tmp_path / 'a')), config(tmp_path / 'b')
    plain.custom_hooks.pop(0)
    states = [
        {name: value for name, value in begin_of(run).state.items() if name.startswith('restorer.')}
        for run in (warmed, train(plain))
    ]
    torch.testing.assert_close(*states, rtol=0, atol=0)


def test_a_resumed_training_goes_on_with_the_task_of_its_checkpoint(tmp_path):
    first = train(config(tmp_path))
    resumed = train(config(tmp_path, max_iters=4, warmup=dict(lr=0.3)), resume=True)
    assert resumed.iter == 4
    log = next(Path(resumed.log_dir).glob('*.log')).read_text()
    assert re.search(r'ignored custom_hooks\.\d\.lr: .* -> 0\.3  \(the warm-up was over', log)
    torch.testing.assert_close(
        task_of(resumed.model.state_dict()), task_of(first.model.state_dict()), rtol=0, atol=0
    )


def test_an_unknown_task_is_named(tmp_path):
    with pytest.raises(KeyError, match=r"warms up the task 'det', but the tasks are \['halves'\]"):
        train(config(tmp_path, warmup=dict(task='det')))


def test_a_task_with_a_checkpoint_needs_no_warming_up(tmp_path):
    torch.save(dict(state_dict=HalfTask().network.state_dict()), tmp_path / 'half.pth')
    with pytest.raises(
        ValueError, match=r"'halves' has the checkpoint .*half\.pth; drop that, or TaskWarmupHook"
    ):
        train(config(tmp_path, task=dict(checkpoint=str(tmp_path / 'half.pth'))))
