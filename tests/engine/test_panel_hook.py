from pathlib import Path

import numpy as np
import torch
from PIL import Image

from restorelab.apis.training import train
from restorelab.engine import PanelHook
from restorelab.structures import RestorationSample
from tests.engine.toys import toy_config


def samples(*keys: str) -> list[RestorationSample]:
    return [RestorationSample(gt=torch.rand(3, 20, 30), lq=torch.rand(3, 20, 30), restored=torch.rand(3, 20, 30),
                              metainfo=dict(key=key, task=key.split('_')[0])) for key in keys]


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*.png'))


def test_every_validation_writes_one_panel_of_each_degradation(tmp_path):
    train(toy_config(tmp_path))
    expected = [f'iter_{iteration}/{key}.png' for iteration in (3, 6) for key in ('haze_1', 'noise_0')]
    assert names(tmp_path / 'vis') == expected


def test_a_test_writes_a_panel_of_every_image(tmp_path):
    hook = PanelHook(per_task=None, out_dir=str(tmp_path))
    hook.after_test_iter(None, 0, outputs=samples('noise_0', 'noise_1', 'haze_0'))
    assert names(tmp_path) == ['haze_0.png', 'noise_0.png', 'noise_1.png']


def test_a_test_without_a_folder_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    PanelHook().after_test_iter(None, 0, outputs=samples('noise_0'))
    assert not names(tmp_path)


def test_samples_that_are_not_restored_have_no_panel(tmp_path):
    sample, = samples('noise_0')
    del sample.restored
    PanelHook(out_dir=str(tmp_path)).after_test_iter(None, 0, outputs=[sample])
    assert not names(tmp_path)


def test_an_image_without_a_clean_one_gets_a_panel_of_two(tmp_path):
    sample, = samples('noise_0')
    whole, pair = tmp_path / 'whole', tmp_path / 'pair'
    PanelHook(out_dir=str(whole)).after_test_iter(None, 0, outputs=[sample])
    del sample.gt
    PanelHook(out_dir=str(pair)).after_test_iter(None, 0, outputs=[sample])
    three, two = (np.asarray(Image.open(folder / 'noise_0.png')).shape[1] for folder in (whole, pair))
    assert three - two == 30 + 4
