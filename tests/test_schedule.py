"""Schedules follow the length of the training, and those that cannot are refused by name."""

from pathlib import Path

import pytest
import torch
from mmengine import optim  # noqa: F401  registers the schedulers
from mmengine.config import Config
from mmengine.registry import PARAM_SCHEDULERS

from restorelab.config import load_config
from restorelab.schedule import check_schedules, fit_schedules

ROOT = Path(__file__).resolve().parents[1]
ALLINONE = [path for path in ROOT.glob('configs/*/allinone*.py') if path.parent.name != '_base_']
WARM_UP = dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=0.05)
COSINE = dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=0.05)


def fitted(*entries: dict, max_iters: int = 100) -> list[dict]:
    cfg = Config(dict(train_cfg=dict(max_iters=max_iters), param_scheduler=[*entries]))
    fit_schedules(cfg)
    check_schedules(cfg)
    return cfg.param_scheduler


def learning_rates(schedules: list[dict], steps: int, lr: float = 1.0) -> list[float]:
    """The learning rate of each step, as MMEngine's Runner sets it."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    built = [
        PARAM_SCHEDULERS.build(each, default_args=dict(optimizer=optimizer)) for each in schedules
    ]
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for schedule in built:
            schedule.step()
    return rates


@pytest.mark.parametrize('max_iters', [4, 10, 100, 6000])
def test_a_warm_up_and_a_cosine_fill_a_training_of_any_length(max_iters):
    rates = learning_rates(fitted(WARM_UP, COSINE, max_iters=max_iters), max_iters)
    assert rates[0] == 0.01
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(1e-6, abs=1e-12)


@pytest.mark.parametrize('max_iters', [0, 1, 2])
def test_a_training_of_a_few_steps_keeps_what_has_room(max_iters):
    schedules = fitted(WARM_UP, COSINE, max_iters=max_iters)
    assert [entry['type'] for entry in schedules] == ['LinearLR']
    assert learning_rates(schedules, 2)[0] == 0.01


def test_an_entry_without_an_end_is_kept_wherever_it_begins():
    late = dict(type='ExponentialLR', gamma=0.9, by_epoch=False, begin=1)
    assert fitted(late) == [late]


@pytest.mark.parametrize(
    ('entry', 'expected'),
    [
        (dict(type='MultiStepLR', milestones=[0.5, 0.75]), dict(milestones=[50, 75])),
        (dict(type='MultiStepLR', milestones=[50, 0.75]), dict(milestones=[50, 75])),
        (dict(type='StepLR', step_size=0.1), dict(step_size=10)),
        (dict(type='CosineAnnealingLR', T_max=1.0), dict(T_max=100)),
        (dict(type='OneCycleLR', eta_max=1, total_steps=1.0), dict(total_steps=100)),
        (dict(type='OneCycleLR', eta_max=1), dict(end=100)),
        (dict(type='PolyLR'), dict(end=100)),
        (dict(type='CosineRestartLR', periods=[1 / 3, 2 / 3]), dict(periods=[33, 67])),
        (dict(type='mmengine.CosineAnnealingLR', begin=0.5), dict(begin=50, end=100, T_max=49)),
    ],
)
def test_shares_become_steps(entry, expected):
    (found,) = fitted(dict(entry, by_epoch=False))
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize(
    'entries',
    [
        [dict(type='CosineAnnealingLR', T_max=100)],
        [dict(type='LinearLR', end=20), dict(type='CosineAnnealingLR', begin=20, end=100)],
        [dict(type='MultiStepLR', milestones=[10, 90])],
        [dict(type='OneCycleLR', eta_max=1, total_steps=100)],
        [dict(type='CosineRestartLR', periods=[40, 60])],
        [
            dict(type='CosineAnnealingMomentum', end=40),
            dict(type='CosineAnnealingMomentum', begin=40, end=100),
        ],
        [
            dict(type='CosineAnnealingLR', end=40),
            dict(type='ConstantLR', factor=1.0, begin=40, end=100),
        ],
        [dict(type='StepLR', step_size=30), dict(type='ExponentialLR', gamma=0.9)],
    ],
)
def test_steps_by_hand_that_fit_stay_as_they_are(entries):
    entries = [dict(entry, by_epoch=False) for entry in entries]
    assert fitted(*entries) == entries


@pytest.mark.parametrize(
    ('entry', 'message'),
    [
        (
            dict(type='LinearLR', end=200),
            r'LinearLR goes on to step 200 by its end, but .* ends at 100',
        ),
        (
            dict(type='CosineAnnealingLR', T_max=6000),
            'step 6000 by its T_max.*Write T_max as a share',
        ),
        (dict(type='CosineAnnealingLR', begin=50, T_max=60), 'step 110 by its T_max'),
        (dict(type='MultiStepLR', milestones=[50, 150]), 'step 150 by its milestones'),
        (dict(type='CosineRestartLR', periods=[80, 80]), 'step 160 by its periods'),
        (dict(type='OneCycleLR', eta_max=1, total_steps=101), 'step 101 by its total_steps'),
    ],
)
def test_an_entry_that_ends_after_the_training_is_refused(entry, message):
    with pytest.raises(ValueError, match=rf'param_scheduler\.0: .*{message}'):
        fitted(dict(entry, by_epoch=False))


@pytest.mark.parametrize(
    'entry',
    [
        dict(type='CosineAnnealingLR', end=50),
        dict(type='CosineAnnealingLR', T_max=50),
        dict(type='PolyLR', end=50),
        dict(type='ExponentialLR', gamma=0.9, end=50),
        dict(type='LinearLR', start_factor=1.0, end_factor=0.1, end=50),
        dict(type='CosineRestartLR', periods=[20, 30]),
        dict(type='OneCycleLR', eta_max=1, total_steps=50),
    ],
)
def test_an_entry_that_is_at_its_lowest_before_the_end_is_refused(entry):
    message = rf'param_scheduler\.0: {entry["type"]} is at its lowest at step 50 .* ends at 100'
    with pytest.raises(ValueError, match=message):
        fitted(dict(entry, by_epoch=False))


@pytest.mark.parametrize(
    ('entry', 'message'),
    [
        (dict(end=700000.0), r'end=700000\.0: a float is a share.*written as 700000'),
        (dict(end=-0.5), r'end=-0\.5: a float is a share'),
        (dict(end=50, by_epoch=True), 'counts epochs, .* Write by_epoch=False'),
    ],
)
def test_a_slip_in_an_entry_is_named(entry, message):
    with pytest.raises(ValueError, match=rf'param_scheduler\.0.*{message}'):
        fitted(dict(dict(type='LinearLR', by_epoch=False), **entry))


def test_entries_that_count_epochs_are_shares_of_the_epochs():
    schedules = [
        dict(type='MultiStepLR', milestones=[0.5]),
        dict(type='LinearLR', by_epoch=False, end=500),
    ]
    cfg = Config(dict(train_cfg=dict(by_epoch=True, max_epochs=12), param_scheduler=schedules))
    fit_schedules(cfg)
    assert cfg.param_scheduler[0].milestones == [6]
    cfg.param_scheduler[1].end = 0.5
    with pytest.raises(ValueError, match='whose length is not known in this unit'):
        fit_schedules(cfg)


def test_several_optimizers_have_a_list_each():
    cfg = Config(
        dict(
            train_cfg=dict(max_iters=100),
            param_scheduler=dict(one=[COSINE], other=dict(COSINE, begin=0.5)),
        )
    )
    fit_schedules(cfg)
    assert (cfg.param_scheduler.one[0].begin, cfg.param_scheduler.other.begin) == (5, 50)
    cfg.train_cfg.max_iters = 50  # what was fitted stands in steps now
    with pytest.raises(ValueError, match=r'param_scheduler\.one\.0'):
        check_schedules(cfg)


def test_a_config_is_fitted_to_the_length_that_an_option_gives(tmp_path):
    path = tmp_path / 'toy.py'
    path.write_text(
        "train_cfg = dict(type='IterBasedTrainLoop', max_iters=1000)\n"
        f'param_scheduler = {[WARM_UP, COSINE]}\n'
    )
    cfg = load_config(path, {'train_cfg.max_iters': 40})
    assert learning_rates(cfg.param_scheduler, 40)[-1] == pytest.approx(1e-6, abs=1e-12)
    assert load_config(cfg).param_scheduler == cfg.param_scheduler


def test_a_base_without_a_training_keeps_its_shares():
    assert load_config(Config(dict(param_scheduler=[WARM_UP]))).param_scheduler == [WARM_UP]


@pytest.mark.parametrize('path', ALLINONE)
def test_a_short_training_of_every_method_warms_up_and_ends_at_its_minimum(path):
    cfg = load_config(path, {'train_cfg.max_iters': 100})
    lr = cfg.optim_wrapper.optimizer.lr
    rates = learning_rates(cfg.param_scheduler, 100, lr)
    assert rates[0] < 0.1 * lr
    assert max(rates) == pytest.approx(lr)
    assert rates[-1] == pytest.approx(1e-6, abs=1e-12)
