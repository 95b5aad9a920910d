"""A model is asked about its data before anything is computed."""

import pytest

from restorelab.apis.testing import test as score
from restorelab.apis.training import train
from restorelab.registry import DATASETS, MODELS
from tests.engine.toys import ToyPairs, ToyRestorer, toy_config


@MODELS.register_module()
class PickyRestorer(ToyRestorer):
    """Refuses a size of data set, and remembers what it was asked."""

    asked: list[tuple[int, bool]] = []

    def __init__(self, refused: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.refused = refused

    def check_dataset(self, dataset, training: bool) -> None:
        self.asked.append((len(dataset), training))
        if len(dataset) == self.refused:
            raise ValueError(f'{len(dataset)} images are not wanted')


@DATASETS.register_module()
class TwoPairs(ToyPairs):
    """A set of two parts."""

    def __init__(self):
        super().__init__(6)

    @property
    def parts(self) -> list[ToyPairs]:
        return [ToyPairs(2), ToyPairs(3)]


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch):
    monkeypatch.setattr(PickyRestorer, 'asked', [])


def config(work_dir, **changes):
    return toy_config(work_dir, max_iters=2, **{'model.type': 'PickyRestorer', **changes})


def test_a_training_asks_about_both_of_its_sets(tmp_path):
    train(config(tmp_path))
    assert PickyRestorer.asked == [(6, True), (4, False)]


def test_a_test_asks_about_its_set(tmp_path):
    train(config(tmp_path))
    PickyRestorer.asked.clear()
    score(config(tmp_path), str(tmp_path / 'iter_2.pth'))
    assert PickyRestorer.asked == [(4, False)]


@pytest.mark.parametrize('refused', [6, 4], ids=['of training', 'of validation'])
def test_a_refused_set_ends_the_training_before_its_first_step(tmp_path, refused):
    with pytest.raises(ValueError, match=f'{refused} images are not wanted'):
        train(config(tmp_path, **{'model.refused': refused}))
    assert not list(tmp_path.glob('losses_*.txt'))


def test_every_part_of_a_joined_set_is_asked_about(tmp_path):
    with pytest.raises(ValueError, match='3 images are not wanted'):
        train(
            config(
                tmp_path, **{'model.refused': 3, 'train_dataloader.dataset': dict(type='TwoPairs')}
            )
        )
    assert PickyRestorer.asked == [(2, True), (3, True)]
