"""Read checkpoints without running code from them, and load weights strictly.

``torch.load(weights_only=True)`` refuses some harmless classes that checkpoints hold: MMEngine
writes its ``HistoryBuffer`` and numpy scalars, Lightning writes a ``Namespace`` of options. These
classes are allowed here, and no others.
"""

import argparse
import os
import pickle
import re
from pathlib import Path

import numpy as np
import torch
from mmengine.logging.history_buffer import HistoryBuffer
from torch import Tensor, nn

from restorelab.utils.legacy import translate_state
from restorelab.utils.quantized import expand

_EMA_PREFIX = 'module.'
_SHOWN = 8


class CheckpointError(ValueError):
    """A weight file that cannot be used; the message begins with its name."""


def read_checkpoint(path: str | os.PathLike) -> dict:
    """The dict in a ``.pth`` file, with its tensors on the CPU.

    A ``.safetensors`` file gives ``dict(state_dict=...)``; weights of 8 bits come as floats.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: for an empty, damaged or foreign file, and for one that holds other classes
            than tensors, plain Python values, numpy arrays, HistoryBuffer and Namespace.
    """
    if is_remote(path):
        raise CheckpointError(f'{path}: only a local file is read here; fetch it, give its path')
    path = Path(path)
    if not path.is_file():
        found = 'is a folder, not a checkpoint' if path.is_dir() else 'no such checkpoint'
        raise FileNotFoundError(f'{path}: {found}')
    if path.stat().st_size == 0:
        raise CheckpointError(f'{path}: the checkpoint is empty (0 bytes)')
    checkpoint = _read_safetensors(path) if path.suffix == '.safetensors' else _read_pickle(path)
    if not isinstance(checkpoint, dict):
        raise CheckpointError(f'{path}: holds a {type(checkpoint).__name__}, not a dict of weights')
    meta = checkpoint.get('meta', {})
    if not isinstance(meta, dict):
        raise CheckpointError(f"{path}: its 'meta' is a {type(meta).__name__}, not a dict")
    meta.pop('config', None)  # MMEngine's Runner would run this text as Python to count GPUs
    return checkpoint


def is_remote(reference: str | os.PathLike) -> bool:
    """Whether it begins like an address, of the network or of a zoo: ``http://``, ``s3://``."""
    return re.match(r'[\w.+:-]+:/', os.fspath(reference)) is not None


def model_state(
    checkpoint: dict, source: str | os.PathLike, averaged: bool = True
) -> dict[str, Tensor]:
    """The weights of the model in a checkpoint: the moving average if there is one.

    MMEngine's EMAHook swaps the two when it saves. Then ``state_dict`` holds the averaged weights,
    and ``ema_state_dict`` the raw ones with the prefix ``module.``. A ``checkpoint`` that is itself
    a state dict is returned as it is.

    Args:
        averaged: False gives the raw weights of the last iteration.
    Raises: CheckpointError naming ``source`` when the dict holds no weights.
    """
    state = checkpoint.get('state_dict', checkpoint)
    if not _is_state_dict(state):
        raise CheckpointError(
            f"{source}: no weights found; wanted a 'state_dict' of tensors, the file has the keys "
            f'{_short(checkpoint)}'
        )
    state = dict(state)
    if not averaged:
        for key, value in checkpoint.get('ema_state_dict', {}).items():
            if key.startswith(_EMA_PREFIX):
                state[key.removeprefix(_EMA_PREFIX)] = value
    return state


def stored_elements(state: dict[str, Tensor]) -> int:
    """How many numbers really stand in the file of ``state``, however often tensors show them."""
    sizes = {}
    for value in state.values():
        storage = value.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes() // value.element_size()
    return sum(sizes.values())


def _is_state_dict(state: object) -> bool:
    """Whether ``state`` is a dict of one tensor or more, by name."""
    if not isinstance(state, dict) or not state:
        return False
    return all(isinstance(k, str) and isinstance(v, Tensor) for k, v in state.items())


def load_weights(model: nn.Module, state: dict[str, Tensor], source: str | os.PathLike) -> None:
    """Load ``state`` into ``model``, strictly. If a key does not fit, the model stays unchanged.

    Frozen pretrained parts, which the ``state_dict()`` of the model leaves out, may be missing.

    Raises: CheckpointError naming ``source`` and the missing, unexpected and reshaped keys, or a
        tensor of another type or with values that are not finite.
    """
    state = translate_state(model, state, source)
    wanted = model.state_dict()
    _check_fit(wanted, state, source, missing=sorted(set(wanted) - set(state)))
    model.load_state_dict(state, strict=False)


def load_known_weights(
    model: nn.Module, state: dict[str, Tensor], source: str | os.PathLike
) -> None:
    """``load_weights`` of a file with a part of the weights. The others keep their values.

    Raises: CheckpointError for weights that the model does not have, and for no weights at all.
    """
    if not state:
        raise CheckpointError(f'{source}: no weights for this part of the model')
    state = translate_state(model, state, source)
    _check_fit(model.state_dict(), state, source, missing=[])
    model.load_state_dict(state, strict=False)


