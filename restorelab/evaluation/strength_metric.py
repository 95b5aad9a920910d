"""How well the strengths of degradations are estimated."""

from mmengine.evaluator import BaseMetric

from restorelab.registry import METRICS


@METRICS.register_module()
class StrengthMetric(BaseMetric):
    """Mean distance of estimated strengths from true ones, and false alarms.

    Keys: ``error/<kind>``, the mean absolute error, in units of [0, 1]; ``error/mean``;
    ``alarms``, in percent: estimates above ``alarm`` where the true strength is 0. It reads
    ``true_strengths`` and ``estimated_strengths`` of the samples.

    Args:
        alarm: an estimate above this counts as found.
    """

    def __init__(self, alarm: float = 0.15, **kwargs):
        super().__init__(**kwargs)
        self.alarm = alarm

    def process(self, data_batch, data_samples: list[dict]) -> None:
        for sample in data_samples:
            self.results.append((sample['true_strengths'], sample['estimated_strengths']))

    def compute_metrics(self, results: list[tuple[dict, dict]]) -> dict[str, float]:
        metrics: dict[str, float] = {}
        absent = alarms = 0
        for kind in results[0][0]:
            errors = [abs(true[kind] - estimated[kind]) for true, estimated in results]
            metrics[f'error/{kind}'] = sum(errors) / len(errors)
            for true, estimated in results:
                if true[kind] == 0:
                    absent += 1
                    alarms += estimated[kind] > self.alarm
        metrics['error/mean'] = sum(metrics.values()) / len(metrics)
        metrics['alarms'] = 100 * alarms / max(absent, 1)
        return metrics
