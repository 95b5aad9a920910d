"""Our scores of restored images beside those of MMDetection's own test loop on the saved files."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.structures import InstanceData

from restorelab.apis.testing import test as score
from restorelab.io.images import to_uint8, write_image
from restorelab.registry import HOOKS, MODELS
from tests.engine.toys import toy_config

mmdet_models = pytest.importorskip('mmdet.models')
mmdet_registry = pytest.importorskip('mmdet.registry')

CLASSES = ('red', 'green', 'blue')
RESIZE = dict(type='mmdet.Resize', scale=(100, 80), keep_ratio=True)
DETECTOR = dict(
    type='mmdet.BlobDetector',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[0, 0, 0],
        std=[255, 255, 255],
        bgr_to_rgb=True,
        pad_size_divisor=32,
    ),
)


@mmdet_registry.MODELS.register_module()
class BlobDetector(mmdet_models.BaseDetector):
    """Finds blobs brighter than its only weight and names them by their color, untrained."""

    def __init__(self, data_preprocessor=None, init_cfg=None):
        super().__init__(data_preprocessor, init_cfg)
        self.threshold = torch.nn.Parameter(torch.tensor(0.5))

    def predict(self, batch_inputs, batch_data_samples, rescale=True):
        for image, sample in zip(batch_inputs, batch_data_samples, strict=True):
            pixels = image.permute(1, 2, 0).numpy()
            bright = np.uint8(pixels.max(axis=2) > self.threshold.item())
            _, places, stats, _ = cv2.connectedComponentsWithStats(bright)
            blobs = [
                (stat, pixels[places == number].mean(axis=0))
                for number, stat in enumerate(stats)
                if number and stat[cv2.CC_STAT_AREA] > 9
            ]
            boxes = (
                torch.tensor([[x, y, x + w, y + h] for (x, y, w, h, _), _ in blobs])
                .float()
                .view(-1, 4)
            )
            sample.pred_instances = InstanceData(
                bboxes=boxes / torch.tensor(sample.scale_factor).repeat(2),
                scores=torch.tensor([color.max() for _, color in blobs]),
                labels=torch.tensor([color.argmax() for _, color in blobs], dtype=torch.int64),
            )
        return batch_data_samples

    def loss(self, batch_inputs, batch_data_samples):
        raise NotImplementedError('it does not learn')

    _forward = extract_feat = loss


@HOOKS.register_module()
class SaveRestoredHook(Hook):
    """Writes every restored image as a PNG file named by its key."""

    def __init__(self, folder: str):
        self.folder = Path(folder)

    def after_test_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        for sample in outputs:
            write_image(self.folder / f'{sample.key}.png', to_uint8(sample.restored))


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """Twelve pictures of colored rectangles with their json, and two checkpoints."""
    root = tmp_path_factory.mktemp('rectangles')
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for number in range(12):
        picture = np.zeros((64, 80, 3), np.uint8)
        for left in (4, 30, 56):
            label, top = int(rng.integers(3)), int(rng.integers(2, 30))
            width, height = (int(side) for side in rng.integers(8, 20, 2))
            picture[top : top + height, left : left + width, label] = rng.integers(150, 255)
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=number,
                    category_id=label + 1,
                    iscrowd=0,
                    bbox=[left, top, width, height],
                    area=width * height,
                )
            )
        images.append(dict(id=number, file_name=f'{number}.png', width=80, height=64))
        write_image(root / f'{number}.png', picture)
    categories = [dict(id=label, name=name) for label, name in enumerate(CLASSES, start=1)]
    (root / 'boxes.json').write_text(
        json.dumps(dict(images=images, annotations=annotations, categories=categories))
    )
    torch.save(dict(state_dict=dict(threshold=torch.tensor(0.5))), root / 'detector.pth')
    restorer = MODELS.build(dict(type='ToyRestorer', backbone=dict(type='ToyNet')))
    torch.nn.init.zeros_(restorer.backbone.conv.bias)
    torch.nn.init.zeros_(restorer.backbone.conv.weight)
    for channel in range(3):
        restorer.backbone.conv.weight.data[channel, channel] = 1 / 9  # a mean over 3x3 pixels
    state = {f'restorer.{key}': value for key, value in restorer.state_dict().items()}
    torch.save(dict(state_dict=state), root / 'joint.pth')
    return root


def metrics(root: Path) -> list[dict]:
    return [
        dict(type='mmdet.CocoMetric', ann_file=str(root / 'boxes.json'), metric='bbox'),
        dict(type='mmdet.VOCMetric', metric='mAP'),
    ]


def our_scores(root: Path, folder: Path) -> dict[str, float]:
    """One pass of ours over the pictures with noise; the restored ones go to ``folder``."""
    folder.mkdir()
    cfg = toy_config(folder.parent / 'ours')
    cfg.model = dict(
        type='JointRestorer',
        restorer=cfg.model,
        tasks=dict(
            det=dict(
                type='MMDetTask',
                detector=DETECTOR,
                test_pipeline=[RESIZE],
                checkpoint=str(root / 'detector.pth'),
            )
        ),
    )
    cfg.test_dataloader.dataset = dict(
        type='DetectionDataset',
        ann_file=str(root / 'boxes.json'),
        gt=str(root),
        degradations=['noise'],
        pipeline=[
            dict(type='Degrade', kinds=dict(noise=dict(type='gaussian_noise', sigma=0.3))),
            dict(type='PackRestoration'),
        ],
    )
    cfg.test_evaluator = [dict(type='ThreeViewMetric', metric=metric) for metric in metrics(root)]
    cfg.custom_hooks = [dict(type='SaveRestoredHook', folder=str(folder))]
    return score(cfg, str(root / 'joint.pth'))


def mmdet_scores(root: Path, folder: Path) -> dict[str, float]:
    """What MMDetection's Runner says of the files in ``folder``."""
    cfg = Config(
        dict(
            model=DETECTOR,
            default_scope='mmdet',
            experiment_name=str(folder).replace('/', '_'),
            work_dir=str(folder.parent / 'theirs'),
            test_cfg=dict(type='TestLoop'),
            test_evaluator=metrics(root),
            test_dataloader=dict(
                batch_size=1,
                num_workers=0,
                sampler=dict(type='DefaultSampler', shuffle=False),
                dataset=dict(
                    type='CocoDataset',
                    ann_file=str(root / 'boxes.json'),
                    data_prefix=dict(img=str(folder)),
                    test_mode=True,
                    metainfo=dict(classes=CLASSES),
                    pipeline=[
                        dict(type='LoadImageFromFile'),
                        RESIZE,
                        dict(type='LoadAnnotations', with_bbox=True),
                        dict(type='PackDetInputs'),
                    ],
                ),
            ),
        )
    )
    with DefaultScope.overwrite_default_scope('mmdet'):  # a Runner leaves its scope to the process
        return Runner.from_cfg(cfg).test()


def test_scores_are_those_of_mmdets_own_loop_on_the_saved_images(root, tmp_path):
    ours, theirs = our_scores(root, tmp_path / 'png'), mmdet_scores(root, tmp_path / 'png')
    degraded, seen, clean = (
        ours[f'{view}/coco/bbox_mAP'] for view in ('degraded', 'restored', 'clean')
    )
    assert 0.1 < degraded + 0.1 < seen < clean
    restored = {
        key.removeprefix('restored/'): value
        for key, value in ours.items()
        if key.startswith('restored/')
    }
    assert {'coco/bbox_mAP', 'coco/bbox_mAP_50', 'pascal_voc/mAP'} < set(restored)
    assert restored == pytest.approx({key: theirs[key] for key in restored}, abs=1e-3)
