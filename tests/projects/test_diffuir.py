"""The scripts of projects/diffuir on small files: conversion, under-display test, analysis."""

import re
import sys

import numpy as np
import pytest
import torch

from restorelab.apis import load
from restorelab.io.images import read_image
from restorelab.models.backbones import ResidualDiffusionUNet
from restorelab.models.processes import SharedResidualProcess
from restorelab.registry import MODELS
from restorelab.utils.checkpoint import CheckpointError
from restorelab.utils.weights import save_published
from tests.parity.fixtures import load_converter, load_script

CONVERT = load_converter('diffuir')


def official_checkpoint(delta: float = 1.8e-3) -> dict:
    """What the official trainer saves, of a small network whose averaged weights are all 0.5."""
    network = ResidualDiffusionUNet(width=8, channel_mults=[1, 2]).state_dict()
    schedule = CONVERT.official_schedule(SharedResidualProcess(delta=delta))
    online = {**schedule, **{f'model.unet0.{key}': value for key, value in network.items()}}
    averaged = {
        key: torch.full_like(value, 0.5) if key.startswith('model.') else value
        for key, value in online.items()
    }
    ema = {
        **{f'online_model.{key}': value for key, value in online.items()},
        **{f'ema_model.{key}': value for key, value in averaged.items()},
        'initted': torch.ones(1),
        'step': torch.ones(1),
    }
    return dict(step=7000, model=online, ema=ema, opt0=dict(state={}), scaler=None)


@pytest.fixture
def saved(tmp_path):
    def save(checkpoint):
        torch.save(checkpoint, tmp_path / 'model-7.pt')
        return tmp_path / 'model-7.pt'

    return save


def run(monkeypatch, script, *arguments):
    monkeypatch.setattr(sys, 'argv', ['script', *map(str, arguments)])
    script.main()


def test_averaged_weights_are_taken(saved):
    model, report = CONVERT.convert(saved(official_checkpoint()))
    assert all((value == 0.5).all() for value in model.backbone.parameters())
    assert report['step'] == 7000
    assert report['config']['backbone']['channel_mults'] == [1, 2]


def test_online_weights_can_be_taken(saved):
    checkpoint = official_checkpoint()
    model, _ = CONVERT.convert(saved(checkpoint), averaged=False)
    assert torch.equal(
        model.backbone.final_conv.bias, checkpoint['model']['model.unet0.final_conv.bias']
    )


def test_the_end_of_the_shared_term_is_read_from_the_file(saved):
    model, _ = CONVERT.convert(saved(official_checkpoint(delta=1.5e-3)))
    assert torch.equal(model.process.shared_sums, SharedResidualProcess(delta=1.5e-3).shared_sums)


def test_the_command_writes_a_file_that_loads(saved, tmp_path, monkeypatch, capsys):
    source = saved(official_checkpoint())
    run(monkeypatch, CONVERT, source, tmp_path / 'out.safetensors')
    assert '160 tensors of the network' in capsys.readouterr().out
    restored = load(tmp_path / 'out.safetensors')(np.zeros((9, 13, 3), np.uint8))
    assert restored.shape == (9, 13, 3)


def test_a_missing_file_is_an_error(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, CONVERT, tmp_path / 'model-300.pt', tmp_path / 'out.safetensors')
    assert 'no such checkpoint' in capsys.readouterr().err
    assert not (tmp_path / 'out.safetensors').exists()


def without(checkpoint: dict, part: str, key: str) -> dict:
    return {
        **checkpoint,
        part: {name: value for name, value in checkpoint[part].items() if name != key},
    }


def test_a_missing_tensor_is_named(saved):
    key = 'ema_model.model.unet0.final_conv.bias'
    with pytest.raises(CheckpointError, match=r'missing 1: backbone\.final_conv\.bias'):
        CONVERT.convert(saved(without(official_checkpoint(), 'ema', key)))


@pytest.mark.parametrize(
    'checkpoint',
    [
        dict(state_dict={}),
        dict(model={}, ema={}, step=1),
        dict(model=dict(alphas=torch.ones(3)), ema=dict(step=torch.ones(1)), step=1),
    ],
)
def test_a_foreign_file_is_refused(saved, checkpoint):
    with pytest.raises(CheckpointError, match='not an official DiffUIR checkpoint'):
        CONVERT.convert(saved(checkpoint))


def test_another_schedule_is_refused(saved):
    checkpoint = official_checkpoint()
    checkpoint['model']['alphas_cumsum'] = checkpoint['model']['alphas_cumsum'] * 0.9
    with pytest.raises(CheckpointError, match='alphas_cumsum'):
        CONVERT.convert(saved(checkpoint))


