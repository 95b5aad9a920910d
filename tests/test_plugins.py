"""A small package, installed by pip into a scratch folder, brings parts that train."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(__file__).parent / 'plugin_package'
pytestmark = pytest.mark.slow

CONFIG = """
_base_ = ['{root}/configs/_base_/allinone_data.py', '{root}/configs/_base_/runtime.py']
{head}
model = dict(
    type='DiffusionRestorer',
    priors=dict(brightness=dict(type='{scope}BrightnessPrior')),
    adapters=dict(shift=dict(type='{scope}ShiftAdapter')),
    backbone=dict(type='{scope}ToyUNet', width=4),
    process=dict(type='MeanRevertingProcess', steps=10),
    loss=dict(type='{scope}LogCoshLoss'),
    sampler=dict(type='{scope}OneStep'))
train_dataloader = dict(num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
train_cfg = dict(max_iters=5, val_interval=5)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3))
"""


def install(source: Path, target: Path) -> Path:
    """Install a copy of a package with pip into its own folder; the source stays clean."""
    copy = target.parent / f'{target.name}_source'
    shutil.copytree(source, copy)
    subprocess.run(
        [
            sys.executable,
            '-m',
            'pip',
            'install',
            '--quiet',
            '--no-deps',
            '--no-build-isolation',
            '--target',
            str(target),
            str(copy),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return target


@pytest.fixture(scope='module')
def installed(tmp_path_factory) -> Path:
    return install(PACKAGE, tmp_path_factory.mktemp('plugin') / 'site')


@pytest.fixture(scope='module')
def without_entry_point(installed, tmp_path_factory) -> Path:
    """The same package as a bare folder on the path: nothing announces it."""
    folder = tmp_path_factory.mktemp('bare')
    shutil.copytree(installed / 'restorelab_toy', folder / 'restorelab_toy')
    return folder


def restorelab(*arguments: str, path: Path, cwd: Path) -> subprocess.CompletedProcess:
    """The console command in a process of its own, with ``path`` on PYTHONPATH."""
    environment = {**os.environ, 'PYTHONPATH': f'{path}{os.pathsep}{ROOT}', 'OMP_NUM_THREADS': '1'}
    code = 'import sys; from restorelab.cli import main; sys.exit(main())'
    return subprocess.run(
        [sys.executable, '-c', code, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


def train(path: Path, folder: Path, scope: str = '', head: str = '') -> subprocess.CompletedProcess:
    config = folder / 'toy.py'
    config.write_text(CONFIG.format(root=ROOT, scope=scope, head=head))
    return restorelab(
        'train', str(config), '--work-dir', str(folder / 'work'), path=path, cwd=folder
    )


def test_an_installed_plugin_is_listed(installed, tmp_path):
    done = restorelab('list', path=installed, cwd=tmp_path)
    lines = [line.split() for line in done.stdout.splitlines()]
    for name in ('ToyUNet', 'BrightnessPrior', 'ShiftAdapter', 'LogCoshLoss', 'OneStep'):
        assert [name, 'restorelab_toy'] in lines, done.stdout + done.stderr


def test_an_installed_plugin_trains_by_bare_name(installed, tmp_path):
    done = train(installed, tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / 'work' / 'iter_5.pth').is_file()


def test_a_scope_trains_without_an_entry_point(without_entry_point, tmp_path):
    done = train(without_entry_point, tmp_path, scope='restorelab_toy.')
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / 'work' / 'iter_5.pth').is_file()


def test_custom_imports_train_without_an_entry_point(without_entry_point, tmp_path):
    done = train(
        without_entry_point,
        tmp_path,
        head="custom_imports = dict(imports=['restorelab_toy.parts'])",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / 'work' / 'iter_5.pth').is_file()


def test_without_any_of_the_three_ways_the_name_is_unknown(without_entry_point, tmp_path):
    done = train(without_entry_point, tmp_path)
    assert done.returncode == 1
    assert "no prior is called 'BrightnessPrior'" in done.stderr


@pytest.fixture(scope='module')
def broken(tmp_path_factory) -> Path:
    """An installed plugin that needs a package which is not there."""
    source = tmp_path_factory.mktemp('broken') / 'package'
    shutil.copytree(PACKAGE, source)
    parts = source / 'restorelab_toy' / 'parts.py'
    parts.write_text('import nosuchdependency\n' + parts.read_text())
    return install(source, source.parent / 'site')


def test_a_broken_plugin_is_a_warning_that_names_it_and_its_cause(broken, tmp_path):
    done = restorelab('list', 'backbone', path=broken, cwd=tmp_path)
    assert done.returncode == 0
    assert 'IRSDEUNet' in done.stdout
    assert "plugin 'toy' (restorelab_toy.parts) does not import" in done.stderr
    assert 'nosuchdependency' in done.stderr


def test_asking_for_a_part_of_a_broken_plugin_names_the_cause(broken, tmp_path):
    done = train(broken, tmp_path)
    assert done.returncode == 1
    assert "no prior is called 'BrightnessPrior'" in done.stderr
    assert 'toy: ModuleNotFoundError' in done.stderr


def test_asking_for_a_broken_plugin_by_scope_raises_the_cause(broken, tmp_path):
    done = train(broken, tmp_path, scope='restorelab_toy.')
    assert done.returncode == 1
    assert 'nosuchdependency' in done.stderr.splitlines()[-1]
