"""Padding images of any size to a multiple."""

import pytest
import torch

from restorelab.utils import check_size, pad_to_multiple, padded_region


@pytest.mark.parametrize(
    ('size', 'padded'),
    [((8, 16), (8, 16)), ((7, 9), (8, 16)), ((1, 1), (8, 8)), ((2, 30), (8, 32))],
)
def test_the_result_has_the_next_multiple_and_keeps_the_image(size, padded):
    image = torch.rand(2, 3, *size)
    result = pad_to_multiple(image, 8)
    assert result.shape[-2:] == padded
    assert torch.equal(result[..., : size[0], : size[1]], image)


def test_it_reflects_where_it_can():
    row = torch.arange(6.0).expand(1, 1, 8, 6)
    assert pad_to_multiple(row, 8)[0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 4, 3]


@pytest.mark.parametrize(
    ('rows', 'padded'), [((0, 90), (0, 96)), ((0, 48), (0, 48)), ((48, 90), (48, 96))]
)
def test_a_region_is_that_of_the_padded_tile_in_the_padded_picture(rows, padded):
    """A picture of 90x200 pixels; 200 is a multiple of 8."""
    region = torch.tensor([[rows[0] / 90, 0.2, rows[1] / 90, 0.4]])
    expected = torch.tensor([[padded[0] / 96, 0.2, padded[1] / 96, 0.4]])
    found = padded_region(region, (rows[1] - rows[0], 40), 8)
    torch.testing.assert_close(found, expected)


def test_a_size_that_does_not_fit_is_named():
    check_size(torch.rand(1, 3, 8, 16), 8)
    with pytest.raises(ValueError, match='image is 8x15; both sides must be multiples of 8'):
        check_size(torch.rand(1, 3, 8, 15), 8)
