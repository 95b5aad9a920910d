"""What is wrong with an annotation file in COCO's format, entry by entry.

Nothing is read but the json. ``DetectionDataset`` says what the entries mean.
"""

import math
from collections.abc import Callable, Iterator
from reprlib import Repr

from restorelab.utils.files import fault_of_relative

LISTS = ('images', 'annotations', 'categories')
LARGEST = 10**6  # of a coordinate or a side, in pixels
LARGEST_ID = 2**63 - 1
_SHORT = Repr()
_SHORT.maxlist = _SHORT.maxdict = 6
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60
_SHORT.maxlevel = 3

Size = tuple[int, int] | None  # (H, W), where the file gives it


def coco_faults(content: object) -> Iterator[str]:
    """One line for each fault: the entry by its place and id, and the reason."""
    if not isinstance(content, dict):
        yield f'the file is {_kind(content)}; wanted is an object with the lists {list(LISTS)}'
        return
    missing = [name for name in LISTS if not isinstance(content.get(name), list)]
    for name in missing:
        what = _kind(content[name]) if name in content else 'missing'
        yield f"'{name}' is {what}; wanted is a list"
    if missing:
        return
    categories, images = _index(content['categories']), _index(content['images'])
    names: dict[str, int] = {}
    yield from _faults_of('categories', content, lambda entry: _of_category(entry, names))
    yield from _faults_of('images', content, _of_image)
    yield from _faults_of(
        'annotations', content, lambda entry: _of_annotation(entry, images, categories)
    )


def _index(entries: list) -> dict[int, dict]:
    """The entries with a usable id, by that id."""
    found = {}
    for entry in entries:
        if isinstance(entry, dict) and _is_whole(entry.get('id')):
            found[entry['id']] = entry
    return found


def _faults_of(what: str, content: dict, check: Callable[[dict], Iterator[str]]) -> Iterator[str]:
    """The faults of one list."""
    seen: dict[int, int] = {}
    for index, entry in enumerate(content[what]):
        where = f'{what}[{index}]'
        if not isinstance(entry, dict):
            yield f'{where} is {_kind(entry)}; wanted is an object'
            continue
        if _is_whole(entry.get('id')):
            where += f' (id {entry["id"]})'
        for reason in (*_of_id(entry, seen, index, what), *check(entry)):
            yield f'{where}: {reason}'


def _of_id(entry: dict, seen: dict[int, int], index: int, what: str) -> Iterator[str]:
    if not _is_whole(entry.get('id')):
        yield _wanted(entry, 'id', 'a whole number')
    elif entry['id'] in seen:
        yield f'{what}[{seen[entry["id"]]}] has the same id'
    else:
        seen[entry['id']] = index


def _of_category(entry: dict, names: dict[str, int]) -> Iterator[str]:
    name = entry.get('name')
    if not isinstance(name, str) or not name:
        yield _wanted(entry, 'name', 'a text')
    elif name in names:
        yield f'the category {names[name]!r} has the same name {name!r}'
    else:
        names[name] = entry.get('id')


def _of_image(entry: dict) -> Iterator[str]:
    name = entry.get('file_name')
    if not isinstance(name, str) or not name:
        yield _wanted(entry, 'file_name', 'a path below the folder of the images')
    else:
        reason = fault_of_relative(name)
        if reason is not None:
            yield f'file_name {_SHORT.repr(name)} {reason}'
    if 'width' not in entry and 'height' not in entry:
        return
    for side in ('width', 'height'):
        if not _is_side(entry.get(side)):
            yield _wanted(entry, side, f'a whole number of pixels from 1 to {LARGEST}')


def _of_annotation(
    entry: dict, images: dict[int, dict], categories: dict[int, dict]
) -> Iterator[str]:
    for key, known in (('image_id', images), ('category_id', categories)):
        if not _is_whole(entry.get(key)):
            yield _wanted(entry, key, 'a whole number')
        elif entry[key] not in known:
            yield f'{key} {entry[key]} is the id of none of the {len(known)} that the file lists'
    yield from _of_box(entry)
    if entry.get('iscrowd', 0) not in (0, 1):
        yield _wanted(entry, 'iscrowd', '0 or 1')
    area = entry.get('area', 0)
    if not _is_number(area) or area < 0:
        yield _wanted(entry, 'area', 'a number of pixels, 0 or more')
    if entry.get('segmentation') is not None:
        image = images.get(entry['image_id']) if _is_whole(entry.get('image_id')) else None
        yield from _of_segmentation(entry, _size(image))


