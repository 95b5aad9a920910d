"""Networks one after another, each of which undoes a few degradations, where they are there."""

import math

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

    Args:
        stages: configs of BACKBONES parts by name, each a ``Stage``, in the order in which they
            act.
    """

    def __init__(self, stages: dict[str, dict]):
        super().__init__()
        self.stages = nn.ModuleDict(build_parts(stages, BACKBONES))
        self.size_divisor = math.lcm(*[stage.size_divisor for stage in self.stages.values()])

    def forward(self, lq: Tensor, ctx: TapContext | None = None) -> Tensor:
        image = lq
        for stage in self.stages.values():
            image = stage(image, ctx)
        return image
