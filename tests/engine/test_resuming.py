from pathlib import Path

import numpy as np
import pytest
import torch

from restorelab.apis.training import train
from restorelab.engine.resuming import ResumeError
from restorelab.utils.checkpoint import CheckpointError, read_checkpoint
from restorelab.utils.work_dir_lock import WorkDirInUseError, work_dir_lock
from tests.engine.toys import Interrupted, recorded, toy_config


def log_of(runner) -> str:
    return next(Path(runner.log_dir).glob('*.log')).read_text()


def config(folder: Path, **changes):
    """A toy with a schedule that follows the length of the training."""
    cfg = toy_config(folder, **changes)
    if 'param_scheduler' not in changes:
        cfg.param_scheduler = [dict(entry, end=0.5 * (i + 1)) for i, entry in enumerate(SHARES)]
    return cfg


SHARES = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=0.5),
]


def interrupted(folder: Path, at: int = 5, **changes) -> None:
    cfg = config(folder, **changes)
    cfg.custom_hooks.append(dict(type='StopHook', at=at))
    with pytest.raises(Interrupted):
        train(cfg)


def resumed(folder: Path, **changes):
    return train(config(folder, **changes), resume=True)


def test_a_resumed_training_without_changes_prints_none(tmp_path):
    train(config(tmp_path))
    runner = train(config(tmp_path), resume=str(tmp_path / 'iter_4.pth'))
    assert 'the config of the checkpoint' not in log_of(runner)


def test_changes_are_printed_and_taken(tmp_path):
    interrupted(tmp_path)
    runner = resumed(
        tmp_path,
        **{
            'optim_wrapper.optimizer.lr': 0.004,
            'optim_wrapper.optimizer.betas': (0.5, 0.6),
            'optim_wrapper.optimizer.weight_decay': 0.3,
            'default_hooks.checkpoint.interval': 5,
        },
    )
    log = log_of(runner)
    assert 'taken   optim_wrapper.optimizer.lr: 0.01 -> 0.004' in log
    assert 'taken   default_hooks.checkpoint.interval: 2 -> 5' in log
    group = runner.optim_wrapper.param_groups[0]
    assert (group['initial_lr'], group['betas'], group['weight_decay']) == (0.004, (0.5, 0.6), 0.3)


def rates_of(runner) -> np.ndarray:
    return np.array(runner.message_hub.get_scalar('train/lr').data[0])


@pytest.mark.parametrize(
    'changes',
    [
        {'optim_wrapper.optimizer.lr': 0.004},
        {'max_iters': 12},
        {'param_scheduler': [dict(type='StepLR', step_size=2, gamma=0.5, by_epoch=False)]},
    ],
)
def test_the_rate_goes_on_as_if_it_had_always_been_scheduled_so(tmp_path, changes):
    whole = train(config(tmp_path / 'whole', **changes))
    interrupted(tmp_path / 'parts')
    parts = resumed(tmp_path / 'parts', **changes)
    np.testing.assert_allclose(rates_of(parts)[4:], rates_of(whole)[4:], rtol=1e-12)


def test_a_lower_rate_with_paramwise_options_keeps_their_shares(tmp_path):
    paramwise = {'optim_wrapper.paramwise_cfg': dict(bias_lr_mult=0.1)}
    interrupted(tmp_path, **paramwise)
    runner = resumed(tmp_path, **paramwise, **{'optim_wrapper.optimizer.lr': 0.002})
    rates = [group['initial_lr'] for group in runner.optim_wrapper.optimizer.param_groups]
    assert sorted(rates) == pytest.approx([0.0002, 0.002])


