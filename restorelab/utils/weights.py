"""Published weights: a safetensors file that also holds the config of its model.

The metadata has two entries in JSON: ``config``, the config of the model, and ``info``, such as how
it was trained and its license. The files that ship with restorelab are in ``restorelab/weights``
and are called ``restorelab:<name>``.
"""

import json
import os
import re
from pathlib import Path

import torch
from torch import Tensor

from restorelab.utils.checkpoint import CheckpointError, is_remote, read_checkpoint
from restorelab.utils.files import atomic_path
from restorelab.utils.legacy import translate_config
from restorelab.utils.plain import parse_json

WEIGHTS_DIR = Path(__file__).parent.parent / 'weights'
SCHEME = 'restorelab:'
SHIPPED = re.compile(r'restorelab:\w[\w-]*')


def save_published(
    path: str | os.PathLike, state: dict[str, Tensor], config: dict, info: dict
) -> None:
    """Write a published weight file atomically.

    Args:
        path: ends in ``.safetensors``.
        state: the ``state_dict`` of the model. Each tensor is stored in its dtype.
        config: the config of the model, of plain values.
        info: what a user should know, of plain values.
    Raises:
        ValueError: for another extension.
        TypeError: when config or info hold a value that JSON does not have.
    """
    from safetensors.torch import save

    path = Path(path)
    if path.suffix != '.safetensors':
        raise ValueError(
            f'{path}: published weights are safetensors files; end the name in .safetensors'
        )
    metadata = dict(config=json.dumps(config), info=json.dumps(info))
    tensors = {}
    for (
        key,
        value,
    ) in state.items():  # copies, because safetensors refuses tensors that share memory
        tensors[key] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(tensors, metadata))  # its own file writer ignores the umask


def read_published(path: str | os.PathLike) -> tuple[dict[str, Tensor], dict, dict]:
    """(state, config, info) of a published weight file. Half-precision tensors become float32.

    Nothing is built, and the config may say anything: see ``restorelab.trust``.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: it is damaged, or was not published by restorelab.
    """
    from safetensors import safe_open

    state = read_checkpoint(path)['state_dict'] if Path(path).suffix == '.safetensors' else {}
    if not state:
        raise CheckpointError(
            f'{path}: not a published .safetensors file; a training checkpoint needs its config too'
        )
    with safe_open(path, framework='pt') as file:
        metadata = file.metadata() or {}
    if not {'config', 'info'} <= set(metadata):
        raise CheckpointError(
            f'{path}: weights without a config inside, so not published by restorelab; give their '
            'config too'
        )
    for key, value in state.items():
        if value.dtype in (torch.float16, torch.bfloat16):
            state[key] = value.float()
    return state, _read_config(metadata['config'], path), parse_json(metadata['info'], path, 'info')


def _read_config(text: str, path: str | os.PathLike) -> dict:
    config = parse_json(text, path, 'config')
    try:
        return translate_config(config)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return config  # not of an earlier version; the checks of trust.py say what is wrong with it


def published_names() -> list[str]:
    """Names of the weights that ship with restorelab, sorted."""
    return sorted(path.stem for path in WEIGHTS_DIR.glob('*.safetensors'))


def resolve_weights(reference: str | os.PathLike) -> Path:
    """Path of the weights ``restorelab:<name>``, of a local file, or of one fetched over https.

    Raises: FileNotFoundError that lists the known names; as ``utils.download.fetch`` for addresses.
    """
    text = os.fspath(reference)
    if is_remote(text):
        from restorelab.utils.download import fetch

        return fetch(text)
    if SHIPPED.fullmatch(text):
        path = WEIGHTS_DIR / f'{text.removeprefix(SCHEME)}.safetensors'
    else:
        path = Path(text).expanduser()
    if not path.is_file():
        names = ', '.join(f'{SCHEME}{name}' for name in published_names()) or 'none'
        raise FileNotFoundError(
            f'{text}: no such weights. Give a file, or one of those that ship: {names}'
        )
    return path
