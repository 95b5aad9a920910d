"""What every network behind a restorer shares."""

from mmengine.model import BaseModule
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from restorelab.models.contracts import Task
from restorelab.structures import RestorationSample
from restorelab.utils.checkpoint import load_weights, model_state, read_checkpoint
from restorelab.utils.modules import keep_out_of_checkpoint
from restorelab.utils.weights import resolve_weights

FIXED_IN_FROZEN = (_NormBase, nn.GroupNorm, nn.LayerNorm, _DropoutNd, nn.MultiheadAttention)


class NetworkTask(Task):
    """Holds the network of a task, its weights, and whether it learns.

    A frozen network keeps its parameters. Its norms and dropouts stay in eval mode, so that their
    statistics do not move. The rest of it follows ``train()``, since some heads compute their loss
    in training mode only. Gradients flow through it to the images either way. A frozen network that
    is read from ``checkpoint`` is left out of the checkpoints of the restorer.

    Args:
        network: the network, with random weights.
        checkpoint: its weights, read by ``load_pretrained`` and strictly.
        frozen: see above.
        loss_weight: factor of its losses in training; 0 means that training does without it.
    """

    def __init__(
        self, network: nn.Module, checkpoint: str | None, frozen: bool, loss_weight: float
    ):
        super().__init__()
        if loss_weight < 0:
            raise ValueError(
                f'{type(self).__name__}: loss_weight={loss_weight}; wanted is 0 or more'
            )
        self.network, self.checkpoint = network, checkpoint
        self.frozen, self.loss_weight = frozen, loss_weight
        self._loaded = False
        self.set_frozen(frozen)
        if frozen and checkpoint is not None:
            keep_out_of_checkpoint(self)

    def set_frozen(self, frozen: bool) -> None:
        """Freeze the network, or let it be trained, from now on."""
        self.frozen = frozen
        self.network.requires_grad_(not frozen)
        self.train(self.training)

    def train(self, mode: bool = True):
        super().train(mode)
        if self.frozen:
            for module in self.network.modules():
                if isinstance(module, FIXED_IN_FROZEN):
                    module.eval()
        return self

    def load_pretrained(self) -> None:
        """Read ``checkpoint``.

        Raises: FileNotFoundError; CheckpointError with the keys that do not fit.
        """
        if self.checkpoint is None or self._loaded:
            return
        path = resolve_weights(self.checkpoint)
        load_weights(self.network, model_state(read_checkpoint(path), path), path)
        self._loaded = True

    def init_weights(self) -> None:
        """As the network's own configs say; not over the weights of a checkpoint."""
        if self.checkpoint is None and isinstance(self.network, BaseModule):
            self.network.init_weights()


def check_fields(samples: list[RestorationSample], name: str, hint: str) -> None:
    """Raise KeyError when a sample lacks a field, naming both."""
    for sample in samples:
        if name not in sample:
            raise KeyError(
                f"sample '{sample.get('key', '?')}' has no '{name}', which its task needs; {hint}"
            )


def check_num_classes(who: str, num_classes: int, classes: list[str], option: str) -> None:
    """Raise ValueError when the data set's ``classes`` are not as many as the network's."""
    if num_classes != len(classes):
        shown = ', '.join(map(str, classes[:5])) + (', ...' if len(classes) > 5 else '')
        raise ValueError(
            f'{who} has {num_classes} classes, but the annotations have {len(classes)} '
            f'({shown}); {option}'
        )
