"""The numbers that a network computes in while it restores."""

from contextlib import AbstractContextManager, nullcontext

import torch

DTYPES = ('auto', 'float32', 'bf16')


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """What ``name`` of ``DTYPES`` means on ``device``. Raises: ValueError for another name.

    ``auto`` is bfloat16 where the device has instructions for it, and float32 elsewhere.
    """
    if name not in DTYPES:
        raise ValueError(f'dtype is {name!r}; choose one of {list(DTYPES)}')
    if name == 'auto':
        name = 'bf16' if computes_in_bfloat16(device) else 'float32'
    return torch.bfloat16 if name == 'bf16' else torch.float32


def computes_in_bfloat16(device: torch.device) -> bool:
    """Whether ``device`` has instructions for bfloat16. Without them, float32 is faster."""
    if device.type == 'cuda':
        with torch.cuda.device(device):
            return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != 'cpu' or not torch.backends.mkldnn.is_available():
        return False
    able = torch.cpu.get_capabilities()
    return able.get('avx512_bf16', False) or able.get('amx_bf16', False)


def computing_in(dtype: torch.dtype, device: torch.device) -> AbstractContextManager:
    """Inside ``with``, convolutions and products of matrices compute in ``dtype``.

    Norms, softmax and the sums of a sampler stay in float32.
    """
    if dtype == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, dtype)
