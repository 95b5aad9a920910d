"""The MMEngine metric: PSNR and SSIM of every degradation beside those of the degraded input."""

import logging
from collections.abc import Iterable
from io import StringIO

import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from torch import Tensor

from restorelab.evaluation.perceptual import perceptual_score
from restorelab.evaluation.protocols import Protocol, find_preset
from restorelab.registry import METRICS


def mean_psnr(values: Tensor) -> float:
    """Mean over the finite ones and NaN, so that one identical pair does not make the rest unreadable.

    All inf gives inf; one NaN gives NaN.
    """
    kept = values[~torch.isinf(values)]
    return mean(kept) if len(kept) else float('inf')


def mean(values: Tensor) -> float:
    return values.mean().item()


@METRICS.register_module()
class RestorationMetric(BaseMetric):
    """PSNR and SSIM by degradation, their mean over the degradations, and the gain over the degraded input.

    Keys: ``<protocol>/psnr/<degradation>``, ``<protocol>/psnr/mean``, the same for ``ssim``, and for the degraded input
    ``<protocol>/input_psnr/<degradation>`` and so on. A table of them is logged at the end. Pairs of identical images have
    an infinite PSNR: they are left out of its mean and counted below the table.

    Args:
        protocols: names of presets (``rgb``, ``y``, ``tpgdiff``, ``diffuir``, ...), or dicts with ``name`` and the
            options of ``Protocol``.
        by_degradation: one row a degradation; False: one row for the whole set.
        baseline: score the degraded input too.
        perceptual: further scores of the restored image, ``lpips`` or ``pyiqa:<name>``.
        collect_device, prefix: of MMEngine's BaseMetric.
    Raises: KeyError for an unknown protocol or score.
    """

    default_prefix = ''

    def __init__(
        self,
        protocols: list[str | dict] = ('rgb',),
        by_degradation: bool = True,
        baseline: bool = True,
        perceptual: list[str] = (),
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ):
        super().__init__(collect_device, prefix)
        protocols = [protocols] if isinstance(protocols, str | dict) else protocols
        self.protocols = dict(_named_protocol(spec) for spec in protocols)
        self.by_degradation, self.baseline = by_degradation, baseline
        self.perceptual = {name: perceptual_score(name) for name in perceptual}

    def process(self, data_batch, data_samples: list[dict]) -> None:
        for sample in data_samples:
            key = sample.get('key', '?')
            if 'gt' not in sample:
                raise KeyError(f"sample '{key}' has no 'gt'; scores need a paired data set")
            try:
                scores = self._scores(sample)
            except ValueError as error:
                raise ValueError(f"sample '{key}': {error}") from error
            self.results.append(
                (sample['degradation'] if self.by_degradation else 'all', key, scores)
            )

    @torch.no_grad()
    def _scores(self, sample: dict) -> dict[str, float]:
        gt, restored, lq = (sample[name][None] for name in ('gt', 'restored', 'lq'))
        scores = {}
        for name, by_degradation in self.protocols.items():
            protocol = by_degradation.get(sample['degradation'], by_degradation['any'])
            scores[f'{name}/psnr'], scores[f'{name}/ssim'] = map(
                float, protocol.score(restored, gt)
            )
            if self.baseline:
                scores[f'{name}/input_psnr'], scores[f'{name}/input_ssim'] = map(
                    float, protocol.score(lq, gt)
                )
        for name, (score, _) in self.perceptual.items():
            scores[f'perceptual/{name}'] = float(score(restored, gt))
        return scores

    def compute_metrics(self, results: list[tuple[str, str, dict]]) -> dict[str, float]:
        degradations = sorted({degradation for degradation, _, _ in results})
        means: dict[str, dict[str, float]] = {}
        for name in results[0][2]:
            by_degradation = {
                degradation: _tensor(scores[name] for t, _, scores in results if t == degradation)
                for degradation in degradations
            }
            average = mean_psnr if name.endswith('psnr') else mean
            means[name] = {
                degradation: average(values) for degradation, values in by_degradation.items()
            }
            means[name]['mean'] = average(_tensor(means[name].values()))
        self._log(means, degradations, results)
        return {
            f'{name}/{degradation}': value
            for name, values in means.items()
            for degradation, value in values.items()
        }

    def _log(self, means: dict, degradations: list[str], results: list) -> None:
        for name, by_degradation in self.protocols.items():
            print_log(f'\n{_table(name, by_degradation, means, degradations)}', 'current')
        for name, (_, lower_better) in self.perceptual.items():
            values = '  '.join(
                f'{degradation} {value:.4f}'
                for degradation, value in means[f'perceptual/{name}'].items()
            )
            print_log(
                f'{name} ({"lower" if lower_better else "higher"} is better): {values}', 'current'
            )
        for kind in (name for name in means if name.endswith('psnr')):
            equal = [key for _, key, scores in results if scores[kind] == float('inf')]
            broken = [key for _, key, scores in results if scores[kind] != scores[kind]]
            if equal:
                print_log(
                    f'{kind}: {len(equal)} of {len(results)} images equal the clean one (infinite PSNR) and are '
                    f'left out of the mean: {equal[:5]}',
                    'current',
                )
            if broken:
                print_log(
                    f'{kind}: {len(broken)} of {len(results)} images hold NaN: {broken[:5]}',
                    'current',
                    logging.WARNING,
                )


def _named_protocol(spec: str | dict) -> tuple[str, dict[str, Protocol]]:
    if isinstance(spec, str):
        return spec, find_preset(spec)
    if 'name' not in spec:
        raise KeyError(f"a protocol given as a dict needs a 'name' to print; got {dict(spec)}")
    return spec['name'], dict(
        any=Protocol(**{key: value for key, value in spec.items() if key != 'name'})
    )


def _tensor(values: Iterable[float]) -> Tensor:
    return torch.tensor(list(values), dtype=torch.float64)


def _table(
    name: str, by_degradation: dict[str, Protocol], means: dict, degradations: list[str]
) -> str:
    """The scores of one protocol as text."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    used = {
        degradation: by_degradation.get(degradation, by_degradation['any'])
        for degradation in degradations
    }
    title = f'{name}: {used[degradations[0]]}' if len(set(used.values())) == 1 else name
    table = Table(title=title, box=SIMPLE, title_justify='left')
    table.add_column('degradation')
    with_input = f'{name}/input_psnr' in means
    compared = ['input PSNR', 'input SSIM', 'restored PSNR', 'restored SSIM', 'gain dB']
    for column in compared if with_input else ['PSNR', 'SSIM']:
        table.add_column(column, justify='right')
    if len(set(used.values())) > 1:
        table.add_column('protocol')
    for degradation in [*degradations, 'mean']:
        psnr, ssim = means[f'{name}/psnr'][degradation], means[f'{name}/ssim'][degradation]
        cells = [f'{psnr:.2f}', f'{ssim:.4f}']
        if with_input:
            before = means[f'{name}/input_psnr'][degradation]
            cells = [
                f'{before:.2f}',
                f'{means[f"{name}/input_ssim"][degradation]:.4f}',
                *cells,
                f'{psnr - before:+.2f}',
            ]
        if len(set(used.values())) > 1:
            cells.append(str(used.get(degradation, '')))
        table.add_row(degradation, *cells, end_section=degradation == degradations[-1])
    text = StringIO()
    Console(file=text, width=120, color_system=None).print(table)
    return text.getvalue().rstrip()
