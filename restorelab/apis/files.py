"""Restore files, folders and globs. ``tools/restore.py`` calls this."""

import glob
import os
import tempfile
from collections import Counter
from pathlib import Path

from tqdm import tqdm

from restorelab.apis.inference import RestoreModel, check_task, load
from restorelab.utils.images import (
    READ_EXTENSIONS,
    WRITE_OPTIONS,
    ImageReadError,
    check_write_extension,
    read_image,
    write_image,
)
from restorelab.utils.memory import keep_freed_memory

_SHOWN = 5


def restore_files(
    source: str,
    output: str,
    model: str | None = None,
    checkpoint: str | None = None,
    tile: int | None = None,
    steps: int | None = None,
    panel: bool = False,
    seed: int = 0,
    device: str | None = None,
    overwrite: bool = False,
    equalize: bool = False,
    task: str | None = None,
) -> int:
    """Restore every image of ``source`` into ``output``.

    A result has the relative name of its input. It also has its extension, or ``.png`` where images
    are not written with that extension. Unreadable files are skipped and named at the end. All
    other errors are found before the first image is restored.

    Args:
        source: an image file, a folder with its subfolders, or a glob (``**`` goes into folders).
        output: a file when ``source`` is a file and ``output`` has an extension; otherwise a
            folder, made when missing.
        model, checkpoint, device: as in ``load``.
        tile, steps, seed, equalize, task: as in ``RestoreModel``.
        panel: write ``<name>_panel.png``, degraded beside restored, next to each result.
        overwrite: replace earlier results. An input is never replaced.
    Returns: 0, or 1 when a file could not be read.
    Raises:
        FileNotFoundError: no image is found.
        ValueError: a result would replace an input, or two results would have one name.
        FileExistsError: a result exists.
        OSError: the output cannot be written.
        KeyError: for an unknown task.
    """
    jobs = plan(source, output)
    inputs, results = [path for path, _ in jobs], [path for _, path in jobs]
    panels = [_panel_of(path) for path in results] if panel else []
    check_results(inputs, results + panels, overwrite)
    for folder in sorted({path.parent for path in results}):
        _check_writable(folder)
    keep_freed_memory()
    restorer = load(model, checkpoint, device)
    check_task(restorer.model.image_restorer(), task)
    options = dict(tile=tile, steps=steps, seed=seed, equalize=equalize, task=task)
    failures = []
    for path, result in tqdm(jobs, desc='restoring', unit='image'):
        try:
            _restore_file(restorer, path, result, _panel_of(result) if panel else None, **options)
        except ImageReadError as error:
            failures.append(f'  {error}')
    tqdm.write(f'{len(jobs) - len(failures)} of {len(jobs)} images restored into {output}')
    if failures:
        tqdm.write('\n'.join(['not readable, skipped:', *failures]))
    return 1 if failures else 0


def _panel_of(result: Path) -> Path:
    return result.with_name(f'{result.stem}_panel.png')


def _restore_file(
    restorer: RestoreModel, path: Path, result: Path, panel: Path | None, **options
) -> None:
    image = read_image(path)
    restored = restorer(image, progress=True, **options)
    write_image(result, restored)
    if panel is not None:
        from restorelab.utils.panels import compare

        write_image(panel, compare(image, restored))


def plan(source: str, output: str) -> list[tuple[Path, Path]]:
    """(input, result) of every image that ``source`` names.

    Raises: FileNotFoundError when there is none.
    """
    if os.path.isfile(source):
        result = Path(output)
        if result.suffix and not result.is_dir():
            check_write_extension(result)
        else:
            result = result / _result_name(Path(source).name)
        return [(Path(source), result)]
    root, inputs = _find_images(source, Path(output))
    if not inputs:
        raise FileNotFoundError(
            f'{source}: no image found; wanted an image file, a folder with images '
            f"({', '.join(READ_EXTENSIONS)}), or a glob in quotes such as 'photos/**/*.jpg'"
        )
    return [(path, Path(output) / _result_name(path.relative_to(root))) for path in inputs]


def _find_images(source: str, output: Path) -> tuple[Path, list[Path]]:
    """The folder that names are relative to, and the images, without earlier results below it."""
    if os.path.isdir(source):
        root, paths = Path(source), Path(source).rglob('*')
        found = [path for path in paths if path.suffix.lower() in READ_EXTENSIONS]
    else:
        root = Path()
        for part in Path(source).parts:
            if glob.has_magic(part):
                break
            root = root / part
        found = [Path(path) for path in glob.glob(source, recursive=True)]
    results = output.resolve()
    if results != root.resolve():
        found = [path for path in found if results not in path.resolve().parents]
    return root, [path for path in sorted(found) if path.is_file()]


def _result_name(name: str | Path) -> Path:
    name = Path(name)
    return name if name.suffix.lower() in WRITE_OPTIONS else name.with_suffix('.png')


def check_results(inputs: list[Path], results: list[Path], overwrite: bool) -> None:
    """Check the names of all results before anything is written.

    Raises:
        ValueError: two results have one name, or a result is an input.
        FileExistsError: a result exists, and ``overwrite`` is false.
    """
    twice = [name for name, count in Counter(map(str, results)).items() if count > 1]
    if twice:
        raise ValueError(
            f'several inputs would be written to {_short(twice)}; rename them or restore them '
            'separately'
        )
    read = {_identity(path) for path in inputs}
    existing = [path for path in results if path.exists()]
    replaced = [str(path) for path in existing if _identity(path) in read]
    if replaced:
        raise ValueError(
            f'the output {_short(replaced)} is an input; an input is never overwritten, choose '
            'another output'
        )
    if existing and not overwrite:
        raise FileExistsError(
            f'{_short(map(str, existing))}: exists already; choose another output, or pass '
            'overwrite (--overwrite)'
        )


def _identity(path: Path) -> tuple[int, int]:
    """The device and inode of a file: equal for two names of one file, also through links."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(f'{folder}: cannot write there ({error.strerror or error})') from error


def _short(names) -> str:
    names = list(names)
    more = f' and {len(names) - _SHOWN} more' if len(names) > _SHOWN else ''
    return ', '.join(names[:_SHOWN]) + more
