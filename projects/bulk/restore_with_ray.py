"""Restore the pictures of an object store with Ray Data.

    python projects/bulk/restore_with_ray.py s3://bucket/photos s3://bucket/restored --workers 8

Each worker loads the model once. A picture is read, restored and written by one worker, so nothing
but its name and what became of it travels. Results that are there are kept: the same command goes
on after an interruption. Folders of this machine work, too.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pyarrow.fs
import ray

from restorelab.apis import load
from restorelab.apis.pipeline import restore_frames
from restorelab.apis.wishes import Wishes
from restorelab.io.images import ImageReadError
from restorelab.io.photo_files import (
    PHOTO_READ_EXTENSIONS,
    read_frames,
    result_extension,
    write_frames,
)
from restorelab.utils.results import ResultError


class Restorer:
    """A worker: called with the path of a picture, it writes the result.

    Args:
        source, output: folders, as URIs or paths.
        model, device: as in ``load``.
    """

    def __init__(self, source: str, output: str, model: str | None, device: str | None):
        self.store, self.source = filesystem(source)
        self.results, self.output = filesystem(output)
        self.model = load(model, device=device)

    def __call__(self, row: dict) -> dict:
        """``{'path': ...}`` -> the same with ``status`` and ``reason``."""
        try:
            return dict(row, status=self._restore(row['path']), reason='')
        except (ImageReadError, ResultError, MemoryError) as error:
            return dict(row, status='failed', reason=str(error))

    def _restore(self, path: str) -> str:
        name = Path(path).relative_to(self.source)
        result = f'{self.output}/{name.with_suffix(result_extension(name)).as_posix()}'
        if self.results.get_file_info(result).type == pyarrow.fs.FileType.File:
            return 'there already'
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder, name.name)
            with self.store.open_input_stream(path) as stream:
                local.write_bytes(stream.read())
            frames = restore_frames(self.model, read_frames(local), Wishes(), path, False)
            restored = Path(folder, f'restored{Path(result).suffix}')
            write_frames(restored, frames)
            self.results.create_dir(str(Path(result).parent), recursive=True)
            # an object appears when its stream is closed, whole or not at all
            with self.results.open_output_stream(result) as stream:
                stream.write(restored.read_bytes())
        return 'restored'


def filesystem(place: str) -> tuple[pyarrow.fs.FileSystem, str]:
    """The store of a URI or of a path of this machine, and the path in it."""
    if '://' in place:
        store, path = pyarrow.fs.FileSystem.from_uri(place)
    else:
        store, path = pyarrow.fs.LocalFileSystem(), str(Path(place).resolve())
    return store, path.rstrip('/')


def pictures(source: str) -> list[dict]:
    """``{'path': ...}`` of each picture below ``source``. Raises: FileNotFoundError."""
    store, root = filesystem(source)
    selector = pyarrow.fs.FileSelector(root, recursive=True)
    found = [
        dict(path=info.path)
        for info in store.get_file_info(selector)
        if info.is_file and Path(info.path).suffix.lower() in PHOTO_READ_EXTENSIONS
    ]
    if not found:
        raise FileNotFoundError(f'{source}: no picture found')
    return sorted(found, key=lambda row: row['path'])


def restore(
    source: str,
    output: str,
    workers: int = 2,
    gpus: float = 0,
    model: str | None = None,
    device: str | None = None,
) -> list[dict]:
    """Restore all. Returns: a row with ``path``, ``status`` and ``reason`` for each picture.

    Args:
        workers: how many restore at the same time.
        gpus: share of a GPU for each worker.
    """
    rows = ray.data.from_items(pictures(source))
    done = rows.repartition(4 * workers).map(
        Restorer,
        fn_constructor_args=(source, output, model, device),
        concurrency=workers,
        num_gpus=gpus,
    )
    return sorted(done.take_all(), key=lambda row: row['path'])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', help='folder: s3://..., gs://..., or a path')
    parser.add_argument('output', help='folder of the results')
    parser.add_argument('--workers', type=int, default=2, help='default: %(default)s')
    parser.add_argument('--gpus', type=float, default=0, help='share of a GPU for each worker')
    parser.add_argument('--model', help='as in tools/restore.py')
    args = parser.parse_args()
    device = 'cuda' if args.gpus else 'cpu'
    rows = restore(args.source, args.output, args.workers, args.gpus, args.model, device)
    counts = Counter(row['status'] for row in rows)
    print(f'{len(rows)} pictures: {dict(counts)}')
    for row in rows:
        if row['status'] == 'failed':
            print(f'  {row["reason"]}')
    return 1 if counts['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
