"""Weights of pretrained networks in diffusers' layout: a local folder, or a repository of the Hugging Face hub."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

Part = TypeVar('Part')
DIFFUSERS_FILES = ('config.json', 'diffusion_pytorch_model.safetensors')


def read_part(
    load: Callable[..., Part], pretrained: str, subfolder: str, files: Sequence[str]
) -> Part:
    """``load(pretrained, subfolder=subfolder)``, where ``load`` is a ``from_pretrained`` of diffusers or transformers.

    Args:
        pretrained: local folder, or hub id.  subfolder: of the part.  files: those that it cannot do without.
    Raises: FileNotFoundError that names what is missing and the two ways to provide it; ValueError for a file that is
        there and cannot be read.
    """
    folder = Path(pretrained).expanduser()
    local = folder.is_dir()
    if local:
        pretrained = str(folder)
        if missing := [
            f'{subfolder}/{file}' for file in files if not (folder / subfolder / file).is_file()
        ]:
            raise FileNotFoundError(_advice(pretrained, missing, 'the folder lacks it'))
    try:
        return load(pretrained, subfolder=subfolder)
    except (
        Exception
    ) as error:  # a damaged file makes diffusers and transformers raise nearly anything
        if local:
            raise ValueError(
                f"'{subfolder}' of '{pretrained}' cannot be read ({_reason(error)}); one of its files is "
                f'damaged or of another model: {list(files)}. Copy them again'
            ) from error
        if not isinstance(
            error, (OSError, ValueError)
        ):  # they wrap what the hub client raises in these
            raise
        raise FileNotFoundError(
            _advice(pretrained, [f'{subfolder}/{file}' for file in files], _reason(error))
        ) from error


def _reason(error: BaseException) -> str:
    """The first line of what went wrong first: diffusers says of an unreachable hub that it lacks the file."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return f'{type(error).__name__}: {error}'.split('\n')[0]


def _advice(pretrained: str, missing: Sequence[str], reason: str) -> str:
    return (
        f"{', '.join(map(repr, missing))} of '{pretrained}' is missing ({reason}). Two ways to provide it: run "
        "once on a machine that reaches the hub (pretrained='stabilityai/sd-turbo' fetches it), or copy a snapshot "
        'with the folders vae, unet, text_encoder and tokenizer to this machine and give its path as `pretrained`.'
    )
