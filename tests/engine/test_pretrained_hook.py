import torch

from restorelab.apis.training import train
from restorelab.engine import StepEMAHook
from tests.engine.toys import ToyRestorer, toy_config


def test_pretrained_parts_are_loaded_once_before_the_average_is_copied(tmp_path, monkeypatch):
    calls = []

    def load_pretrained(model):
        calls.append(model)
        torch.nn.init.constant_(model.backbone.conv.bias, 7.0)

    monkeypatch.setattr(ToyRestorer, 'load_pretrained', load_pretrained)
    runner = train(toy_config(tmp_path, max_iters=1, **{'model.freeze_bias': True}))
    average = next(hook for hook in runner.hooks if isinstance(hook, StepEMAHook)).ema_model
    assert calls == [runner.model]
    assert average.module.backbone.conv.bias.tolist() == [7.0] * 3
