"""What a DINOv2 network sees in a degraded image (Perceive-IR's semantic guidance)."""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.contracts import Prior
from restorelab.registry import PRIORS
from restorelab.structures import Condition
from restorelab.utils.checkpoint import CheckpointError, model_state, read_checkpoint
from restorelab.utils.modules import keep_out_of_checkpoint
from restorelab.utils.normalize import normalize
from restorelab.utils.options import holds

BASE = dict(
    hidden_size=768, num_hidden_layers=12, num_attention_heads=12, image_size=518, patch_size=14
)


def imagenet_view(image: Tensor, size: int | None = None) -> Tensor:
    """``image`` (B, 3, H, W) in [0, 1], squashed to (size, size) and normalized as for ImageNet.

    Bicubic without antialias or clamp, whatever the aspect: as Perceive-IR feeds DINOv2. With None
    it keeps its size.
    """
    if size is not None:
        image = F.interpolate(image, (size, size), mode='bicubic', align_corners=False)
    return normalize(image)


@PRIORS.register_module()
@holds(network='transformers.Dinov2Config')
class DINOv2ClassTokens(Prior):
    """Tokens ``semantic`` (B, L, D): the class token after each of ``layers``, shallow first.

    Taken before the final norm. Frozen, by the transformers library. Source: Perceive-IR's release:
    DINOv2-B/14 without registers, 86,580,480 parameters, blocks 1, 4, 8 and 12 of 12. Other
    libraries resample the position grid in other ways, which moves the tokens by several percent.

    Args:
        layers: blocks whose output is taken, counted from 1.
        size: side of the square that the image is squashed to, a multiple of the patch size.
        network: options of transformers' Dinov2Config. Where not given, those of the base network.
        pretrained: hub id (``facebook/dinov2-base``), folder, or weight file in the names of the
            published checkpoint. Read by ``load_pretrained`` and then kept out of checkpoints. None
            keeps random weights: a fixed random view of the image, for tests and for configs that
            must run without any download.
    Raises: ValueError for layers that the network does not have.
    """

    def __init__(
        self,
        layers: Sequence[int] = (1, 4, 8, 12),
        size: int = 224,
        network: dict | None = None,
        pretrained: str | None = None,
    ):
        super().__init__()
        from transformers import Dinov2Config, Dinov2Model

        options = Dinov2Config(**{**BASE, **(network or {})})
        if not layers or min(layers) < 1 or max(layers) > options.num_hidden_layers:
            raise ValueError(
                f'layers={list(layers)}: the network has the blocks 1 to '
                f'{options.num_hidden_layers}'
            )
        if size % options.patch_size:
            raise ValueError(
                f'size={size} must be a multiple of the patch size {options.patch_size}'
            )
        self.layers, self.size, self.pretrained = tuple(layers), size, pretrained
        self.net = Dinov2Model(options).requires_grad_(False).eval()
        if pretrained:
            keep_out_of_checkpoint(self)

    @property
    def provides(self) -> dict[str, int]:
        return {'tokens.semantic': self.net.config.hidden_size}

    def train(self, mode: bool = True):
        return super().train(False)

    def load_pretrained(self) -> None:
        """Read the weights.

        Raises: FileNotFoundError with both ways to provide them; CheckpointError for others.
        """
        if not self.pretrained:
            return
        is_file = Path(self.pretrained).is_file()
        state = model_state(read_checkpoint(self.pretrained), self.pretrained) if is_file else None
        net, report = self._read(state)
        lost = sorted(report['missing_keys']) + sorted(map(str, report['mismatched_keys']))
        if lost:
            raise CheckpointError(
                f'{self.pretrained}: not the weights of this DINOv2 network; missing or of another '
                f'shape: {lost[:8]}'
            )
        self.net.load_state_dict(net.state_dict())

    def _read(self, state: dict[str, Tensor] | None) -> tuple[nn.Module, dict]:
        """transformers translates the names of the published checkpoint into its own."""
        from transformers import Dinov2Model

        try:
            return Dinov2Model.from_pretrained(
                None if state else self.pretrained,
                config=self.net.config,
                state_dict=state,
                output_loading_info=True,
            )
        except OSError as error:
            raise FileNotFoundError(
                f"DINOv2ClassTokens: '{self.pretrained}' is no file or folder with a DINOv2 "
                f'network, and cannot be fetched ({error}). Either run once with a network, or '
                'give the path of a downloaded folder as `pretrained`.'
            ) from error

    @torch.no_grad()
    def forward(self, lq: Tensor) -> Condition:
        view = imagenet_view(lq.detach(), self.size)
        states = self.net(pixel_values=view, output_hidden_states=True).hidden_states
        tokens = [states[layer][:, 0] for layer in self.layers]
        return Condition(tokens=dict(semantic=torch.stack(tokens, dim=1)))
