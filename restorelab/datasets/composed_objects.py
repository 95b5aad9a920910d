"""A detection set that needs no download: simple shapes on photographs.

The photographs are those inside scikit-image. Classes are disks, squares, triangles and stars.
Sizes, angles, colors and textures vary, and objects hide parts of each other. What is written
depends on the options alone.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from filelock import FileLock  # comes with torch

from restorelab.datasets.detection_dataset import DetectionDataset
from restorelab.datasets.embedded import embedded_images
from restorelab.datasets.shapes import FORMAT, NUM_IMAGES, write_composed_objects
from restorelab.registry import DATASETS
from restorelab.utils.json_file import read_json


@DATASETS.register_module()
class ComposedObjects(DetectionDataset):
    """Shapes on photographs: ``<root>/<split>/*.png``, and ``<root>/<split>.json`` as COCO has it.

    The files are written on the first use, and again when they were written with other options. The
    photographs of the two splits differ (``restorelab.datasets.embedded``), and so do their
    objects.

    Args:
        split: ``train`` or ``val``.
        root: folder to write to.
        size: side of the square images in pixels.
        num_images: how many; None means 600 to train and 100 to score.
        pipeline, degradations, all_degradations, with_masks, filter_empty, task: as in
            ``DetectionDataset``.
    Raises: FileExistsError when ``<root>/<split>.json`` is another annotation file.
    """

    def __init__(
        self,
        split: str,
        pipeline: Iterable[dict | Callable],
        root: str | Path = 'data/composed_objects',
        size: int = 128,
        num_images: int | None = None,
        degradations: list[str] = ('clean',),
        all_degradations: bool = False,
        with_masks: bool = False,
        filter_empty: bool = False,
        task: str = 'det',
    ):
        photographs = embedded_images(split)
        root = Path(root).expanduser()
        ann_file = root / f'{split}.json'
        info = dict(
            description='restorelab composed objects',
            format=FORMAT,
            split=split,
            size=size,
            num_images=NUM_IMAGES[split] if num_images is None else num_images,
        )
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / '.lock'):  # other processes may want to write the same set
            if not _is_written(ann_file, info):
                write_composed_objects(root, photographs, info)
        super().__init__(
            ann_file,
            pipeline,
            gt=root / split,
            degradations=degradations,
            all_degradations=all_degradations,
            with_masks=with_masks,
            filter_empty=filter_empty,
            task=task,
        )


def _is_written(path: Path, info: dict) -> bool:
    """Whether the set of these options is there. Raises FileExistsError for a file of others."""
    if not path.is_file():
        return False
    content, _ = read_json(path)
    found = content.get('info') if isinstance(content, dict) else None
    if not isinstance(found, dict) or found.get('description') != info['description']:
        raise FileExistsError(
            f'{path} is another annotation file; give ComposedObjects another root'
        )
    return found == info
