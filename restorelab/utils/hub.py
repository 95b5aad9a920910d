"""Pretrained networks in the layout of diffusers, from a local folder or the Hugging Face hub."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

Part = TypeVar('Part')
DIFFUSERS_FILES = ('config.json', 'diffusion_pytorch_model.safetensors')


def read_part(
    load: Callable[..., Part], pretrained: str, subfolder: str, files: Sequence[str]
) -> Part:
    """``load(pretrained, subfolder=subfolder)``, with errors that say what to do.

    Args:
        load: a ``from_pretrained`` of diffusers or transformers.
        pretrained: local folder, or hub id.
        subfolder: of the part.
        files: names of the files in it that must exist.
    Raises:
        FileNotFoundError: naming what is missing and the two ways to provide it.
        ValueError: a local file cannot be read.
    """
    folder = Path(pretrained).expanduser()
    wanted = [f'{subfolder}/{file}' for file in files]
    if not folder.is_dir():
        return _read_from_hub(load, pretrained, subfolder, wanted)
    missing = [file for file in wanted if not (folder / file).is_file()]
    if missing:
        raise FileNotFoundError(_advice(str(folder), missing, 'the folder lacks it'))
    try:
        return load(str(folder), subfolder=subfolder)
    except Exception as error:  # the libraries raise nearly anything for a damaged file
        raise ValueError(
            f"'{subfolder}' of '{folder}' cannot be read ({_reason(error)}); one of its files is "
            f'damaged or of another model: {list(files)}. Copy them again'
        ) from error


def _read_from_hub(
    load: Callable[..., Part], pretrained: str, subfolder: str, wanted: Sequence[str]
) -> Part:
    try:
        return load(pretrained, subfolder=subfolder)
    except (OSError, ValueError) as error:  # the libraries turn errors of the hub into these
        raise FileNotFoundError(_advice(pretrained, wanted, _reason(error))) from error


def _reason(error: BaseException) -> str:
    """The first line of the first error. When the hub is unreachable, later ones mislead."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return f'{type(error).__name__}: {error}'.split('\n')[0]


def _advice(pretrained: str, missing: Sequence[str], reason: str) -> str:
    return (
        f"{', '.join(map(repr, missing))} of '{pretrained}' is missing ({reason}). Two ways to "
        "provide it: run once on a machine that reaches the hub (pretrained='stabilityai/sd-turbo' "
        'fetches it), or copy a snapshot with the folders vae, unet, text_encoder and tokenizer to '
        'this machine and give its path as `pretrained`.'
    )
