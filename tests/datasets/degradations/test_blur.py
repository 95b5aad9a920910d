import numpy as np
import pytest

from restorelab.datasets.degradations import defocus_blur, disk_kernel, motion_blur, motion_kernel
from tests.datasets.pictures import flat

KERNELS = dict(
    line=motion_kernel(13, 30),
    arc=motion_kernel(21, 100, bend=60),
    point=motion_kernel(0, 0),
    small_disk=disk_kernel(0.4),
    disk=disk_kernel(3.3),
    no_disk=disk_kernel(0),
)


def moments(kernel):
    """Center and covariance of a kernel, in pixels, from its middle; y counts downwards."""
    reach = kernel.shape[0] // 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    center = np.array([(kernel * y).sum(), (kernel * x).sum()])
    y, x = y - center[0], x - center[1]
    return center, np.array(
        [
            [(kernel * y * y).sum(), (kernel * x * y).sum()],
            [(kernel * x * y).sum(), (kernel * x * x).sum()],
        ]
    )


@pytest.mark.parametrize('name', KERNELS)
def test_kernel_is_square_odd_and_has_no_negative_weight(name):
    kernel = KERNELS[name]
    assert kernel.shape[0] == kernel.shape[1]
    assert kernel.shape[0] % 2 == 1
    assert (kernel >= 0).all()


@pytest.mark.parametrize('name', KERNELS)
def test_kernel_sums_to_one(name):
    assert KERNELS[name].sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize('name', KERNELS)
def test_kernel_does_not_move_the_image(name):
    np.testing.assert_allclose(moments(KERNELS[name])[0], 0, atol=1e-3)


def test_straight_motion_kernel_has_the_spread_of_its_length():
    _, spread = moments(motion_kernel(20, 0))
    assert spread[1, 1] == pytest.approx(20**2 / 12, rel=0.05)
    assert spread[0, 0] < 0.3


def test_motion_kernel_at_45_degrees_rises_to_the_right():
    _, spread = moments(motion_kernel(20, 45))
    assert spread[0, 1] == pytest.approx(-(20**2) / 24, rel=0.05)


def test_bent_motion_kernel_spreads_across_its_direction():
    assert moments(motion_kernel(20, 0, bend=90))[1][0, 0] > 1


def test_disk_kernel_has_the_spread_of_its_radius():
    _, spread = moments(disk_kernel(5))
    assert np.trace(spread) == pytest.approx(5**2 / 2, rel=0.05)


@pytest.mark.parametrize(
    'blurred',
    [
        lambda image: motion_blur(image, 15, 20, np.random.default_rng(0)),
        lambda image: defocus_blur(image, 4, np.random.default_rng(0)),
    ],
    ids=['motion', 'defocus'],
)
def test_blur_keeps_the_light_of_a_point_and_of_a_flat_area(blurred):
    point = flat(0)
    point[64, 64] = 1
    np.testing.assert_allclose(blurred(point).sum(axis=(0, 1)), 1, rtol=1e-4)
    np.testing.assert_allclose(blurred(flat(0.7)), 0.7, rtol=1e-5)
