"""DiffUIR alone, and with CFRM and TFA by each prompt.

    python projects/unirestore/compare_prompts.py --seeds 0 1 2

A detector learns on clean images. For every seed CFRM and TFA train once with it behind them. Then
it looks at what the two prompts restore, and at what DiffUIR alone restores. Prints mean and range
of PSNR and mAP. What lies in the work dir is not made again, so a stopped comparison goes on.
"""

import argparse
import json
import sys
from pathlib import Path

from mmengine.config import Config, DictAction

CONFIG = Path(__file__).parents[2] / 'configs' / 'unirestore' / 'cfrm_tfa_diffuir.py'
RESTORED = ('rgb/psnr/mean', 'restored/coco/bbox_mAP', 'restored/coco/bbox_mAP_50')
ROWS = {
    'degraded': (
        'alone',
        ('rgb/input_psnr/mean', 'degraded/coco/bbox_mAP', 'degraded/coco/bbox_mAP_50'),
    ),
    'DiffUIR': ('alone', RESTORED),
    'CFRM + TFA, prompt `ir`': ('ir', RESTORED),
    'CFRM + TFA, prompt `det`': ('det', RESTORED),
    'clean': ('alone', (None, 'clean/coco/bbox_mAP', 'clean/coco/bbox_mAP_50')),
}


class Comparison:
    """Its files are made when they are asked for and not there.

    Args:
        folder: of all files.
        options: changes of the config, by dotted key.
        amp: as ``tools/train.py --amp``.
        chain: the prompts of TFA go from level to level, as published. False: each level has its
            own.
    """

    def __init__(self, folder: Path, options: dict, amp: bool | str, chain: bool):
        self.folder, self.options, self.amp, self.chain = folder, options, amp, chain
        folder.mkdir(parents=True, exist_ok=True)

    def detector(self) -> Path:
        """Weights of the detector after the config's warm-up, and before any iteration."""
        import torch

        from restorelab.apis import train
        from restorelab.config import load_config

        path = self.folder / 'detector.pth'
        if not path.is_file():
            cfg = load_config(CONFIG, {**self.options, 'train_cfg.max_iters': 0})
            model = train(cfg, work_dir=str(self.folder / 'warmup')).model
            torch.save(dict(state_dict=model.tasks.det.network.state_dict()), path)
        return path

    def config(self, restorer: str, seed: int = 0) -> Config:
        """With the detector in place of its warm-up.

        Args:
            restorer: the prompt to restore by, or ``alone`` for DiffUIR without the two adapters.
        """
        from restorelab.config import load_config

        cfg = load_config(
            CONFIG,
            {
                **self.options,
                'randomness.seed': seed,
                'model.tasks.det.checkpoint': str(self.detector()),
            },
        )
        cfg.custom_hooks = [hook for hook in cfg.custom_hooks if hook['type'] != 'TaskWarmupHook']
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None  # the tests follow at once
        if restorer == 'alone':
            cfg.model.restorer.adapters = {}
        else:
            cfg.model.restorer.adapters.tfa.update(chain=self.chain, prompt_for=dict(det=restorer))
        return cfg

    def start(self) -> Path:
        """DiffUIR as it is before training, as a checkpoint of the config ``alone``."""
        import torch

        from restorelab.utils.checkpoint import model_state, read_checkpoint
        from restorelab.utils.weights import resolve_weights

        weights = resolve_weights(self.config('alone').model.restorer.init_cfg.checkpoint)
        state = model_state(read_checkpoint(weights), weights)
        path = self.folder / 'alone.pth'
        named = {f'restorer.{name}': value for name, value in state.items()}
        torch.save(dict(state_dict=named), path)
        return path

    def trained(self, seed: int) -> Path:
        """The checkpoint of a whole training; it holds both prompts."""
        from restorelab.apis import train

        cfg = self.config('det', seed)
        path = self.folder / str(seed) / f'iter_{cfg.train_cfg.max_iters}.pth'
        if not path.is_file():
            train(cfg, work_dir=str(path.parent), resume=True, amp=self.amp)
        return path

    def scores(self, restorer: str, seed: int = 0) -> dict[str, float]:
        """What ``tools/test.py`` prints, by name."""
        from restorelab.apis import test

        path = self.folder / f'{restorer}_{seed}.json'
        if not path.is_file():
            checkpoint = self.start() if restorer == 'alone' else self.trained(seed)
            found = test(
                self.config(restorer, seed), str(checkpoint), work_dir=str(self.folder / 'test')
            )
            path.write_text(
                json.dumps({name: float(value) for name, value in found.items()}), encoding='utf-8'
            )
        return json.loads(path.read_text(encoding='utf-8'))


def cell(values: list[float], digits: int) -> str:
    """Mean and range, where there is one."""
    if len(set(values)) == 1:
        return f'{values[0]:.{digits}f}'
    mean, low, high = (
        f'{value:.{digits}f}' for value in (sum(values) / len(values), min(values), max(values))
    )
    return f'{mean} ({low} to {high})'


def table(seeds: list[dict[str, dict[str, float]]]) -> str:
    """Markdown from the scores of each seed, by restorer and name."""
    lines = ['| restored by | PSNR | mAP | mAP50 |', '|---|---|---|---|']
    for title, (restorer, names) in ROWS.items():
        cells = [
            '-' if name is None else cell([scores[restorer][name] for scores in seeds], digits)
            for name, digits in zip(names, (2, 3, 3), strict=True)
        ]
        lines.append(f'| {title} | ' + ' | '.join(cells) + ' |')
    for title, name, digits in (('PSNR', RESTORED[0], 2), ('mAP', RESTORED[1], 3)):
        gains = [scores['det'][name] - scores['ir'][name] for scores in seeds]
        lines.append(
            f'{title} by `det` minus that by `ir`, seed by seed: '
            + ', '.join(f'{gain:+.{digits}f}' for gain in gains)
        )
    return '\n'.join(lines)


def main() -> int:
    from restorelab.cli import message_of
    from restorelab.config import load_config

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/compare_prompts'))
    parser.add_argument(
        '--amp', default=False, choices=['bf16', 'fp16'], help='mixed precision in training'
    )
    parser.add_argument(
        '--chain',
        action='store_true',
        help='one TFA with the published chain of prompts, in place of one for each level',
    )
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, default={}, metavar='KEY=VALUE'
    )
    args = parser.parse_args()
    try:
        load_config(CONFIG, args.cfg_options)  # a wrong option shows before the warm-up
    except (KeyError, ValueError) as error:
        parser.error(message_of(error))
    comparison = Comparison(args.work_dir, args.cfg_options, args.amp, args.chain)
    alone = comparison.scores('alone')
    print(
        table(
            [
                dict(
                    alone=alone,
                    **{prompt: comparison.scores(prompt, seed) for prompt in ('ir', 'det')},
                )
                for seed in args.seeds
            ]
        )
    )
    return 0


if __name__ == '__main__':
    sys.exit(main())
