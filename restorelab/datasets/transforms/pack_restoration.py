import numpy as np
import torch
from mmengine.structures import InstanceData, PixelData

from restorelab.datasets.geometry import image_names, present, to_tensor
from restorelab.registry import TRANSFORMS
from restorelab.structures import RestorationSample

IMAGES = ('gt', 'rendered', 'positive_lq')
META = ('key', 'degradation', 'path', 'ori_shape')
OPTIONAL_META = ('fold', 'img_id', 'task')


@TRANSFORMS.register_module()
class PackRestoration:
    """The last transform: ``dict(inputs=<lq>, data_samples=<RestorationSample>)``.

    Images are uint8 (3, H, W). The data sample holds ``gt``, ``rendered`` and ``positive_lq`` where
    there are such, ``strengths`` (K,) as ``DegradeInOrder`` measured them, and as meta ``key``,
    ``degradation``, ``path``, ``ori_shape`` and, where known, ``fold``, ``img_id`` and ``task``.
    With an ``img_id`` comes ``img_path``, which is ``path`` once more.

    Annotations have the names of OpenMMLab:
        ``gt_instances``, ``ignored_instances``: ``bboxes`` (N, 4), ``labels`` (N,) and, where they
        were read, ``masks`` (N, H, W).
        ``gt_sem_seg.sem_seg`` (1, H, W).
        ``gt_label`` ().

    Raises: ValueError when lq and gt differ in size, KeyError when there is no lq.
    """

    def __call__(self, results: dict) -> dict:
        if 'lq' not in results:
            raise KeyError(
                f"sample '{results['key']}' has no degraded image 'lq'; put Degrade before "
                'PackRestoration, or use a data set of pairs'
            )
        image_names(results)  # raises where they differ in size
        meta = (*META, *present(results, OPTIONAL_META))
        sample = RestorationSample(metainfo={name: results[name] for name in meta})
        if 'img_id' in results:
            sample.set_metainfo(dict(img_path=results['path']))  # OpenMMLab's name of it
        for name in present(results, IMAGES):
            sample.set_field(to_tensor(results[name]), name)
        if 'strengths' in results:
            sample.strengths = torch.from_numpy(results['strengths'])
        _pack_annotations(results, sample)
        return dict(inputs=to_tensor(results['lq']), data_samples=sample)


def _pack_annotations(results: dict, sample: RestorationSample) -> None:
    if 'boxes' in results:
        sample.gt_instances = _instances(results, ~results['ignore'])
        sample.ignored_instances = _instances(results, results['ignore'])
    if 'sem_seg' in results:
        labels = torch.from_numpy(results['sem_seg'].astype(np.int64))
        sample.gt_sem_seg = PixelData(sem_seg=labels[None])
    if 'label' in results:
        sample.gt_label = torch.tensor(results['label'])


def _instances(results: dict, chosen: np.ndarray) -> InstanceData:
    instances = InstanceData(
        bboxes=torch.from_numpy(np.float32(results['boxes'][chosen])),
        labels=torch.from_numpy(results['labels'][chosen].astype(np.int64)),
    )
    if 'masks' in results:
        instances.masks = torch.from_numpy(np.array(results['masks'][chosen], order='C'))
    return instances
