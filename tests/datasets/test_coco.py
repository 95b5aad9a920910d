"""Annotation files."""

from restorelab.datasets.coco import rasterize


def test_run_lengths_go_down_the_columns():
    mask = rasterize(dict(size=[2, 3], counts=[1, 2, 3]), 2, 3, 'x')
    assert mask.tolist() == [[0, 1, 0], [1, 0, 0]]
