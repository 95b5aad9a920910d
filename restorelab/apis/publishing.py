"""Make a published weight file from a training checkpoint."""

import json
import logging
import os
from pathlib import Path

from mmengine.config import Config
from torch import Tensor

from restorelab.config import load_config
from restorelab.registry import MODELS
from restorelab.trust import ADVICE, check_untrusted, for_restoring
from restorelab.utils.checkpoint import CheckpointError, load_weights, model_state, read_checkpoint
from restorelab.utils.weights import save_published
from restorelab.version import __version__

log = logging.getLogger(__name__)


def publish(
    config: str | Config,
    checkpoint: str,
    output: str,
    half: bool = False,
    averaged: bool = True,
    license: str = 'Apache-2.0',
    notes: str = '',
    only: list[str] | None = None,
    cfg_options: dict | None = None,
) -> dict:
    """Write the weights of ``checkpoint`` and the config of the model into one file.

    The checkpoint is first loaded strictly into the model of ``config``. So the written file can be
    loaded. Where that takes ``trust=True``, because the config names parts of another package or
    weights to fetch, a warning says so.

    Args:
        config: the config that it was trained with.
        checkpoint: a file of the work dir.
        output: the ``.safetensors`` file to write.
        half: store the parameters as float16, in half the size. They are loaded as float32. Buffers
            keep their dtype.
        averaged: False publishes the weights of the last iteration, not their moving average.
        license: kept in the file.
        notes: kept in the file; say here how the model was trained.
        only: members of the model to write, such as ``['semantic', 'degradation']`` of a prior
            stage; None for all.
        cfg_options: changes to the config, such as
            ``{'model.priors.semantic.pretrained': 'restorelab:tpgdiff-priors'}``.
    Returns: the ``info`` that was written.
    Raises:
        CheckpointError: for weights of another model.
        ValueError: for a config with paths of this machine.
        FileExistsError: ``output`` exists.
    """
    if os.path.exists(output):
        raise FileExistsError(f'{output} exists; remove it first, or choose another name')
    cfg = load_config(config, cfg_options)
    model_cfg = cfg.model.to_dict()
    check_portable(model_cfg)
    contents = read_checkpoint(checkpoint)
    model = MODELS.build(cfg.model)
    load_weights(model, model_state(contents, checkpoint, averaged), checkpoint)
    state = model.state_dict()
    if only is not None:
        state = select_members(state, only)
    parameters = dict(model.named_parameters())
    num_parameters = 0
    for key, value in state.items():
        if key in parameters:
            state[key] = value.half() if half else value
            num_parameters += value.numel()
    info = dict(
        name=Path(output).stem,
        license=license,
        notes=notes,
        config=Path(cfg.filename).name if cfg.filename else None,
        iterations=(contents.get('meta') or {}).get('iter'),
        averaged=averaged and 'ema_state_dict' in contents,
        parameters=num_parameters,
        stored_as='float16' if half else 'float32',
        restorelab=__version__,
    )
    save_published(output, state, model_cfg, info)
    _warn_of_trust(output, model_cfg)
    return info


def _warn_of_trust(output: str, model_cfg: dict) -> None:
    """Say so where others can load the file only with ``--trust``."""
    try:
        check_untrusted(for_restoring(json.loads(json.dumps(model_cfg)), {})[0], output)
    except CheckpointError as error:
        log.warning(
            'who loads this file has to trust it (--trust): %s', str(error).split(f' {ADVICE}')[0]
        )


def select_members(state: dict[str, Tensor], members: list[str]) -> dict[str, Tensor]:
    """The weights of some members of a model. Raises: ValueError for one without weights."""
    known = {key.split('.')[0] for key in state}
    unknown = sorted(set(members) - known)
    if unknown:
        raise ValueError(f'the model has no weights called {unknown}; it has {sorted(known)}')
    return {key: value for key, value in state.items() if key.split('.')[0] in members}


def check_portable(config, where: str = 'model') -> None:
    """Raise ValueError naming the first entry that is a path of this machine.

    The published file could not be loaded on another machine.
    """
    if isinstance(config, dict):
        for key, value in config.items():
            check_portable(value, f'{where}.{key}')
    elif isinstance(config, list | tuple):
        for index, value in enumerate(config):
            check_portable(value, f'{where}.{index}')
    elif isinstance(config, str) and (os.path.isabs(config) or os.path.isfile(config)):
        raise ValueError(
            f'{where} is the path {config}, which only this machine has. Publish that file too and '
            'name it restorelab:<name>, or set None (--cfg-options)'
        )
