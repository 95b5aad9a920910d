"""The converter of official weights and the rendering of the medium tier, on small files."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from PIL import Image

from restorelab.apis import load, train
from restorelab.apis.testing import test as score
from restorelab.config import load_config
from restorelab.datasets.fold_dataset import sample_fold
from restorelab.datasets.recipes import find_recipe
from restorelab.registry import DATASETS, MODELS
from restorelab.utils.checkpoint import CheckpointError
from restorelab.utils.weights import read_published
from tests.parity.fixtures import ROOT, Recording, load_converter, load_script

CONVERT = load_converter('perceive_ir')


@pytest.fixture
def medium(tmp_path):
    """An official checkpoint of the medium restorer."""
    state = Recording('perceive_ir', 'medium').under('state.')
    torch.save(dict(model=state, iteration=20000), tmp_path / 'medium.pth')
    return tmp_path / 'medium.pth'


def run(monkeypatch, script, *arguments):
    monkeypatch.setattr(sys, 'argv', ['script', *map(str, arguments)])
    script.main()


def test_the_command_writes_a_file_that_restores(medium, tmp_path, monkeypatch):
    run(monkeypatch, CONVERT, medium, tmp_path / 'out.safetensors')
    assert load(tmp_path / 'out.safetensors')(torch.rand(3, 9, 13)).shape == (3, 9, 13)


def test_the_guided_network_names_its_dino_and_leaves_it_out(tmp_path, monkeypatch):
    torch.save(dict(model=Recording('perceive_ir', 'net').tensors), tmp_path / 'AIO-3D.pth')
    run(
        monkeypatch,
        CONVERT,
        tmp_path / 'AIO-3D.pth',
        tmp_path / 'out.safetensors',
        '--padding',
        'replicate',
    )
    state, config, _ = read_published(tmp_path / 'out.safetensors')
    assert config['priors']['semantic']['pretrained'] == 'facebook/dinov2-base'
    assert config['padding'] == 'replicate'
    assert not any(key.startswith('priors.semantic.') for key in state)


@pytest.mark.parametrize('content', [dict(state_dict={}), dict(model=dict(alphas=torch.ones(2)))])
def test_another_file_is_refused(content, tmp_path):
    torch.save(content, tmp_path / 'other.pth')
    with pytest.raises(CheckpointError, match='not an official Perceive-IR checkpoint'):
        CONVERT.convert(tmp_path / 'other.pth')


def test_whole_images_of_one_fold_are_rendered():
    whole_images = load_script('perceive_ir', 'render_medium').whole_images
    pipeline = [dict(type='RandomCrop', size=4), dict(type='Degrade'), dict(type='PackRestoration')]
    inner = dict(type='OnTheFlyDataset', degradations=['haze'], pipeline=pipeline)
    mixed = dict(
        type='MixedDataset',
        repeats=[3],
        datasets=[dict(type='FoldDataset', folds=[1], dataset=inner)],
    )
    part = whole_images(mixed, 0)['datasets'][0]
    assert part['folds'] == [0]
    assert [step['type'] for step in part['dataset']['pipeline']] == ['Degrade', 'PackRestoration']
    with pytest.raises(ValueError, match='wrap it in FoldDataset'):
        whole_images(inner, 0)


def test_the_configs_of_the_medium_restorers_can_be_rendered():
    whole_images = load_script('perceive_ir', 'render_medium').whole_images
    for path in ('configs/perceive_ir/stage1_medium.py', 'projects/perceive_ir/configs/medium0.py'):
        whole_images(load_config(ROOT / path).train_dataloader.dataset, 0)


TINY_MEDIUM = """
_set = dict(type='OnTheFlyDataset', split='train', degradations=['haze'], pipeline=[
    dict(type='CenterCrop', size=16), dict(type='Degrade'), dict(type='PackRestoration')])
train_dataloader = dict(batch_size=1, dataset=dict(type='FoldDataset', folds=[0], dataset=_set))
val_dataloader = dict(batch_size=1, dataset=dict(_set, split='val'))
model = dict(type='RegressionRestorer', loss=dict(type='L1Loss'), backbone=dict(
    type='RestormerUNet', dim=4, blocks=[1, 1], heads=[1, 1], refinement=1))
