"""Benchmarks: what a row says, and what the command accepts."""

import pytest
import torch

from restorelab import cli
from restorelab.apis.benchmark import as_table, benchmark

CONFIG = """
model = dict(
    type='DiffusionRestorer',
    backbone=dict(type='ResidualDiffusionUNet', width=8, channel_mults=[1, 1]),
    process=dict(type='SharedResidualProcess'),
    loss=dict(type='L1Loss'),
    sampler=dict(type='SDTDDIMSampler', steps=3))
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'tiny.py'
    path.write_text(CONFIG)
    return str(path)


def test_a_row_for_every_variant_and_size(config):
    rows = benchmark(
        [config],
        [(16, 24), (32, 32)],
        vary=(
            'model.backbone.attention.type',
            ['LinearAttentionBlock', 'ConstantAttentionBlock'],
        ),
        repeats=1,
    )
    assert [(row.size, row.model.rsplit('=')[-1]) for row in rows] == [
        ((16, 24), 'LinearAttentionBlock'),
        ((16, 24), 'ConstantAttentionBlock'),
        ((32, 32), 'LinearAttentionBlock'),
        ((32, 32), 'ConstantAttentionBlock'),
    ]
    exact, constant = rows[:2]
    assert exact.parameters == constant.parameters
    assert exact.gmac > constant.gmac > 0
    assert exact.change == 0 < constant.change < 1
    assert exact.cpu > 0
    assert exact.wall <= exact.wall_median


def test_multiplications_follow_the_steps(config):
    one, three = (
        benchmark([config], [(16, 16)], repeats=1, steps=steps)[0].gmac for steps in (1, 3)
    )
    assert three == pytest.approx(3 * one)


def test_the_number_of_threads_is_put_back(config):
    before = torch.get_num_threads()
    benchmark([config], [(16, 16)], repeats=1, threads=before + 1)
    assert torch.get_num_threads() == before


def test_the_table_has_a_line_for_every_row(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = as_table(benchmark(['tiny.py'], [(16, 24)], repeats=1), batch=1)
    assert '24x16' in text
    assert 'tiny.py' in text


@pytest.mark.parametrize('size', ['256', '0x4', 'axb'])
def test_a_wrong_size_is_a_usage_error(config, size, capsys):
    with pytest.raises(SystemExit):
        cli.main(['benchmark', config, '--sizes', size])
    assert 'WIDTHxHEIGHT' in capsys.readouterr().err
