"""Any detector of MMDetection behind a restorer."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.structures import BaseDataElement, InstanceData
from torch import Tensor, nn

from restorelab.models.tasks.network_task import NetworkTask, check_fields, check_num_classes
from restorelab.registry import MODELS, TASKS, TRANSFORMS, nearest, optional_module
from restorelab.structures import RestorationSample
from restorelab.utils import plain_yaml  # noqa: F401  it replaces the reader of MMEngine

REPOSITORY = Path(__file__).resolve().parents[3]


@TASKS.register_module()
class MMDetTask(NetworkTask):
    """Trains and scores a detector of MMDetection on restored images.

    In training, the image goes through the detector's own preprocessor, as 0..255 in BGR order, so
    that gradients reach the restorer. Boxes are in pixels of the restored image. ``predict`` rounds
    the image to 8 bits and then does the same as the detector's own test on a PNG file of it. It
    gives ``pred_instances`` in pixels of that file.

    Args:
        detector: the config of the detector: a dict (``type='mmdet.RetinaNet'``), the path of an
            MMDetection config, or ``mmdet::retinanet/retinanet_r50_fpn_1x_coco.py`` for one that
            comes with MMDetection.
        changes: changes to that model by dotted key, such as ``{'bbox_head.num_classes': 6}``.
        test_pipeline: MMDetection's transforms (``type='mmdet.Resize'``) before a test, without
            those that load. The default is that of the config file, or none for a dict.
        classes: the classes of the data set, if the detector's classes are others.
        detector_classes: the classes of the detector in that case: a list, or a name that
            MMDetection knows (``coco``). Detections of other classes are dropped.
        checkpoint, frozen, loss_weight: as in ``NetworkTask``. Several detector configs fetch
            weights of a backbone when training begins without a checkpoint;
            ``changes={'backbone.init_cfg': None}`` begins at random weights.
    Raises: ImportError without MMDetection; FileNotFoundError for a missing config; KeyError for
        classes that the detector does not know; ValueError for names that are not as many as its
        outputs.
    """

    def __init__(
        self,
        detector: dict | str,
        changes: dict | None = None,
        test_pipeline: list[dict] | None = None,
        classes: list[str] | None = None,
        detector_classes: list[str] | str | None = None,
        checkpoint: str | None = None,
        frozen: bool = True,
        loss_weight: float = 1.0,
    ):
        model, own_pipeline = read_detector(detector, changes)
        super().__init__(MODELS.build(model), checkpoint, frozen, loss_weight)
        self.name = model['type']
        self.num_classes = count_classes(self.network)
        self.learns_masks = learns_masks(self.network)
        self.classes = None if classes is None else list(classes)
        self.known = _label_map(self.classes, detector_classes, self.num_classes, self.name)
        steps = own_pipeline if test_pipeline is None else test_pipeline
        if not any(step['type'].endswith('PackDetInputs') for step in steps):
            steps = [*steps, dict(type='PackDetInputs')]
        self.test_transforms = [TRANSFORMS.build({'_scope_': 'mmdet', **step}) for step in steps]

    def check_dataset(self, dataset) -> None:
        names = list(dataset.metainfo['classes'])
        if self.known is not None and names != self.classes:
            raise ValueError(
                f"the task's classes are {self.classes}, those of the annotations {names}; their "
                'order matters. Give both the same'
            )
        if self.known is None and self.num_classes is not None:
            check_num_classes(
                f'the detector {self.name}',
                self.num_classes,
                names,
                "change its num_classes (changes={'bbox_head.num_classes': ...}), give the data "
                'set classes=[...], or give the task classes and detector_classes',
            )

    def check_training(self, dataset) -> None:
        """Raise KeyError when the detector learns from masks and ``dataset`` reads none."""
        if self.learns_masks and not dataset.with_masks:
            raise KeyError(
                f"the detector {self.name} learns from 'masks', which the data set does not read; "
                'set with_masks=True there, or take a detector without a mask head'
            )

    def loss(self, images: Tensor, samples: list[RestorationSample]) -> dict[str, Tensor]:
        check_fields(samples, 'gt_instances', 'take a DetectionDataset')
        size = tuple(images.shape[-2:])
        given = [self._det_sample(sample, size) for sample in samples]
        bgr = images.flip(1) * 255
        data = self._preprocess(dict(inputs=list(bgr), data_samples=given), training=True)
        try:
            with self._asking_for_enough():
                losses = self.network.loss(data['inputs'], data['data_samples'])
        except AttributeError as error:
            if not isinstance(error.obj, BaseDataElement):  # not the data's fault
                raise
            raise KeyError(
                f"the detector {self.name} asks the annotations for '{error.name}'; they have "
                f'{error.obj.keys()}'
            ) from error
        return {name: _total(value) for name, value in losses.items() if 'loss' in name}

    def _det_sample(self, sample: RestorationSample, size: tuple[int, int]) -> BaseDataElement:
        made = optional_module('mmdet.structures').DetDataSample(
            metainfo=dict(
                img_id=sample.get('img_id'),
                img_path=sample.path,
                img_shape=size,
                ori_shape=size,
                scale_factor=(1.0, 1.0),
            )
        )
        made.gt_instances = self._instances(sample.gt_instances, size)
        made.ignored_instances = self._instances(sample.ignored_instances, size)
        if 'gt_sem_seg' in sample:
            made.gt_sem_seg = sample.gt_sem_seg
        return made

    def _instances(self, given: InstanceData, size: tuple[int, int]) -> InstanceData:
        labels = (
            given.labels if self.known is None else self.known.to(given.labels.device)[given.labels]
        )
        made = InstanceData(bboxes=given.bboxes, labels=labels)
        if 'masks' in given and self.learns_masks:
            made.masks = optional_module('mmdet.structures.mask').BitmapMasks(
                given.masks.cpu().numpy(), *size
            )
        return made

    def predict(self, image: Tensor, sample: RestorationSample) -> dict[str, object]:
        size = tuple(image.shape[-2:])
        if size != tuple(sample.ori_shape):
            raise ValueError(
                f"sample '{sample.key}' has {size} (height, width) in front of the restorer, "
                f'its file {tuple(sample.ori_shape)}. Detections are scored in pixels of the file: '
                "keep its size, and resize in the task's test_pipeline"
            )
        bgr = np.ascontiguousarray(
            (image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()[..., ::-1]
        )
        results = dict(
            img=bgr,
            img_id=sample.get('img_id'),
            img_path=sample.path,
            img_shape=size,
            ori_shape=size,
            scale_factor=(1.0, 1.0),
        )
        for transform in self.test_transforms:
            results = transform(results)
        data = dict(inputs=[results['inputs']], data_samples=[results['data_samples']])
        data = self._preprocess(data, training=False)
        with self._asking_for_enough():
            found = self.network.predict(data['inputs'], data['data_samples'])[0].pred_instances
        return dict(pred_instances=found if self.known is None else self._kept(found))

    @contextmanager
    def _asking_for_enough(self) -> Iterator[None]:
        """Say what a detector lacks that takes more queries than an image has for it."""
        try:
            yield
        except RuntimeError as error:
            if 'selected index k out of range' not in str(error):
                raise
            raise ValueError(
                f'the detector {self.name} takes more queries than an image of this size has '
                "places for: take larger images, or fewer queries (changes={'num_queries': ..., "
                "'test_cfg.max_per_img': ...})"
            ) from error

    def _preprocess(self, data: dict, training: bool) -> dict:
        preprocessor = self.network.data_preprocessor
        # it follows a detector that is moved alone, and not one inside another model
        preprocessor.to(next(self.network.parameters()).device)
        return preprocessor(data, training)

    def _kept(self, found: InstanceData) -> InstanceData:
        """The detections of the data set's classes, with its labels."""
        back = torch.full((self.num_classes,), -1, device=found.labels.device)
        back[self.known.to(back.device)] = torch.arange(len(self.known), device=back.device)
        kept = found[back[found.labels] >= 0]
        kept.labels = back[kept.labels]
        return kept


