"""The way by which MMEngine reads every weight file: ``load_from``, ``resume`` and ``init_cfg``.

MMEngine has a reader for each scheme of an address (``http://``, ``s3://``, ``torchvision://`` and
others). Some of them unpickle what comes, over an open connection. Here one function takes the
place of them all.
"""

from mmengine.runner.checkpoint import CheckpointLoader

from restorelab.utils.checkpoint import read_checkpoint
from restorelab.utils.weights import resolve_weights


def load_from_local(filename: str, map_location: object = None) -> dict:
    """The checkpoint in a file, in published weights, or at an https address with a checksum.

    No code in it is run. Tensors are on the CPU.

    Raises: CheckpointError for other addresses and for damaged files; FileNotFoundError.
    """
    return read_checkpoint(resolve_weights(filename))


def take_over_schemes() -> None:
    """Let ``load_from_local`` read for every scheme that MMEngine knows by now."""
    CheckpointLoader.register_scheme(['', *CheckpointLoader._schemes], load_from_local, force=True)


take_over_schemes()
