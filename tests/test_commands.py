"""The commands of the README, one after another on the embedded photographs."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
SHORT = [
    'train_cfg.max_iters=3',
    'train_cfg.val_interval=3',
    'default_hooks.logger.interval=1',
    'default_hooks.checkpoint.interval=3',
    'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
    'val_dataloader.num_workers=0',
    'val_dataloader.persistent_workers=False',
    'val_dataloader.dataset.pipeline.0.size=48',
    'model.sampler.steps=2',
]

pytestmark = pytest.mark.slow


def run(*command: object, expect: int = 0) -> str:
    """stdout and stderr of a tool, which must exit with ``expect``."""
    env = dict(os.environ, PYTHONPATH=str(ROOT), PYTHONWARNINGS='ignore', OMP_NUM_THREADS='1')
    done = subprocess.run(
        [sys.executable, *map(str, command)], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    work_dir = tmp_path_factory.mktemp('allinone')
    log = run(
        'tools/train.py',
        'configs/tpgdiff/allinone.py',
        '--work-dir',
        work_dir,
        '--cfg-options',
        *SHORT,
    )
    return work_dir, log


def test_training_prints_losses_and_a_table_and_draws_panels(trained):
    work_dir, log = trained
    assert 'loss_diffusion' in log
    assert 'restored PSNR' in log
    assert len(list((work_dir / 'vis' / 'iter_3').glob('*.png'))) == 5
    assert (work_dir / 'iter_3.pth').exists()


def test_a_checkpoint_is_tested_and_shown(trained, tmp_path):
    work_dir, _ = trained
    log = run(
        'tools/test.py',
        'configs/tpgdiff/allinone.py',
        work_dir / 'iter_3.pth',
        '--work-dir',
        tmp_path / 'test',
        '--show-dir',
        tmp_path / 'panels',
        '--cfg-options',
        'test_dataloader.num_workers=0',
        'test_dataloader.persistent_workers=False',
        'test_dataloader.dataset.pipeline.0.size=48',
        'model.sampler.steps=2',
    )
    assert 'restored PSNR' in log
    assert len(list((tmp_path / 'panels').glob('*.png'))) == 5


def test_a_checkpoint_restores_a_photograph(trained, tmp_path):
    work_dir, _ = trained
    photo = tmp_path / 'photo.png'
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(
        photo
    )
    run(
        'tools/restore.py',
        photo,
        tmp_path / 'out.png',
        '--model',
        'configs/tpgdiff/allinone.py',
        '--checkpoint',
        work_dir / 'iter_3.pth',
        '--steps',
        2,
        '--panel',
    )
    assert Image.open(tmp_path / 'out.png').size == (50, 40)
    assert len(list(tmp_path.glob('*.png'))) == 3


def test_the_prior_stage_trains_and_feeds_the_next(tmp_path):
    log = run(
        'tools/train.py',
        'configs/tpgdiff/priors.py',
        '--work-dir',
        tmp_path,
        '--cfg-options',
        'train_cfg.max_iters=2',
        'train_cfg.val_interval=2',
        'default_hooks.checkpoint.interval=2',
        'train_dataloader.num_workers=0',
        'train_dataloader.persistent_workers=False',
        'val_dataloader.num_workers=0',
        'val_dataloader.persistent_workers=False',
    )
    assert 'degradation_accuracy' in log
    stage1 = tmp_path / 'iter_2.pth'
    log = run(
        'tools/train.py',
        'configs/tpgdiff/allinone.py',
        '--work-dir',
        tmp_path / 'next',
        '--cfg-options',
        *SHORT,
        f'model.priors.degradation.pretrained={stage1}',
        f'model.priors.semantic.pretrained={stage1}',
    )
    assert 'loss_diffusion' in log


def test_the_demo_ends_with_a_panel(tmp_path):
    log = run('tools/demo.py', '--iterations', 2, '--work-dir', tmp_path)
    assert 'Before and after' in log
    assert (tmp_path / 'panel.png').exists()
