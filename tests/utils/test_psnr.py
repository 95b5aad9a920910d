import math

import pytest
import torch

from restorelab.utils.psnr import psnr_of_error


def test_an_error_of_a_hundredth_is_twenty_decibels():
    assert psnr_of_error(torch.tensor([0.01, 1.0])).tolist() == pytest.approx([20, 0], abs=1e-5)


def test_no_error_is_infinite():
    assert psnr_of_error(torch.tensor(0.0)) == math.inf
