"""Render the triplets of stage 1: degraded, restored by a medium restorer, clean.

    python projects/perceive_ir/render_medium.py CONFIG MEDIUM_0 MEDIUM_1 OUT \\
        [--draws 8] [--cfg-options KEY=VALUE ...]

CONFIG is the config that the medium restorers were trained with. Its training set consists of
``FoldDataset``. MEDIUM_k is a checkpoint of the restorer that learned from the other fold. It
renders the whole images of fold k. Neither restorer has seen the validation set; MEDIUM_0 renders
it, cropped as the config says.

The files are OUT/{train,val}/<degradation>/{lq,rendered,gt}/<key>.png. Existing files stay, so an
interrupted run can be started again. A further run with another ``val_dataloader.dataset.source``
adds held-out triplets.
"""

import argparse
from pathlib import Path

from mmengine.config import ConfigDict
from torch import Tensor

from restorelab.apis import RestoreModel, load
from restorelab.cli import CfgOptions
from restorelab.config import load_config
from restorelab.io.images import to_uint8, write_image
from restorelab.registry import DATASETS
from restorelab.utils.weights import resolve_weights


def whole_images(dataset: dict, fold: int | None) -> dict:
    """The config of the data set without crops and repetitions, of one fold if there are folds.

    Raises: ValueError when a fold is wanted and the data set has none.
    """
    dataset = ConfigDict(dataset).copy()
    if 'datasets' in dataset:
        parts = [whole_images(part, fold) for part in dataset['datasets']]
        return dict(type=dataset['type'], datasets=parts)
    if dataset['type'] == 'FoldDataset':
        dataset['dataset'] = whole_images(dataset['dataset'], None)
        if fold is not None:
            dataset['folds'] = [fold]
        return dataset
    if fold is not None:
        raise ValueError(
            f'the training set is a {dataset["type"]} without folds; wrap it in FoldDataset'
        )
    kept = [step for step in dataset['pipeline'] if step['type'] in ('Degrade', 'PackRestoration')]
    return dict(dataset, pipeline=kept)


def render(model: RestoreModel, dataset, folder: Path, draws: int) -> int:
    """Write the triplets of a data set, ``draws`` of each image. Returns their number.

    Each draw of an image has another random degradation.
    """
    written = 0
    for index in range(draws * len(dataset)):
        sample = dataset[index]
        info = sample['data_samples']
        images = dict(lq=sample['inputs'], gt=info.gt)
        name = f'{info.key}_{index // len(dataset)}.png'
        paths = {kind: folder / info.degradation / kind / name for kind in ('lq', 'gt', 'rendered')}
        if all(path.exists() for path in paths.values()):
            continue
        images['rendered'] = model(unit(images['lq']))
        for kind, path in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_image(path, to_uint8(unit(images[kind])))
        written += 1
    return written


def unit(image: Tensor) -> Tensor:
    """A uint8 image in [0, 1]; a float one unchanged."""
    return image.float() / 255 if not image.is_floating_point() else image


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config of the medium restorers')
    parser.add_argument(
        'medium', nargs=2, metavar='MEDIUM', help='checkpoints: of fold 0, and of fold 1'
    )
    parser.add_argument('out', type=Path, help='folder to write')
    parser.add_argument(
        '--draws',
        type=int,
        default=8,
        help='degradations of each image (default: %(default)s); 1 for sets of pairs',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=CfgOptions,
        default={},
        metavar='KEY=VALUE',
        help='change entries of the config, such as val_dataloader.dataset.source=FOLDER or '
        'model.padding=replicate',
    )
    args = parser.parse_args()
    try:
        cfg = load_config(args.config, args.cfg_options)
        for checkpoint in args.medium:
            resolve_weights(checkpoint)
        halves = [
            DATASETS.build(whole_images(cfg.train_dataloader.dataset, fold)) for fold in (0, 1)
        ]
        held_out = DATASETS.build(cfg.val_dataloader.dataset)
        models = [load(cfg, checkpoint) for checkpoint in args.medium]
    except (FileNotFoundError, ValueError) as error:
        parser.error(str(error))
    for checkpoint, model, half in zip(args.medium, models, halves, strict=True):
        print(f'{checkpoint}: {render(model, half, args.out / "train", args.draws)} triplets')
    count = render(models[0], held_out, args.out / 'val', args.draws)
    print(f'{args.medium[0]}: {count} held-out triplets')


if __name__ == '__main__':
    main()
