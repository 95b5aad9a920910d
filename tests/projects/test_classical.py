"""The classical methods that a restorer is compared with, and the command that compares."""

import csv

import cv2
import numpy as np
import pytest
import torch

from restorelab.datasets.degradations import gaussian_noise, haze, jpeg, lowlight, motion_blur, rain
from restorelab.datasets.embedded import embedded_images
from restorelab.io.images import read_image
from restorelab.registry import MODELS
from restorelab.utils.weights import save_published
from tests.parity.fixtures import load_script

COMPARE = load_script('diffuir', 'compare_classical')
STRENGTHS = dict(
    blur=(motion_blur, dict(length=9, bend=0)),
    haze=(haze, dict(beta=1.2, airlight=0.9)),
    jpeg=(jpeg, dict(quality=10)),
    noise=(gaussian_noise, dict(sigma=25 / 255)),
    lowlight=(lowlight, dict(gamma=2.5, gain=0.5, read_noise=0.0, shot_noise=0.0)),
    rain=(rain, dict(density=0.004, length=12, brightness=0.9, slant=5)),
)


@pytest.fixture(scope='module')
def photograph():
    return read_image(embedded_images('val')[0])[:192, :256]


def psnr(image, other):
    return cv2.PSNR(np.asarray(image), np.asarray(other))


@pytest.mark.parametrize('degradation', STRENGTHS)
def test_each_method_improves_what_it_is_for(degradation, photograph):
    function, strengths = STRENGTHS[degradation]
    degraded = function(
        photograph.astype(np.float32) / 255, **strengths, rng=np.random.default_rng(0)
    )
    degraded = np.rint(np.clip(degraded, 0, 1) * 255).astype(np.uint8)
    assert psnr(COMPARE.CLASSICAL[degradation](degraded), photograph) > psnr(degraded, photograph)


def test_white_noise_is_measured():
    noise = np.random.default_rng(0).normal(128, 20, (128, 128, 3)).clip(0, 255).astype(np.uint8)
    assert COMPARE.noise_level(noise) == pytest.approx(20, rel=0.05)


@pytest.fixture
def weights(tmp_path):
    torch.manual_seed(0)
    config = dict(
        type='DiffusionRestorer',
        backbone=dict(type='ResidualDiffusionUNet', width=8, channel_mults=[1, 2]),
        process=dict(type='SharedResidualProcess'),
        loss=dict(type='L1Loss'),
        sampler=dict(type='SDTDDIMSampler', steps=1),
    )
    save_published(tmp_path / 'tiny.safetensors', MODELS.build(config).state_dict(), config, {})
    return tmp_path / 'tiny.safetensors'


def run(monkeypatch, *arguments):
    monkeypatch.setattr('sys.argv', ['script', *map(str, arguments)])
    COMPARE.main()


def write_pictures(folder, names, seed):
    folder.mkdir(parents=True)
    for name, picture in zip(
        names, np.random.default_rng(seed).integers(0, 256, (len(names), 32, 40, 3)), strict=True
    ):
        cv2.imwrite(str(folder / name), picture.astype(np.uint8))


def test_the_command_scores_clean_and_paired_sets(weights, tmp_path, monkeypatch, capsys):
    write_pictures(tmp_path / 'photos', ['a.png', 'b.png'], 0)
    write_pictures(tmp_path / 'real' / 'lq', ['1_x.png', '2_y.png'], 1)
    write_pictures(tmp_path / 'real' / 'gt', ['1.png', '2.png'], 2)
    run(
        monkeypatch,
        weights,
        '--clean',
        tmp_path / 'photos',
        '--size',
        32,
        '--pairs',
        'haze',
        tmp_path / 'real',
        '([^_]*).*',
        '--steps',
        '2',
        '--csv',
        tmp_path / 'scores.csv',
    )
    printed = capsys.readouterr().out
    with (tmp_path / 'scores.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert [row['degradation'] for row in rows] == [*sorted(COMPARE.CLASSICAL), 'mean', 'haze']
    assert all(float(row[f'{column}_psnr']) > 0 for row in rows for column in COMPARE.COLUMNS)
    mean = np.mean([float(row['restored_psnr']) for row in rows[:7]])
    assert float(rows[7]['restored_psnr']) == pytest.approx(mean)
    assert '| real | haze | 2 |' in printed
    assert 'Better than classical: ' in printed


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ((), 'name at least one set'),
        (('--pairs', 'haze'), 'DEGRADATION FOLDER'),
        (('--clean', '.', '--csv', __file__), 'exists'),
    ],
)
def test_unusable_arguments_are_refused_before_anything_is_read(
    arguments, message, monkeypatch, capsys
):
    with pytest.raises(SystemExit):
        run(monkeypatch, 'no-such-weights', *arguments)
    assert message in capsys.readouterr().err


def test_a_task_without_a_classical_method_is_refused(tmp_path):
    with pytest.raises(ValueError, match='--pairs moire: no classical method'):
        COMPARE.paired_set('moire', str(tmp_path))
