import pytest

from restorelab.registry import METRICS


def scores(pairs, **options):
    metric = METRICS.build(dict(type='StrengthMetric', **options))
    samples = []
    for true, estimated in pairs:
        samples.append(dict(true_strengths=true, estimated_strengths=estimated))
    metric.process(None, samples[:1])
    metric.process(None, samples[1:])
    return metric.evaluate(len(samples))


PAIRS = [
    (dict(noise=0.5, haze=0.0), dict(noise=0.4, haze=0.1)),
    (dict(noise=0.0, haze=0.8), dict(noise=0.3, haze=0.5)),
]


def test_errors_are_means_over_samples_and_then_over_kinds():
    found = scores(PAIRS)
    assert found['error/noise'] == pytest.approx((0.1 + 0.3) / 2)
    assert found['error/haze'] == pytest.approx((0.1 + 0.3) / 2)
    assert found['error/mean'] == pytest.approx(0.2)


@pytest.mark.parametrize(('alarm', 'percent'), [(0.05, 100), (0.2, 50), (0.3, 0)])
def test_a_false_alarm_is_an_estimate_above_the_threshold_where_nothing_is(alarm, percent):
    assert scores(PAIRS, alarm=alarm)['alarms'] == percent


def test_without_an_absent_degradation_there_is_no_false_alarm():
    assert scores([(dict(noise=0.5), dict(noise=0.9))])['alarms'] == 0
