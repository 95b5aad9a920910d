import numpy as np

from restorelab.datasets import geometry
from restorelab.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SemanticFromMasks:
    """Make a label map from the masks of the objects.

    Background is 0, an object 1 + its label. Later objects cover earlier ones.
    Raises: KeyError for a sample without masks.
    """

    def __call__(self, results: dict) -> dict:
        if 'masks' not in results:
            raise KeyError(
                f"sample '{results['key']}' has no masks; read them with "
                'DetectionDataset(with_masks=True)'
            )
        labels = np.zeros(geometry.image_size(results), np.uint8)
        for mask, label in zip(results['masks'], results['labels'], strict=True):
            labels[mask > 0] = label + 1
        results['sem_seg'] = labels
        return results
