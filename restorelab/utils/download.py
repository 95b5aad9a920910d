"""Weights from the network: over https only, of bounded size, and held against their checksum."""

import hashlib
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urldefrag, urlsplit

from restorelab.utils.checkpoint import CheckpointError
from restorelab.utils.files import atomic_path

MOST_BYTES = 16 * 2**30
SECONDS = 60  # of silence on the connection
CHUNK = 2**20
IN_FRAGMENT = re.compile(r'sha256=([0-9a-fA-F]{64})')
IN_NAME = re.compile(r'-([0-9a-f]{8,64})\.\w+')


def fetch(url: str) -> Path:
    """The file at ``url``, from the cache of ``torch.hub`` if it is there.

    Args:
        url: ``https://HOST/w.pth#sha256=<64 digits>``, or a name with the first 8 digits or more,
            as torchvision has them: ``https://HOST/resnet50-0676ba61.pth``.
    Raises:
        CheckpointError: another scheme, no checksum, another content, or too large.
        FileNotFoundError: it cannot be reached.
    """
    address, digits = _parse(url)
    path = _place(address, digits)
    if path.is_file() and _digest(path).startswith(digits):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _opened(address) as response, atomic_path(path) as temporary:
            found = _copy(response, temporary, url)
            if not found.startswith(digits):
                raise CheckpointError(
                    f'{url}: what came has the sha256 {found}, not {digits}; the file was changed, '
                    'or the address is of another one. Nothing of it is kept'
                )
    except urllib.error.URLError as error:
        raise FileNotFoundError(
            f'{url} cannot be fetched ({error.reason}). Fetch the file elsewhere and give its path'
        ) from error
    except OSError as error:
        raise FileNotFoundError(f'{url} cannot be fetched or kept ({error})') from error
    return path


def _parse(url: str) -> tuple[str, str]:
    """The address, and the digits of the checksum. Raises: CheckpointError."""
    address, fragment = urldefrag(url)
    if urlsplit(address).scheme != 'https' or not urlsplit(address).hostname:
        raise CheckpointError(
            f'{url}: weights come from a file, from restorelab:<name>, or over https with a '
            'checksum (https://HOST/w.pth#sha256=<64 digits>), and in no other way. Fetch the file '
            f'and give its path{_hint(url)}'
        )
    match = IN_FRAGMENT.fullmatch(fragment) or IN_NAME.search(urlsplit(address).path[-80:])
    if match is None or (fragment and not IN_FRAGMENT.fullmatch(fragment)):
        raise CheckpointError(
            f'{url}: without a checksum nobody knows what comes. Give it behind the address: '
            f'{address}#sha256=<64 digits>, as sha256sum prints them'
        )
    return address, match[1].lower()


def _hint(url: str) -> str:
    """The address behind MMEngine's ``torchvision://NAME``, which detectors of mmdet have."""
    zoo, _, name = url.partition('://')
    if zoo not in ('torchvision', 'modelzoo'):
        return ''
    from mmengine.runner.checkpoint import get_torchvision_models

    known = get_torchvision_models().get(name)
    return f'. {url} means {known}' if known else ''


def _place(address: str, digits: str) -> Path:
    """Where the file is kept: a name with its checksum, as ``torch.hub`` has it."""
    from torch.hub import get_dir

    name = Path(re.sub(r'[^\w.-]', '_', urlsplit(address).path.rpartition('/')[2]))
    if digits[:8] not in name.stem:
        name = Path(f'{name.stem}-{digits[:16]}{name.suffix}')
    return Path(get_dir()) / 'checkpoints' / name


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follows no redirection to another scheme."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if urlsplit(newurl).scheme != 'https':
            raise urllib.error.URLError(f'it leads to {newurl}, which is not https')
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextmanager
def _opened(address: str) -> Iterator[BinaryIO]:
    opener = urllib.request.build_opener(_OnlyHttps)
    with opener.open(address, timeout=SECONDS) as response:
        yield response


def _copy(response: BinaryIO, path: Path, url: str) -> str:
    """Write what comes to ``path``. Returns its sha256. Raises: CheckpointError for too much."""
    digest, count = hashlib.sha256(), 0
    with open(path, 'wb') as file:
        chunk = response.read(CHUNK)
        while chunk:
            count += len(chunk)
            if count > MOST_BYTES:
                raise CheckpointError(f'{url}: larger than {MOST_BYTES:,} bytes; not read on')
            digest.update(chunk)
            file.write(chunk)
            chunk = response.read(CHUNK)
    return digest.hexdigest()


def _digest(path: str | os.PathLike) -> str:
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        chunk = file.read(CHUNK)
        while chunk:
            digest.update(chunk)
            chunk = file.read(CHUNK)
    return digest.hexdigest()
