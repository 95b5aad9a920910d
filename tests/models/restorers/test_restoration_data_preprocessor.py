"""Batches come to the device of the model that they are for."""

import torch
from torch import nn

from restorelab.registry import MODELS
from restorelab.structures import RestorationSample


def test_a_batch_and_its_samples_go_where_the_model_went():
    preprocessor = MODELS.build(dict(type='RestorationDataPreprocessor'))
    nn.Sequential(preprocessor).to('meta')
    image = torch.zeros(3, 4, 4, dtype=torch.uint8)
    sample = RestorationSample()
    sample.gt = image
    batch = preprocessor(dict(inputs=[image, image], data_samples=[sample, sample]))
    assert batch['inputs'].is_meta
    assert all(each.gt.is_meta for each in batch['data_samples'])


def test_bytes_become_shares_and_floats_stay():
    preprocessor = MODELS.build(dict(type='RestorationDataPreprocessor'))
    levels = torch.tensor([0, 51, 255], dtype=torch.uint8)[:, None, None]
    expected = torch.tensor([0, 0.2, 1])[None, :, None, None]
    torch.testing.assert_close(preprocessor(dict(inputs=[levels]))['inputs'], expected)
    torch.testing.assert_close(preprocessor(dict(inputs=expected))['inputs'], expected)


def test_it_adds_nothing_to_a_checkpoint():
    assert MODELS.build(dict(type='RestorationDataPreprocessor')).state_dict() == {}
