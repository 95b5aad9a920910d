"""Joint training against restoration only: ``python tools/joint_experiment.py --seeds 0 1 2``.

It trains and tests both configs once per seed. It prints the mean and the range of PSNR and mAP,
and the gain of the second config over the first. The detector is trained in the first run, and the
other runs load it. A run whose scores.json exists is not repeated, so an interrupted experiment can
be continued.
"""

import argparse
import json
from pathlib import Path

COLUMNS = {
    'PSNR': 'rgb/psnr/mean',
    'mAP degraded': 'degraded/coco/bbox_mAP',
    'mAP50 degraded': 'degraded/coco/bbox_mAP_50',
    'mAP restored': 'restored/coco/bbox_mAP',
    'mAP50 restored': 'restored/coco/bbox_mAP_50',
    'mAP clean': 'clean/coco/bbox_mAP',
    'mAP50 clean': 'clean/coco/bbox_mAP_50',
}


def run(config: str, seed: int, work_dir: Path, detector: Path) -> dict[str, float]:
    """Train once and test: the scores by column.

    Args:
        detector: file of the detector. It is loaded if it exists, and written otherwise.
    """
    from restorelab.apis import test, train
    from restorelab.config import load_config
    from restorelab.engine import latest_checkpoint

    scores = work_dir / 'scores.json'
    if not scores.is_file():
        cfg = load_config(config, {'randomness.seed': seed})
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None  # the test follows at once
        if detector.is_file():
            cfg.model.tasks.det.checkpoint = str(detector)
            cfg.custom_hooks = [hook for hook in cfg.custom_hooks if hook.type != 'TaskWarmupHook']
        train(cfg, work_dir=str(work_dir))
        checkpoint = latest_checkpoint(work_dir)
        if not detector.is_file():
            save_detector(checkpoint, detector)
        found = test(cfg, str(checkpoint), work_dir=str(work_dir / 'test'))
        columns = {name: found[key] for name, key in COLUMNS.items()}
        scores.write_text(json.dumps(columns), encoding='utf-8')
    return json.loads(scores.read_text(encoding='utf-8'))


def save_detector(checkpoint: Path, target: Path) -> None:
    """Write the detector out of a joint checkpoint, as MMDetection would save it."""
    import torch

    from restorelab.utils.checkpoint import model_state, read_checkpoint

    prefix, own = 'tasks.det.network.', {}
    for key, value in model_state(read_checkpoint(checkpoint), checkpoint).items():
        if key.startswith(prefix):
            own[key.removeprefix(prefix)] = value
    torch.save(dict(state_dict=own), target)


def row(name: str, runs: list[dict[str, float]]) -> str:
    """A line of the table: mean (lowest to highest) for each column."""
    cells = []
    for column in COLUMNS:
        values = [scores[column] for scores in runs]
        mean, digits = sum(values) / len(values), 2 if column == 'PSNR' else 3
        spread = f'{min(values):.{digits}f} to {max(values):.{digits}f}'
        cells.append(f'{mean:.{digits}f} ({spread})')
    return f'| {name} | ' + ' | '.join(cells) + ' |'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--configs',
        nargs=2,
        metavar=('WITHOUT', 'WITH'),
        default=['configs/joint/perception_only.py', 'configs/joint/diffuir_retinanet.py'],
    )
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/joint_experiment'))
    args = parser.parse_args()
    found = {config: [] for config in args.configs}
    for seed in args.seeds:
        for config, runs in found.items():
            work_dir = args.work_dir / Path(config).stem / str(seed)
            runs.append(run(config, seed, work_dir, args.work_dir / 'detector.pth'))
    gains = []
    for alone, joint in zip(*found.values(), strict=True):
        gains.append({column: joint[column] - alone[column] for column in COLUMNS})
    print('| config | ' + ' | '.join(COLUMNS) + ' |')
    print('|---' * (len(COLUMNS) + 1) + '|')
    for config, runs in found.items():
        print(row(Path(config).stem, runs))
    print(row('gain per seed', gains))


if __name__ == '__main__':
    main()
