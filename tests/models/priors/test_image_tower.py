"""CLIP towers: what they see, and where their weights come from."""

import warnings

import open_clip
import pytest
import torch
from torch import nn

from restorelab.models.priors.image_tower import build_tower, clip_view, load_tower, square_views
from tests.models.tiny import TOWER


def undone(view):
    mean, std = (
        torch.tensor(v).view(3, 1, 1)
        for v in (open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
    )
    return view * std + mean


def look(image, how):
    """The view of a tower of 16 pixels: the whole image made small, or the square in its middle."""
    return clip_view(image, 16) if how == 'resized' else square_views(image, 16)[0]


@pytest.mark.parametrize('how', ['resized', 'square'])
def test_the_view_is_the_image_itself_where_it_has_the_right_size(how):
    image = torch.randint(0, 256, (2, 3, 16, 16)) / 255
    torch.testing.assert_close(undone(look(image, how)), image, rtol=0, atol=1.5 / 255)


@pytest.mark.parametrize('size', [(20, 33), (5, 40), (3, 3)])
@pytest.mark.parametrize('how', ['resized', 'square'])
def test_the_view_is_a_square_of_the_wanted_size(size, how):
    assert look(torch.rand(1, 3, *size), how).shape == (1, 3, 16, 16)


def test_a_single_square_is_the_center_at_full_resolution():
    image = torch.randint(0, 256, (1, 3, 24, 40)) / 255
    torch.testing.assert_close(
        undone(look(image, 'square')), image[..., 4:20, 12:28], rtol=0, atol=1.5 / 255
    )


@pytest.mark.parametrize(
    ('size', 'views', 'count'), [((40, 24), 4, 3 * 2), ((16, 90), 4, 1 * 4), ((90, 90), 2, 2 * 2)]
)
def test_several_squares_reach_all_ends_and_are_no_more_than_needed(size, views, count):
    rows, cols = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing='ij')
    squares = [
        undone(view)[0] * 255
        for view in square_views(torch.stack([rows, cols, rows])[None] / 255, 16, views)
    ]
    assert len(squares) == count
    assert min(square[0].min() for square in squares).round() <= 1
    assert max(square[0].max() for square in squares).round() >= size[0] - 2
    assert max(square[1].max() for square in squares).round() >= size[1] - 2


def test_the_view_warns_of_nothing():
    torch.set_warn_always(True)  # torch tells of a read-only array once a process otherwise
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            clip_view(torch.rand(1, 3, 20, 20), 16)
    finally:
        torch.set_warn_always(False)


def test_options_without_a_width_of_the_output_are_refused():
    with pytest.raises(ValueError, match="a tower needs 'embed_dim'"):
        build_tower(dict(image_size=16))


def test_an_unknown_model_is_refused():
    with pytest.raises(ValueError, match="open_clip knows no model 'ViT-B-33'; it knows"):
        build_tower('ViT-B-33')


@pytest.mark.parametrize(
    ('tower', 'tag', 'offers'),
    [('ViT-B-32', 'laion2b', 'laion2b_s34b_b79k'), (TOWER, 'laion2b_s34b_b79k', 'none')],
)
def test_a_tag_that_the_tower_does_not_have_is_refused_with_those_it_has(tower, tag, offers):
    with pytest.raises(
        FileNotFoundError, match=f"'{tag}' is neither a file nor weights .*{offers}"
    ):
        load_tower(nn.Identity(), tower, tag, 'semantic')


def test_a_tag_that_cannot_be_fetched_gives_both_ways(monkeypatch):
    def offline(*_args, **_options):
        raise ConnectionError('no route to host')

    monkeypatch.setattr(open_clip, 'download_pretrained', offline)
    message = r'no route to host.*run once with a network, or .*its path as `pretrained`'
    with pytest.raises(FileNotFoundError, match=message):
        load_tower(nn.Identity(), 'ViT-B-32', 'laion2b_s34b_b79k', 'semantic')


def test_no_tag_of_open_clip_looks_like_a_file():
    assert [tag for _, tag in open_clip.list_pretrained() if '.' in tag] == []