def test_the_moments_of_the_optimizer_stay(tmp_path):
    """At a rate of 0 and with betas of 1 nothing moves."""
    interrupted(tmp_path)
    resumed(
        tmp_path,
        **{'optim_wrapper.optimizer.lr': 0.0, 'optim_wrapper.optimizer.weight_decay': 0.0},
    )
    before, after = (read_checkpoint(tmp_path / f'iter_{n}.pth') for n in (4, 6))
    torch.testing.assert_close(
        after['ema_state_dict'] | {'steps': 0}, before['ema_state_dict'] | {'steps': 0}
    )
    assert after['optimizer']['state'][0]['step'] == 6


def test_another_seed_is_ignored_with_a_reason(tmp_path):
    whole = train(config(tmp_path / 'whole'))
    interrupted(tmp_path / 'parts')
    parts = resumed(tmp_path / 'parts', **{'randomness.seed': 3})
    assert 'ignored randomness.seed: 0 -> 3  (the order of the data' in log_of(parts)
    np.testing.assert_allclose(recorded(parts), recorded(whole)[4:], rtol=0, atol=0)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'optim_wrapper.optimizer.type': 'SGD'}, r'refused optim_wrapper\.optimizer\.type'),
        ({'model.backbone.wide': True}, r'refused model\.backbone\.wide: .*do not fit'),
        ({'custom_hooks': [dict(type='RecordHook')]}, r'refused custom_hooks: .*moving average'),
        (
            {'optim_wrapper.paramwise_cfg': dict(bias_lr_mult=0.1)},
            r'1 groups of weights.* has 2\. .*paramwise_cfg back',
        ),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_reason(tmp_path, changes, message):
    interrupted(tmp_path)
    with pytest.raises(ResumeError, match=message):
        resumed(tmp_path, **changes)


def test_an_option_of_the_model_that_fits_its_weights_is_taken(tmp_path):
    interrupted(tmp_path)
    log = log_of(resumed(tmp_path, **{'model.noise_scale': 0.2}))
    assert 'taken   model.noise_scale: (nothing) -> 0.2' in log


def test_a_checkpoint_without_a_config_is_said_to_have_none(tmp_path):
    interrupted(tmp_path)
    checkpoint = torch.load(tmp_path / 'iter_4.pth', weights_only=False)
    del checkpoint['meta']['cfg']
    torch.save(checkpoint, tmp_path / 'iter_4.pth')
    assert 'holds no config to compare' in log_of(resumed(tmp_path))


def test_a_checkpoint_without_the_state_of_its_training_is_refused(tmp_path):
    """As the best checkpoints are."""
    interrupted(tmp_path)
    checkpoint = torch.load(tmp_path / 'iter_4.pth', weights_only=False)
    torch.save(dict(checkpoint, meta={}), tmp_path / 'nowhere.pth')
    del checkpoint['optimizer']
    torch.save(checkpoint, tmp_path / 'best.pth')
    for name, missing in {'best': 'optimizer', 'nowhere': 'the iteration'}.items():
        with pytest.raises(CheckpointError, match=rf'{name}\.pth: .*missing: {missing}\)'):
            train(config(tmp_path), resume=str(tmp_path / f'{name}.pth'))


def test_a_finished_training_says_so(tmp_path):
    train(config(tmp_path))
    log = log_of(resumed(tmp_path))
    assert 'this run has finished its 6 iterations; give a larger train_cfg.max_iters' in log


def test_a_work_dir_in_use_is_refused_before_anything_is_written(tmp_path):
    with work_dir_lock(tmp_path):
        before = sorted(tmp_path.iterdir())
        with pytest.raises(WorkDirInUseError, match='--work-dir'):
            train(config(tmp_path))
        assert sorted(tmp_path.iterdir()) == before


def test_a_lock_that_was_left_is_taken_over_with_a_line_in_the_log(tmp_path):
    (tmp_path / '.lock').write_text('{"host": "there", "pid": 7, "started": "then"}')
    log = log_of(train(config(tmp_path, max_iters=1, param_scheduler=[])))
    assert 'its last training (process 7 on there, started at then) died' in log
    assert not (tmp_path / '.lock').exists()
