"""Weights of pretrained networks in diffusers' layout: a local folder, or a repository of the Hugging Face hub."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Part = TypeVar('Part')


def read_part(load: Callable[..., Part], pretrained: str, subfolder: str, file: str) -> Part:
    """``load(pretrained, subfolder=subfolder)``, where ``load`` is a ``from_pretrained`` of diffusers or transformers.

    Args:
        pretrained: local folder, or hub id.  subfolder: of the part.  file: one that it cannot do without.
    Raises: FileNotFoundError that names the missing file and the two ways to provide it.
    """
    wanted = f'{subfolder}/{file}'
    if Path(pretrained).expanduser().is_dir():
        pretrained = str(Path(pretrained).expanduser())
        if not (Path(pretrained) / wanted).is_file():
            raise FileNotFoundError(_advice(pretrained, wanted, 'the folder lacks it'))
    try:
        return load(pretrained, subfolder=subfolder)
    except (OSError, ValueError) as error:  # diffusers and transformers wrap what the hub client raises in these
        raise FileNotFoundError(_advice(pretrained, wanted, str(error).split('\n')[0])) from error


def _advice(pretrained: str, wanted: str, reason: str) -> str:
    return (f"'{wanted}' of '{pretrained}' is missing ({reason}). Two ways to provide it: run once on a machine that "
            "reaches the hub (pretrained='stabilityai/sd-turbo' fetches it), or copy a snapshot with the folders vae, "
            'unet, text_encoder and tokenizer to this machine and give its path as `pretrained`.')
