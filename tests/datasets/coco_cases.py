"""Faults of annotation files in COCO's format, and what ``DetectionDataset`` says of each.

Each case writes ``<folder>/instances.json`` and ``<folder>/images/a.png``. ``words`` is a regular
expression of the error, or None where the file is sound.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

POLYGON = [2, 2, 12, 2, 12, 10, 2, 10]
SEGMENT = dict(size=[16, 20], counts=[20, 300])
MISSING = object()
INFINITE, NAN = float('inf'), float('nan')


class CocoCase(NamedTuple):
    name: str
    make: Callable[[Path], Path]  # folder -> the json in it
    words: str | None


def sound() -> dict:
    """An image of 20x16 pixels (width x height) with one object."""
    box = dict(id=1, image_id=5, category_id=3, bbox=[2, 2, 10, 8], iscrowd=0, area=80)
    return dict(
        images=[dict(id=5, file_name='a.png', width=20, height=16)],
        annotations=[dict(box, segmentation=[POLYGON])],
        categories=[dict(id=3, name='car'), dict(id=1, name='person')],
    )


def write(folder: Path, data: bytes) -> Path:
    (folder / 'images').mkdir(exist_ok=True)
    Image.fromarray(np.full((16, 20, 3), 99, np.uint8)).save(folder / 'images/a.png')
    (folder / 'instances.json').write_bytes(data)
    return folder / 'instances.json'


def raw(data: bytes) -> Callable:
    return lambda folder: write(folder, data)


def dumped(content: object) -> Callable:
    return raw(json.dumps(content).encode())


def changed(part: str, **entries) -> Callable:
    """The first entry of a list with other values; MISSING takes a key out."""
    content = sound()
    entry = content[part][0]
    entry.update(entries)
    for key in [key for key, value in entry.items() if value is MISSING]:
        del entry[key]
    return dumped(content)


def added(part: str, entry: object) -> Callable:
    content = sound()
    content[part].append(entry)
    return dumped(content)


def without(part: str) -> Callable:
    content = sound()
    del content[part]
    return dumped(content)


def replaced(part: str, value: object) -> Callable:
    return dumped({**sound(), part: value})


def text(old: str, new: str) -> Callable:
    """The file with a piece of its text replaced."""
    return raw(json.dumps(sound()).replace(old, new).encode())


IMAGE, BOX, CATEGORY = r'images\[0\]', r'annotations\[0\]', r'categories\[0\]'
OF_IMAGE, OF_BOX = rf'{IMAGE} \(id 5\): ', rf'{BOX} \(id 1\): '
WANTED_BOX = rf"{OF_BOX}'bbox' is .*; wanted is left, top, width and height"
LEADS_OUT = rf"{OF_IMAGE}file_name '.*' (leads out of its folder|is an absolute path)"

WHOLE = [
    CocoCase('sound', dumped(sound()), None),
    CocoCase(
        'sound with a mark of order', raw(b'\xef\xbb\xbf' + json.dumps(sound()).encode()), None
    ),
    CocoCase('empty', raw(b''), 'not a json file'),
    CocoCase('truncated', raw(json.dumps(sound()).encode()[:-40]), r'not a json file \(.*line 1'),
    CocoCase('words', raw(b'words'), r'not a json file \(Expecting value'),
    CocoCase('UTF-16', raw(json.dumps(sound()).encode('utf-16')), r'not a json file \(.*utf-8'),
    CocoCase('Latin-1', raw(b'{"images": "\xe4"}'), r'not a json file \(.*utf-8'),
    CocoCase('deep', raw(b'[' * 200_000), 'not a json file'),
    CocoCase('deep and closed', raw(b'[' * 9000 + b']' * 9000), 'nested too deeply|is a list'),
    CocoCase('a list', dumped([]), 'the file is a list; wanted is an object'),
    CocoCase('null', dumped(None), 'the file is null'),
    CocoCase('a number', dumped(7), 'the file is the number 7'),
    CocoCase('no images', without('images'), "'images' is missing; wanted is a list"),
    CocoCase('no annotations', without('annotations'), "'annotations' is missing"),
    CocoCase('no categories', without('categories'), "'categories' is missing"),
    CocoCase('images an object', replaced('images', {}), "'images' is an object; wanted is a list"),
    CocoCase('annotations null', replaced('annotations', None), "'annotations' is null"),
    CocoCase('a digit too many', text('80', '8' * 5000), r'not a json file \(Exceeds'),
    CocoCase(
        'repeated list', text('{"images"', '{"images": [], "images"'), r"has \['images'\] more"
    ),
    CocoCase(
        'repeated key', text('"bbox"', '"bbox": [0, 0, 1, 1], "bbox"'), r"has \['bbox'\] more"
    ),
]

OF_CATEGORIES = [
    CocoCase('category a text', added('categories', 'car'), r'categories\[2\] is a text'),
    CocoCase(
        'two categories of one id',
        added('categories', dict(id=3, name='bus')),
        r'categories\[2\] \(id 3\): categories\[0\] has the same id',
    ),
    CocoCase(
        'two categories of one name',
        added('categories', dict(id=4, name='car')),
        r"categories\[2\] \(id 4\): the category 3 has the same name 'car'",
    ),
    CocoCase('category id a text', changed('categories', id='3'), rf"{CATEGORY}: 'id' is '3'"),
    CocoCase('category id null', changed('categories', id=None), rf"{CATEGORY}: 'id' is None"),
    CocoCase('category id true', changed('categories', id=True), rf"{CATEGORY}: 'id' is True"),
    CocoCase('category without id', changed('categories', id=MISSING), "'id' is missing"),
    CocoCase('category without name', changed('categories', name=MISSING), "'name' is missing"),
    CocoCase('category name a number', changed('categories', name=7), "'name' is 7; wanted is a"),
    CocoCase('category name empty', changed('categories', name=''), "'name' is ''"),
]

OF_IMAGES = [
    CocoCase('image null', added('images', None), r'images\[1\] is null; wanted is an object'),
    CocoCase(
        'two images of one id',
        added('images', dict(id=5, file_name='a.png')),
        r'images\[1\] \(id 5\): images\[0\] has the same id',
    ),
    CocoCase('image id a text', changed('images', id='5'), rf"{IMAGE}: 'id' is '5'; wanted is a"),
    CocoCase('image id true', changed('images', id=True), rf"{IMAGE}: 'id' is True"),
    CocoCase('image id null', changed('images', id=None), rf"{IMAGE}: 'id' is None"),
    CocoCase('image id a fraction', changed('images', id=5.5), rf"{IMAGE}: 'id' is 5\.5"),
    CocoCase('image id enormous', changed('images', id=10**30), rf"{IMAGE}: 'id' is 10+; wanted"),
    CocoCase('image id a list', changed('images', id=[5]), rf"{IMAGE}: 'id' is \[5\]"),
    CocoCase('image without id', changed('images', id=MISSING), rf"{IMAGE}: 'id' is missing"),
    CocoCase('no file name', changed('images', file_name=MISSING), f"{OF_IMAGE}'file_name' is mis"),
    CocoCase('file name null', changed('images', file_name=None), f"{OF_IMAGE}'file_name' is None"),
    CocoCase('file name a number', changed('images', file_name=7), f"{OF_IMAGE}'file_name' is 7"),
    CocoCase('file name empty', changed('images', file_name=''), f"{OF_IMAGE}'file_name' is ''"),
    CocoCase('file name a point', changed('images', file_name='.'), 'is no name of a file'),
    CocoCase('file name with zero', changed('images', file_name='a\0.png'), 'is no name of a file'),
    CocoCase('above', changed('images', file_name='../a.png'), LEADS_OUT),
    CocoCase('above and back', changed('images', file_name='../images/a.png'), LEADS_OUT),
    CocoCase('above within', changed('images', file_name='x/../../a.png'), LEADS_OUT),
    CocoCase('above of Windows', changed('images', file_name='..\\a.png'), LEADS_OUT),
    CocoCase('absolute', changed('images', file_name='/etc/passwd'), LEADS_OUT),
    CocoCase('absolute of Windows', changed('images', file_name='C:\\a.png'), LEADS_OUT),
    CocoCase('long name', changed('images', file_name='a' * 300 + '.png'), 'File name too long'),
    CocoCase(
        'a missing file', changed('images', file_name='b.png'), r'b\.png \(image 5\): no such'
    ),
    CocoCase('width a text', changed('images', width='20'), f"{OF_IMAGE}'width' is '20'; wanted"),
    CocoCase('width null', changed('images', width=None), f"{OF_IMAGE}'width' is None"),
    CocoCase(
        'width zero', changed('images', width=0), f"{OF_IMAGE}'width' is 0; wanted is a whole"
    ),
    CocoCase('width negative', changed('images', width=-20), f"{OF_IMAGE}'width' is -20"),
    CocoCase('width a fraction', changed('images', width=20.0), f"{OF_IMAGE}'width' is 20.0"),
    CocoCase('width enormous', changed('images', width=10**9), f"{OF_IMAGE}'width' is 10+; wanted"),
    CocoCase('width alone', changed('images', height=MISSING), f"{OF_IMAGE}'height' is missing"),
    CocoCase(
        'another size than the file',
        changed(
            'images',
            width=16,
            height=20,
        ),
        r'image id 5: .*a\.png: the annotations are for 16x20 pixels .* the image has 20x16',
    ),
]

OF_ANNOTATIONS = [
    CocoCase('annotation a list', added('annotations', []), r'annotations\[1\] is a list; wanted'),
    CocoCase(
        'two annotations of one id',
        added('annotations', sound()['annotations'][0]),
        r'annotations\[1\] \(id 1\): annotations\[0\] has the same id',
    ),
    CocoCase('without id', changed('annotations', id=MISSING), rf"{BOX}: 'id' is missing"),
    CocoCase(
        'id a text', changed('annotations', id='1'), rf"{BOX}: 'id' is '1'; wanted is a whole"
    ),
    CocoCase(
        'no image id', changed('annotations', image_id=MISSING), f"{OF_BOX}'image_id' is miss"
    ),
    CocoCase('image id a text', changed('annotations', image_id='5'), f"{OF_BOX}'image_id' is '5'"),
    CocoCase('image id true', changed('annotations', image_id=True), f"{OF_BOX}'image_id' is True"),
    CocoCase('image id a list', changed('annotations', image_id=[5]), f"{OF_BOX}'image_id' is "),
    CocoCase(
        'unknown image', changed('annotations', image_id=6), f'{OF_BOX}image_id 6 is the id of'
    ),
    CocoCase(
        'no category id', changed('annotations', category_id=MISSING), "'category_id' is miss"
    ),
    CocoCase('category id null', changed('annotations', category_id=None), "'category_id' is None"),
    CocoCase('category id a text', changed('annotations', category_id='3'), "'category_id' is '3'"),
    CocoCase(
        'unknown category', changed('annotations', category_id=9), f'{OF_BOX}category_id 9 is'
    ),
    CocoCase('no box', changed('annotations', bbox=MISSING), f"{OF_BOX}'bbox' is missing; wanted"),
    CocoCase('box null', changed('annotations', bbox=None), WANTED_BOX),
    CocoCase('box a text', changed('annotations', bbox='2 2 10 8'), WANTED_BOX),
    CocoCase('box an object', changed('annotations', bbox=dict(x=1)), WANTED_BOX),
    CocoCase('box of three', changed('annotations', bbox=[2, 2, 10]), WANTED_BOX),
    CocoCase('box of five', changed('annotations', bbox=[2, 2, 10, 8, 1]), WANTED_BOX),
    CocoCase('box of texts', changed('annotations', bbox=['2', '2', '10', '8']), WANTED_BOX),
    CocoCase('box of truth values', changed('annotations', bbox=[True, 2, 10, 8]), WANTED_BOX),
    CocoCase('box with null', changed('annotations', bbox=[None, 2, 10, 8]), WANTED_BOX),
    CocoCase('box with a list', changed('annotations', bbox=[[2], 2, 10, 8]), WANTED_BOX),
    CocoCase('box with NaN', changed('annotations', bbox=[NAN, 2, 10, 8]), WANTED_BOX),
    CocoCase('infinite box', changed('annotations', bbox=[0, 0, INFINITE, 8]), WANTED_BOX),
    CocoCase('minus infinite box', changed('annotations', bbox=[-INFINITE, 0, 9, 8]), WANTED_BOX),
    CocoCase('box of 1e999', text('[2, 2, 10, 8]', '[2, 2, 1e999, 8]'), WANTED_BOX),
    CocoCase('box of 10^400', changed('annotations', bbox=[10**400, 2, 10, 8]), WANTED_BOX),
    CocoCase('box of 1e300', changed('annotations', bbox=[1e300, 2, 10, 8]), WANTED_BOX),
    CocoCase(
        'negative width', changed('annotations', bbox=[9, 2, -5, 8]), f'{OF_BOX}bbox .*negati'
    ),
    CocoCase(
        'negative height', changed('annotations', bbox=[9, 9, 5, -8]), f'{OF_BOX}bbox .*negati'
    ),
    CocoCase('box outside', changed('annotations', bbox=[90, 2, 5, 8]), 'no image has an object'),
    CocoCase(
        'box without size', changed('annotations', bbox=[9, 2, 0, 8]), 'no image has an object'
    ),
    CocoCase('crowd a text', changed('annotations', iscrowd='no'), f"{OF_BOX}'iscrowd' is 'no'"),
    CocoCase('crowd null', changed('annotations', iscrowd=None), f"{OF_BOX}'iscrowd' is None"),
    CocoCase(
        'crowd two', changed('annotations', iscrowd=2), f"{OF_BOX}'iscrowd' is 2; wanted is 0"
    ),
    CocoCase('area a text', changed('annotations', area='80'), f"{OF_BOX}'area' is '80'; wanted"),
    CocoCase('area NaN', changed('annotations', area=NAN), f"{OF_BOX}'area' is nan"),
    CocoCase('area negative', changed('annotations', area=-1), f"{OF_BOX}'area' is -1"),
]


def segment(value: object) -> Callable:
    return changed('annotations', segmentation=value)


OF_POLYGON = rf'{OF_BOX}segmentation\[0\] .*: '
OF_RUNS = f'{OF_BOX}segmentation .*: '
SEGMENTATIONS = [
    CocoCase('run lengths', segment(SEGMENT), None),
    CocoCase(
        'segmentation a text', segment('x'), f"{OF_BOX}'segmentation' is 'x'; wanted is a list"
    ),
    CocoCase('segmentation a number', segment(7), f"{OF_BOX}'segmentation' is 7"),
    CocoCase('segmentation true', segment(True), f"{OF_BOX}'segmentation' is True"),
    CocoCase(
        'polygon not in a list', segment(POLYGON), rf'{OF_POLYGON}wanted is a list of numbers'
    ),
    CocoCase('polygon null', segment([None]), f'{OF_POLYGON}wanted is a list of numbers'),
    CocoCase('polygon of points', segment([[[2, 2], [9, 2], [9, 9]]]), f'{OF_POLYGON}3 numbers'),
    CocoCase(
        'odd polygon', segment([[2, 2, 9, 2, 9, 9, 2]]), f'{OF_POLYGON}7 numbers; wanted are x'
    ),
    CocoCase('polygon of two corners', segment([[2, 2, 9, 9]]), f'{OF_POLYGON}4 numbers'),
    CocoCase('polygon of none', segment([[]]), f'{OF_POLYGON}0 numbers'),
    CocoCase(
        'polygon with NaN', segment([[NAN, 2, 9, 2, 9, 9]]), f'{OF_POLYGON}wanted are numbers'
    ),
    CocoCase('infinite polygon', segment([[INFINITE, 2, 9, 2, 9, 9]]), f'{OF_POLYGON}wanted are'),
    CocoCase('polygon of 1e9', segment([[1e9, 2, 9, 2, 9, 9]]), f'{OF_POLYGON}wanted are numbers'),
    CocoCase(
        'polygon of texts', segment([['2', 2, 9, 2, 9, 9]]), f'{OF_POLYGON}wanted are numbers'
    ),
    CocoCase('runs without size', segment(dict(counts=[320])), f"{OF_RUNS}its 'size' is not"),
    CocoCase('runs of texts', segment(dict(size=['16', 20], counts=[320])), "its 'size' is not"),
    CocoCase(
        'runs of another size', segment(dict(size=[20, 16], counts=[320])), 'that of the image'
    ),
    CocoCase('runs without counts', segment(dict(size=[16, 20])), "its 'counts' are not whole"),
    CocoCase(
        'negative runs', segment(dict(size=[16, 20], counts=[-1, 321])), 'are not whole numbers'
    ),
    CocoCase(
        'runs of fractions', segment(dict(size=[16, 20], counts=[0.5])), 'are not whole numbers'
    ),
    CocoCase('too few runs', segment(dict(size=[16, 20], counts=[9])), "'counts' make 9 pixels"),
    CocoCase('enormous runs', segment(dict(size=[16, 20], counts=[10**15])), 'make 10+ pixels'),
    CocoCase('strange text', segment(dict(size=[16, 20], counts='é')), 'no compressed run lengths'),
    CocoCase('cut text', segment(dict(size=[16, 20], counts='o')), 'it ends within a number'),
    CocoCase('short text', segment(dict(size=[16, 20], counts='11')), 'make 2 pixels'),
]

CASES = [*WHOLE, *OF_CATEGORIES, *OF_IMAGES, *OF_ANNOTATIONS, *SEGMENTATIONS]
