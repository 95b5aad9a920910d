"""A sample of ``tests.attack.misspellings``: what is not refused has a reason."""

import importlib.util

import pytest

from tests.attack.misspellings import ROOT, check_all, keys_of, misspelt, reason_of

SAMPLE = [
    'configs/house/allinone.py',
    'configs/tpgdiff/allinone.py',
    'configs/unirestore/cfrm_tfa_diffuir.py',
]
DETECTOR = 'configs/detectors/retinanet_shapes.py'


def unexplained(config: str, every: int) -> list[str]:
    found = keys_of([ROOT / config])
    found = {path: keys[::every] for path, keys in found.items()}
    results = list(check_all(found, slips=2))
    assert len(results) > 40
    passed = [result for result in results if result.error is None]
    assert len(passed) < len(results) / 10
    return [f'{each.key}: {each.slip}' for each in passed if reason_of(each.key) is None]


@pytest.mark.parametrize('config', SAMPLE)
def test_a_misspelt_key_is_refused_or_has_a_reason(config):
    assert unexplained(config, every=9) == []


@pytest.mark.skipif(
    importlib.util.find_spec('mmdet') is None, reason='the detection extra is missing'
)
def test_a_misspelt_key_of_a_detector_is_refused_or_has_a_reason():
    assert unexplained(DETECTOR, every=2) == []


def test_a_word_is_misspelt_in_every_way():
    assert misspelt('lr') == ['r', 'llr', 'rl', 'sr', 'l', 'lrr', 'ly']
    assert misspelt('type')[:4] == ['tpe', 'tyype', 'tpye', 'tfpe']
