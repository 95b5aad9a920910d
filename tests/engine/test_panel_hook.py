from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, InstanceData
from PIL import Image

from restorelab.apis.training import train
from restorelab.engine import PanelHook
from restorelab.structures import RestorationSample
from tests.engine.toys import toy_config


def samples(*keys: str) -> list[RestorationSample]:
    return [
        RestorationSample(
            gt=torch.rand(3, 20, 30),
            lq=torch.rand(3, 20, 30),
            restored=torch.rand(3, 20, 30),
            metainfo=dict(key=key, degradation=key.split('_')[0]),
        )
        for key in keys
    ]


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*.png'))


def test_every_validation_writes_one_panel_of_each_degradation(tmp_path):
    train(toy_config(tmp_path))
    expected = [
        f'iter_{iteration}/{key}.png' for iteration in (3, 6) for key in ('haze_1', 'noise_0')
    ]
    assert names(tmp_path / 'vis') == expected


def test_a_test_writes_a_panel_of_every_image(tmp_path):
    hook = PanelHook(per_degradation=None, out_dir=str(tmp_path))
    hook.after_test_iter(None, 0, outputs=samples('noise_0', 'noise_1', 'haze_0'))
    assert names(tmp_path) == ['haze_0.png', 'noise_0.png', 'noise_1.png']


def test_a_test_without_a_folder_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    PanelHook().after_test_iter(None, 0, outputs=samples('noise_0'))
    assert not names(tmp_path)


def test_samples_that_are_not_restored_have_no_panel(tmp_path):
    (sample,) = samples('noise_0')
    del sample.restored
    PanelHook(out_dir=str(tmp_path)).after_test_iter(None, 0, outputs=[sample])
    assert not names(tmp_path)


def test_an_image_without_a_clean_one_gets_a_panel_of_two(tmp_path):
    (sample,) = samples('noise_0')
    whole, pair = tmp_path / 'whole', tmp_path / 'pair'
    PanelHook(out_dir=str(whole)).after_test_iter(None, 0, outputs=[sample])
    del sample.gt
    PanelHook(out_dir=str(pair)).after_test_iter(None, 0, outputs=[sample])
    three, two = (
        np.asarray(Image.open(folder / 'noise_0.png')).shape[1] for folder in (whole, pair)
    )
    assert three - two == 30 + 4


class Looked:
    """A runner whose data have classes."""

    class visualizer:
        dataset_meta = dict(classes=('disk', 'square'))


def test_found_objects_are_drawn_into_the_view_that_they_were_found_in(tmp_path):
    pytest.importorskip('mmdet')

    def objects(*scores: float) -> BaseDataElement:
        boxes = torch.tensor([[8.0, 30.0, 40.0, 56.0]] * len(scores)).view(-1, 4)
        return BaseDataElement(
            pred_instances=InstanceData(
                bboxes=boxes,
                scores=torch.tensor(scores),
                labels=torch.zeros(len(scores), dtype=torch.int64),
            )
        )

    images = {name: torch.full((3, 64, 64), 0.5) for name in ('lq', 'restored', 'gt')}
    sample = RestorationSample(**images, metainfo=dict(key='noise_0', degradation='noise'))
    sample.views = BaseDataElement(degraded=objects(0.1), restored=objects(0.9), clean=objects())
    sample.pred_instances = sample.views.restored.pred_instances
    PanelHook(out_dir=str(tmp_path)).after_test_iter(Looked, 0, outputs=[sample])
    panel = np.asarray(Image.open(tmp_path / 'noise_0.png'))[22:86].astype(int)
    views = [panel[:, 4 + 68 * place : 68 + 68 * place] for place in range(3)]
    painted = [np.abs(view - 128).max(axis=2) > 10 for view in views]
    assert not painted[0].any()  # too low a score
    assert not painted[2].any()
    rows, cols = np.nonzero(painted[1])
    assert abs(rows.max() - 56) < 4
    assert abs(cols.min() - 8) < 4
