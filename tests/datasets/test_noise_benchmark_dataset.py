"""The benchmarks' noise as a data set: columns, crops, one stream."""

import numpy as np
import pytest
from PIL import Image

from restorelab.datasets.noise_benchmark_dataset import center_crop, image_noise, stream_noise
from restorelab.registry import DATASETS


@pytest.fixture
def root(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / 'CBSD68').mkdir()
    for name, size in (('a', (20, 37)), ('b', (33, 18))):
        Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(
            tmp_path / 'CBSD68' / f'{name}.png'
        )
    return tmp_path


def benchmark(root, protocol: str, **options):
    return DATASETS.build(
        dict(type='NoiseBenchmarkDataset', protocol=protocol, root=root, pipeline=[], **options)
    )


def test_every_sigma_is_a_column(root):
    dataset = benchmark(root, 'adair3')
    assert dataset.degradations == [
        'noise15',
        'noise15',
        'noise25',
        'noise25',
        'noise50',
        'noise50',
    ]
    assert len({record.key for record in dataset.records}) == 6


def test_adair3_crops_and_shares_one_stream_in_whatever_order_they_are_read(root):
    dataset = benchmark(root, 'adair3')
    last, first = dataset[5], dataset[0]
    clean = [center_crop(np.array(Image.open(root / 'CBSD68' / f'{name}.png'))) for name in 'ab']
    expected = list(stream_noise(clean, (15, 25, 50)))
    assert np.array_equal(first['lq'], expected[0])
    assert np.array_equal(last['lq'], expected[5])
    assert np.array_equal(last['gt'], clean[1])


def test_adair5_takes_whole_images_and_noise_by_image(root):
    dataset = benchmark(root, 'adair5', sigmas=[25])
    sample = dataset[1]
    assert sample['lq'].shape == sample['gt'].shape == (33, 18, 3)
    assert np.array_equal(sample['lq'], image_noise(sample['gt'], 1, 25))


def test_an_unknown_protocol_is_refused(root):
    with pytest.raises(ValueError, match="'adair3' and 'adair5', not 'adair7'"):
        benchmark(root, 'adair7')
