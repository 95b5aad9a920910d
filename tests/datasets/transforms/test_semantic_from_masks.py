import numpy as np

from restorelab.registry import TRANSFORMS


def sample(height: int = 40, width: int = 50, **more) -> dict:
    """A black image with one white rectangle, which is also its box, its mask and its label map."""
    top, left, bottom, right = 10, 20, 22, 44
    image = np.zeros((height, width, 3), np.uint8)
    image[top:bottom, left:right] = 255
    mask = (image[..., 0] > 0).astype(np.uint8)
    return dict(
        gt=image,
        lq=image.copy(),
        key='a',
        degradation='clean',
        path='a.png',
        ori_shape=(height, width),
        rng=np.random.default_rng(3),
        boxes=np.float32([[left, top, right, bottom]]),
        labels=np.array([2]),
        ignore=np.array([False]),
        masks=mask[None],
        sem_seg=mask,
        **more,
    )


def test_masks_become_a_label_map():
    moved = TRANSFORMS.build(dict(type='SemanticFromMasks'))(sample())
    assert (moved['sem_seg'] == 3).sum() == 12 * 24
