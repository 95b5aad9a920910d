"""Publishing: the averaged weights of a real training with their config, no local paths."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch.utils.data import Dataset

from restorelab.apis import load, publish
from restorelab.apis.publishing import check_portable
from restorelab.structures import RestorationSample
from restorelab.utils.checkpoint import CheckpointError
from restorelab.utils.weights import read_published
from tests.apis.tiny import CONFIG, tiny_restorer

ROOT = Path(__file__).parents[2]


class Pairs(Dataset):
    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict:
        image = torch.full((3, 8, 8), 20 * index, dtype=torch.uint8)
        return dict(
            inputs=image,
            data_samples=RestorationSample(gt=255 - image, metainfo=dict(key=str(index))),
        )


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """(config, checkpoint, raw weights, averaged weights) of a training with MMEngine's EMAHook."""
    work_dir = tmp_path_factory.mktemp('work_dir')
    config = work_dir / 'config.py'
    config.write_text(f"custom_imports = dict(imports=['tests.apis.tiny'])\nmodel = {CONFIG!r}\n")
    runner = Runner(
        model=tiny_restorer(),
        work_dir=str(work_dir),
        experiment_name=work_dir.name,
        train_dataloader=dict(
            dataset=Pairs(), batch_size=2, sampler=dict(type='DefaultSampler', shuffle=False)
        ),
        train_cfg=dict(by_epoch=True, max_epochs=2),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.5)),
        custom_hooks=[dict(type='EMAHook', momentum=0.1)],
        default_scope='mmengine',
    )
    runner.train()
    average = next(
        hook for hook in runner.hooks if type(hook).__name__ == 'EMAHook'
    ).ema_model.module
    return config, work_dir / 'epoch_2.pth', runner.model.state_dict(), average.state_dict()


def test_the_averaged_weights_are_published(trained, tmp_path):
    config, checkpoint, raw, average = trained
    info = publish(config, checkpoint, tmp_path / 'a.safetensors')
    state, _, _ = read_published(tmp_path / 'a.safetensors')
    torch.testing.assert_close(state, dict(average), atol=0, rtol=0)
    assert info['averaged']
    assert not torch.equal(state['backbone.out.bias'], raw['backbone.out.bias'])


def test_the_raw_weights_are_published_on_demand(trained, tmp_path):
    config, checkpoint, raw, _ = trained
    info = publish(config, checkpoint, tmp_path / 'a.safetensors', averaged=False)
    torch.testing.assert_close(
        read_published(tmp_path / 'a.safetensors')[0], dict(raw), atol=0, rtol=0
    )
    assert not info['averaged']


def test_a_config_with_its_training_checkpoint_loads_the_average(trained):
    config, checkpoint, _, average = trained
    torch.testing.assert_close(
        dict(load(config, checkpoint).model.state_dict()), dict(average), atol=0, rtol=0
    )


def test_what_is_published_loads_without_config_and_says_how_it_was_made(trained, tmp_path):
    config, checkpoint, _, _ = trained
    publish(config, checkpoint, tmp_path / 'a.safetensors', license='CC0', notes='8 gray squares')
    model = load(tmp_path / 'a.safetensors', trust=True)  # it names parts of the tests
    image = np.full((9, 9, 3), 128, np.uint8)
    np.testing.assert_array_equal(model(image), load(config, checkpoint)(image))
    expected = dict(
        name='a',
        license='CC0',
        notes='8 gray squares',
        config='config.py',
        iterations=8,
        averaged=True,
    )
    assert {key: model.info[key] for key in expected} == expected
    assert model.info['parameters'] == sum(p.numel() for p in model.model.parameters())


def test_half_precision_halves_the_parameters_and_loads_as_float32(trained, tmp_path):
    config, checkpoint, _, average = trained
    publish(config, checkpoint, tmp_path / 'a.safetensors', half=True)
    state, _, info = read_published(tmp_path / 'a.safetensors')
    assert info['stored_as'] == 'float16'
    torch.testing.assert_close(state, dict(average), atol=1e-3, rtol=1e-3)
    model = load(tmp_path / 'a.safetensors', trust=True).model
    assert model.backbone.out.weight.dtype == torch.float32


def test_nothing_of_this_machine_is_in_the_file(trained, tmp_path):
    config, checkpoint, _, _ = trained
    publish(config, checkpoint, tmp_path / 'a.safetensors')
    assert str(config.parent).encode() not in (tmp_path / 'a.safetensors').read_bytes()


def test_only_the_named_members_are_written(trained, tmp_path):
    config, checkpoint, _, _ = trained
    publish(config, checkpoint, tmp_path / 'a.safetensors', only=['backbone'])
    state, _, _ = read_published(tmp_path / 'a.safetensors')
    assert state
    assert all(key.startswith('backbone.') for key in state)
    with pytest.raises(ValueError, match=r"no weights called \['teacher'\]"):
        publish(config, checkpoint, tmp_path / 'b.safetensors', only=['teacher'])


def test_an_existing_file_is_kept(trained, tmp_path):
    config, checkpoint, _, _ = trained
    (tmp_path / 'a.safetensors').write_text('earlier')
    with pytest.raises(FileExistsError, match=r'a\.safetensors exists'):
        publish(config, checkpoint, tmp_path / 'a.safetensors')
    assert (tmp_path / 'a.safetensors').read_text() == 'earlier'


def test_a_checkpoint_of_another_config_is_not_published(trained, tmp_path):
    _, checkpoint, _, _ = trained
    with pytest.raises(CheckpointError, match=r'epoch_2\.pth: .*\n  reshaped'):
        publish(
            Config(dict(model=dict(CONFIG, backbone=dict(type='TinyNet', width=5)))),
            checkpoint,
            tmp_path / 'a.safetensors',
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('path', ['/home/me/priors.pth', 'here.pth'])
def test_a_path_of_this_machine_in_the_config_is_named(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'here.pth').touch()
    with pytest.raises(ValueError, match=rf'model\.priors\.tower\.pretrained is the path {path}'):
        check_portable(
            dict(priors=dict(tower=dict(type='Prior', pretrained=path)), name='restorelab:priors')
        )


@pytest.mark.slow
def test_the_tool_publishes_and_says_what(trained, tmp_path):
    config, checkpoint, _, _ = trained
    command = [
        sys.executable,
        'tools/publish_weights.py',
        config,
        checkpoint,
        tmp_path / 'a.safetensors',
    ]
    ran = subprocess.run(
        command, cwd=ROOT, env=dict(PYTHONPATH=str(ROOT)), capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert 'a.safetensors: name a, license Apache-2.0' in ran.stdout
    again = subprocess.run(
        command, cwd=ROOT, env=dict(PYTHONPATH=str(ROOT)), capture_output=True, text=True
    )
    assert again.returncode == 1
    assert again.stderr.startswith('error: ')
