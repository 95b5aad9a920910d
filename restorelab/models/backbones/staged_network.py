"""Networks one after another, each of which undoes a few degradations, where they are there."""

import math
from dataclasses import replace

from torch import Tensor, nn

from restorelab.models.contracts import RegressionBackbone
from restorelab.registry import BACKBONES, build_parts
from restorelab.structures import TapContext


@BACKBONES.register_module()
class StagedNetwork(RegressionBackbone):
    """Undo degradations in the reverse of the order in which they came about.

    Noise and JPEG came last, on the sensor and in the file, so they go first; haze, which hung over
    the scene, goes last. A prior says how strong each degradation is. A ``Stage`` whose
    degradations are absent is not run, so a good picture comes back as it is, at no cost.

    The taps of a stage bear its name: ``grain.enc.s2``.

    Args:
        stages: configs of BACKBONES parts by name, each a ``Stage``, in the order in which they
            act.
    """

    def __init__(self, stages: dict[str, dict]):
        super().__init__()
        self.stages = nn.ModuleDict(build_parts(stages, BACKBONES))
        self.size_divisor = math.lcm(*[stage.size_divisor for stage in self.stages.values()])
        self.tap_specs = []
        for name, stage in self.stages.items():
            for spec in stage.tap_specs:
                self.tap_specs.append(replace(spec, name=f'{name}.{spec.name}'))

    def forward(self, lq: Tensor, ctx: TapContext | None = None) -> Tensor:
        image = lq
        for name, stage in self.stages.items():
            image = stage(image, ctx if ctx is None else _of_stage(ctx, name, stage))
        return image


def _of_stage(ctx: TapContext, name: str, stage: RegressionBackbone) -> TapContext:
    return ctx.inside({spec.name: f'{name}.{spec.name}' for spec in stage.tap_specs})
