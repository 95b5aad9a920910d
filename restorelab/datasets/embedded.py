"""Photographs that are always there: those in scikit-image's wheel."""

from importlib.util import find_spec
from pathlib import Path

# The two motorcycles are a stereo pair of one scene, so they must stay in one split.
EMBEDDED = dict(
    train=(
        'astronaut.png',
        'chelsea.png',
        'motorcycle_left.png',
        'motorcycle_right.png',
        'rocket.jpg',
    ),
    val=('coffee.png',),
)


def embedded_images(split: str) -> list[Path]:
    """Paths of the photographs of a split, ``train`` or ``val``. Nothing is downloaded.

    Raises: ValueError for another split; ModuleNotFoundError without scikit-image;
        FileNotFoundError for an installation without its files.
    """
    if split not in EMBEDDED:
        raise ValueError(f"split '{split}'; the embedded photographs are split in {list(EMBEDDED)}")
    spec = find_spec('skimage')
    if spec is None:
        raise ModuleNotFoundError(
            'the embedded photographs are those of scikit-image, which is not installed: '
            'pip install scikit-image, or give a folder as source',
            name='skimage',
        )
    paths = [Path(spec.origin).parent / 'data' / name for name in EMBEDDED[split]]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f'the installed scikit-image lacks {missing}; install it from its wheel, or give a '
            'folder as source'
        )
    return paths
