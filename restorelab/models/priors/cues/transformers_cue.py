"""Cues from networks of the transformers library."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from restorelab.models.contracts import Prior
from restorelab.structures import Condition
from restorelab.utils.files import atomic_path


class SharedNetwork:
    """Holds a frozen network outside the module tree, with the processor that prepares its input.

    So it is in no checkpoint, optimizer or moving average, and copies of the model share it.
    """

    def __init__(self):
        self.net: nn.Module | None = None
        self.processor = None

    def __deepcopy__(self, memo: dict) -> 'SharedNetwork':
        return self


class TransformersCue(Prior):
    """A cue from a frozen network of the ``transformers`` library.

    The network is read when it is first needed. It is no submodule (see ``SharedNetwork``), and
    moves to the device of the images that it is given. Subclasses name the map, and write
    ``network_class`` and ``read``.

    Args:
        pretrained: hub id or local folder.
        cache_dir: folder in which the maps are kept, by the content of the images; None for no
            cache. It pays off where the same images come again, as in validation.
    """

    name = ''

    def __init__(self, pretrained: str, cache_dir: str | None = None):
        super().__init__()
        self.pretrained = pretrained
        self.cache_dir = Path(cache_dir) if cache_dir else None
        self.shared = SharedNetwork()

    @property
    def provides(self) -> dict[str, int]:
        return {f'maps.{self.name}': 1}

    def load_pretrained(self) -> None:
        """Read network and image processor.

        Raises: FileNotFoundError with both ways to provide them.
        """
        if self.shared.net is not None:
            return
        from transformers import AutoImageProcessor

        try:
            processor = AutoImageProcessor.from_pretrained(self.pretrained)
            net = self.network_class().from_pretrained(self.pretrained)
        except OSError as error:
            raise FileNotFoundError(
                f"{type(self).__name__}: '{self.pretrained}' is no folder with a model and its "
                f'preprocessor, and cannot be fetched ({error}). Either run once with a network, '
                'or give the path of a downloaded folder as `pretrained`.'
            ) from error
        self.shared.processor, self.shared.net = processor, net.requires_grad_(False).eval()

    def network_class(self) -> type:
        """The class of transformers that reads the network."""
        raise NotImplementedError

    def read(self, outputs) -> Tensor:
        """The map (1, 1, h, w) from the network's outputs for one image."""
        raise NotImplementedError

    def forward(self, lq: Tensor) -> Condition:
        self.load_pretrained()
        levels = (lq.detach().clamp(0, 1) * 255).to(torch.uint8)  # truncated
        images = levels.permute(0, 2, 3, 1).cpu().numpy()
        maps = [self._one(image, lq.device) for image in images]
        return Condition(maps={self.name: torch.cat(maps)})

    @torch.no_grad()
    def _one(self, image: np.ndarray, device: torch.device) -> Tensor:
        if self.cache_dir is None:
            return self._compute(image, device)
        key = hashlib.sha1(image.tobytes() + f'{self.pretrained}{image.shape}'.encode()).hexdigest()
        path = self.cache_dir / f'{self.name}-{key}.npy'
        if path.exists():
            return torch.from_numpy(np.load(path)).to(device)
        result = self._compute(image, device)
        self.cache_dir.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as partial:
            np.save(partial, result.cpu().numpy())
        return result

    def _compute(self, image: np.ndarray, device: torch.device) -> Tensor:
        net = self.shared.net
        if next(net.parameters()).device != device:
            net.to(device)
        inputs = self.shared.processor(images=image, return_tensors='pt').to(device)
        return self.read(net(**inputs))
