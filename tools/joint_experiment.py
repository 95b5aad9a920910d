"""Joint training against restoration only, several seeds: ``python tools/joint_experiment.py --seeds 0 1 2``.

Trains and tests both configs once a seed, one run after another, and prints mean and range of PSNR and mAP. A run
whose scores.json is there already is not repeated, so that a stopped experiment goes on where it was.
"""

import argparse
import json
import sys
from pathlib import Path

COLUMNS = {'PSNR': 'rgb/psnr/mean', **{f'{name} {view}': f'{view}/coco/{key}' for view in
           ('degraded', 'restored', 'clean') for name, key in (('mAP', 'bbox_mAP'), ('mAP50', 'bbox_mAP_50'))}}


def run(config: str, seed: int, work_dir: Path) -> dict[str, float]:
    """The test's scores of one training."""
    from restorelab.apis import test, train
    from restorelab.config import load_config
    from restorelab.engine import latest_checkpoint

    scores = work_dir / 'scores.json'
    if not scores.is_file():
        cfg = load_config(config, {'randomness.seed': seed})
        train(cfg, work_dir=str(work_dir))
        found = test(cfg, str(latest_checkpoint(work_dir)), work_dir=str(work_dir / 'test'))
        scores.write_text(json.dumps({name: found[key] for name, key in COLUMNS.items()}), encoding='utf-8')
    return json.loads(scores.read_text(encoding='utf-8'))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--configs', nargs='+',
                        default=['configs/joint/perception_only.py', 'configs/joint/diffuir_retinanet.py'])
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/joint_experiment'))
    args = parser.parse_args()
    found = {config: [run(config, seed, args.work_dir / Path(config).stem / str(seed)) for seed in args.seeds]
             for config in args.configs}
    print('| config | ' + ' | '.join(COLUMNS) + ' |\n' + '|---' * (len(COLUMNS) + 1) + '|')
    for config, rows in found.items():
        cells = []
        for name in COLUMNS:
            values = [row[name] for row in rows]
            mean, low, high = (f'{value:.{2 if name == "PSNR" else 3}f}'
                               for value in (sum(values) / len(values), min(values), max(values)))
            cells.append(f'{mean} ({low} to {high})')
        print(f'| {Path(config).stem} | ' + ' | '.join(cells) + ' |')
    return 0


if __name__ == '__main__':
    sys.exit(main())
