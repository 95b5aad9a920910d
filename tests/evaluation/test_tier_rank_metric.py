import pytest

from restorelab.registry import METRICS


def test_shares_of_the_samples_with_rising_scores():
    metric = METRICS.build(dict(type='TierRankMetric'))
    metric.process(
        None,
        [
            dict(degradation='rain', tier_scores=[0.1, 0.2, 0.3]),
            dict(degradation='haze', tier_scores=[0.1, 0.3, 0.2]),
            dict(degradation='haze', tier_scores=[0.3, 0.2, 0.1]),
            dict(degradation='haze', tier_scores=[0.1, 0.2, 0.3]),
        ],
    )
    assert metric.evaluate(4) == pytest.approx(
        {'ranked/haze': 1 / 3, 'ranked/rain': 1, 'ranked/all': 0.5, 'ends/all': 0.75}
    )
