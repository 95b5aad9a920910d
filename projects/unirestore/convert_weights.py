"""Turn the two official UniRestore checkpoints into one weight file that knows its model.

    python projects/unirestore/convert_weights.py STAGE1.ckpt STAGE2.ckpt unirestore.safetensors

The first holds CFRM, controller and tuners, the second task editors and prompts. Sizes and tasks
are read from them. SD-Turbo's own weights are in neither: the result fetches them from the hub, or
reads ``--sd-turbo FOLDER``. A weight file may do so only with ``--trust``. Then

    python tools/restore.py PHOTO OUT.png --model unirestore.safetensors --trust --task ir
"""

import argparse
import re
from pathlib import Path
from typing import TypeVar

from torch import nn

from restorelab.registry import MODELS
from restorelab.utils.checkpoint import CheckpointError, load_weights, model_state, read_checkpoint
from restorelab.utils.weights import save_published

SD_TURBO = 'stabilityai/sd-turbo'
RENAMES = [  # in this order
    (r'^ae\.vae\.encoder\.fr_blocks\.', 'adapters.cfrm.stages.'),
    (r'^controller\.', 'adapters.control.controller.'),
    (r'^base_model\.csc_editors\.', 'adapters.control.tuners.'),
    (r'^ae\.vae\.decoder\.task_editors\.', 'adapters.tfa.editors.'),
    (r'^ae\.vae\.decoder\.task_prompts\.', 'adapters.tfa.prompts.'),
    (r'^ae\.vae\.', 'codec.vae.'),
    (r'^base_model\.unet\.', 'backbone.unet.'),
    (r'^base_model\.null_embeds$', 'backbone.null_embeds'),
]
Value = TypeVar('Value')


def rename(state: dict[str, Value]) -> dict[str, Value]:
    """``state`` with the official names replaced by those of the model.

    Lightning's ``model.`` in front is dropped.
    Raises: CheckpointError for a name that is none of UniRestore's.
    """
    return {new_name(key): value for key, value in state.items()}


def new_name(key: str) -> str:
    name = key.removeprefix('model.')
    for old, new in RENAMES:
        if re.match(old, name):
            return re.sub(old, new, name)
    known = [old.strip('^$').replace('\\', '') for old, _ in RENAMES]
    raise CheckpointError(
        f"'{key}' is no weight of UniRestore; wanted are names that begin with {known}"
    )


def assembly(state: dict[str, Value], sd_turbo: str) -> dict:
    """Config of the official model. Blocks, tasks and prompt length come from the weights.

    Args:
        sd_turbo: hub id or folder of SD-Turbo.
    Raises: CheckpointError when the weights lack CFRM or prompts.
    """
    cores, prompts = {}, {}
    for key, value in state.items():
        core = re.search(r'fr_blocks\.(\d+)\.(\d+)\.conv_in\.weight', key)
        if core:
            cores[int(core[1])] = int(core[2])  # the core stands behind that many NAFBlocks
        if '.task_prompts.' in key:
            prompts[key.rsplit('.', 1)[1]] = value
    if not cores or not prompts:
        missing = 'prompts (of stage 2)' if cores else 'CFRM (of stage 1)'
        raise CheckpointError(f'the two files together hold no {missing}; give one of each stage')
    return dict(
        type='DiffusionRestorer',
        codec=dict(type='LatentAutoencoder', pretrained=sd_turbo),
        backbone=dict(type='SDTurboUNet', pretrained=sd_turbo),
        process=dict(
            type='VariancePreservingProcess',
            schedule='scaled_linear',
            betas=(0.00085, 0.012),
            train_times=[249, 499, 749, 999, 999, 999],
            ends_clean=False,
        ),
        sampler=dict(type='DDIM', steps=1),
        loss=None,
        adapters=dict(
            cfrm=dict(type='CFRM', num_naf=[cores[stage] for stage in sorted(cores)]),
            control=dict(type='ControlSCTuner'),
            tfa=dict(
                type='TFA',
                tasks=sorted(prompts, key=lambda task: task != 'ir'),
                prompt_len=len(next(iter(prompts.values()))),
            ),
        ),
    )


def convert(
    stage1: Path, stage2: Path, sd_turbo: str = SD_TURBO, config: dict | None = None
) -> tuple[nn.Module, dict]:
    """The restorer that two official checkpoints hold, without SD-Turbo's weights, and its config.

    Args:
        config: of a model of another size; the official one when None.
    Raises: FileNotFoundError; CheckpointError for files that are damaged, not UniRestore's, or do
        not fit together.
    """
    state = {}
    for path in (stage1, stage2):
        state |= model_state(read_checkpoint(path), path)
    config = config or assembly(state, sd_turbo)
    model = MODELS.build(config)
    load_weights(model, rename(state), f'{stage1} and {stage2}')
    return model, config


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('stage1', type=Path, help='official checkpoint of stage 1')
    parser.add_argument('stage2', type=Path, help='official checkpoint of stage 2 or 3')
    parser.add_argument('target', type=Path, help='file to write, ends in .safetensors')
    parser.add_argument(
        '--sd-turbo', default=SD_TURBO, help='hub id or folder to read SD-Turbo from (%(default)s)'
    )
    args = parser.parse_args()
    if args.target.exists():
        parser.error(f'{args.target} exists already; choose another name')
    try:
        model, config = convert(args.stage1, args.stage2, args.sd_turbo)
        state = model.state_dict()
        info = dict(
            name=args.target.stem,
            license='MIT',
            parameters=sum(value.numel() for value in state.values()),
            notes='official UniRestore weights (unirestore/UniRestore); SD-Turbo has a license of '
            'its own',
        )
        save_published(args.target, state, config, info)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    tasks = config['adapters']['tfa']['tasks']
    print(f'{len(state)} tensors, tasks {tasks}; missing, unexpected, reshaped: none')
    print(f'-> {args.target}')


if __name__ == '__main__':
    main()
