"""The converter of official weights and the rendering of the medium tier, on small files."""

import sys

import pytest
import torch

from restorelab.apis import load
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
    run(monkeypatch, CONVERT, tmp_path / 'AIO-3D.pth', tmp_path / 'out.safetensors', '--padding', 'replicate')
    state, config, _ = read_published(tmp_path / 'out.safetensors')
    assert config['priors'][0]['pretrained'] == 'facebook/dinov2-base'
    assert config['padding'] == 'replicate'
    assert not any(key.startswith('priors.0.') for key in state)


@pytest.mark.parametrize('content', [dict(state_dict={}), dict(model=dict(alphas=torch.ones(2)))])
def test_another_file_is_refused(content, tmp_path):
    torch.save(content, tmp_path / 'other.pth')
    with pytest.raises(CheckpointError, match='not an official Perceive-IR checkpoint'):
        CONVERT.convert(tmp_path / 'other.pth')


def test_whole_images_of_one_fold_are_rendered():
    whole_images = load_script('perceive_ir', 'render_medium').whole_images
    pipeline = [dict(type='RandomCrop', size=4), dict(type='Degrade'), dict(type='PackRestoration')]
    inner = dict(type='OnTheFlyDataset', tasks=['haze'], pipeline=pipeline)
    mixed = dict(type='TaskMixDataset', repeats=[3], datasets=[dict(type='FoldDataset', folds=[1], dataset=inner)])
    part = whole_images(mixed, 0)['datasets'][0]
    assert part['folds'] == [0]
    assert [step['type'] for step in part['dataset']['pipeline']] == ['Degrade', 'PackRestoration']
    with pytest.raises(ValueError, match='wrap it in FoldDataset'):
        whole_images(inner, 0)


def test_the_configs_of_the_medium_restorers_can_be_rendered():
    from restorelab.config import load_config
    whole_images = load_script('perceive_ir', 'render_medium').whole_images
    for path in ('configs/perceive_ir/stage1_medium.py', 'projects/perceive_ir/configs/medium0.py'):
        whole_images(load_config(ROOT / path).train_dataloader.dataset, 0)
