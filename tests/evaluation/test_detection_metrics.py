"""Metrics of MMDetection on a test of ours: as they are, and on three views."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from PIL import Image
from torchvision.ops import masks_to_boxes

from restorelab.apis.testing import test as score
from restorelab.registry import MODELS
from tests.engine.toys import toy_config
from tests.models.detectors import DETECTORS

mmdet_models = pytest.importorskip('mmdet.models')
mmdet_registry = pytest.importorskip('mmdet.registry')

CLASSES = ('person', 'car', 'bus', 'train')  # no picture has the last two
COLORS = dict(person=(250, 10, 10), car=(10, 10, 250))
VIEWS = ('degraded', 'restored', 'clean')


@mmdet_registry.MODELS.register_module()
class ColorDetector(mmdet_models.BaseDetector):
    """Takes all red pixels for a person and all blue ones for a car, untrained."""

    def __init__(self, data_preprocessor=None, init_cfg=None):
        super().__init__(data_preprocessor, init_cfg)
        self.threshold = torch.nn.Parameter(torch.tensor(0.5))

    def predict(self, batch_inputs, batch_data_samples, rescale=True):
        for image, sample in zip(batch_inputs, batch_data_samples, strict=True):
            red, _, blue = image > self.threshold
            masks = torch.stack([red & ~blue, blue & ~red])
            found = masks.flatten(1).any(1).nonzero()[:, 0]
            sample.pred_instances = InstanceData(
                bboxes=masks_to_boxes(masks[found]),
                labels=found,
                scores=torch.full((len(found),), 0.9),
                masks=masks[found],
            )
        return batch_data_samples

    def loss(self, batch_inputs, batch_data_samples):
        raise NotImplementedError('it does not learn')

    _forward = extract_feat = loss


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """Four pictures of a person and a car, and a json."""
    root = tmp_path_factory.mktemp('city')
    (root / 'leftImg8bit').mkdir()
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for number in range(4):
        picture = np.zeros((48, 64, 3), np.uint8)
        for label, (name, left) in enumerate(zip(CLASSES[:2], (4, 34), strict=True)):
            top, height, width = (int(value) for value in rng.integers((3, 12, 12), (20, 24, 26)))
            picture[top : top + height, left : left + width] = COLORS[name]
            right, bottom = left + width, top + height
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=number,
                    category_id=label,
                    iscrowd=0,
                    bbox=[left, top, width, height],
                    area=width * height,
                    segmentation=[[left, top, right, top, right, bottom, left, bottom]],
                )
            )
        Image.fromarray(picture).save(root / f'leftImg8bit/{number}_leftImg8bit.png')
        images.append(dict(id=number, file_name=f'{number}_leftImg8bit.png', width=64, height=48))
    categories = [dict(id=label, name=name) for label, name in enumerate(CLASSES)]
    content = dict(images=images, annotations=annotations, categories=categories)
    (root / 'objects.json').write_text(json.dumps(content))
    return root


def evaluators(root: Path, folder: Path) -> dict[str, dict]:
    return dict(
        coco=dict(
            type='mmdet.CocoMetric',
            ann_file=str(root / 'objects.json'),
            metric=['bbox', 'segm'],
            outfile_prefix=str(folder / 'coco'),
        ),
        voc=dict(type='mmdet.VOCMetric', metric='mAP'),
        cityscapes=dict(
            type='mmdet.CityScapesMetric',
            outfile_prefix=str(folder / 'city'),
            format_only=True,  # to score, cityscapesscripts 2.3.0 needs a numpy before 2.4
        ),
        dump=dict(type='mmdet.DumpDetResults', out_file_path=str(folder / 'found.pkl')),
    )


SCORES = dict(
    coco=['coco/bbox_mAP', 'coco/segm_mAP'],
    voc=['pascal_voc/mAP'],
    cityscapes=[],
    dump=[],
)
FILES = dict(
    coco=('coco', '.bbox.json'),
    cityscapes=('city', '/results/0_leftImg8bit_pred.txt'),
    dump=('found', '.pkl'),
)


def joint_config(root: Path, folder: Path, detector: dict):
    """A mean over 3x3 pixels as the restorer, and a checkpoint of both in ``folder``."""
    cfg = toy_config(folder / 'work')
    cfg.model = dict(
        type='JointRestorer',
        restorer=cfg.model,
        tasks=dict(det=dict(type='MMDetTask', detector=detector)),
    )
    cfg.test_dataloader.dataset = dict(
        type='DetectionDataset',
        ann_file=str(root / 'objects.json'),
        gt=str(root / 'leftImg8bit'),
        degradations=['noise'],
        with_masks=True,
        pipeline=[
            dict(type='Degrade', kinds=dict(noise=dict(type='gaussian_noise', sigma=0.4))),
            dict(type='PackRestoration'),
        ],
    )
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    torch.nn.init.zeros_(model.restorer.backbone.conv.bias)
    torch.nn.init.zeros_(model.restorer.backbone.conv.weight)
    for channel in range(3):
        model.restorer.backbone.conv.weight.data[channel, channel] = 1 / 9
    torch.save(dict(state_dict=model.state_dict()), folder / 'joint.pth')
    return cfg


COLOR_DETECTOR = dict(
    type='mmdet.ColorDetector',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean=[0, 0, 0], std=[255, 255, 255], bgr_to_rgb=True
    ),
)


@pytest.mark.parametrize('name', SCORES)
@pytest.mark.parametrize('views', [True, False])
def test_a_metric_of_mmdet_scores_a_test_of_ours(root, tmp_path, name, views):
    if name == 'cityscapes':
        pytest.importorskip('cityscapesscripts.evaluation.evalInstanceLevelSemanticLabeling')
    cfg = joint_config(root, tmp_path, COLOR_DETECTOR)
    metric = evaluators(root, tmp_path)[name]
    cfg.test_evaluator = [dict(type='ThreeViewMetric', metric=metric) if views else metric]
    found = score(cfg, str(tmp_path / 'joint.pth'))
    for key in SCORES[name]:
        if views:
            assert found[f'degraded/{key}'] < found[f'restored/{key}'] <= found[f'clean/{key}']
            assert found[f'clean/{key}'] > 0.8  # polygons are not masks to the pixel
        else:
            assert 0.5 < found[key] <= 1
    if name in FILES:
        stem, ending = FILES[name]
        written = [f'{stem}-{view}{ending}' for view in VIEWS] if views else [stem + ending]
        assert all((tmp_path / file).is_file() for file in written)
    if name == 'dump':
        check_dump(tmp_path / ('found-clean.pkl' if views else 'found.pkl'), with_images=not views)


def check_dump(path: Path, with_images: bool) -> None:
    with path.open('rb') as file:
        samples = pickle.load(file)
    assert [sample['img_id'] for sample in samples] == [0, 1, 2, 3]
    assert all(len(sample['pred_instances']['masks']) == 2 for sample in samples)
    assert all(('gt' in sample) == with_images for sample in samples)


@pytest.mark.slow
@pytest.mark.parametrize('name', DETECTORS)
def test_every_kind_of_detector_is_tested_by_the_command(root, tmp_path, name):
    """With random weights: what matters is that the whole path runs."""
    cfg = joint_config(root, tmp_path, DETECTORS[name]())
    metric = dict(evaluators(root, tmp_path)['coco'], metric='bbox')
    cfg.test_evaluator = [dict(type='ThreeViewMetric', metric=metric)]
    found = score(cfg, str(tmp_path / 'joint.pth'))
    assert {f'{view}/coco/bbox_mAP' for view in VIEWS} < set(found)
