"""The papers' recipes have the papers' numbers of parameters."""

from pathlib import Path

import pytest
import torch
from mmengine.registry import DefaultScope

from restorelab.config import load_config
from restorelab.registry import MODELS

CONFIGS = Path(__file__).resolve().parents[2] / 'projects' / 'tpgdiff' / 'configs'


def build(name: str):
    with torch.device('meta'), DefaultScope.overwrite_default_scope('restorelab'):
        return MODELS.build(load_config(CONFIGS / name).model)


def count(*modules, trained: bool = False) -> int:
    return sum(
        weight.numel()
        for module in modules
        for weight in module.parameters()
        if weight.requires_grad or not trained
    )


@pytest.fixture(scope='module')
def allinone():
    return build('allinone_paper.py')


def test_tpgdiff_network_and_adapters(allinone):
    assert count(allinone.backbone, allinone.adapters) == 49_736_451


def test_tpgdiff_structure_prior(allinone):
    assert count(allinone.priors['structure']) == 7_118_720


def test_tpgdiff_trains_network_adapters_and_structure_prior_only(allinone):
    cross_attention = 1_247_744  # norms, queries and keys in front of a single token
    film = 395_776  # the two layers that the official network has and never uses
    trained = count(allinone, trained=True)
    assert trained + cross_attention + film == 49_736_451 + 7_118_720


def test_tpgdiff_schedule_has_values_after_a_build_on_the_meta_device(allinone):
    torch.testing.assert_close(allinone.process.alpha(100), torch.tensor(0.005))


def test_tpgdiff_prior_stage():
    model = build('priors_paper.py')
    assert count(model) == 269_852_933
    assert count(model, trained=True) == 182_003_717


PERCEIVE_IR = Path('..') / '..' / 'perceive_ir' / 'configs'


@pytest.mark.parametrize(
    ('name', 'size'),
    [('adair3.py', 33_901_111), ('adair5.py', 33_901_111), ('adair3_figure.py', 27_859_919)],
)
def test_perceive_ir_network_guidance_and_encoder(name, size):
    model = build(PERCEIVE_IR / name)
    assert count(model.backbone, model.adapters, model.priors['degradation']) == size
    assert count(model, trained=True) == size


def test_perceive_ir_first_stage():
    assert count(build(PERCEIVE_IR / 'medium0.py')) == 25_571_439
    assert count(build(PERCEIVE_IR / 'prompts.py'), trained=True) == 3 * 16 * 512


def test_restormer():
    assert count(build(PERCEIVE_IR / 'restormer_adair5.py')) == 26_126_644


def test_dinov2_base():
    assert count(build(PERCEIVE_IR / 'adair3.py').priors['semantic']) == 86_580_480
