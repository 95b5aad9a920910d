"""The image loss that keeps images of other tasks fit for viewing (UniRestore)."""

from torch import Tensor

from restorelab.models.contracts import StepLoss
from restorelab.models.losses.viewing_loss import for_viewing
from restorelab.registry import LOSSES
from restorelab.structures import VIEWING, TrainingStep


@LOSSES.register_module()
class KeepViewingLoss(StepLoss):
    """Decodes the images of other tasks for viewing, too, and compares these with the clean ones.

    It is weighted by the share of such images in the batch. Source: UniRestore (arXiv 2501.13134).

    Args:
        loss: config of the LOSSES part for (restored, clean).
    Raises: TypeError, when called, for a restorer whose decoder knows no tasks.
    """

    decodes_again = True

    def __init__(self, loss: dict):
        super().__init__()
        self.criterion = LOSSES.build(loss)

    def forward(self, step: TrainingStep) -> Tensor:
        chosen = ~for_viewing(step)
        if not chosen.any():
            return step.restored.new_zeros(())
        if step.restored_for is None:
            raise TypeError(
                'KeepViewingLoss decodes one latent for several tasks, and this restorer has no '
                'latents; leave the loss out, or choose a codec such as LatentAutoencoder'
            )
        kept = step.restored_for([VIEWING] * len(step.samples))
        share = chosen.float().mean()
        return share * self.criterion(kept[chosen], step.gt[chosen])