def _total(value: Tensor | list[Tensor]) -> Tensor:
    return value.mean() if isinstance(value, Tensor) else sum(part.mean() for part in value)


def read_detector(source: dict | str, changes: dict | None) -> tuple[dict, list[dict]]:
    """(model config, transforms of its test but for those that load).

    Raises: ImportError without MMDetection; FileNotFoundError for a missing config; KeyError for
        a config without a model.
    """
    package = Path(optional_module('mmdet').__file__).parent
    optional_module('mmcv.ops')
    if isinstance(source, str):
        cfg = Config.fromfile(_config_path(source, package))
        if 'model' not in cfg:
            raise KeyError(f'{source} has no model; wanted is the config of a detector')
        scope = cfg.get('default_scope') or 'mmdet'
        loader = cfg.get('test_dataloader') or {}
        steps = loader.get('dataset', {}).get('pipeline') or cfg.get('test_pipeline') or []
    else:
        # several detectors write into the config that they are built from
        cfg, scope, steps = Config(dict(model=deepcopy(source))), None, []
    if changes:
        cfg.merge_from_dict({f'model.{key}': value for key, value in changes.items()})
    model = cfg.model
    if scope is not None:
        model.setdefault('_scope_', scope)
    return model, [
        dict(step) for step in steps if not step['type'].split('.')[-1].startswith('Load')
    ]


def _config_path(source: str, package: Path) -> Path:
    """A file of MMDetection, or one below the working directory or the repository."""
    if '::' in source:
        folders, inner = [package / '.mim/configs'], source.split('::', 1)[1]
    else:
        folders, inner = [Path(), REPOSITORY], source
    paths = [folder / inner for folder in folders]
    for path in paths:
        if path.is_file():
            return path
    neighbors = set()
    for path in paths:
        if path.parent.is_dir():
            neighbors.update(found.name for found in path.parent.glob('*.py'))
    raise FileNotFoundError(
        f'there is no detector config {source}; nearest in its folder: '
        f'{nearest(Path(inner).name, sorted(neighbors)) or "none"}'
    )


def count_classes(detector: nn.Module) -> int | None:
    """How many classes the detector tells apart; None where its heads do not say."""
    heads = [
        module
        for name, module in detector.named_modules()
        if name.split('.')[-1] in ('bbox_head', '0') and hasattr(module, 'num_classes')
    ]
    return heads[-1].num_classes if heads else None


def learns_masks(detector: nn.Module) -> bool:
    """Whether it has a loss on masks. Others are given none: RTMDet fails on them."""
    return any(getattr(module, 'loss_mask', None) is not None for module in detector.modules())


def _label_map(
    classes: list[str] | None, known: list[str] | str | None, count: int | None, detector: str
) -> Tensor | None:
    """The detector's label of each class of the data set; None where they are the same."""
    if known is None:
        return None
    if classes is None:
        raise ValueError(
            "detector_classes says what the detector's labels mean; give the classes of the data, "
            'too'
        )
    names = list(
        optional_module('mmdet.evaluation').get_classes(known) if isinstance(known, str) else known
    )
    if count is not None and len(names) != count:
        raise ValueError(
            f'detector_classes are {len(names)} names, but the detector {detector} has {count} '
            'classes'
        )
    for name in classes:
        if name not in names:
            raise KeyError(
                f"the detector {detector} knows no class '{name}'; nearest: "
                f'{nearest(name, names) or "none"}'
            )
    return torch.tensor([names.index(name) for name in classes])
