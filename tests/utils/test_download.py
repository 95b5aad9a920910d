"""Weights over https: with a checksum, by no other scheme, and a bad file is not kept."""

import hashlib
import io
import urllib.request
from contextlib import contextmanager

import pytest
import torch

from restorelab.utils import download
from restorelab.utils.checkpoint import CheckpointError
from restorelab.utils.download import fetch
from restorelab.utils.weights import resolve_weights

CONTENT = b'weights' * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
URL = f'https://a.example/w.pth#sha256={DIGEST}'


@pytest.fixture
def web(tmp_path, monkeypatch):
    """The addresses that are asked for; each answers ``CONTENT``."""
    asked = []

    @contextmanager
    def opened(address):
        asked.append(address)
        yield io.BytesIO(CONTENT)

    monkeypatch.setattr(download, '_opened', opened)
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    return asked


def test_a_file_is_fetched_once(web):
    assert resolve_weights(URL).read_bytes() == CONTENT
    assert fetch(URL).name == f'w-{DIGEST[:16]}.pth'
    assert web == ['https://a.example/w.pth']


def test_a_name_may_hold_the_checksum_as_those_of_torchvision_do(web, tmp_path):
    url = f'https://a.example/net-{DIGEST[:8]}.pth'
    assert fetch(url) == tmp_path / f'checkpoints/net-{DIGEST[:8]}.pth'


def test_a_cached_file_that_was_changed_is_fetched_again(web):
    fetch(URL).write_bytes(b'other')
    assert fetch(URL).read_bytes() == CONTENT


def test_another_content_is_refused_and_not_kept(web, tmp_path):
    with pytest.raises(CheckpointError, match=f'w.pth.*has the sha256 {DIGEST}, not 0000'):
        fetch(f'https://a.example/w.pth#sha256={"0" * 64}')
    assert list((tmp_path / 'checkpoints').iterdir()) == []


def test_a_file_that_does_not_end_is_refused_and_not_kept(web, tmp_path, monkeypatch):
    monkeypatch.setattr(download, 'MOST_BYTES', 100)
    with pytest.raises(CheckpointError, match='larger than 100 bytes'):
        fetch(URL)
    assert list((tmp_path / 'checkpoints').iterdir()) == []


@pytest.mark.parametrize(
    'url',
    ['https://a.example/w.pth', 'https://a.example/w.pth#md5=1', URL[:-1], 'https://a.b/-1.pth'],
)
def test_an_address_without_a_checksum_is_refused(web, url):
    with pytest.raises(CheckpointError, match='without a checksum'):
        resolve_weights(url)
    assert web == []


def test_an_address_leads_to_no_other_scheme():
    request = urllib.request.Request('https://a.example/w.pth')
    with pytest.raises(OSError, match='not https'):
        download._OnlyHttps().redirect_request(request, None, 302, '', {}, 'http://a.example/w')


def test_the_answer_to_a_zoo_names_the_address_behind_it():
    with pytest.raises(CheckpointError, match=r'means https://download\.pytorch\.org/.*resnet50-'):
        resolve_weights('torchvision://resnet50')
