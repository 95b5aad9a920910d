"""How far prompts and TFA move a restored picture.

    python projects/unirestore/prompt_leverage.py CHECKPOINT

The checkpoint is one of configs/unirestore/cfrm_tfa_diffuir.py. Ten images of its training set are
restored by the prompt ``det``, then with one change at a time. Prints PSNR, and the RMS distance to
the first restoration in gray levels of 255.
"""

import argparse
import copy
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from restorelab.config import load_config
from restorelab.registry import DATASETS, MODELS
from restorelab.structures import stack_images
from restorelab.utils.checkpoint import load_weights, model_state, read_checkpoint
from restorelab.utils.psnr import psnr

CONFIG = Path(__file__).parents[2] / 'configs' / 'unirestore' / 'cfrm_tfa_diffuir.py'
SPREAD = 200.0  # of the random prompts; trained ones are of the order of 10


def changed(model: nn.Module) -> Iterator[tuple[str, nn.Module, str]]:
    """(what is changed, the changed model, the prompt it restores by)."""
    yield 'prompt `ir`', model, 'ir'
    tfa = model.adapters['tfa']
    for level, tap in enumerate(tfa.skip_of):
        other = copy.deepcopy(model)
        levels = other.adapters['tfa'].prompts['det'].data.split(tfa.prompt_widths, dim=-1)
        prompt = levels[level]
        prompt.copy_(SPREAD * torch.randn(prompt.shape, generator=torch.Generator().manual_seed(0)))
        yield f'random prompt at {tap}', other, 'det'
    without = copy.deepcopy(model)
    del without.adapters['tfa']
    yield 'without TFA', without, 'det'


def restorer_state(checkpoint: str) -> dict[str, Tensor]:
    """The weights of the restorer in a checkpoint of a joint model."""
    prefix, found = 'restorer.', {}
    for name, value in model_state(read_checkpoint(checkpoint), checkpoint).items():
        if name.startswith(prefix):
            found[name.removeprefix(prefix)] = value
    return found


def mean_psnr(images: Tensor, gt: Tensor) -> float:
    return psnr(images, gt).mean().item()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('checkpoint')
    args = parser.parse_args()
    cfg = load_config(CONFIG)
    with DefaultScope.overwrite_default_scope('restorelab'):
        model = MODELS.build(cfg.model.restorer).eval()
        images = DATASETS.build(dict(cfg.val_dataloader.dataset, split='train'))
    try:
        load_weights(model, restorer_state(args.checkpoint), args.checkpoint)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    data = model.data_preprocessor(pseudo_collate([images[i] for i in range(10)]), False)
    lq, gt = data['inputs'], stack_images(data['data_samples'], 'gt', data['inputs'].device)
    first = model.restore(lq, tasks=['det'] * len(lq))
    print(f'prompt `det`: {mean_psnr(first, gt):.3f} dB')
    for what, other, task in changed(model):
        image = other.restore(lq, tasks=[task] * len(lq))
        moved = 255 * float((image - first).square().mean().sqrt())
        print(f'{what}: {mean_psnr(image, gt):.3f} dB, moved by {moved:.2f}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