def _check_fit(
    wanted: dict[str, Tensor],
    state: dict[str, Tensor],
    source: str | os.PathLike,
    missing: list[str],
) -> None:
    """Raise CheckpointError for ``missing``, unexpected or reshaped keys of ``state``."""
    unexpected = sorted(set(state) - set(wanted))
    reshaped = []
    for key, value in wanted.items():
        if key in state and state[key].shape != value.shape:
            reshaped.append(
                f'{key} {tuple(state[key].shape)} in the file, {tuple(value.shape)} in the model'
            )
    report = ''
    for name, keys in dict(missing=missing, unexpected=unexpected, reshaped=reshaped).items():
        if keys:
            report += f'\n  {name} {len(keys)}: {_short(keys)}'
    if report:
        fits = len(set(wanted) & set(state)) - len(reshaped)
        raise CheckpointError(
            f'{source}: these weights are not of this model ({fits} of its {len(wanted)} entries '
            f'fit). Use the config that the weights were trained with.{report}'
        )
    for key, value in wanted.items():
        if key in state:
            _check_values(key, state[key], value, source)


def _check_values(key: str, value: Tensor, wanted: Tensor, source: str | os.PathLike) -> None:
    """Raise CheckpointError for a ``value`` of another kind than ``wanted``, or not finite.

    A buffer that is not finite in the model itself may stay so: it says "not measured yet".
    """
    if value.layout != torch.strided or value.is_quantized or _kind(value) != _kind(wanted):
        layout = '' if value.layout == torch.strided else f' ({value.layout})'
        raise CheckpointError(
            f'{source}: {key} is {value.dtype}{layout} in the file, {wanted.dtype} in the model. '
            'Weights of another type would load as other numbers; save them in the type of the '
            'model, or in half precision'
        )
    if not value.is_floating_point() or wanted.is_meta:
        return
    finite = value.float().isfinite()
    if not finite.all() and wanted.isfinite().all():
        count = int(finite.logical_not().sum())
        raise CheckpointError(
            f'{source}: {key} has {count} of {value.numel()} values that are not finite (NaN or '
            'infinite), as a training leaves them that went wrong; take an earlier checkpoint'
        )


def _kind(value: Tensor) -> str:
    if value.is_floating_point():
        return 'floating'
    if value.is_complex():
        return 'complex'
    return 'bool' if value.dtype == torch.bool else 'whole'


def _history_statistic(owner: type, name: str):
    """Used for ``getattr`` while a file is read. It gives four methods of HistoryBuffer only."""
    if owner is HistoryBuffer and name in ('min', 'max', 'current', 'mean'):
        return getattr(HistoryBuffer, name)
    raise pickle.UnpicklingError(f'Unsupported global: getattr({owner}, {name!r})')


def _allowed() -> list:
    """The classes and functions that a checkpoint may name, with the names that files use."""
    scalar, rebuild = np.float64(0).__reduce__()[0], np.zeros(0).__reduce__()[0]
    dtypes = [type(np.dtype(kind)) for kind in '?bBhHiIlLqQefd']
    numpy_1 = [
        (scalar, 'numpy.core.multiarray.scalar'),
        (rebuild, 'numpy.core.multiarray._reconstruct'),
    ]
    numpy_2 = [
        (scalar, 'numpy._core.multiarray.scalar'),
        (rebuild, 'numpy._core.multiarray._reconstruct'),
    ]
    return [
        argparse.Namespace,
        HistoryBuffer,
        (_history_statistic, 'builtins.getattr'),
        np.ndarray,
        np.dtype,
        *numpy_1,
        *numpy_2,
        *dtypes,
    ]


def _read_pickle(path: Path) -> object:
    try:
        with torch.serialization.safe_globals(_allowed()):
            return torch.load(path, map_location='cpu', weights_only=True)
    except pickle.UnpicklingError as error:
        cause = error.__context__ or error  # torch wraps its reason in advice to trust the file
        if not re.search('nsupported (?!operand)|unrecognized|Can only', str(cause)):
            raise _damaged(path, cause) from error
        reason = re.split(' was not |\n', str(cause))[0]
        raise CheckpointError(
            f'{path}: holds more than weights, and restorelab runs no code from a checkpoint '
            f"({reason}); save its 'state_dict' alone where you trust it, and give that"
        ) from error
    except Exception as error:  # a damaged pickle or zip file makes torch raise nearly anything
        raise _damaged(path, error) from error


def _read_safetensors(path: Path) -> dict:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(state_dict=expand(load_file(path)))
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: BaseException) -> CheckpointError:
    reason = str(error).split('\n')[0]
    return CheckpointError(
        f'{path}: not a readable checkpoint, or a damaged one ({type(error).__name__}: {reason})'
    )


def _short(keys) -> str:
    keys = list(keys)
    more = f' and {len(keys) - _SHOWN} more' if len(keys) > _SHOWN else ''
    return ', '.join(map(str, keys[:_SHOWN])) + more
