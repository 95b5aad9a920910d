"""PSNR and SSIM of each degradation, beside those of the degraded input."""

import logging
import math

import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from restorelab.evaluation.perceptual import perceptual_score
from restorelab.evaluation.protocols import Protocol, find_preset
from restorelab.registry import METRICS
from restorelab.utils.tables import draw_table

COLUMNS = ('PSNR', 'SSIM')
COMPARED_COLUMNS = ('input PSNR', 'input SSIM', 'restored PSNR', 'restored SSIM', 'gain dB')

Means = dict[str, dict[str, float]]  # by name of the score, then by degradation


@METRICS.register_module()
class RestorationMetric(BaseMetric):
    """PSNR and SSIM of each degradation, their means, and the gain over the degraded input.

    Keys: ``<protocol>/psnr/<degradation>`` and ``<protocol>/psnr/mean``, the same for ``ssim``, and
    ``input_psnr`` and ``input_ssim`` for the degraded input. The mean is that of the degradations.
    A table is logged at the end. Pairs of identical images have an infinite PSNR: they are left out
    of its mean and counted below the table.

    Args:
        protocols: names of presets (``rgb``, ``y``, ``tpgdiff``, ``diffuir``, ...), or dicts with
            ``name`` and the options of ``Protocol``.
        by_degradation: one row for each degradation; False: one row for the whole set.
        baseline: score the degraded input, too.
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
        self.protocols = dict(_named_protocol(protocol) for protocol in protocols)
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
            group = sample['degradation'] if self.by_degradation else 'all'
            self.results.append((group, key, scores))

    @torch.no_grad()
    def _scores(self, sample: dict) -> dict[str, float]:
        gt, restored, lq = sample['gt'][None], sample['restored'][None], sample['lq'][None]
        scores = {}
        for name, protocol_of in self.protocols.items():
            protocol = _protocol(protocol_of, sample['degradation'])
            psnr, ssim = protocol.score(restored, gt)
            scores[f'{name}/psnr'], scores[f'{name}/ssim'] = float(psnr), float(ssim)
            if self.baseline:
                psnr, ssim = protocol.score(lq, gt)
                scores[f'{name}/input_psnr'] = float(psnr)
                scores[f'{name}/input_ssim'] = float(ssim)
        for name, (score, _) in self.perceptual.items():
            scores[f'perceptual/{name}'] = float(score(restored, gt))
        return scores

    def compute_metrics(self, results: list[tuple[str, str, dict]]) -> dict[str, float]:
        degradations = sorted({degradation for degradation, _, _ in results})
        means: Means = {}
        for name in results[0][2]:
            average = mean_psnr if name.endswith('psnr') else mean
            means[name] = {}
            for degradation in degradations:
                values = [scores[name] for group, _, scores in results if group == degradation]
                means[name][degradation] = average(values)
            means[name]['mean'] = average(list(means[name].values()))
        self._log(means, degradations, results)
        metrics = {}
        for name, values in means.items():
            for degradation, value in values.items():
                metrics[f'{name}/{degradation}'] = value
        return metrics

    def _log(self, means: Means, degradations: list[str], results: list) -> None:
        for name, protocol_of in self.protocols.items():
            print_log(f'\n{_table(name, protocol_of, means, degradations)}', 'current')
        for name, (_, lower_is_better) in self.perceptual.items():
            better = 'lower' if lower_is_better else 'higher'
            values = means[f'perceptual/{name}'].items()
            shown = '  '.join(f'{degradation} {value:.4f}' for degradation, value in values)
            print_log(f'{name} ({better} is better): {shown}', 'current')
        for name in means:
            if name.endswith('psnr'):
                _log_special(name, results)


def _log_special(name: str, results: list[tuple[str, str, dict]]) -> None:
    """Name the images whose PSNR is infinite or NaN."""
    equal = [key for _, key, scores in results if scores[name] == math.inf]
    broken = [key for _, key, scores in results if math.isnan(scores[name])]
    if equal:
        print_log(
            f'{name}: {len(equal)} of {len(results)} images equal the clean one (infinite PSNR) '
            f'and are left out of the mean: {equal[:5]}',
            'current',
        )
    if broken:
        print_log(
            f'{name}: {len(broken)} of {len(results)} images hold NaN: {broken[:5]}',
            'current',
            logging.WARNING,
        )


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def mean_psnr(values: list[float]) -> float:
    """Mean of the finite values and NaN, so that one identical pair does not hide the others.

    Only infinite values give inf; one NaN gives NaN.
    """
    finite = [value for value in values if not math.isinf(value)]
    return mean(finite) if finite else math.inf


def _named_protocol(spec: str | dict) -> tuple[str, dict[str, Protocol]]:
    """The name of a protocol, and the protocol of each degradation."""
    if isinstance(spec, str):
        return spec, find_preset(spec)
    options = dict(spec)
    name = options.pop('name', None)
    if name is None:
        raise KeyError(f"a protocol given as a dict needs a 'name' to print; got {options}")
    return name, dict(any=Protocol(**options))


def _protocol(protocol_of: dict[str, Protocol], degradation: str) -> Protocol:
    return protocol_of.get(degradation, protocol_of['any'])


def _table(
    name: str, protocol_of: dict[str, Protocol], means: Means, degradations: list[str]
) -> str:
    """The scores of one protocol: a row for each degradation, and their mean."""
    used = {degradation: _protocol(protocol_of, degradation) for degradation in degradations}
    is_one = len(set(used.values())) == 1
    has_input = f'{name}/input_psnr' in means
    columns = ['degradation', *(COMPARED_COLUMNS if has_input else COLUMNS)]
    if not is_one:
        columns.append('protocol')
    rows = []
    for degradation in [*degradations, 'mean']:
        psnr, ssim = means[f'{name}/psnr'][degradation], means[f'{name}/ssim'][degradation]
        cells = [f'{psnr:.2f}', f'{ssim:.4f}']
        if has_input:
            before = means[f'{name}/input_psnr'][degradation]
            before_ssim = means[f'{name}/input_ssim'][degradation]
            cells = [f'{before:.2f}', f'{before_ssim:.4f}', *cells, f'{psnr - before:+.2f}']
        if not is_one:
            cells.append(str(used.get(degradation, '')))
        rows.append([degradation, *cells])
    rows.insert(-1, None)  # a line above the mean
    title = f'{name}: {used[degradations[0]]}' if is_one else name
    return draw_table(columns, rows, title)
