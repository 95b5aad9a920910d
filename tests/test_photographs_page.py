"""The tables of docs/photographs.md say what the code does."""

from pathlib import Path

import numpy as np
from PIL import Image

from restorelab.io.extras import HEIF_EXTENSIONS
from restorelab.io.formats import FORMATS, Format
from restorelab.io.photo_files import PHOTO_READ_EXTENSIONS, result_extension

PAGE = (Path(__file__).resolve().parents[1] / 'docs/photographs.md').read_text(encoding='utf-8')
NAMES = {
    'exif': 'EXIF',
    'xmp': 'XMP',
    'iptc': 'IPTC',
    'dpi': 'resolution',
    'comment': 'comment',
    'text': 'texts',
    'segments': 'other segments',
    'chunks': 'color and time',
    'hdr': 'HDR coding',
}


def row(form: Format) -> str:
    """The line of the first table."""
    pictures = 'pages' if form.frames else 'one'
    cells = (
        form.name,
        ' '.join(f'`{extension}`' for extension in form.extensions),
        ', '.join(form.depths),
        form.coding,
        'yes' if form.transparency else 'no',
        'animation' if form.durations else pictures,
        'yes' if form.profile else 'no',
        ', '.join(NAMES[name] for name in form.metadata) or 'none',
    )
    return f'| {" | ".join(cells)} |'


def table_below(heading: str) -> list[str]:
    """The rows under the head of the first table that follows ``heading``."""
    rows = []
    for line in PAGE.partition(heading)[2].splitlines():
        if line.startswith('|'):
            rows.append(line)
        elif rows:
            break
    return rows[2:]


def test_the_table_of_formats_is_that_of_the_code():
    assert table_below('## Formats that are written') == [row(form) for form in FORMATS]


def test_the_table_of_other_inputs_is_that_of_the_code():
    stated = {}
    for line in table_below('## Inputs whose results have another extension'):
        extensions, result = line.replace('`', '').strip('|').split('|')
        stated.update(dict.fromkeys(extensions.split(), result.strip()))
    wanted = {}
    for extension in PHOTO_READ_EXTENSIONS:
        result = result_extension(f'a{extension}')
        if result != extension:
            wanted[extension] = result
    assert stated == wanted


def test_the_extra_is_named_with_its_extensions():
    section = PAGE.partition('## What the extra adds')[2].partition('\n## ')[0]
    assert ' '.join(f'`{extension}`' for extension in HEIF_EXTENSIONS) in section
    assert 'pip install restorelab[photos]' in section


def test_the_example_of_reading_and_writing_runs(tmp_path, monkeypatch):
    start = PAGE.index('from restorelab.io.photo_files import read_photo')
    example = PAGE[start:].partition('```')[0]
    monkeypatch.chdir(tmp_path)
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    Image.fromarray(pixels).save('PHOTO.jpg', comment=b'a comment')
    exec(example, {})
    assert Image.open('OUT.jpg').info['comment'] == b'a comment'
