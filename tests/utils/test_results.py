"""A result that is not finite is found, and never becomes black or white pixels."""

import numpy as np
import pytest
import torch
from PIL import Image

from restorelab.apis.inference import RestoreModel
from restorelab.utils.results import ResultError, check_finite, clamp_to_unit
from tests.apis.tiny import tiny_restorer


def test_infinite_values_become_nan_and_others_are_clamped():
    values = clamp_to_unit(torch.tensor([-1, 0.5, 2, torch.inf, -torch.inf, torch.nan]))
    assert values[:3].tolist() == [0, 0.5, 1]
    assert values[3:].isnan().all()


def test_the_message_names_picture_model_and_number():
    image = torch.zeros(1, 3, 4, 4)
    check_finite(image, 'a.png', 'net')
    image[0, :, 1, 1] = torch.nan
    with pytest.raises(ResultError, match=r'a\.png: the model net gives 1 of 16 pixels'):
        check_finite(image, 'a.png', 'net')


@pytest.mark.parametrize('value', [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize('tile', [0, 8])
def test_a_model_with_such_an_output_gives_no_picture(value, tile, tmp_path):
    net = tiny_restorer()
    with torch.no_grad():
        net.backbone.out.bias.fill_(value)
    Image.fromarray(np.full((12, 12, 3), 99, np.uint8)).save(tmp_path / 'a.png')
    with pytest.raises(ResultError, match=r'a\.png: the model net\.pth gives (\d+) of \1 pixels'):
        RestoreModel(net, name='net.pth')(tmp_path / 'a.png', tile=tile)
