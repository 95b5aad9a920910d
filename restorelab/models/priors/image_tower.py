"""Image towers of CLIP models: how they are built, what they look at, and their weights."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from restorelab.utils import pad_to_multiple
from restorelab.utils.checkpoint import is_remote, load_weights, model_state, read_checkpoint
from restorelab.utils.normalize import CLIP_MEAN, CLIP_STD, normalize
from restorelab.utils.weights import resolve_weights

# What a dict in the place of a name may have, see ``restorelab.utils.options.holds``.
TOWER_OPTIONS = ('open_clip.CLIPVisionCfg', 'embed_dim', 'quick_gelu')
CLIP_OPTIONS = dict(
    embed_dim=None,
    quick_gelu=None,
    vision_cfg='open_clip.CLIPVisionCfg',
    text_cfg='open_clip.CLIPTextCfg',
)


def build_tower(tower: str | dict) -> nn.Module:
    """An open_clip vision transformer (B, 3, S, S) -> (B, D) with random weights.

    It has the attributes ``image_size`` (S) and ``width_out`` (D).

    Args:
        tower: an open_clip model name such as ``ViT-B-32``, or open_clip's vision options plus
            ``embed_dim``: ``dict(image_size=64, patch_size=8, width=96, layers=3, head_width=32,
            embed_dim=128)``.
    Raises: ValueError for a name that open_clip does not know, and for options without
        ``embed_dim``.
    """
    import open_clip
    from open_clip.model import CLIPVisionCfg, _build_vision_tower

    if isinstance(tower, str):
        config = open_clip.get_model_config(tower)
        if config is None:
            raise ValueError(
                f"open_clip knows no model '{tower}'; it knows {open_clip.list_models()}"
            )
        vision, embed_dim = config['vision_cfg'], config['embed_dim']
        quick_gelu = config.get('quick_gelu', False)
    else:
        vision = dict(tower)
        embed_dim, quick_gelu = vision.pop('embed_dim', None), vision.pop('quick_gelu', False)
        if embed_dim is None:
            raise ValueError(
                "a tower needs 'embed_dim', the width of its output, beside open_clip's vision "
                f'options; got {dict(tower)}'
            )
    options = CLIPVisionCfg(**vision)
    net = _build_vision_tower(embed_dim, options, quick_gelu)
    net.image_size, net.width_out = options.image_size, embed_dim
    return net


def clip_view(image: Tensor, size: int) -> Tensor:
    """What a CLIP tower sees of ``image`` (B, 3, H, W) in [0, 1]: (B, 3, size, size), normalized.

    Truncated to uint8, the short side resized to ``size`` by Pillow's bicubic filter, central
    square: the official order.
    """
    from torchvision.transforms import functional as TF

    levels = (image.detach().clamp(0, 1) * 255).to(torch.uint8)
    squares = []
    for array in levels.permute(0, 2, 3, 1).cpu().numpy():
        picture = TF.resize(TF.to_pil_image(array), size, TF.InterpolationMode.BICUBIC)
        squares.append(TF.to_tensor(np.array(TF.center_crop(picture, size))))
    return normalize(torch.stack(squares).to(image), CLIP_MEAN, CLIP_STD)


def square_views(image: Tensor, size: int, views: int = 1) -> list[Tensor]:
    """Squares of ``image`` (B, 3, H, W) at its own resolution, each (B, 3, size, size), normalized.

    For what a resize would hide: noise, blur, blocks. Truncated to 8 bits. A side shows as many
    squares as cover it, but at most ``views``, evenly from end to end. A single one sits in the
    middle. Shorter sides are reflected.
    """
    height, width = image.shape[-2:]
    squares = []
    for top in square_starts(height, size, views):
        for left in square_starts(width, size, views):
            square = image.detach()[..., top : top + size, left : left + size]
            square = pad_to_multiple(square, size)
            square = (square.clamp(0, 1) * 255).floor() / 255
            squares.append(normalize(square, CLIP_MEAN, CLIP_STD))
    return squares


def square_starts(length: int, size: int, views: int) -> list[int]:
    """Where the squares of ``square_views`` begin along a side of ``length`` pixels."""
    count, free = min(views, -(-length // size)), max(0, length - size)
    return [free // 2] if count == 1 else [round(i * free / (count - 1)) for i in range(count)]


def load_tower(net: nn.Module, tower: str | dict, pretrained: str, part: str) -> None:
    """Fill ``net`` from a local file, weights that ship, or an open_clip tag of ``tower``.

    Weights that ship are called ``restorelab:<name>``. A file may hold a bare tower, a whole CLIP
    (``visual.*``), or a training checkpoint in which the tower is called ``<part>.tower.*``.
    Raises: FileNotFoundError with both ways to provide the weights when a tag cannot be fetched.
    """
    if pretrained.startswith('restorelab:') or _is_file(pretrained):
        path = resolve_weights(pretrained)
    else:
        path = _fetch(tower, pretrained)
    state = model_state(read_checkpoint(path), path)
    for prefix in (f'{part}.tower.', 'visual.'):
        inside = {
            key.removeprefix(prefix): value
            for key, value in state.items()
            if key.startswith(prefix)
        }
        if inside:
            state = inside
            break
    load_weights(net, state, source=pretrained)


def load_clip(net: nn.Module, name: str, pretrained: str) -> None:
    """Fill a whole open_clip model from a local file or an open_clip tag of ``name``.

    Raises: FileNotFoundError with both ways to provide the weights when a tag cannot be fetched.
    """
    path = resolve_weights(pretrained) if _is_file(pretrained) else _fetch(name, pretrained)
    load_weights(net, model_state(read_checkpoint(path), path), source=pretrained)


def _is_file(pretrained: str) -> bool:
    return is_remote(pretrained) or bool(Path(pretrained).suffix) or Path(pretrained).exists()


def _fetch(tower: str | dict, tag: str) -> str:
    import open_clip

    known = open_clip.list_pretrained_tags_by_model(tower) if isinstance(tower, str) else []
    if tag not in known:
        raise FileNotFoundError(
            f"'{tag}' is neither a file nor weights that open_clip offers for {tower}; it offers "
            f'{known or "none"}'
        )
    try:
        return open_clip.download_pretrained(open_clip.get_pretrained_cfg(tower, tag))
    except Exception as error:  # the hub clients raise many kinds, none of which says what to do
        raise FileNotFoundError(
            f"the weights '{tag}' of {tower} cannot be fetched ({type(error).__name__}: {error}). "
            'Either run once with a network, or download the file elsewhere and give its path as '
            '`pretrained`.'
        ) from error
