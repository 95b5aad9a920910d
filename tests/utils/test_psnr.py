import math

import pytest
import torch

from restorelab.utils.psnr import psnr, psnr_of_error


def test_an_error_of_a_hundredth_is_twenty_decibels():
    assert psnr_of_error(torch.tensor([0.01, 1.0])).tolist() == pytest.approx([20, 0], abs=1e-5)


def test_no_error_is_infinite():
    assert psnr_of_error(torch.tensor(0.0)) == math.inf


def test_each_image_has_its_own_value():
    target = torch.full((2, 3, 4, 4), 0.5)
    pred = target.clone()
    pred[0] += 0.1
    pred[1] += 0.01
    assert psnr(pred, target).tolist() == pytest.approx([20, 40], abs=1e-4)


def test_equal_images_give_infinity_or_what_the_floor_says():
    image = torch.rand(1, 3, 4, 4)
    assert psnr(image, image).item() == math.inf
    assert psnr(image, image, floor=1e-8).item() == pytest.approx(80)


def test_images_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match=r'PSNR: prediction \(1, 3, 4, 4\) and target'):
        psnr(torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 1))
