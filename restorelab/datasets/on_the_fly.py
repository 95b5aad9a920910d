"""Clean photographs, degraded on the fly: needs no data set, no network and no space."""

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path

from restorelab.datasets.base import Record, RestorationDataset, find_images, name_in, unique_keys
from restorelab.datasets.degrade import Degrade
from restorelab.registry import DATASETS, TRANSFORMS

# Photographs in scikit-image's wheel. The two motorcycles are a stereo pair of one scene: never apart.
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
    """Paths of the photographs of a split, ``train`` or ``val``, in the installed scikit-image; nothing is fetched.

    Raises: ValueError for another split, ModuleNotFoundError without scikit-image, FileNotFoundError for lost files.
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
    if missing := [str(path) for path in paths if not path.is_file()]:
        raise FileNotFoundError(
            f'the installed scikit-image lacks {missing}; install it from its wheel, or give a '
            'folder as source'
        )
    return paths


@DATASETS.register_module()
class OnTheFlyDataset(RestorationDataset):
    """Every clean image once for each degradation: index = image number * number of degradations + degradation number.

    The pipeline makes ``lq`` (``Degrade``), afresh on each pass.

    Args:
        source: 'embedded' for the photographs in scikit-image, or a folder, or a list of folders, read to the bottom.
        split: ``train`` or ``val``, for the embedded photographs; folders are taken whole.
        degradations: what the images are degraded with, such as ``['noise', 'rain']``.
        pipeline, task, seed, cache_mib: see ``RestorationDataset``.
    Raises: KeyError for a degradation that a ``Degrade`` of the pipeline does not know; FileNotFoundError or ValueError that
        names a missing or empty folder.
    """

    def __init__(
        self,
        degradations: list[str],
        pipeline: Iterable[dict | Callable],
        source: str | Path | list[str | Path] = 'embedded',
        split: str = 'train',
        task: str | None = None,
        seed: int = 0,
        cache_mib: float = 1024,
    ):
        if not degradations or len(set(degradations)) < len(degradations):
            raise ValueError(
                f'degradations={list(degradations)}: name each wanted degradation once, at least one'
            )
        pipeline = [TRANSFORMS.build(step) if isinstance(step, dict) else step for step in pipeline]
        for degrade in (step for step in pipeline if isinstance(step, Degrade)):
            for degradation in degradations:
                degrade.check_degradation(
                    degradation, f'OnTheFlyDataset, degradations={list(degradations)}'
                )
        if source == 'embedded':
            names = {path: path.stem for path in embedded_images(split)}
        else:
            folders = [source] if isinstance(source, str | Path) else source
            names = {
                path: name_in(path, folder) for folder in folders for path in find_images(folder)
            }
        records = [
            Record(key=f'{key}_{degradation}', degradation=degradation, gt=path, name=names[path])
            for key, path in zip(unique_keys(names.values()), names, strict=True)
            for degradation in degradations
        ]
        super().__init__(records, pipeline, task, seed, cache_mib)
