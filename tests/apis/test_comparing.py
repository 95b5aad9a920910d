"""One table of several configs: budgets, resuming, counts without losses."""

import pytest
from mmengine.config import Config

from restorelab.apis import comparing
from restorelab.apis.comparing import (
    Result,
    as_table,
    compare,
    label,
    read_result,
    settings,
    with_budget,
)

DATA = """
_pipeline = [dict(type='CenterCrop', size=16), dict(type='Degrade'), dict(type='PackRestoration')]
_set = dict(type='OnTheFlyDataset', source='embedded', split='val',
            degradations=['haze', 'noise'], pipeline=_pipeline)
train_dataloader = dict(batch_size={batch}, num_workers=0,
                        sampler=dict(type='InfiniteSeededSampler', seed=0),
                        dataset=_set)
val_dataloader = dict(batch_size=1, num_workers=0, dataset=_set,
                      sampler=dict(type='DefaultSampler', shuffle=False))
test_dataloader = val_dataloader
val_evaluator = dict(type='RestorationMetric')
test_evaluator = val_evaluator
train_cfg = dict(type='SeekingIterTrainLoop', max_iters=100, val_interval=100)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=0.1),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=0.1),
]
default_hooks = dict(checkpoint=dict(type='AtomicCheckpointHook', interval=100), sampler_seed=None)
model = dict(type='RegressionRestorer', loss=dict(type='L1Loss'), step_losses={losses},
             backbone=dict(type='RestormerUNet', dim=4, blocks=[1, 1], heads=[1, 1], refinement=1))
"""


def result(**changes) -> Result:
    scores = {
        f'rgb/{kind}/{degradation}': value
        for degradation in ('haze', 'mean')
        for kind, value in dict(psnr=20.0, ssim=0.8, input_psnr=15.0, input_ssim=0.6).items()
    }
    return Result(
        **{
            **dict(
                config='configs/a/b.py',
                settings='x',
                iterations=4,
                parameters=1000,
                trained=900,
                gmac=1.5,
                restore_seconds=0.1,
                train_seconds=60.0,
                scores=scores,
            ),
            **changes,
        }
    )


def test_every_config_sees_the_same_number_of_images_and_ends_its_schedule(tmp_path):
    path = tmp_path / 'tiny.py'
    path.write_text(
        DATA.format(batch=8, losses='None') + "custom_hooks = [dict(type='StepEMAHook', "
        "momentum=0.003), dict(type='DifficultyReferenceHook', loss='p')]\n"
    )
    cfg = with_budget(str(path), None, images=3999)
    assert (cfg.train_cfg.max_iters, cfg.train_cfg.val_interval) == (500, 500)
    assert cfg.default_hooks.checkpoint.interval == 50
    assert [(schedule.get('begin', 0), schedule.end) for schedule in cfg.param_scheduler] == [
        (0, 50),
        (50, 500),
    ]
    assert [hook.type for hook in cfg.custom_hooks] == ['DifficultyReferenceHook']


@pytest.mark.parametrize('images', [0, -5])
def test_no_images_are_no_budget(images, tmp_path):
    with pytest.raises(ValueError, match=f'images={images}: .* at least 1'):
        compare(['configs/a/b.py'], str(tmp_path), images)


@pytest.mark.parametrize('loader', ['train', 'val', 'test'])
def test_a_missing_folder_of_a_later_config_shows_before_the_first_training(
    loader, tmp_path, monkeypatch
):
    paths = []
    for name in ('good', 'bad'):
        (tmp_path / name).mkdir()
        paths.append(tmp_path / name / 'tiny.py')
        paths[-1].write_text(DATA.format(batch=1, losses='None'))
    with paths[-1].open('a') as file:
        file.write(
            f'{loader}_dataloader = dict({loader}_dataloader, '
            "dataset=dict(_set, source='no/such/folder'))\n"
        )
    monkeypatch.setattr(comparing, 'run', lambda *_: pytest.fail('trained'))
    with pytest.raises(FileNotFoundError, match='no/such/folder: no such folder'):
        compare([str(path) for path in paths], str(tmp_path / 'work'), images=4)


def test_configs_are_called_by_folder_and_name():
    assert label('configs/diffuir/allinone.py') == 'diffuir-allinone'


def test_configs_of_one_name_are_refused(tmp_path):
    with pytest.raises(ValueError, match='share a folder'):
        compare(['x/a/b.py', 'y/a/b.py'], tmp_path, 10)


def test_the_table_has_the_degraded_images_and_every_config():
    lines = as_table([result(), result(config='configs/c/d.py')]).splitlines()
    text = [' '.join(line.split()) for line in lines]
    assert any(line.startswith('degraded 15.00 0.600') for line in text)
    assert any(line.startswith('a-b 1,000 900 1.5 4 60 0.10 20.00 0.800') for line in text)
    assert any(line.startswith('c-d') for line in text)


@pytest.mark.slow
def test_two_configs_are_trained_scored_and_read_again(tmp_path, monkeypatch):
    perceptual = "dict(p=dict(type='DifficultyAdaptivePerceptualLoss', widths=[4, 4, 4]))"
    paths = []
    for name, batch, losses in (('plain', 1, 'None'), ('perceptual', 2, perceptual)):
        (tmp_path / name).mkdir()
        paths.append(str(tmp_path / name / 'tiny.py'))
        (tmp_path / name / 'tiny.py').write_text(DATA.format(batch=batch, losses=losses))
    first = compare(paths, str(tmp_path / 'work'), images=4)
    assert [each.iterations for each in first] == [4, 2]
    assert first[0].parameters == first[1].parameters == first[0].trained
    assert all(each.train_seconds > 0 for each in first)
    assert 'plain-tiny' in as_table(first)

    monkeypatch.setattr(comparing, 'run', None)  # nothing is left to do
    assert compare(paths, str(tmp_path / 'work'), images=4) == first
    with pytest.raises(ValueError, match='of another budget'):
        compare(paths, str(tmp_path / 'work'), images=8)


def test_a_config_without_a_result_has_none(tmp_path):
    assert read_result(tmp_path, settings(Config(dict(a=1)))) is None
