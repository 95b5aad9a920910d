"""See it work: train the small TPGDiff for a moment, score it, draw before and after.

    python tools/demo.py

The training starts from the weights that ship, so the picture at the end shows a trained model. The
photograph in it is not in the training set.
"""

import argparse
from pathlib import Path

CONFIG = Path(__file__).parents[1] / 'configs' / 'tpgdiff' / 'allinone.py'


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--iterations', type=int, default=40, help='training iterations (default: %(default)s)'
    )
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/demo'))
    args = parser.parse_args()

    from restorelab.apis import train
    from restorelab.config import load_config
    from restorelab.io.panels import stack_files
    from restorelab.utils.weights import resolve_weights

    options = {
        'load_from': str(resolve_weights('restorelab:tpgdiff-small')),
        'optim_wrapper.optimizer.lr': 1e-5,
        'param_scheduler': [dict(type='ConstantLR', factor=1.0, by_epoch=False)],
        'train_cfg.max_iters': args.iterations,
        'train_cfg.val_interval': args.iterations,
        'default_hooks.logger.interval': 10,
        'default_hooks.checkpoint.interval': args.iterations,
    }
    train(load_config(CONFIG, options), work_dir=str(args.work_dir))
    pictures = sorted((args.work_dir / 'vis' / f'iter_{args.iterations}').glob('*.png'))
    panel = args.work_dir / 'panel.png'
    stack_files(pictures, panel)
    print(f'\nBefore and after, a held-out photograph with {len(pictures)} degradations: {panel}')


if __name__ == '__main__':
    main()
