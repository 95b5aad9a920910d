"""Whether a quality perceiver puts the images of a sample in the right order."""

from collections import defaultdict
from itertools import pairwise

from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from restorelab.registry import METRICS


@METRICS.register_module()
class TierRankMetric(BaseMetric):
    """Share of the samples whose tiers have strictly rising scores.

    Keys: ``ranked/<degradation>`` and ``ranked/all``; ``ends/all`` is the share in which the best
    tier beats the worst. By chance these are 1/6 for three tiers, and 1/2 for the ends. It reads
    ``tier_scores`` of the samples, the worst tier first.

    Args:
        collect_device, prefix: of MMEngine's BaseMetric.
    """

    default_prefix = ''

    def __init__(self, collect_device: str = 'cpu', prefix: str | None = None):
        super().__init__(collect_device, prefix)

    def process(self, data_batch, data_samples: list[dict]) -> None:
        for sample in data_samples:
            scores = sample['tier_scores']
            is_ranked = all(low < high for low, high in pairwise(scores))
            self.results.append((sample['degradation'], is_ranked, scores[0] < scores[-1]))

    def compute_metrics(self, results: list[tuple[str, bool, bool]]) -> dict[str, float]:
        ranked: dict[str, list[bool]] = defaultdict(list)
        for degradation, is_ranked, _ in results:
            ranked[degradation].append(is_ranked)
        metrics = {f'ranked/{name}': _share(ranked[name]) for name in sorted(ranked)}
        metrics['ranked/all'] = _share([is_ranked for _, is_ranked, _ in results])
        metrics['ends/all'] = _share([is_apart for _, _, is_apart in results])
        print_log('  '.join(f'{name} {value:.1%}' for name, value in metrics.items()), 'current')
        return metrics


def _share(answers: list[bool]) -> float:
    return sum(answers) / len(answers)
