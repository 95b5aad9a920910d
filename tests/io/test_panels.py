import math

import numpy as np
import pytest
import torch

from restorelab.io.panels import (
    CAPTION_HEIGHT,
    MARGIN,
    compare,
    draw_panel,
    shown_psnr,
    stack_files,
)


def test_psnr_of_the_shown_pixels():
    clean = np.full((4, 4, 3), 100, np.uint8)
    assert shown_psnr(clean + 1, clean) == pytest.approx(20 * math.log10(255))
    assert shown_psnr(clean, clean) == math.inf


def test_a_panel_holds_every_image_unchanged_under_its_caption():
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (20, 30, 3), dtype=np.uint8) for _ in range(3)]
    panel = draw_panel(images, ['a', 'b', 'c'])
    for number, image in enumerate(images):
        left = MARGIN + number * (30 + MARGIN)
        np.testing.assert_array_equal(
            panel[CAPTION_HEIGHT : CAPTION_HEIGHT + 20, left : left + 30], image
        )


def test_captions_are_drawn():
    image = np.full((20, 60, 3), 255, np.uint8)
    assert draw_panel([image], ['degraded 20.00 dB']).min() < 128
    assert draw_panel([image], ['']).min() == 255


def test_images_of_different_sizes_stand_side_by_side():
    panel = draw_panel([np.zeros((10, 20, 3), np.uint8), np.zeros((30, 5, 3), np.uint8)], ['', ''])
    assert panel.shape == (30 + CAPTION_HEIGHT + MARGIN, 25 + 3 * MARGIN, 3)


def test_a_comparison_without_a_clean_image_has_two_columns():
    image = torch.rand(3, 20, 30)
    assert compare(image, image).shape[1] < compare(image, image, image).shape[1]


def test_stacked_files_keep_every_picture(tmp_path):
    from PIL import Image

    for name, size in (('a.png', (5, 3)), ('b.png', (8, 2))):
        Image.new('RGB', size, 'black').save(tmp_path / name)
    stack_files([tmp_path / 'a.png', tmp_path / 'b.png'], tmp_path / 'out.png')
    stacked = np.asarray(Image.open(tmp_path / 'out.png'))
    assert stacked.shape == (5, 8, 3)
    assert stacked[:3, 5:].min() == 255
    assert stacked[3:].max() == 0


def test_stacking_nothing_is_an_error(tmp_path):
    with pytest.raises(ValueError, match='no pictures'):
        stack_files([], tmp_path / 'out.png')
