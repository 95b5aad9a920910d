"""Join the trained stages of the house restorer into one weight file.

    python projects/house/join_stages.py work_dirs house.safetensors

The last checkpoint of each stage is taken from its folder in WORK_DIRS, and of that the moving
average. A stage whose training is not finished is taken as far as it has come, and a stage without
a checkpoint is an error. With --base FILE, such stages stay as they are in FILE, so that a single
stage can be trained again.
"""

import argparse
import json
import os
from pathlib import Path

import torch

from restorelab.apis.inference import published_path
from restorelab.config import load_config
from restorelab.engine import latest_checkpoint
from restorelab.registry import MODELS
from restorelab.utils.checkpoint import load_weights, model_state, read_checkpoint
from restorelab.utils.quantized import quantize
from restorelab.utils.weights import read_published, save_published
from restorelab.version import __version__

CONFIG = Path(__file__).parents[2] / 'configs/house/allinone.py'
# Where the parts of a stage's model stand in the joined one.
PLACES = dict(
    verdict={'prior.': 'priors.verdict.'},
    jpeg={'backbone.': 'backbone.stages.jpeg.backbone.'},
    grain={'backbone.': 'backbone.stages.grain.backbone.'},
    blur={'backbone.': 'backbone.stages.blur.backbone.'},
    weather={'backbone.': 'backbone.stages.weather.backbone.'},
    darkness={'priors.darkness.': 'priors.darkness.'},
    haze={'priors.haze.': 'priors.haze.'},
)


def stage_weights(stage: str, checkpoint: str) -> dict[str, torch.Tensor]:
    """The averaged weights of a stage, by their names in the joined model."""
    state, moved = model_state(read_checkpoint(checkpoint), checkpoint), {}
    for before, after in PLACES[stage].items():
        for key, value in state.items():
            if key.startswith(before):
                moved[after + key.removeprefix(before)] = value
    return moved


def join(
    work_dirs: Path, output: Path, license: str, notes: str, base: str | None = None
) -> dict[str, int]:
    """Write ``output``. Returns: the iterations of each stage that was trained.

    Args:
        base: a joined file, or the name of weights that ship, for stages without a checkpoint.
    Raises: FileNotFoundError for a stage without a checkpoint, FileExistsError for an ``output``
        that exists.
    """
    if output.exists():
        raise FileExistsError(f'{output} exists; remove it first, or choose another name')
    state: dict[str, torch.Tensor] = {}
    if base is not None:
        state |= read_published(published_path(base))[0]
    iterations = {}
    for stage in PLACES:
        checkpoint = latest_checkpoint(work_dirs / stage)
        if checkpoint is None and base is not None:
            continue
        if checkpoint is None:
            raise FileNotFoundError(
                f'{work_dirs / stage} holds no checkpoint; train it first: '
                f'python tools/train.py configs/house/{stage}.py --work-dir {work_dirs / stage}'
            )
        state |= stage_weights(stage, checkpoint)
        iterations[stage] = read_checkpoint(checkpoint)['meta']['iter']
    config = load_config(CONFIG).model.to_dict()
    model = MODELS.build(dict(config))
    load_weights(model, state, os.fspath(output))
    info = dict(
        name=output.stem,
        license=license,
        notes=notes,
        config='configs/house/allinone.py',
        iterations=json.dumps(iterations),
        parameters=sum(value.numel() for value in model.parameters()),
        stored_as='int8 (networks of the stages), float16 (priors)',
        restorelab=__version__,
    )
    # the two thumbnails' networks choose tones for the whole picture, so they keep their 16 bits
    save_published(output, quantize(model.state_dict(), ['backbone.']), config, info)
    return iterations


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n')[0], formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('work_dirs', type=Path, help='folder with a work dir for each stage')
    parser.add_argument('output', type=Path, help='the .safetensors file to write')
    parser.add_argument('--license', default='research-only data', help='license of the weights')
    parser.add_argument('--notes', default='', help='photographs, commit and scores; kept inside')
    parser.add_argument('--base', help='file, or name of weights, for stages that are not there')
    args = parser.parse_args()
    done = join(args.work_dirs, args.output, args.license, args.notes, args.base)
    size = args.output.stat().st_size / 2**20
    print(f'{args.output}: {size:.1f} MiB; iterations of each stage: {done}')


if __name__ == '__main__':
    main()
