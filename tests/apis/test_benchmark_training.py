"""How fast configs train: what a row says."""

import pytest
from mmengine.config import Config

from restorelab.apis.benchmark_training import as_table, benchmark_training
from tests.engine.toys import toy_config


@pytest.fixture
def config(tmp_path):
    cfg = toy_config(tmp_path)
    cfg.pop('work_dir')
    path = tmp_path / 'toy.py'
    path.write_text(Config(cfg.to_dict()).pretty_text)
    return str(path)


def test_a_row_for_every_value_and_nothing_is_kept(config, tmp_path):
    before = sorted(tmp_path.iterdir())
    rows = benchmark_training(
        [config], iterations=3, vary=('train_dataloader.dataset.seconds', [0.0, 0.3])
    )
    assert [row.name.rsplit('=')[-1] for row in rows] == ['0.0', '0.3']
    quick, slow = rows
    assert 0 <= quick.waiting <= slow.waiting <= 1
    assert slow.crops < 1 / 0.3  # each image takes 0.3 s to read
    assert sorted(tmp_path.iterdir()) == before
    assert as_table(rows).count(' %') == 2


def test_at_least_one_iteration(config):
    with pytest.raises(ValueError, match='iterations'):
        benchmark_training([config], iterations=0)
