"""Statistics of a picture, recorded once and used in every tile."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from restorelab.models.layers.attention import FullAttention
from restorelab.models.layers.linear_attention import LinearAttentionResidual
from restorelab.models.layers.restormer import ChannelAttention
from restorelab.utils.picture_statistics import PictureStatistics, over_picture, picture_positions


class Linear(LinearAttentionResidual):
    def forward(self, x):
        return self.exact(x)


LAYERS = dict(
    group_norm=lambda: nn.GroupNorm(4, 16),
    instance_norm=lambda: nn.InstanceNorm2d(16, affine=True),
    pooling=lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, 16, 1)),
    full_attention=lambda: FullAttention(16, num_heads=2, head_dim=8),
    channel_attention=lambda: ChannelAttention(16, num_heads=2),
    linear_attention=lambda: Linear(16),
)


@pytest.fixture(params=LAYERS)
def layer(request):
    torch.manual_seed(0)
    built = LAYERS[request.param]()
    for value in built.parameters():
        nn.init.normal_(value, std=0.3)
    return built.eval().requires_grad_(False)


@pytest.fixture
def picture():
    """(1, 16, 8, 24), brighter to the right."""
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(1, 16, 8, 24, generator=generator)
    return noise + torch.linspace(0, 4, 24)


def record(layer, crops):
    statistics = PictureStatistics()
    with statistics:
        recorded = layer(crops)
    assert len(statistics) > 0
    return statistics, recorded


def test_a_sample_that_is_the_picture_gives_the_layer_itself(layer, picture):
    statistics, recorded = record(layer, picture)
    torch.testing.assert_close(recorded, layer(picture), rtol=1e-4, atol=1e-5)
    with statistics.replay():
        torch.testing.assert_close(layer(picture), recorded, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('order', ['rows', 'channels last', 'columns'])
def test_crops_in_any_memory_order_are_pooled_together(order):
    crops = torch.randn(3, 8, 5, 7) + torch.arange(3.0)[:, None, None, None]
    if order == 'channels last':
        crops = crops.contiguous(memory_format=torch.channels_last)
    if order == 'columns':
        crops = crops.transpose(2, 3)
    _, recorded = record(nn.GroupNorm(2, 8), crops)
    side_by_side = torch.cat(list(crops), dim=1)[None]
    expected = torch.stack(nn.GroupNorm(2, 8)(side_by_side)[0].chunk(3, dim=1))
    torch.testing.assert_close(recorded, expected, rtol=1e-4, atol=1e-5)


def test_a_pixel_does_not_depend_on_the_rest_of_its_tile(layer, picture):
    """The depthwise convolutions of one layer see a pixel away, hence the columns in the middle."""
    statistics, _ = record(layer, picture)
    other = picture.clone()
    other[..., 12:] = 7
    with statistics.replay():
        first = layer(picture)
    with statistics.replay():
        second = layer(other)
    shared = (first - second)[..., :10].abs().max()
    alone = (layer(picture) - layer(other))[..., :10].abs().max()
    assert shared < 1e-5
    assert alone > 10 * shared


def test_crops_are_pooled_together():
    norm = nn.GroupNorm(2, 4)
    picture = torch.rand(1, 4, 6, 12)
    crops = torch.cat(picture.split(6, dim=3))
    statistics, recorded = record(norm, crops)
    torch.testing.assert_close(torch.cat(recorded.split(1), dim=3), norm(picture))
    with statistics.replay():
        torch.testing.assert_close(norm(picture[..., 3:8]), norm_of(norm, picture)[..., 3:8])


def norm_of(norm, picture):
    with PictureStatistics():
        return norm(picture)


def test_attention_to_tokens_is_left_as_it_is_where_there_is_a_mask():
    q, k, v = torch.rand(3, 1, 2, 5, 4)
    mask = torch.rand(5, 5)
    with PictureStatistics() as statistics:
        masked = F.scaled_dot_product_attention(q, k, v, mask)
    assert len(statistics) == 0
    torch.testing.assert_close(masked, F.scaled_dot_product_attention(q, k, v, mask))


def test_norms_with_statistics_of_the_training_set_are_left_as_they_are():
    norm = nn.InstanceNorm2d(4, track_running_stats=True).eval()
    x = torch.rand(2, 4, 5, 5)
    with PictureStatistics() as statistics:
        torch.testing.assert_close(
            norm(x), F.instance_norm(x, norm.running_mean, norm.running_var, use_input_stats=False)
        )
    assert len(statistics) == 0


def test_pooling_to_more_than_one_pixel_is_left_as_it_is():
    with PictureStatistics() as statistics:
        F.adaptive_avg_pool2d(torch.rand(1, 2, 8, 8), 2)
    assert len(statistics) == 0


def test_other_layers_in_a_later_pass_are_an_error():
    statistics, _ = record(nn.GroupNorm(1, 2), torch.rand(1, 2, 4, 4))
    with statistics.replay(), pytest.raises(RuntimeError, match=r'is group norm, .* asks for mean'):
        F.adaptive_avg_pool2d(torch.rand(1, 2, 4, 4), 1)
    with statistics.replay():
        nn.GroupNorm(1, 2)(torch.rand(1, 2, 4, 4))
        with pytest.raises(RuntimeError, match=r'number 1 .* is nothing, .* asks for positions'):
            picture_positions(3)


def test_outside_nothing_is_shared():
    x = torch.rand(2, 3)
    assert over_picture('mean', x) is x
    assert picture_positions(7) == 7


def test_threads_do_not_see_each_others_statistics():
    norm = nn.GroupNorm(1, 2)
    x = torch.rand(1, 2, 4, 4)
    statistics, _ = record(norm, 5 * torch.rand(1, 2, 4, 4))
    with statistics.replay(), ThreadPoolExecutor(1) as pool:
        elsewhere = pool.submit(norm, x).result()
        here = norm(x)
    torch.testing.assert_close(elsewhere, norm(x))
    assert not torch.allclose(here, elsewhere)
