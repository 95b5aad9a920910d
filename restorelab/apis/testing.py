"""Evaluate a checkpoint with MMEngine's Runner."""

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from restorelab.apis.training import check_has, prepare, release_workers
from restorelab.models.contracts import Model
from restorelab.utils.checkpoint import load_weights, model_state, read_checkpoint
from restorelab.utils.modules import unwrap
from restorelab.utils.sources import check_source
from restorelab.utils.weights import resolve_weights

TEST_KEYS = ('test_dataloader', 'test_cfg', 'test_evaluator')
TRAINING_KEYS = (
    'train_dataloader',
    'train_cfg',
    'optim_wrapper',
    'param_scheduler',
    'val_dataloader',
    'val_cfg',
    'val_evaluator',
)


def test(
    cfg: str | Config,
    checkpoint: str,
    work_dir: str | None = None,
    show_dir: str | None = None,
    launcher: str = 'none',
) -> dict[str, float]:
    """Score a checkpoint on the test set of ``cfg``. Tables of the scores are logged.

    Args:
        cfg: path of a config, or a Config.
        checkpoint: a training checkpoint, whose averaged weights are taken if there are any, a
            published ``.safetensors`` file, or ``restorelab:<name>``.
        work_dir, launcher: as in ``train``.
        show_dir: folder for a panel of every image: degraded, restored, clean.
    Returns: the metrics by name.
    Raises:
        FileNotFoundError: there is no such checkpoint.
        CheckpointError: for a checkpoint that is damaged or of another model.
        ValueError: for a config without a test set.
    """
    check_source('checkpoint', checkpoint)
    cfg = prepare(cfg, work_dir, launcher)
    check_has(cfg, TEST_KEYS, 'testing')
    path = resolve_weights(checkpoint)
    state = model_state(read_checkpoint(path), path)
    _keep_test_only(cfg, show_dir)
    runner = Runner.from_cfg(cfg)
    model = unwrap(runner.model)
    if isinstance(model, Model):
        model.load_pretrained()
    load_weights(model, state, path)
    metrics = runner.test()
    release_workers(runner.test_loop)
    if launcher != 'none':
        torch.distributed.destroy_process_group()
    return metrics


def _keep_test_only(cfg: Config, show_dir: str | None) -> None:
    """Take out of ``cfg`` what only training uses, and let the panels go to ``show_dir``."""
    for key in TRAINING_KEYS:
        cfg.pop(key, None)
    cfg.load_from, cfg.resume = None, False
    hooks = cfg.get('custom_hooks') or []
    # a moving average would be a second copy of the tested weights
    cfg.custom_hooks = [hook for hook in hooks if 'EMAHook' not in str(hook['type'])]
    hooks = cfg.setdefault('default_hooks', {})
    hooks['panels'] = dict(type='PanelHook', per_degradation=None, out_dir=show_dir)
    # `test` reads pretrained parts itself, before the checkpoint, which may hold newer weights
    hooks.pop('pretrained', None)
