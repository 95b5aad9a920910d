"""FIFOs, devices, folders, broken links and the like, wherever a file is wanted."""

from collections.abc import Callable
from pathlib import Path

from restorelab.apis import load, publish
from restorelab.config import load_config
from restorelab.datasets import DetectionDataset
from restorelab.datasets.pairing import read_list
from restorelab.io.images import image_size, read_image, read_label_map
from restorelab.utils.checkpoint import read_checkpoint
from restorelab.utils.weights import read_published
from tests.attack.cases import Case, command
from tests.attack.table import tiny
from tests.attack.table.images import by_command, by_model, of_image_case
from tests.io.image_cases import PLACES

PICTURES = dict(
    read_image=read_image,
    image_size=image_size,
    read_label_map=read_label_map,
    model=by_model,
)


def _renamed(make: Callable[[Path], Path], name: str) -> Callable[[Path], Path]:
    """The place under another name, where it has a name that can be changed."""

    def make_renamed(folder: Path) -> Path:
        path = make(folder)
        if not path.name.startswith('a.png'):
            return path
        if path.is_symlink() and path.readlink() == Path('a.png'):
            path.unlink()
            (folder / name).symlink_to(name)
        elif path.is_symlink() or path.exists():
            path.rename(folder / name)
        return folder / name

    return make_renamed


def _weights(path: Path) -> object:
    return load(path, device='cpu')


def _config(path: Path) -> object:
    return command('config', path)


def _annotations(path: Path) -> object:
    return DetectionDataset(path, [], gt=path.parent)


def _publish(path: Path) -> object:
    config = path.parent / 'config.py'
    config.write_text("model = dict(type='ToyRestorer', backbone=dict(type='ToyNet'))")
    return publish(config, str(path), str(path.parent / 'out.safetensors'))


def _restored_with(path: Path) -> object:
    photo = tiny.photo(path.parent)
    return command('restore', photo, path.parent / 'out.png', '--model', path)


# name of the file, and who reads it
FILES = {
    'read_checkpoint': ('x.pth', read_checkpoint),
    'read_published': ('x.safetensors', read_published),
    'load': ('x.safetensors', _weights),
    'restore --model': ('x.safetensors', _restored_with),
    'restore --model JSON': ('x.json', _restored_with),
    'publish': ('x.pth', _publish),
    'load_config': ('x.py', load_config),
    'config': ('x.py', _config),
    'annotations': ('x.json', _annotations),
    'list': ('x.txt', lambda path: read_list(path, path.parent)),
}


def _cases() -> list[Case]:
    cases = []
    for entry, run in PICTURES.items():
        cases += [of_image_case(case, entry, run, 'places') for case in PLACES]
    for case in PLACES:  # a folder is no fault here
        words = (r'(a\.png|aaaaa\.png|a\\x00\.png)', 'no image found|is a|zero byte')
        cases.append(Case('places', f'{case.name} by restore', case.make, by_command, words))
    for entry, (name, run) in FILES.items():
        stem, suffix = name.split('.')
        for case in PLACES:
            words = (rf'({stem}\.{suffix}|a\x00\.png|aaaaa\.png)',)
            make = _renamed(case.make, name)
            cases.append(Case('places', f'{case.name} by {entry}', make, run, words))
    return cases


CASES = _cases()
