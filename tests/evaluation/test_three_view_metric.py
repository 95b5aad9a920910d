"""Scores of a task on the degraded, the restored and the clean image."""

import pytest
from mmengine.evaluator import BaseMetric

from restorelab.evaluation import ThreeViewMetric
from restorelab.registry import METRICS


@METRICS.register_module()
class MeanAnswer(BaseMetric):
    default_prefix = 'toy'

    def process(self, data_batch, data_samples):
        self.results += [sample['answer'] for sample in data_samples]

    def compute_metrics(self, results):
        return dict(score=sum(results) / len(results))


def views(**answers) -> dict:
    return dict(key='a', views={view: dict(answer=answer) for view, answer in answers.items()})


def test_a_metric_is_taken_of_each_view():
    metric = ThreeViewMetric(dict(type='MeanAnswer'))
    metric.process(
        None,
        [
            views(degraded=0.0, restored=0.5, clean=1.0),
            views(degraded=0.2, restored=0.7, clean=1.0),
        ],
    )
    assert metric.evaluate(2) == pytest.approx(
        {'degraded/toy/score': 0.1, 'restored/toy/score': 0.6, 'clean/toy/score': 1.0}
    )


@METRICS.register_module()
class MeanOfAnswers(MeanAnswer):
    """Gives no score where there are no answers, as COCO's metric does without detections."""

    def compute_metrics(self, results):
        found = [answer for answer in results if answer is not None]
        return super().compute_metrics(found) if found else {}


def test_a_view_without_a_score_leaves_its_cell_empty(monkeypatch):
    shown = []
    monkeypatch.setattr(
        'restorelab.evaluation.three_view_metric.print_log', lambda text, logger: shown.append(text)
    )
    metric = ThreeViewMetric(dict(type='MeanOfAnswers'))
    metric.process(None, [views(degraded=None, restored=0.5, clean=1.0)])
    assert metric.evaluate(1) == {'restored/toy/score': 0.5, 'clean/toy/score': 1.0}
    assert ' - ' in shown[0]


def test_the_views_come_in_one_order():
    metric = ThreeViewMetric(dict(type='MeanAnswer'))
    metric.process(None, [views(clean=1.0, restored=0.5, degraded=0.0)])
    assert list(metric.evaluate(1)) == [
        'degraded/toy/score',
        'restored/toy/score',
        'clean/toy/score',
    ]


def test_a_set_without_clean_images_has_two_views():
    metric = ThreeViewMetric(dict(type='MeanAnswer'))
    metric.process(None, [views(degraded=0.0, restored=0.5)])
    assert set(metric.evaluate(1)) == {'degraded/toy/score', 'restored/toy/score'}


def test_views_must_not_change_within_a_set():
    metric = ThreeViewMetric(dict(type='MeanAnswer'))
    with pytest.raises(KeyError, match='with and without a clean one'):
        metric.process(
            None, [views(degraded=0.0, restored=0.5), views(degraded=0.0, restored=0.5, clean=1.0)]
        )


def test_a_sample_without_predictions_is_named():
    with pytest.raises(KeyError, match="'a' has no predictions"):
        ThreeViewMetric(dict(type='MeanAnswer')).process(None, [dict(key='a')])