def _of_box(entry: dict) -> Iterator[str]:
    box = entry.get('bbox')
    if not isinstance(box, list) or len(box) != 4 or not all(map(_is_coordinate, box)):
        yield _wanted(entry, 'bbox', f'left, top, width and height, numbers up to {LARGEST}')
    elif box[2] < 0 or box[3] < 0:
        yield f'bbox {box}: its width or height is negative'


def _of_segmentation(entry: dict, size: Size) -> Iterator[str]:
    segments = entry['segmentation']
    if isinstance(segments, list):
        for number, polygon in enumerate(segments):
            reason = _fault_of_polygon(polygon)
            if reason is not None:
                yield f'segmentation[{number}] {_SHORT.repr(polygon)}: {reason}'
    elif isinstance(segments, dict):
        reason = _fault_of_run_lengths(segments, size)
        if reason is not None:
            yield f'segmentation {_SHORT.repr(segments)}: {reason}'
    else:
        yield _wanted(entry, 'segmentation', 'a list of polygons, or run lengths')


def _fault_of_polygon(polygon: object) -> str | None:
    if not isinstance(polygon, list):
        return 'wanted is a list of numbers x, y, x, y, ...'
    if len(polygon) < 6 or len(polygon) % 2:
        return f'{len(polygon)} numbers; wanted are x and y of at least three corners'
    if not all(map(_is_coordinate, polygon)):
        return f'wanted are numbers up to {LARGEST}'
    return None


def _fault_of_run_lengths(segment: dict, size: Size) -> str | None:
    given, counts = segment.get('size'), segment.get('counts')
    if not isinstance(given, list) or len(given) != 2 or not all(map(_is_side, given)):
        return "its 'size' is not [height, width]"
    if size is not None and tuple(given) != size:
        return f"its 'size' is {given}, that of the image is {list(size)} (height, width)"
    if isinstance(counts, str):
        try:
            counts = run_lengths(counts)
        except ValueError as error:
            return f"its 'counts' are no compressed run lengths ({error})"
    if (
        not isinstance(counts, list)
        or not all(map(_is_whole, counts))
        or min(counts, default=0) < 0
    ):
        return "its 'counts' are not whole numbers, 0 or more"
    if sum(counts) != given[0] * given[1]:
        return f"its 'counts' make {sum(counts)} pixels, its 'size' {given[0] * given[1]}"
    return None


def run_lengths(text: str) -> list[int]:
    """The run lengths in COCO's compressed text: digits of base 32, differences from the third on.

    Raises: ValueError for another text.
    """
    counts: list[int] = []
    value = shift = 0
    for letter in text:
        digit = ord(letter) - 48
        if not 0 <= digit < 64 or shift > 60:
            raise ValueError(f'{letter!r} is no digit here')
        value |= (digit & 31) << shift
        shift += 5
        if digit & 32:
            continue
        if digit & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift:
        raise ValueError('it ends within a number')
    return counts


def _size(image: dict | None) -> Size:
    if image is None or not _is_side(image.get('height')) or not _is_side(image.get('width')):
        return None
    return image['height'], image['width']


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_ID


def _is_side(value: object) -> bool:
    return _is_whole(value) and 0 < value <= LARGEST


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= LARGEST_ID and math.isfinite(value)


def _is_coordinate(value: object) -> bool:
    return _is_number(value) and abs(value) <= LARGEST


def _wanted(entry: dict, key: str, wanted: str) -> str:
    found = _SHORT.repr(entry[key]) if key in entry else 'missing'
    return f"'{key}' is {found}; wanted is {wanted}"


def _kind(value: object) -> str:
    kinds = {dict: 'an object', list: 'a list', str: 'a text', bool: 'a truth value'}
    return 'null' if value is None else kinds.get(type(value), f'the number {_SHORT.repr(value)}')
