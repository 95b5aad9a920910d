"""Load a trained restorer and call it on pictures.

from restorelab.apis import load
model = load()
model('street.jpg').save('restored.png')
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from PIL import Image
from torch import Tensor, nn

from restorelab.apis.precision import choose_dtype
from restorelab.apis.tiles import choose_tile, glance, restore_picture
from restorelab.apis.wishes import Wishes
from restorelab.io.images import equalize_channels, to_levels
from restorelab.io.photo import Photo
from restorelab.io.photo_files import read_photo
from restorelab.io.pillow import photo_of_pil, pil_of_photo
from restorelab.models.contracts import Model
from restorelab.structures import Condition
from restorelab.trust import build_model
from restorelab.utils.checkpoint import (
    CheckpointError,
    load_weights,
    model_state,
    read_checkpoint,
)
from restorelab.utils.memory import keep_freed_memory
from restorelab.utils.plain import parse_json
from restorelab.utils.results import check_finite
from restorelab.utils.sources import check_source
from restorelab.utils.weights import SCHEME, published_names, read_published, resolve_weights

DEFAULT = 'house'
CONFIG_EXTENSIONS = ('.py', '.json', '.yaml', '.yml')

# The values of white in arrays of whole numbers.
WHITES = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}

Picture = str | os.PathLike | Photo | Image.Image | np.ndarray | Tensor


def load(
    name_or_config: str | os.PathLike | Config | None = None,
    checkpoint: str | os.PathLike | None = None,
    device: str | torch.device | None = None,
    trust: bool = False,
    dtype: str = 'auto',
) -> 'RestoreModel':
    """A restorer with its weights, ready to be called.

    For a CPU, the process then keeps freed memory for its next use, which saves up to half of the
    time of a picture. ``restorelab.utils.memory.keep_freed_memory`` says how to prevent it.

    Args:
        name_or_config: name of weights that ship (default: ``house``), path of a published
            ``.safetensors`` file, or a config, which needs ``checkpoint``. A Python config is
            code, and is run. A ``.json`` one is data, like the config in a published file.
        checkpoint: weights for the config: a training ``.pth``, whose moving average is taken if
            there is one, or ``.safetensors``. Without a config, a published ``.safetensors`` file.
        device: ``cpu``, ``cuda``, ``cuda:1``, ... (default: the first GPU, or the CPU).
        trust: True lets a published file name any class or function that is installed, read files
            and fetch weights. So it can run any code. Without it, a file is data: it may only name
            parts of restorelab, see ``restorelab.trust``.
        dtype: ``float32``, ``bf16``, or ``auto`` for bfloat16 where the processor or the GPU has
            instructions for it. The networks then take about half to two thirds of the time of
            float32, and results differ by about half a level of 255. Priors stay in float32, so
            they decide the same. The attribute ``dtype`` of the result says what was chosen.
    Raises:
        FileNotFoundError: listing the known names.
        CheckpointError: for weights that are damaged or of another model, and for a file that asks
            for what it may not have.
        ValueError: for a device that this machine does not have, and for an unknown dtype.
    """
    device = pick_device(device)
    chosen = choose_dtype(dtype, device)
    check_source('name_or_config', name_or_config)
    check_source('checkpoint', checkpoint)
    if name_or_config is None:
        name_or_config, checkpoint = DEFAULT if checkpoint is None else checkpoint, None
    info = {}
    if _is_config(name_or_config):
        config, state, source = _read_trained(name_or_config, checkpoint)
        author = name_or_config
        trust = trust or not _is_json(name_or_config)  # a Python config is code anyway
    elif checkpoint is None:
        author = source = published_path(name_or_config)
        state, config, info = read_published(source)
    else:
        raise ValueError(
            f'{name_or_config} brings its own weights, so checkpoint={checkpoint} cannot be loaded '
            'too; give the config that the checkpoint was trained with instead'
        )
    model, state = build_model(config, state, author, trust)
    if not isinstance(model, Model) or model.image_restorer() is None:
        raise TypeError(f'{source}: {type(model).__name__} restores no images; load a restorer')
    model.load_pretrained()
    load_weights(model, state, source)
    if device.type == 'cpu':
        keep_freed_memory()
    return RestoreModel(model.to(device), info, os.fspath(source), chosen)


@dataclass(frozen=True)
class Loading:
    """The arguments of ``load``, for those who load later."""

    model: str | None = None
    checkpoint: str | None = None
    device: str | None = None
    trust: bool = False
    dtype: str = 'auto'

    def load(self) -> 'RestoreModel':
        return load(self.model, self.checkpoint, self.device, self.trust, self.dtype)


def pick_device(device: str | torch.device | None) -> torch.device:
    """``device``, or the best one here. Raises: ValueError that lists the devices here."""
    if device is None:
        return torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        device = torch.device(device)
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, NotImplementedError, TypeError) as error:
        here = ['cpu']
        for index in range(torch.cuda.device_count()):
            here.append(f'cuda:{index}')
        if torch.backends.mps.is_available():
            here.append('mps')
        reason = str(error).split('\n')[0]
        raise ValueError(
            f"device '{device}' cannot be used ({reason}); this machine has {', '.join(here)}"
        ) from error
    return device


class RestoreModel:
    """A restorer that takes pictures and returns pictures of the same kind.

    Attributes:
        model: the restorer in eval mode.
        info: what its publisher says about it.
        name: of the file of its weights, for messages.
        dtype: what its networks compute in, ``torch.float32`` or ``torch.bfloat16``.
    """

    def __init__(
        self,
        model: nn.Module,
        info: dict | None = None,
        name: str = '',
        dtype: torch.dtype = torch.float32,
    ):
        self.model = model.eval().requires_grad_(False)
        self.info = info or {}
        self.name = name or type(model).__name__
        self.dtype = dtype
        if dtype == torch.bfloat16:  # its convolutions are faster in this order
            self.model.to(memory_format=torch.channels_last)

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    @property
    def kinds(self) -> tuple[str, ...]:
        """The degradations that it tells apart."""
        return tuple(self.model.image_restorer().kinds)

    def __call__(
        self,
        image: Picture,
        steps: int | None = None,
        tile: int | None = None,
        overlap: int | None = None,
        seed: int = 0,
        equalize: bool = False,
        progress: bool = False,
        task: str | None = None,
        strength: float = 1.0,
        only: Sequence[str] | None = None,
        excepted: Sequence[str] = (),
        seen: Condition | None = None,
    ) -> Photo | Image.Image | np.ndarray | Tensor:
        """Restore one picture. The same picture and seed give the same result.

        ============================================  ==========================
        image                                         result
        ============================================  ==========================
        path, ``Photo``                               ``Photo``, with ``save`` and ``to_pil``
        PIL image of any mode                         PIL image, with its ``info``
        array (H, W, 3), RGB, or (H, W), gray, of     the same shape and type
        uint8, uint16, or floating in [0, 1]
        tensor (3, H, W) or (B, 3, H, W), floating,   the same shape, type and
        RGB in [0, 1]                                 device
        ============================================  ==========================

        Args:
            steps: sampling steps, instead of those of the model's sampler.
            tile: largest side, in pixels, that is restored at once. 0 restores the whole image. By
                default an image of more than 768x768 pixels is cut into tiles of at most 672.
                Priors always see the whole image, and its tiles share what networks pool over it.
            overlap: pixels that neighboring tiles share, at most half of ``tile`` (default: about
                an eighth of it, and at most about 48).
            seed: of the sampler's noise, a whole number from 0.
            equalize: equalize the histogram of each channel first. Only for models that were
                trained on such images, as DiffUIR was for low light.
            progress: show a progress bar over the tiles.
            task: what to restore for: ``ir`` (viewing), ``det``, ... Only for models with a prompt
                for each task (default: their first).
            strength: share of the change that is made, from 0, the picture as it is, to 1.
            only: degradations to undo, such as ``['noise', 'jpeg']``, and no others. Only for
                models that tell them apart; ``inspect`` names them.
            excepted: degradations to leave alone; instead of ``only``.
            seen: what ``look`` found in the picture, or in others of the same scene, for the same
                decisions about all of them (default: the picture is looked at). It has an entry
                for each picture of a batch.
        Raises:
            ImageReadError: for a file.
            TypeError, ValueError: for other pictures, naming what was wanted.
            KeyError: for a task that the model does not know.
            ResultError: the result has values that are not finite.
        """
        options = dict(steps=steps, tile=tile, overlap=overlap, seed=seed, equalize=equalize)
        options |= dict(task=task, strength=strength, only=only, excepted=excepted)
        wishes = Wishes(**options)
        wishes.check(self.model.image_restorer())
        batch, back = read_picture(image)
        return back(self.restore_batch(batch, wishes, progress, _name_of(image), seen))

    def restore_batch(
        self,
        batch: Tensor,
        wishes: Wishes,
        progress: bool = False,
        name: str = 'the picture',
        seen: Condition | None = None,
    ) -> Tensor:
        """Pictures of one size (B, 3, H, W), uint8 or floating in [0, 1] -> the same type.

        Args:
            wishes: as the arguments of ``__call__``; they are not checked again.
            progress: show a progress bar over the tiles.
            name: of the pictures, for messages.
            seen: as in ``__call__``.
        Raises: ValueError for a tile that cannot be; ResultError.
        """
        restorer = self.model.image_restorer()
        if wishes.equalize:
            batch = _equalized(batch)
        if wishes.strength == 0:
            return batch.clone()  # nobody wants a view of their own picture
        size = restorer.working_size(tuple(batch.shape[-2:]))
        tile, overlap = choose_tile(size, wishes.tile, wishes.overlap, restorer.tile_grid)
        tasks = None if wishes.task is None else [wishes.task] * len(batch)

        def finish(rows: Tensor) -> Tensor:
            check_finite(rows, name, self.name)
            return rows if batch.is_floating_point() else to_levels(rows)

        options = dict(seed=wishes.seed, progress=progress, tasks=tasks, steps=wishes.steps)
        options |= dict(steering=wishes.steering, dtype=self.dtype, seen=seen)
        with torch.inference_mode():
            return restore_picture(restorer, batch, self.device, tile, overlap, finish, **options)

    def check_options(self, **options) -> None:
        """Raise as ``__call__`` does for these arguments of it, before any picture is there."""
        Wishes(**options).check(self.model.image_restorer())

    def look(
        self, image: Picture, equalize: bool = False, wanted: Sequence[str] | None = None
    ) -> Condition:
        """What the model's priors see in a picture, for ``seen`` of a call.

        Args:
            equalize: as in the call.
            wanted: full names such as ``vectors.noise``; only priors that provide one of them look.
        Raises: as ``__call__`` for the picture.
        """
        batch, _ = read_picture(image)
        return self._condition(_equalized(batch) if equalize else batch, wanted)

    def _condition(self, batch: Tensor, wanted: Sequence[str] | None) -> Condition:
        with torch.inference_mode():
            return self.model.image_restorer().condition(glance(batch, self.device), wanted)

    def inspect(self, image: Picture) -> dict[str, float]:
        """How strong each degradation of a picture is, in [0, 1], as the model sees it.

        Raises: as ``__call__`` for the picture; ValueError for several pictures at once and for a
            model that does not tell degradations apart.
        """
        restorer = self.model.image_restorer()
        if not restorer.kinds:
            raise ValueError(
                f'{self.name} does not tell degradations apart, so there is nothing to inspect; '
                'take a model that does, such as the default one'
            )
        batch, _ = read_picture(image)
        if len(batch) > 1:
            raise ValueError(f'{len(batch)} pictures at once; inspect one after another')
        cond = self._condition(batch, [f'vectors.{kind}' for kind in restorer.kinds])
        return {kind: float(cond.vector(kind)) for kind in restorer.kinds}


def _name_of(image: Picture) -> str:
    return os.fspath(image) if isinstance(image, str | os.PathLike) else 'the picture'


def _equalized(batch: Tensor) -> Tensor:
    """(B, 3, H, W) in bytes or [0, 1] -> the same, the histogram of each channel equalized."""
    pictures = []
    for picture in batch:
        levels = picture if picture.dtype == torch.uint8 else to_levels(picture)
        pictures.append(_as_batch(equalize_channels(levels.permute(1, 2, 0).cpu().numpy()))[0])
    levels = torch.stack(pictures)
    return levels if batch.dtype == torch.uint8 else (levels / 255).to(batch)


def _as_batch(image: np.ndarray) -> Tensor:
    """(H, W, 3) -> (1, 3, H, W), a view where torch can have one."""
    return torch.from_numpy(np.require(image, requirements='W')).permute(2, 0, 1)[None]


def _as_array(batch: Tensor) -> np.ndarray:
    """(1, 3, H, W) -> (H, W, 3)."""
    return np.ascontiguousarray(batch[0].permute(1, 2, 0).cpu().numpy())


def read_picture(
    image: Picture,
) -> tuple[Tensor, Callable[[Tensor], Photo | Image.Image | np.ndarray | Tensor]]:
    """The picture as a batch, and the way back.

    Returns: (B, 3, H, W), uint8 or floating in [0, 1], and the function that turns such a batch
        into a picture of the kind of ``image``.
    Raises: as ``RestoreModel.__call__`` does.
    """
    if isinstance(image, str | os.PathLike):
        return _read_photo(read_photo(image))
    if isinstance(image, Photo):
        return _read_photo(image)
    if isinstance(image, Image.Image):
        batch, to_photo = _read_photo(photo_of_pil(image))
        return batch, lambda batch: pil_of_photo(to_photo(batch), image.info)
    if isinstance(image, np.ndarray):
        return _read_array(image)
    if isinstance(image, Tensor):
        return _read_tensor(image)
    raise TypeError(
        'a picture is a path, a Photo, a PIL image, a numpy array or a torch tensor, not a '
        f'{type(image).__name__}'
    )


def _read_photo(photo: Photo) -> tuple[Tensor, Callable[[Tensor], Photo]]:
    return _as_batch(photo.to_srgb()), lambda batch: photo.with_srgb(_as_array(batch))


def _read_array(image: np.ndarray) -> tuple[Tensor, Callable]:
    is_image = image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)
    if not is_image or 0 in image.shape:
        raise ValueError(
            f'array of shape {image.shape}; wanted (H, W, 3), RGB, or (H, W), gray, with at least '
            'one pixel'
        )
    if image.dtype not in WHITES and not np.issubdtype(image.dtype, np.floating):
        raise TypeError(
            f'array of type {image.dtype}; wanted uint8, uint16, or floating values in [0, 1]'
        )
    samples = image.reshape(*image.shape[:2], -1)
    if image.dtype not in WHITES:
        _check_unit_range(samples)
        samples = samples.astype(np.float32)
    batch, to_photo = _read_photo(Photo(samples, white=WHITES.get(image.dtype, 1.0)))

    def back(batch: Tensor) -> np.ndarray:
        return to_photo(batch).samples.reshape(image.shape).astype(image.dtype, copy=False)

    return batch, back


def _read_tensor(image: Tensor) -> tuple[Tensor, Callable]:
    if image.ndim not in (3, 4) or image.shape[-3] != 3 or 0 in image.shape:
        raise ValueError(
            f'tensor of shape {tuple(image.shape)}; wanted (3, H, W) or (B, 3, H, W), RGB, with at '
            'least one pixel'
        )
    if image.layout != torch.strided or image.is_meta:
        kind = 'meta device' if image.is_meta else image.layout
        raise TypeError(f'tensor of {kind}; wanted a dense tensor with values')
    if not image.is_floating_point():
        raise TypeError(
            f'tensor of type {image.dtype}; wanted floating values in [0, 1] (uint8: divide by 255)'
        )
    _check_unit_range(image)
    batch = image.detach() if image.ndim == 4 else image.detach()[None]
    # a clone made outside inference mode may take part in autograd again
    return batch, lambda batch: batch.reshape(image.shape).to(image.device, image.dtype).clone()


def _check_unit_range(batch: Tensor | np.ndarray) -> None:
    low, high = float(batch.min()), float(batch.max())
    if not (low >= 0 and high <= 1):  # a NaN fails here too
        raise ValueError(
            f'values from {low:g} to {high:g}; wanted [0, 1]: divide 0..255 by 255, clamp overshoot'
        )


def _is_config(reference: str | os.PathLike | Config) -> bool:
    return isinstance(reference, Config) or Path(reference).suffix.lower() in CONFIG_EXTENSIONS


def _read_trained(config: str | os.PathLike | Config, checkpoint: str | os.PathLike | None):
    from restorelab.config import load_config

    if checkpoint is None:
        name = config.filename if isinstance(config, Config) else config
        raise ValueError(f'{name} is a config and has no weights; give checkpoint=PATH too')
    read = read_json_model if _is_json(config) else lambda source: load_config(source).model
    model = read(config)
    path = resolve_weights(checkpoint)
    return model, model_state(read_checkpoint(path), path), path


def _is_json(reference: str | os.PathLike | Config) -> bool:
    return not isinstance(reference, Config) and Path(reference).suffix.lower() == '.json'


def read_json_model(path: str | os.PathLike) -> dict:
    """The model of a config in JSON, which is data. Its other entries are not used.

    Raises: FileNotFoundError; CheckpointError for one that has no model, or has entries by which
        MMEngine would read other files or import modules.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'there is no config {path}')
    config = parse_json(path.read_text(encoding='utf-8', errors='replace'), path, 'the file')
    for key in ('_base_', 'custom_imports'):
        if key in config:
            raise CheckpointError(
                f'{path}: {key} = {config[key]!r}: a config in JSON is data, so it imports nothing '
                'and reads no other file; give the whole model, or a config in Python'
            )
    if not isinstance(config.get('model'), dict):
        raise CheckpointError(f"{path}: has no dict called 'model'; it has {list(config)[:8]}")
    return config['model']


def published_path(reference: str | os.PathLike) -> Path:
    """The file of weights that ship under the name ``reference``, or the file of that path."""
    text = os.fspath(reference)
    return resolve_weights(f'{SCHEME}{text}' if text in published_names() else text)
