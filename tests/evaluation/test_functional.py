import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from restorelab.evaluation.functional import crop_border, psnr, quantize, ssim, to_y


@pytest.fixture
def pair():
    """A smooth clean image and a noisy copy, (1, 3, 37, 45): the SSIM is far from 0 and 1."""
    rng = np.random.default_rng(0)
    clean = gaussian_filter(rng.random((3, 37, 45)), (0, 3, 3))
    clean = (clean - clean.min()) / np.ptp(clean)
    noisy = (clean + 0.1 * rng.standard_normal(clean.shape)).clip(0, 1)
    return torch.from_numpy(noisy)[None], torch.from_numpy(clean)[None]


def ssim_by_scipy(pred: np.ndarray, target: np.ndarray, sigma) -> float:
    """SSIM with a Gaussian of 11 taps and replicated edges, mean over the full map."""

    def blur(image):
        return gaussian_filter(image, sigma, mode='nearest', truncate=3.5)

    x, y = blur(pred), blur(target)
    var_x, var_y, cov = blur(pred**2) - x**2, blur(target**2) - y**2, blur(pred * target) - x * y
    maps = (2 * x * y + 1e-4) * (2 * cov + 9e-4) / ((x**2 + y**2 + 1e-4) * (var_x + var_y + 9e-4))
    return maps.mean()


def test_psnr_of_a_known_error():
    target = torch.zeros(2, 3, 4, 5)
    pred = torch.stack([target[0] + 0.1, target[1] + 0.01])
    torch.testing.assert_close(
        psnr(pred, target), torch.tensor([20.0, 40.0], dtype=torch.float64), atol=1e-5, rtol=0
    )


def test_psnr_of_identical_images_is_infinite(pair):
    assert psnr(pair[1], pair[1]).item() == math.inf


def test_psnr_agrees_with_scikit_image(pair):
    expected = peak_signal_noise_ratio(pair[1].numpy(), pair[0].numpy(), data_range=1)
    assert psnr(*pair).item() == pytest.approx(expected, abs=1e-9)


def test_ssim_of_identical_images_is_one(pair):
    assert ssim(pair[1], pair[1]).item() == pytest.approx(1)


def test_ssim_of_two_constants_by_hand():
    one, half = torch.full((1, 1, 12, 12), 1.0), torch.full((1, 1, 12, 12), 0.5)
    assert ssim(one, half).item() == pytest.approx((2 * 0.5 + 1e-4) / (1 + 0.25 + 1e-4))


def test_gaussian_ssim_agrees_with_scikit_image(pair):
    expected = structural_similarity(
        pair[0][0].numpy(),
        pair[1][0].numpy(),
        channel_axis=0,
        data_range=1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert ssim(*pair).item() == pytest.approx(expected, abs=1e-9)


def test_uniform_ssim_agrees_with_scikit_image(pair):
    expected = structural_similarity(
        pair[0][0].numpy(), pair[1][0].numpy(), channel_axis=0, data_range=1
    )
    assert ssim(*pair, window='uniform').item() == pytest.approx(expected, abs=1e-9)


def test_replicated_ssim_agrees_with_scipy(pair):
    expected = ssim_by_scipy(pair[0][0].numpy(), pair[1][0].numpy(), sigma=(0, 1.5, 1.5))
    assert ssim(*pair, window='gaussian_replicate').item() == pytest.approx(expected, abs=1e-9)


def test_ssim_over_colors_agrees_with_scipy(pair):
    expected = ssim_by_scipy(pair[0][0].numpy(), pair[1][0].numpy(), sigma=1.5)
    assert ssim(*pair, window='gaussian_3d').item() == pytest.approx(expected, abs=1e-9)


def test_an_image_smaller_than_the_window_is_refused():
    small = torch.rand(1, 3, 10, 30)
    with pytest.raises(ValueError, match=r'image is 10x30; .* at least 11x11'):
        ssim(small, small)


def test_an_unknown_window_is_refused(pair):
    with pytest.raises(ValueError, match=r"'hann'; known: .*gaussian"):
        ssim(*pair, window='hann')


@pytest.mark.parametrize('score', [psnr, ssim])
def test_images_of_two_sizes_are_refused(score):
    with pytest.raises(ValueError, match='differ in shape'):
        score(torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 17))


def test_luma_agrees_with_scikit_image(pair):
    expected = rgb2ycbcr(pair[0][0].permute(1, 2, 0).numpy())[..., 0] / 255
    np.testing.assert_allclose(to_y(pair[0])[0, 0].numpy(), expected, atol=1e-9)


def test_luma_of_black_and_white_is_the_studio_range():
    image = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 3, 1, 1)
    torch.testing.assert_close(
        to_y(image).flatten() * 255, torch.tensor([16.0, 235.0], dtype=torch.float64)
    )


def test_rounded_luma_has_whole_levels(pair):
    levels = to_y(pair[0], rounded=True) * 255
    torch.testing.assert_close(levels, levels.round())


def test_quantizing_clamps_and_rounds_half_to_even():
    image = torch.tensor([-0.1, 0.5 / 255, 1.5 / 255, 1.2], dtype=torch.float64)
    torch.testing.assert_close(
        quantize(image) * 255, torch.tensor([0.0, 0.0, 2.0, 255.0], dtype=torch.float64)
    )


def test_a_crop_that_leaves_nothing_is_refused():
    with pytest.raises(ValueError, match='cropping 4 pixels'):
        crop_border(torch.rand(1, 3, 8, 20), 4)
