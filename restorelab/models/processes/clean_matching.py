"""The objective that compares clean images, whatever the network predicts."""

from torch import Tensor

from restorelab.models.contracts import Objective, Process
from restorelab.registry import OBJECTIVES
from restorelab.structures import DiffusionState


@OBJECTIVES.register_module()
class CleanMatching(Objective):
    """Compares the clean image or latent that the network output means with the true one.

    (B, C, H, W) each. For a noise prediction this weights the error of the noise by
    ``(sigma_t / alpha_t)^2`` under a squared loss, most at the last steps. UniRestore trains its
    controller so (arXiv 2501.13134).
    """

    def __call__(
        self, process: Process, out: Tensor, state: DiffusionState
    ) -> tuple[Tensor, Tensor]:
        return process.clean_from(out, state.x_t, state.lq, state.t), state.gt