"""


@pytest.fixture
def tiny_medium(tmp_path):
    """A small config and a checkpoint of a model with twice its width."""
    (tmp_path / 'tiny.py').write_text(TINY_MEDIUM)
    wide = load_config(tmp_path / 'tiny.py', {'model.backbone.dim': 8})
    torch.save(MODELS.build(wide.model).state_dict(), tmp_path / 'wide.pth')
    return tmp_path / 'tiny.py', tmp_path / 'wide.pth'


def test_options_of_the_rendering_reach_the_model(tiny_medium, tmp_path, monkeypatch):
    config, checkpoint = tiny_medium
    script = load_script('perceive_ir', 'render_medium')
    monkeypatch.setattr(
        script, 'whole_images', lambda dataset, fold: dict(dataset, folds=[fold])
    )  # crops are quicker
    run(
        monkeypatch,
        script,
        config,
        checkpoint,
        checkpoint,
        tmp_path / 'out',
        '--draws',
        '1',
        '--cfg-options',
        'model.backbone.dim=8',
    )
    assert len(list((tmp_path / 'out' / 'train').glob('haze/rendered/*.png'))) == 5
    assert len(list((tmp_path / 'out' / 'val').glob('haze/rendered/*.png'))) == 1


@pytest.mark.parametrize(
    ('checkpoint', 'options', 'complaint'),
    [
        ('no.pth', [], 'no.pth: no such weights'),
        (
            'wide.pth',
            [
                "train_dataloader.dataset={'type':'OnTheFlyDataset','degradations':['haze'],"
                "'pipeline':[]}"
            ],
            'wrap it in FoldDataset',
        ),
        ('wide.pth', ['val_dataloader.dataset.source=no/such'], 'no/such: no such folder'),
        ('wide.pth', [], 'these weights are not of this model'),
    ],
)
def test_a_rendering_that_cannot_be_is_a_usage_error(
    checkpoint, options, complaint, tiny_medium, tmp_path, monkeypatch, capsys
):
    script = load_script('perceive_ir', 'render_medium')
    if 'not of this model' not in complaint:
        monkeypatch.setattr(script, 'load', lambda *_: pytest.fail('a model was loaded'))
    chosen = ['--cfg-options', *options] if options else []
    with pytest.raises(SystemExit):
        run(
            monkeypatch,
            script,
            tiny_medium[0],
            *[tmp_path / checkpoint] * 2,
            tmp_path / 'out',
            *chosen,
        )
    assert complaint in capsys.readouterr().err


def released_sets(root: Path) -> None:
    """The five training sets as empty files: in each, three names that validate and eight more."""
    for name, parts, stem in (
        ('bsd400_wed_train', 201, '{}'),
        ('ots_airnet_train', 2001, '{}_0.8_0.2'),
        ('rain100l_train', 51, 'rain-{}'),
        ('gopro_train', 101, '{}'),
        ('lol_train', 51, '{}'),
    ):
        recipe = find_recipe(name)
        validated = [
            number
            for number in range(12000)
            if sample_fold(recipe.degradation, stem.format(number), parts) == 0
        ][:3]
        for number in {*validated, *range(8)}:
            clean = f'norain-{number}' if recipe.degradation == 'rain' else f'{number}'
            for folder, file in ((recipe.lq, stem.format(number)), (recipe.gt, clean)):
                if folder:
                    (root / folder).mkdir(parents=True, exist_ok=True)
                    (root / folder / f'{file}.png').touch()


@pytest.mark.parametrize('fold', [0, 1])
def test_what_validates_is_neither_learned_nor_rendered_by_a_medium_restorer(
    fold, tmp_path, monkeypatch
):
    released_sets(tmp_path / 'data')
    monkeypatch.chdir(tmp_path)
    whole_images = load_script('perceive_ir', 'render_medium').whole_images
    cfg = load_config(ROOT / f'projects/perceive_ir/configs/medium{fold}.py')
    training = cfg.train_dataloader.dataset
    with DefaultScope.overwrite_default_scope('restorelab'):
        validated, learned, rendered = (
            [
                (record.degradation, record.name)
                for part in DATASETS.build(dataset).parts
                for record in part.records
            ]
            for dataset in (cfg.val_dataloader.dataset, training, whole_images(training, fold))
        )
    assert (
        {degradation for degradation, _ in validated}
        == {degradation for degradation, _ in learned}
        == {degradation for degradation, _ in rendered}
    )
    assert len(validated) == 15
    assert not set(validated) & {*learned, *rendered}
    assert not set(learned) & set(rendered)


def test_another_method_is_scored_on_the_same_images_in_the_same_way(tmp_path, monkeypatch):
    for name in ('cbsd68_test', 'sots_outdoor_test', 'rain100l_test', 'gopro_test', 'lol_test'):
        recipe = find_recipe(name)
        for folder, stem in (
            (recipe.lq, '1_0.8_0.2' if recipe.degradation == 'haze' else '1'),
            (recipe.gt, '1'),
        ):
            if folder:
                (tmp_path / 'data' / folder).mkdir(parents=True)
                pixels = np.random.default_rng(0).integers(0, 256, (18, 21, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / 'data' / folder / f'{stem}.png')
    monkeypatch.chdir(tmp_path)
    cfg = load_config(
        ROOT / 'projects/perceive_ir/configs/restormer_adair5.py',
        {
            'model.backbone.dim': 4,
            'model.backbone.blocks': [1, 1],
            'model.backbone.heads': [1, 1],
            'test_dataloader.num_workers': 0,
        },
    )
    torch.save(MODELS.build(cfg.model).state_dict(), 'tiny.pth')
    scores = score(cfg, 'tiny.pth', work_dir='work')
    assert {name for name in scores if name.startswith('adair5/psnr/')} == {
        f'adair5/psnr/{degradation}'
        for degradation in ('blur', 'haze', 'lowlight', 'noise25', 'rain', 'mean')
    }


SHORT = {
    'train_cfg.max_iters': 2,
    'train_cfg.val_interval': 2,
    'default_hooks.checkpoint.interval': 2,
    'default_hooks.logger.interval': 1,
    'train_dataloader.num_workers': 0,
    'val_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'val_dataloader.persistent_workers': False,
}


def short_training(path: str, work_dir, **options):
    """Two iterations of a config of the repository; the runner."""
    return train(load_config(ROOT / path, {**SHORT, **options}), work_dir=str(work_dir))


@pytest.mark.slow
def test_stage_1_feeds_stage_2(tmp_path, monkeypatch):
    """Medium restorers, triplets, prompts, and the losses that read them, two iterations each."""
    pictures = tmp_path / 'pictures'
    pictures.mkdir()
    for number in range(6):
        pixels = np.random.default_rng(number).integers(0, 256, (64, 72, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(pictures / f'{number}.png')
    source = {
        'train_dataloader.dataset.dataset.source': str(pictures),
        'val_dataloader.dataset.source': str(pictures),
        'val_dataloader.dataset.pipeline.0.size': 32,
    }
    medium = 'configs/perceive_ir/stage1_medium.py'
    short_training(medium, tmp_path / 'medium', **source)
    checkpoint = tmp_path / 'medium' / 'iter_2.pth'
    config = load_config(ROOT / medium, source)
    config.dump(tmp_path / 'medium.py')
    monkeypatch.chdir(tmp_path)
    run(
        monkeypatch,
        load_script('perceive_ir', 'render_medium'),
        tmp_path / 'medium.py',
        checkpoint,
        checkpoint,
        'work_dirs/triplets',
        '--draws',
        '1',
    )
    assert len(list((tmp_path / 'work_dirs' / 'triplets' / 'train').glob('*/rendered/*.png'))) == 30

    runner = short_training('configs/perceive_ir/stage1_prompts.py', tmp_path / 'prompts')
    assert 'val/ranked/all' in runner.message_hub.log_scalars
    runner = short_training(
        'configs/perceive_ir/allinone.py',
        tmp_path / 'stage2',
        **{
            'model.step_losses.quality.perceiver.prompts': str(tmp_path / 'prompts' / 'iter_2.pth'),
            'train_dataloader.dataset.source': str(pictures),
            'val_dataloader.dataset.source': str(pictures),
            'val_dataloader.dataset.pipeline.0.size': 32,
        },
    )
    losses = {
        name: runner.message_hub.get_scalar(f'train/loss_{name}').current()
        for name in ('pixel', 'contrast', 'quality', 'perceptual')
    }
    assert all(np.isfinite(value) for value in losses.values()), losses


@pytest.mark.slow
def test_another_restorer_answers_to_the_quality_and_perceptual_losses(tmp_path):
    runner = short_training(
        'configs/diffuir/quality_aware.py',
        tmp_path,
        **{'train_dataloader.batch_size': 2, 'val_dataloader.dataset.pipeline.0.size': 32},
    )
    for name in ('quality', 'perceptual'):
        assert np.isfinite(runner.message_hub.get_scalar(f'train/loss_{name}').current())


@pytest.mark.slow
def test_proxies_weigh_by_a_reference_of_each_degradation(tmp_path):
    runner = short_training(
        'configs/perceive_ir/with_proxies.py',
        tmp_path,
        **{'custom_hooks.0.crops': 1, 'val_dataloader.dataset.pipeline.0.size': 32},
    )
    assert runner.model.step_losses.perceptual.reference_psnr.shape == (5,)
    assert runner.model.step_losses.perceptual.reference_psnr.isfinite().all()
    assert np.isfinite(runner.message_hub.get_scalar('train/loss_perceptual').current())
