import math
import sys

import pytest
import torch
from mmengine.logging import MMLogger

from restorelab.evaluation.restoration_metric import RestorationMetric
from restorelab.registry import METRICS


def sample(degradation: str, error: float, input_error: float = 0.2, key: str = 'key') -> dict:
    """A gray image, restored with a constant error and degraded by another one."""
    gt = torch.full((3, 24, 24), 0.5)
    return dict(gt=gt, restored=gt + error, lq=gt + input_error, degradation=degradation, key=key)


def evaluate(metric: RestorationMetric, samples: list[dict]) -> dict[str, float]:
    metric.process(None, samples)
    return metric.evaluate(len(samples))


@pytest.fixture
def log(tmp_path):
    """Text of what was logged during the test."""
    logger = MMLogger.get_instance(tmp_path.name, log_file=str(tmp_path / 'log'))
    assert logger is MMLogger.get_current_instance()
    return (tmp_path / 'log').read_text


FLOAT = dict(name='float', uint8=False)


def test_scores_are_means_by_degradation():
    metrics = evaluate(
        RestorationMetric([FLOAT]),
        [sample('noise', 0.1), sample('noise', 0.01), sample('haze', 0.1)],
    )
    assert metrics['float/psnr/noise'] == pytest.approx(30, abs=1e-4)
    assert metrics['float/psnr/haze'] == pytest.approx(20, abs=1e-4)


def test_the_mean_weighs_every_degradation_alike():
    metrics = evaluate(
        RestorationMetric([FLOAT]),
        [sample('noise', 0.1), sample('noise', 0.1), sample('haze', 0.01)],
    )
    assert metrics['float/psnr/mean'] == pytest.approx(30, abs=1e-4)


def test_the_degraded_input_is_scored_beside():
    metrics = evaluate(RestorationMetric([FLOAT]), [sample('noise', 0.01, input_error=0.1)])
    assert metrics['float/input_psnr/noise'] == pytest.approx(20, abs=1e-4)


def test_without_a_baseline_the_input_is_not_scored():
    metrics = evaluate(RestorationMetric([FLOAT], baseline=False), [sample('noise', 0.1)])
    assert set(metrics) == {
        f'float/{score}/{row}' for score in ('psnr', 'ssim') for row in ('noise', 'mean')
    }


def test_one_row_for_the_whole_set():
    metrics = evaluate(
        RestorationMetric([FLOAT], by_degradation=False),
        [sample('noise', 0.1), sample('haze', 0.01)],
    )
    assert metrics['float/psnr/all'] == metrics['float/psnr/mean'] == pytest.approx(30, abs=1e-4)


def test_several_protocols_are_printed_by_their_names():
    metrics = evaluate(RestorationMetric(['rgb', 'tpgdiff']), [sample('noise', 0.1)])
    assert {'rgb/psnr/noise', 'tpgdiff/psnr/noise'} <= set(metrics)


def test_a_preset_may_score_a_degradation_in_its_own_way():
    # one level of red is less than half a level of luma, so rounded luma does not show it
    image = sample('haze', 0.0)
    image['restored'] = image['gt'] + torch.tensor([0.004, 0.0, 0.0]).view(3, 1, 1)
    metrics = evaluate(RestorationMetric(['diffuir']), [image, {**image, 'degradation': 'rain'}])
    assert metrics['diffuir/psnr/haze'] == math.inf
    assert metrics['diffuir/psnr/rain'] < 60


def test_a_perfect_image_does_not_hide_the_others(log):
    metrics = evaluate(
        RestorationMetric([FLOAT]), [sample('noise', 0.0, key='perfect'), sample('noise', 0.1)]
    )
    assert metrics['float/psnr/noise'] == pytest.approx(20, abs=1e-4)
    assert (
        '1 of 2 images equal the clean one (infinite PSNR) and are left out of the mean: '
        "['perfect']" in log()
    )


def test_only_perfect_images_give_infinity():
    assert (
        evaluate(RestorationMetric([FLOAT]), [sample('noise', 0.0)])['float/psnr/noise'] == math.inf
    )


def test_an_image_with_nan_is_seen_in_the_mean_and_named(log):
    metrics = evaluate(
        RestorationMetric(['rgb']), [sample('noise', math.nan, key='broken'), sample('noise', 0.1)]
    )
    assert math.isnan(metrics['rgb/psnr/noise'])
    assert "rgb/psnr: 1 of 2 images hold NaN: ['broken']" in log()


def test_the_table_shows_protocol_rows_and_gain(log):
    evaluate(
        RestorationMetric(['tpgdiff']), [sample('noise', 0.1, input_error=0.2), sample('haze', 0.1)]
    )
    text = log()
    assert 'tpgdiff: rgb, uint8, crop 4, ssim gaussian' in text
    assert all(
        word in text
        for word in ('noise', 'haze', 'mean', 'input PSNR', 'restored SSIM', 'gain dB', '+')
    )


def test_an_unpaired_sample_is_named():
    unpaired = sample('noise', 0.1, key='alone')
    del unpaired['gt']
    with pytest.raises(KeyError, match="'alone' has no 'gt'"):
        RestorationMetric().process(None, [unpaired])


def test_an_image_too_small_for_the_window_is_named():
    small = {
        name: value[:, :8] if torch.is_tensor(value) else value
        for name, value in sample('noise', 0.1).items()
    }
    with pytest.raises(ValueError, match=r"sample 'key': image is 8x24; .* at least 11x11"):
        RestorationMetric().process(None, [small])


def test_an_unknown_protocol_fails_when_the_metric_is_built():
    with pytest.raises(KeyError, match="no metric protocol is called 'rbg'; known"):
        METRICS.build(dict(type='RestorationMetric', protocols=['rbg']))


def test_a_protocol_without_a_name_is_refused():
    with pytest.raises(KeyError, match="needs a 'name'"):
        RestorationMetric([dict(space='y')])


def test_a_score_of_a_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pyiqa', None)
    with pytest.raises(ImportError, match=r"'pyiqa:musiq' needs the package pyiqa .*pip install"):
        RestorationMetric(perceptual=['pyiqa:musiq'])


def test_an_unknown_score_is_refused():
    with pytest.raises(KeyError, match="'musiq'; take 'lpips' or 'pyiqa:"):
        RestorationMetric(perceptual=['musiq'])


def test_a_perceptual_score_stands_beside_the_others(monkeypatch, log):
    monkeypatch.setattr(
        'restorelab.evaluation.restoration_metric.perceptual_score',
        lambda name: ((lambda restored, clean: (restored - clean).abs().mean()), True),
    )
    metrics = evaluate(RestorationMetric(perceptual=['lpips']), [sample('noise', 0.125)])
    assert metrics['perceptual/lpips/noise'] == pytest.approx(0.125)
    assert 'lpips (lower is better)' in log()
