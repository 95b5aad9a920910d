import torch

from restorelab.apis.training import train
from restorelab.engine import StepEMAHook
from tests.engine.toys import recorded, toy_config

LAST = dict(memory_format=torch.channels_last)


def toy(work_dir, *hooks):
    cfg = toy_config(work_dir)
    cfg.custom_hooks = [*hooks, *cfg.custom_hooks]
    return train(cfg)


def test_it_changes_the_order_in_memory_and_no_loss(tmp_path):
    with_hook = toy(tmp_path / 'a', dict(type='ChannelsLastHook'))
    without = toy(tmp_path / 'b')
    assert with_hook.model.backbone.conv.weight.is_contiguous(**LAST)
    assert not without.model.backbone.conv.weight.is_contiguous(**LAST)
    torch.testing.assert_close(recorded(with_hook), recorded(without), rtol=1e-5, atol=0)


def test_the_average_of_weights_has_the_same_order(tmp_path):
    runner = toy(tmp_path, dict(type='ChannelsLastHook'))
    average = next(hook for hook in runner.hooks if isinstance(hook, StepEMAHook)).ema_model
    assert average.module.backbone.conv.weight.is_contiguous(**LAST)
