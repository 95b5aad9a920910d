"""Taps inside networks of other libraries, through module hooks.

The hooks hold only the names of their taps. The context comes from the block around the call
(``tapped``), for the calling thread alone: a network may serve several threads at once, and may be
copied.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from torch import Tensor, nn

from restorelab.structures import TapContext

_CONTEXT: ContextVar[TapContext | None] = ContextVar('tap_context', default=None)


@contextmanager
def tapped(ctx: TapContext | None) -> Iterator[None]:
    """Inside the block, hooked networks hand their features to ``ctx``; with None to nobody."""
    before = _CONTEXT.set(ctx)
    try:
        yield
    finally:
        _CONTEXT.reset(before)


def _tap(name: str, feat: Tensor) -> Tensor:
    ctx = _CONTEXT.get()
    return feat if ctx is None else ctx.tap(name, feat)


def tap_output(module: nn.Module, name: str) -> None:
    """Let what ``module`` gives, one tensor, pass the tap ``name``."""
    module.register_forward_hook(partial(_on_output, name))


def tap_input(module: nn.Module, name: str) -> None:
    """Let the first argument of ``module``, or its ``hidden_states``, pass the tap ``name``."""
    module.register_forward_pre_hook(partial(_on_input, name), with_kwargs=True)


def tap_level(block: nn.Module, name: str) -> None:
    """Let what goes down from a down block of diffusers pass the tap ``name``.

    The block gives (feature, its skips), and the last skip is that feature: both are replaced.
    """
    block.register_forward_hook(partial(_on_level, name))


def tap_skips(block: nn.Module, names: Sequence[str]) -> None:
    """Let the skips that come into an up block of diffusers pass the taps ``names``, in order."""
    block.register_forward_pre_hook(partial(_on_skips, tuple(names)), with_kwargs=True)


def _on_output(name: str, _module: nn.Module, _args: tuple, output: Tensor) -> Tensor:
    return _tap(name, output)


def _on_input(name: str, _module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    if args:
        return (_tap(name, args[0]), *args[1:]), kwargs
    return args, {**kwargs, 'hidden_states': _tap(name, kwargs['hidden_states'])}


def _on_level(name: str, _module: nn.Module, _args: tuple, output: tuple) -> tuple:
    feat, skips, *rest = output
    feat = _tap(name, feat)
    return feat, (*skips[:-1], feat), *rest


def _on_skips(
    names: tuple[str, ...], _module: nn.Module, args: tuple, kwargs: dict
) -> tuple[tuple, dict]:
    skips = kwargs['res_hidden_states_tuple']
    return args, {**kwargs, 'res_hidden_states_tuple': tuple(map(_tap, names, skips))}
