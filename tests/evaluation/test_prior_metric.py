import pytest

from restorelab.registry import METRICS


def test_accuracy_and_cosine_are_means_over_samples():
    metric = METRICS.build(dict(type='PriorMetric'))
    samples = [
        dict(degradation='rain', predicted_degradation=predicted, semantic_cosine=cosine)
        for predicted, cosine in (('rain', 0.5), ('haze', 0.7), ('rain', 0.9), ('rain', 0.9))
    ]
    metric.process({}, samples)
    assert metric.compute_metrics(metric.results) == pytest.approx(
        dict(degradation_accuracy=75, semantic_cosine=0.75)
    )
