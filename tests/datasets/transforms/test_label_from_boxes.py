import numpy as np
import pytest

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


def test_the_largest_object_names_the_image():
    boxes = np.float32([[0, 0, 5, 5], [5, 5, 30, 30]])
    moved = TRANSFORMS.build(dict(type='LabelFromBoxes'))(
        sample() | dict(boxes=boxes, labels=np.array([0, 3]))
    )
    assert moved['label'] == 3


def test_an_image_without_objects_has_no_class():
    empty = sample() | dict(boxes=np.zeros((0, 4), np.float32), labels=np.zeros(0, int))
    with pytest.raises(ValueError, match="'a' shows no object"):
        TRANSFORMS.build(dict(type='LabelFromBoxes'))(empty)
