"""Classification of restored images by a network of torchvision."""

import torch
import torch.nn.functional as F
from torch import Tensor

from restorelab.models.tasks.network_task import NetworkTask, check_fields, check_num_classes
from restorelab.models.tasks.torchvision_networks import (
    build_network,
)
from restorelab.registry import TASKS
from restorelab.structures import RestorationSample
from restorelab.utils.normalize import normalize


@TASKS.register_module()
class ClassificationTask(NetworkTask):
    """Cross entropy of a torchvision classifier on restored images; UniRestore's is ResNet-50.

    Images are resized to a square (bilinear, antialiased) and normalized. Samples need
    ``gt_label``. ``predict`` gives ``pred_label`` () and ``pred_score`` (num_classes,).
    Source: UniRestore (arXiv 2501.13134), its classification loss.

    Args:
        num_classes: classes.
        network: name in ``torchvision.models``.
        image_size: side of the square in pixels.
        mean, std: of each channel, in [0, 1].
        checkpoint, frozen, loss_weight: as in ``NetworkTask``.
    Raises: KeyError for an unknown network.
    """

    def __init__(
        self,
        num_classes: int,
        network: str = 'resnet50',
        image_size: int = 224,
        checkpoint: str | None = None,
        frozen: bool = True,
        loss_weight: float = 1.0,
    ):
        super().__init__(build_network(network, num_classes), checkpoint, frozen, loss_weight)
        self.num_classes, self.image_size = num_classes, image_size

    def check_dataset(self, dataset) -> None:
        check_num_classes(
            type(self.network).__name__,
            self.num_classes,
            dataset.metainfo['classes'],
            "set the task's num_classes",
        )

    def logits(self, images: Tensor) -> Tensor:
        """(B, num_classes) of images (B, 3, H, W)."""
        images = F.interpolate(
            images, (self.image_size, self.image_size), mode='bilinear', antialias=True
        )
        return self.network(normalize(images))

    def loss(self, images: Tensor, samples: list[RestorationSample]) -> dict[str, Tensor]:
        check_fields(samples, 'gt_label', 'LabelFromBoxes makes it from boxes')
        labels = torch.stack([sample.gt_label for sample in samples]).to(images.device)
        return dict(loss=F.cross_entropy(self.logits(images), labels))

    def predict(self, image: Tensor, sample: RestorationSample) -> dict[str, object]:
        scores = self.logits(image[None])[0].softmax(dim=0)
        return dict(pred_label=scores.argmax(), pred_score=scores)