def test_under_display_pictures_are_scored(saved, tmp_path, monkeypatch, capsys):
    from scipy.io import savemat

    run(monkeypatch, CONVERT, saved(official_checkpoint()), tmp_path / 'out.safetensors')
    folder = tmp_path / 'toled'
    folder.mkdir()
    pictures = np.random.default_rng(0).integers(0, 256, (2, 12, 24, 3), dtype=np.uint8)
    savemat(folder / 'toled_test_display.mat', dict(test_display=pictures))
    savemat(folder / 'toled_test_gt.mat', dict(test_gt=pictures // 2))
    run(
        monkeypatch,
        load_script('diffuir', 'test_udc'),
        tmp_path / 'out.safetensors',
        folder,
        '--tile',
        '12',
    )
    assert '2 pictures' in capsys.readouterr().out


@pytest.mark.slow
def test_analysis_writes_its_pictures_and_finite_separations(tmp_path, monkeypatch, capsys):
    torch.manual_seed(0)
    config = dict(
        type='DiffusionRestorer',
        backbone=dict(type='ResidualDiffusionUNet', width=8, channel_mults=[1, 2]),
        process=dict(type='SharedResidualProcess'),
        loss=dict(type='L1Loss'),
        sampler=dict(type='SDTDDIMSampler', steps=2),
    )
    save_published(tmp_path / 'tiny.safetensors', MODELS.build(config).state_dict(), config, {})
    run(
        monkeypatch,
        load_script('diffuir', 'analyze'),
        tmp_path / 'tiny.safetensors',
        tmp_path / 'out',
        '--degradations',
        'haze',
        'noise',
        '--count',
        '3',
        '--size',
        '16',
    )
    lines = re.findall(r'separation of (\w+), t=(\d+), (\w+) SDT: (.*)', capsys.readouterr().out)
    assert [line[:3] for line in lines] == [
        (kind, step, sdt)
        for kind in ('state', 'features')
        for sdt in ('without', 'with')
        for step in ('999', '499')
    ]
    assert all(0 < float(line[3]) < float('inf') for line in lines)
    for name in ('states.png', 'features.png', 'attention.png'):
        assert read_image(tmp_path / 'out' / name).std() > 0, name


def test_separation_tells_groups_apart():
    analyze = load_script('diffuir', 'analyze')
    labels = torch.tensor([0, 0, 1, 1])
    assert analyze.separation(
        torch.tensor([[0.0], [2.0], [10.0], [12.0]]), labels
    ) == pytest.approx(50)
    with pytest.raises(ValueError, match='two degradations'):
        analyze.separation(torch.ones(4, 2), torch.zeros(4, dtype=torch.int64))


def test_analysis_without_the_shared_term_is_the_process_with_delta_0():
    process = load_script('diffuir', 'analyze').without_shared_term(SharedResidualProcess())
    for name, expected in SharedResidualProcess(delta=0).named_buffers():
        assert torch.equal(process.get_buffer(name), expected), name


def test_analysis_refuses_another_model():
    with pytest.raises(TypeError, match='give weights of DiffUIR'):
        load_script('diffuir', 'analyze').check_model(torch.nn.Linear(1, 1))


def test_analysis_says_how_to_get_tsne(monkeypatch):
    monkeypatch.setitem(sys.modules, 'sklearn.manifold', None)
    with pytest.raises(
        ModuleNotFoundError, match=r"pip install -e '\.\[analysis\]', or take --projection pca"
    ):
        load_script('diffuir', 'analyze').tsne_projection()


@torch.no_grad()
def test_the_official_operations_give_the_same_image(capsys, monkeypatch):
    timing = load_script('diffuir', 'time_official_operations')
    torch.manual_seed(0)
    network = ResidualDiffusionUNet(width=16, channel_mults=[1, 2]).eval()
    inputs = torch.randn(2, 3, 21, 30), torch.randn(2, 3, 21, 30), torch.tensor([7.0, 900.0])
    assert torch.allclose(timing.OfficialOperations(network)(*inputs), network(*inputs), atol=1e-5)
    changed = timing.with_attention(network, 'ConstantAttentionBlock')(*inputs)
    assert not torch.equal(changed, network(*inputs))

    monkeypatch.setattr(
        torch, 'set_num_threads', lambda count: None
    )  # or the tests that follow run on one
    monkeypatch.setattr(
        sys, 'argv', ['time_official_operations.py', '--size', '32', '--repeats', '1']
    )
    timing.main()
    rows = re.findall(
        r'^(\w+) +[\d.]+ s +[\d.]+ of official   difference ([\d.e+-]+)$',
        capsys.readouterr().out,
        re.M,
    )
    assert [name for name, _ in rows] == ['official', 'exact', 'constant']
    assert float(rows[1][1]) < 1e-5


def test_the_official_operations_are_timed_for_diffuir_only(capsys, monkeypatch):
    monkeypatch.setattr(torch, 'set_num_threads', lambda count: None)
    monkeypatch.setattr(sys, 'argv', ['time_official_operations.py', 'tpgdiff-small'])
    with pytest.raises(SystemExit):
        load_script('diffuir', 'time_official_operations').main()
    assert 'is no DiffUIR' in capsys.readouterr().err
