"""Mutations of valid files: each gives a sound result or an error that names the file."""

import functools
import json
import struct
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restorelab.apis import load
from restorelab.datasets import DetectionDataset
from restorelab.datasets.pairing import read_list
from restorelab.io.images import ImageReadError, image_size, read_image
from restorelab.utils.checkpoint import CheckpointError
from tests.attack.cases import time_limit
from tests.attack.table import tiny
from tests.attack.table.images import encoded
from tests.attack.weights import MODEL
from tests.datasets.coco_cases import sound, write
from tests.datasets.pictures import save_all

SECONDS = 5.0
PART = st.floats(0, 1)  # a place in the file, as a share of its length
PIECES = st.one_of(
    st.binary(min_size=1, max_size=6),
    st.sampled_from([b'\0' * 4, b'\xff' * 8, b'-1', b'1e999', b'NaN', b'null', b'[', b'}', b'"']),
    st.sampled_from([b'../', b'os.system', b'\n', b'\t', b',', b':', b'99999999999999999999']),
)
EDITS = st.one_of(
    st.tuples(st.just('flip'), PART, st.integers(0, 7)),
    st.tuples(st.just('cut'), PART, st.just(0)),
    st.tuples(st.just('insert'), PART, PIECES),
    st.tuples(st.just('replace'), PART, PIECES),
    st.tuples(st.just('drop'), PART, st.integers(1, 40)),
    st.tuples(st.just('repeat'), PART, st.integers(1, 40)),
)
MUTATIONS = st.lists(EDITS, min_size=1, max_size=3)


def bounded(examples: int) -> Callable:
    """The same examples in every run."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=timedelta(seconds=SECONDS),
        suppress_health_check=[HealthCheck.too_slow],
    )


def mutated(data: bytes, edits: list[tuple]) -> bytes:
    """``data`` after the edits, one after the other."""
    for kind, part, value in edits:
        place = int(part * len(data))
        head, tail = data[:place], data[place:]
        if kind == 'flip' and tail:
            data = head + bytes([tail[0] ^ 1 << value]) + tail[1:]
        elif kind == 'cut':
            data = head
        elif kind == 'insert':
            data = head + value + tail
        elif kind == 'replace':
            data = head + value + tail[len(value) :]
        elif kind == 'drop':
            data = head + tail[value:]
        elif kind == 'repeat':
            data = head + tail[:value] + tail
    return data


def twice(text: str, key: str, value: str) -> str:
    """JSON in which a key stands twice in its object."""
    return text.replace(f'"{key}":', f'"{key}": {value}, "{key}":', 1)


def answered(
    read: Callable[[Path], None], path: Path, *errors: type[Exception], names: tuple[str, ...] = ()
) -> None:
    """Read in bounded time: soundly, or with an error that names the file, or another of names."""
    said = None
    with time_limit(SECONDS):
        try:
            read(path)
        except errors as error:
            said = str(error)
    assert said is None or any(name in said for name in (path.name, *names))


@pytest.mark.parametrize('suffix', ['.png', '.jpg', '.tif'])
def test_a_mutated_picture(suffix):
    def read(path: Path) -> None:
        image = read_image(path)
        assert (image.dtype, image.shape) == (np.uint8, (*image_size(path), 3))

    @bounded(200)
    @given(MUTATIONS)
    def check(edits):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f'mutated{suffix}'
            path.write_bytes(mutated(encoded(suffix), edits))
            answered(read, path, ImageReadError)

    check()


@functools.cache
def weights() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return tiny.published(Path(folder)).read_bytes()


def restore_with(path: Path) -> None:
    """Loading checks all values, so a model that loads has finite weights."""
    with tiny.allowed():
        model = load(path, device='cpu').model
    assert all(value.isfinite().all() for value in model.state_dict().values())


@bounded(240)
@given(MUTATIONS)
def test_a_mutated_weight_file(edits):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'mutated.safetensors'
        path.write_bytes(mutated(weights(), edits))
        answered(restore_with, path, CheckpointError)


@bounded(240)
@given(MUTATIONS)
def test_a_weight_file_with_a_mutated_header(edits):
    """Its length fits, so the faults inside are reached."""
    (length,) = struct.unpack('<Q', weights()[:8])
    header = mutated(weights()[8 : 8 + length], edits)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'mutated.safetensors'
        path.write_bytes(struct.pack('<Q', len(header)) + header + weights()[8 + length :])
        answered(restore_with, path, CheckpointError)


@bounded(200)
@given(MUTATIONS, st.sampled_from(['type', 'width', 'steps', None]))
def test_a_mutated_published_config(edits, repeated):
    """The config alone, as the text in the metadata of a file."""
    text = json.dumps(MODEL)
    if repeated is not None:
        text = twice(text, repeated, '1')
    config = mutated(text.encode(), edits).decode('utf-8', 'replace')
    (length,) = struct.unpack('<Q', weights()[:8])
    parts = json.loads(weights()[8 : 8 + length])
    parts['__metadata__']['config'] = config
    header = json.dumps(parts).encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'mutated.safetensors'
        path.write_bytes(struct.pack('<Q', len(header)) + header + weights()[8 + length :])
        answered(restore_with, path, CheckpointError)


def read_objects(path: Path) -> None:
    sample = DetectionDataset(path, [], gt=path.parent / 'images', with_masks=True)[0]
    boxes, (height, width) = sample['boxes'], sample['ori_shape']
    assert np.isfinite(boxes).all()
    assert boxes.min(initial=0) >= 0
    assert boxes[:, 2].max(initial=0) <= width
    assert boxes[:, 3].max(initial=0) <= height
    assert sample['masks'].shape == (len(boxes), height, width)


@bounded(400)
@given(MUTATIONS, st.sampled_from(['id', 'bbox', 'images', 'file_name', 'width', None]))
def test_a_mutated_annotation_file(edits, repeated):
    text = json.dumps(sound())
    if repeated is not None:
        text = twice(text, repeated, '1')
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), mutated(text.encode(), edits))
        # a picture of another size is named itself
        answered(read_objects, path, ValueError, FileNotFoundError, KeyError, names=('a.png',))


LIST = b'# lq gt degradation\na.png b.png rain\nb.png\ta.png\tlight rain\na.png b.png haze\n'


@bounded(400)
@given(MUTATIONS)
def test_a_mutated_list(edits):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / 'root'
        save_all(root, ['a.png', 'b.png'], (4, 4))

        def read(path: Path) -> None:
            for lq, gt, _ in read_list(path, root):
                assert {each.resolve().parent for each in (lq, gt) if each} == {root.resolve()}

        path = Path(folder) / 'mutated.txt'
        path.write_bytes(mutated(LIST, edits))
        answered(read, path, ValueError, FileNotFoundError)
