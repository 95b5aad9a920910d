"""Whether a quality perceiver puts the images of a sample in the right order."""

from itertools import pairwise

from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from restorelab.registry import METRICS


@METRICS.register_module()
class TierRankMetric(BaseMetric):
    """Share of samples whose tiers have strictly rising scores, by degradation and over all of them.

    Keys: ``ranked/<degradation>``, ``ranked/all``; ``ends/all`` is the share in which the best beats the worst. Chance gives
    1/6 for three tiers, and 1/2 for the ends. Reads ``tier_scores`` of the samples, the worst tier first.

    Args:
        collect_device, prefix: of MMEngine's BaseMetric.
    """

    default_prefix = ''

    def __init__(self, collect_device: str = 'cpu', prefix: str | None = None):
        super().__init__(collect_device, prefix)

    def process(self, data_batch, data_samples: list[dict]) -> None:
        for sample in data_samples:
            scores = sample['tier_scores']
            rising = all(low < high for low, high in pairwise(scores))
            self.results.append((sample['degradation'], rising, scores[0] < scores[-1]))

    def compute_metrics(self, results: list[tuple[str, bool, bool]]) -> dict[str, float]:
        degradations = sorted({degradation for degradation, _, _ in results})
        metrics = {
            f'ranked/{degradation}': _share(
                rising for name, rising, _ in results if name == degradation
            )
            for degradation in degradations
        }
        metrics['ranked/all'] = _share(rising for _, rising, _ in results)
        metrics['ends/all'] = _share(apart for _, _, apart in results)
        print_log('  '.join(f'{name} {value:.1%}' for name, value in metrics.items()), 'current')
        return metrics


def _share(answers) -> float:
    answers = list(answers)
    return sum(answers) / len(answers)
