"""Image formats whose library comes with the extra ``photos``: HEIF, and raw files of cameras."""

from importlib.util import find_spec

HEIF_EXTENSIONS = ('.heic', '.heif', '.hif')
RAW_EXTENSIONS = (
    '.3fr',
    '.arw',
    '.cr2',
    '.cr3',
    '.crw',
    '.dcr',
    '.dng',
    '.erf',
    '.iiq',
    '.kdc',
    '.mef',
    '.mos',
    '.mrw',
    '.nef',
    '.nrw',
    '.orf',
    '.pef',
    '.raf',
    '.raw',
    '.rw2',
    '.rwl',
    '.sr2',
    '.srf',
    '.srw',
    '.x3f',
)
LIBRARIES = {'pillow_heif': ('HEIF pictures', 'pillow-heif'), 'rawpy': ('raw files', 'rawpy')}


def missing(module: str) -> str | None:
    """How to install a library of the extra, or None where it is there."""
    if find_spec(module) is not None:
        return None
    what, package = LIBRARIES[module]
    return f'{what} need the package {package}: pip install restorelab[photos]'


def needed_extras() -> dict[str, str]:
    """For each extension that this installation cannot read, how to install what reads it."""
    needed = {}
    for module, extensions in (('pillow_heif', HEIF_EXTENSIONS), ('rawpy', RAW_EXTENSIONS)):
        sentence = missing(module)
        if sentence is not None:
            needed.update(dict.fromkeys(extensions, sentence))
    return needed
