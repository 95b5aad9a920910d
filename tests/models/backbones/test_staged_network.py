import pytest
import torch
from mmengine.config import Config

from restorelab.config import load_config
from restorelab.registry import BACKBONES
from restorelab.structures import Condition, TapContext
from tests.models.backbones.test_stage import Lift
from tests.models.tiny import HOUSE, STAGE, TINY_BACKBONES, part


class Double(Lift):
    """Doubles, and counts how often it is run."""

    def forward(self, lq, ctx):
        self.calls += 1
        return 2 * lq


def build():
    """A lift where there is noise, then a doubling where there is haze."""
    network = BACKBONES.build(part(TINY_BACKBONES, 'StagedNetwork')).eval()
    network.stages['grain'].backbone, network.stages['haze'].backbone = Lift(), Double()
    return network


def found(noise, haze):
    strengths = dict(noise=noise, jpeg=0.0, haze=haze)
    vectors = {kind: torch.tensor([[value]]) for kind, value in strengths.items()}
    return TapContext({}, Condition(vectors=vectors))


LQ = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_stages_act_in_their_order():
    torch.testing.assert_close(build()(LQ, found(1.0, 1.0)), 2 * (LQ + 0.4))


@pytest.mark.parametrize(('noise', 'haze'), [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0)])
def test_only_stages_that_are_needed_are_run(noise, haze):
    network = build()
    network(LQ, found(noise, haze))
    assert [stage.backbone.calls for stage in network.stages.values()] == [noise, haze]


def test_a_good_picture_comes_back_as_it_is():
    assert torch.equal(build()(LQ, found(0.02, 0.05)), LQ)


def test_sides_are_multiples_of_what_each_stage_needs():
    haze = dict(type='ResidualUNet', widths=[4] * 3, blocks=[1] * 3)
    stages = dict(
        grain=dict(type='Stage', **STAGE), haze=dict(type='Stage', kinds=['haze'], backbone=haze)
    )
    assert BACKBONES.build(dict(type='StagedNetwork', stages=stages)).size_divisor == 8


@pytest.mark.parametrize(
    ('path', 'message'),
    [
        ('grain.closd', r'stages\.grain: Stage has no option .*did you mean closed'),
        ('grain.backbone.width', r'grain\.backbone: .*did you mean widths'),
    ],
)
def test_a_slip_in_a_stage_is_found_in_the_config(path, message):
    cfg = Config(dict(model=HOUSE))
    cfg.merge_from_dict({f'model.backbone.stages.{path}': 1})
    with pytest.raises(TypeError, match=message):
        load_config(cfg)


def test_a_stage_without_a_type_is_refused():
    cfg = Config(dict(model=HOUSE))
    del cfg.model.backbone.stages.grain['type']
    with pytest.raises(
        TypeError, match=r"stages\.grain: a backbone is built from a dict with .*'type'"
    ):
        load_config(cfg)
