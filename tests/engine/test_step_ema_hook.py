import pytest
import torch

from restorelab.apis.testing import test as score
from restorelab.apis.training import train
from restorelab.engine import StepEMAHook
from restorelab.utils.checkpoint import read_checkpoint
from tests.engine.toys import toy_config


def average_of(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, StepEMAHook)).ema_model


@pytest.mark.parametrize(('counts', 'updates'), [(1, 6), (2, 3)])
def test_the_average_is_updated_once_an_optimizer_step(tmp_path, counts, updates):
    runner = train(toy_config(tmp_path, **{'optim_wrapper.accumulative_counts': counts}))
    assert average_of(runner).steps == updates


def test_a_checkpoint_holds_the_average_as_the_model(tmp_path):
    runner = train(toy_config(tmp_path))
    saved = read_checkpoint(tmp_path / 'iter_6.pth')['state_dict']
    torch.testing.assert_close(dict(saved), average_of(runner).module.state_dict(), rtol=0, atol=0)


def test_the_raw_weights_go_on_unchanged_after_a_validation(tmp_path):
    often = train(toy_config(tmp_path / 'a', **{'train_cfg.val_interval': 1}))
    never = train(toy_config(tmp_path / 'b', **{'train_cfg.val_interval': 100}))
    torch.testing.assert_close(often.model.state_dict(), never.model.state_dict(), rtol=0, atol=0)


def test_validation_scores_the_average(tmp_path):
    runner = train(toy_config(tmp_path))
    validated = runner.message_hub.get_scalar('val/rgb/psnr/mean').current()
    tested = score(toy_config(tmp_path), str(tmp_path / 'iter_6.pth'))['rgb/psnr/mean']
    assert validated == pytest.approx(tested, abs=1e-9)


def test_frozen_weights_are_shared_not_copied(tmp_path):
    runner = train(toy_config(tmp_path, max_iters=2, **{'model.freeze_bias': True}))
    assert (
        average_of(runner).module.backbone.conv.bias.data_ptr()
        == runner.model.backbone.conv.bias.data_ptr()
    )


def test_the_average_of_ema_pytorch_can_be_named_in_a_config(tmp_path):
    cfg = toy_config(tmp_path, max_iters=2)
    cfg.custom_hooks[0] = dict(
        type='StepEMAHook', ema_type='InverseDecayEMA', beta=0.99, every=1, start=0
    )
    assert type(average_of(train(cfg))).__name__ == 'InverseDecayEMA'
