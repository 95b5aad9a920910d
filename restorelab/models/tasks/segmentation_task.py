"""Segmentation of restored images by a network of torchvision."""

import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from torch import Tensor

from restorelab.models.tasks.network_task import NetworkTask, check_fields
from restorelab.models.tasks.torchvision_networks import (
    build_network,
)
from restorelab.registry import TASKS
from restorelab.structures import RestorationSample
from restorelab.utils.normalize import normalize


@TASKS.register_module()
class SegmentationTask(NetworkTask):
    """Cross entropy of a torchvision segmentation network on restored images, such as DeepLabV3.

    The logits are resized to the image (bilinear). Samples need ``gt_sem_seg.sem_seg`` (1, H, W).
    ``predict`` gives ``pred_sem_seg`` of the same shape.
    Source: UniRestore (arXiv 2501.13134), its segmentation loss; its network there is DeepLabV3+.

    Args:
        num_classes: classes, background included.
        network: name in ``torchvision.models``.
        ignore_index: label of the pixels that do not count.
        mean, std: of each channel, in [0, 1].
        checkpoint, frozen, loss_weight: as in ``NetworkTask``.
    Raises: KeyError for an unknown network.
    """

    def __init__(
        self,
        num_classes: int,
        network: str = 'deeplabv3_resnet50',
        ignore_index: int = 255,
        checkpoint: str | None = None,
        frozen: bool = True,
        loss_weight: float = 1.0,
    ):
        net = build_network(network, num_classes, weights_backbone=None)
        super().__init__(net, checkpoint, frozen, loss_weight)
        self.num_classes, self.ignore_index = num_classes, ignore_index

    def logits(self, images: Tensor) -> Tensor:
        """(B, num_classes, H, W) of images (B, 3, H, W)."""
        coarse = self.network(normalize(images))['out']
        return F.interpolate(coarse, images.shape[-2:], mode='bilinear')

    def loss(self, images: Tensor, samples: list[RestorationSample]) -> dict[str, Tensor]:
        check_fields(samples, 'gt_sem_seg', 'SemanticFromMasks makes it from masks')
        labels = torch.cat([sample.gt_sem_seg.sem_seg for sample in samples]).to(images.device)
        self._check_labels(labels, samples)
        return dict(
            loss=F.cross_entropy(self.logits(images), labels, ignore_index=self.ignore_index)
        )

    def _check_labels(self, labels: Tensor, samples: list[RestorationSample]) -> None:
        known = labels[labels != self.ignore_index]
        if known.numel() and int(known.max()) >= self.num_classes:
            keys = [sample.key for sample in samples]
            raise ValueError(
                f'a label map of {keys} has the class {int(known.max())}, '
                f'but the network has {self.num_classes} classes (0 to {self.num_classes - 1}) and '
                f'ignore_index={self.ignore_index}'
            )

    def predict(self, image: Tensor, sample: RestorationSample) -> dict[str, object]:
        return dict(pred_sem_seg=PixelData(sem_seg=self.logits(image[None]).argmax(dim=1)))
