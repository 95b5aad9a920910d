"""Restore files, folders and globs: what ``tools/restore.py`` calls."""

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
    """Restore every image of ``source`` into ``output``. Returns 0, or 1 when some file could not be read.

    Results keep the relative names of their inputs, and their extensions where images are written with them (else
    ``.png``). Unreadable files are skipped and named at the end; everything else that can go wrong is checked before
    the first image is restored.

    Args:
        source: an image file, a folder (with all that lies below it), or a glob (``**`` goes into folders).
        output: a file when ``source`` is one and this has an image extension; otherwise a folder, made when missing.
        model, checkpoint, device: as in ``load``.  tile, steps, seed, equalize, task: as in
            ``RestoreModel``.
        panel: write ``<name>_panel.png``, degraded beside restored, next to each result.
        overwrite: replace earlier results. An input is never replaced.
    Raises: FileNotFoundError when nothing is found; ValueError when a result would replace an input or two results
        would share a name; FileExistsError; OSError when the output cannot be written; KeyError for an unknown task;
        and what ``load`` raises.
    """
    jobs = plan(source, output)
    panels = {path: path.with_name(f'{path.stem}_panel.png') for _, path in jobs} if panel else {}
    check_results(
        [path for path, _ in jobs], [path for _, path in jobs] + list(panels.values()), overwrite
    )
    for folder in sorted({path.parent for _, path in jobs}):
        _check_writable(folder)
    keep_freed_memory()
    restorer = load(model, checkpoint, device)
    check_task(restorer.model.image_restorer(), task)
    failures = []
    for path, result in tqdm(jobs, desc='restoring', unit='image'):
        try:
            _restore_file(
                restorer,
                path,
                result,
                panels.get(result),
                tile=tile,
                steps=steps,
                seed=seed,
                equalize=equalize,
                task=task,
            )
        except ImageReadError as error:
            failures.append(str(error))
    tqdm.write(f'{len(jobs) - len(failures)} of {len(jobs)} images restored into {output}')
    if failures:
        tqdm.write('\n'.join(['not readable, skipped:', *(f'  {failure}' for failure in failures)]))
    return 1 if failures else 0


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
    """(input, result) of every image that ``source`` means. Raises FileNotFoundError when there is none."""
    if os.path.isfile(source):
        to_file = bool(Path(output).suffix) and not os.path.isdir(output)
        if to_file:
            check_write_extension(output)
        return [
            (
                Path(source),
                Path(output) if to_file else Path(output) / _result_name(Path(source).name),
            )
        ]
    root, inputs = _find_images(source, Path(output))
    if not inputs:
        raise FileNotFoundError(
            f'{source}: no image found; wanted an image file, a folder with images '
            f"({', '.join(READ_EXTENSIONS)}), or a glob in quotes such as 'photos/**/*.jpg'"
        )
    return [(path, Path(output) / _result_name(path.relative_to(root))) for path in inputs]


def _find_images(source: str, output: Path) -> tuple[Path, list[Path]]:
    """The folder that names are relative to, and the images; earlier results in a folder below it are left out."""
    if os.path.isdir(source):
        root, found = Path(source), sorted(Path(source).rglob('*'))
        found = [path for path in found if path.suffix.lower() in READ_EXTENSIONS]
    else:
        parts = Path(source).parts
        fixed = next((i for i, part in enumerate(parts) if glob.has_magic(part)), len(parts))
        root, found = Path(*parts[:fixed]), sorted(map(Path, glob.glob(source, recursive=True)))
    results = output.resolve()
    if results != root.resolve():
        found = [path for path in found if results not in path.resolve().parents]
    return root, [path for path in found if path.is_file()]


def _result_name(name: str | Path) -> Path:
    name = Path(name)
    return name if name.suffix.lower() in WRITE_OPTIONS else name.with_suffix('.png')


def check_results(inputs: list[Path], results: list[Path], overwrite: bool) -> None:
    """Raise before anything is lost: two results of one name, a result on an input, a result that exists."""
    if twice := [name for name, count in Counter(map(str, results)).items() if count > 1]:
        raise ValueError(
            f'several inputs would be written to {_short(twice)}; rename them or restore them separately'
        )
    read = {_identity(path) for path in inputs}
    existing = [path for path in results if path.exists()]
    if onto := [str(path) for path in existing if _identity(path) in read]:
        raise ValueError(
            f'the output {_short(onto)} is an input; an input is never overwritten, choose another output'
        )
    if existing and not overwrite:
        raise FileExistsError(
            f'{_short(map(str, existing))}: exists already; choose another output, or pass overwrite '
            '(--overwrite)'
        )


def _identity(path: Path) -> tuple[int, int]:
    """What a file is whatever it is called, through links of either kind."""
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
