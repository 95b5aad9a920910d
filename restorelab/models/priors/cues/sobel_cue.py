"""Fine edges."""

import torch
import torch.nn.functional as F
from torch import Tensor

from restorelab.models.priors.cues.formula_cue import FormulaCue, luma
from restorelab.registry import CUES


def sobel_magnitude(image: Tensor) -> Tensor:
    """Length of the Sobel gradient of the gray image: (B, 3, H, W) -> (B, 1, H, W) in [0, 1].

    Divided by the largest value of the image.
    """
    rows = [[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    kernel = torch.tensor(rows, device=image.device, dtype=image.dtype) / 8
    gray = F.pad(luma(image), (1, 1, 1, 1), mode='replicate')
    dx, dy = F.conv2d(gray, kernel[None, None]), F.conv2d(gray, kernel.T[None, None])
    length = torch.sqrt(dx**2 + dy**2)
    return length / (length.amax(dim=(1, 2, 3), keepdim=True) + 1e-6)


@CUES.register_module()
class SobelCue(FormulaCue):
    """Map ``sobel`` (B, 1, H, W): fine edges, see ``sobel_magnitude``."""

    name = 'sobel'

    def cue(self, lq: Tensor) -> Tensor:
        return sobel_magnitude(lq)
