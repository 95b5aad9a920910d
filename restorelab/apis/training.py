"""Train a config with MMEngine's Runner."""

import itertools
import logging
import os
from collections.abc import Iterable
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import BaseLoop, Runner

from restorelab.config import load_config
from restorelab.engine import latest_checkpoint, take_over_schemes
from restorelab.engine.parameter_groups import check_custom_keys
from restorelab.engine.resuming import changes_since, check_resumable, prepare_resume
from restorelab.engine.signal_stop import SignalStopHook
from restorelab.utils.checkpoint import read_checkpoint
from restorelab.utils.memory import keep_freed_memory
from restorelab.utils.sources import check_source
from restorelab.utils.stop_signals import StoppedBySignal, StopSignals, stop_signals
from restorelab.utils.work_dir_lock import work_dir_lock

log = logging.getLogger(__name__)
TRAINING_KEYS = ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper')
_RUNS = itertools.count()


def train(
    cfg: str | Config,
    work_dir: str | None = None,
    resume: bool | str | None = None,
    amp: bool | str = False,
    launcher: str = 'none',
    channels_last: bool = False,
) -> Runner:
    """Train, validate and save as ``cfg`` says.

    Args:
        cfg: path of a config, or a Config.
        work_dir: where logs, checkpoints and pictures go (default: that of the config, or
            ``work_dirs/<config name>``).
        resume: True (or 'auto') goes on from the newest checkpoint of the work dir, or starts anew
            when there is none. A path goes on from that checkpoint. What differs from the config in
            the checkpoint is printed as taken or ignored.
        amp: mixed precision: 'bf16', 'fp16', or True for bf16 where the device computes in it and
            fp16 elsewhere.
        launcher: 'none' for one process, 'pytorch' or 'slurm' for several. Without a GPU the
            processes communicate with gloo.
        channels_last: keep the weights of convolutions in the memory order (B, H, W, C), which is
            faster with bf16, on CPUs and on GPUs (``ChannelsLastHook``).
    Returns: the runner. Its ``model`` is the trained one.
    Raises:
        ValueError: for settings that cannot work together.
        KeyError: for ``custom_keys`` that match no parameter.
        FloatingPointError: the loss is not finite.
        CheckpointError: for a checkpoint that is damaged or of another model.
        ResumeError: the config asks for what the checkpoint does not allow.
        WorkDirInUseError: another training writes into the work dir.
        StoppedBySignal: after SIGTERM or Ctrl-C, when the last finished iteration is saved. It is a
            SystemExit with the code 143 or 130.
    """
    cfg = prepare(cfg, work_dir, launcher)
    if resume not in (True, False):
        check_source('resume', resume)
    check_has(cfg, TRAINING_KEYS, 'training')
    _check_checkpoint_intervals(cfg)
    if amp:
        _set_precision(cfg, amp)
    if channels_last:
        _add_channels_last(cfg)
    with stop_signals() as signals:
        try:
            if not _is_first_process(launcher):
                return _run(cfg, resume, signals)
            with work_dir_lock(cfg.work_dir) as died:
                return _run(cfg, resume, signals, died)
        except StoppedBySignal as stop:
            if not signals.deferred:
                log.warning('stopped by %s; no iteration was lost', stop.name)
            raise


def _is_first_process(launcher: str) -> bool:
    """Whether this is the process of rank 0, by what its launcher wrote into the environment."""
    variable = dict(pytorch='RANK', slurm='SLURM_PROCID').get(launcher)
    return variable is None or os.environ.get(variable, '0') == '0'


def _run(
    cfg: Config, resume: bool | str | None, signals: StopSignals, died: str | None = None
) -> Runner:
    """Train in a work dir that is ours.  died: who had it before and did not give it back."""
    earlier = latest_checkpoint(cfg.work_dir)
    if not resume and cfg.get('resume'):
        resume = cfg.get('load_from') or True
    path = earlier if resume in (True, 'auto') else resume
    cfg.resume = bool(resume and path)
    checkpoint, changes = {}, None
    if cfg.resume:
        checkpoint = read_checkpoint(path)
        check_resumable(checkpoint, str(path))
        changes = changes_since(checkpoint, cfg)
        _set_resume(cfg, path, checkpoint)
    runner = Runner.from_cfg(cfg)
    check_custom_keys(cfg.optim_wrapper, runner.model)
    if died:
        runner.logger.warning(
            'took over the work dir %s: its last training (%s) died', cfg.work_dir, died
        )
    if cfg.resume:
        prepare_resume(runner, changes, checkpoint, str(path))
    else:
        _warn_of_new_start(runner, bool(resume), earlier is not None)
    runner.register_hook(SignalStopHook(signals))
    try:
        runner.train()
    except StoppedBySignal:
        if signals.agreed:
            _leave_together(cfg.launcher)
        raise
    finally:
        release_workers(runner._train_loop, runner._val_loop)
    _leave_together(cfg.launcher)
    return runner


def _leave_together(launcher: str) -> None:
    """End the talk between processes, so that its threads are gone when the interpreter ends.

    A process that ends with them, or before the others have heard it, may abort.
    """
    if launcher != 'none':
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def _warn_of_new_start(runner: Runner, wanted_resume: bool, has_earlier: bool) -> None:
    if wanted_resume:
        runner.logger.warning(
            'no checkpoint to resume from in %s: training starts at the beginning',
            runner.cfg.work_dir,
        )
    if has_earlier:
        runner.logger.warning(
            '%s holds checkpoints of an earlier training, and this one replaces them; to go on '
            'with the earlier one stop now and give --resume',
            runner.cfg.work_dir,
        )


def prepare(cfg: str | Config, work_dir: str | None, launcher: str) -> Config:
    """The checked config with its work dir and launcher, ready for ``Runner.from_cfg``."""
    keep_freed_memory()
    cfg = load_config(cfg)
    name = Path(cfg.filename).stem if cfg.filename else 'restorelab'
    cfg.work_dir = work_dir or cfg.get('work_dir') or str(Path('work_dirs') / name)
    cfg.launcher = launcher
    # MMEngine shares logs between runs of one name that begin within a second
    number = next(_RUNS)
    if not cfg.get('experiment_name'):
        cfg.experiment_name = f'{name}_{number}' if number else name
    if launcher != 'none':  # MMEngine looks for the wrapper without our scope, hence the full name
        cfg.setdefault('model_wrapper_cfg', dict(type='restorelab.RestorationDDP'))
        if not torch.cuda.is_available():
            _start_gloo(launcher)
    take_over_schemes()  # once more: packages imported since may have brought others
    return cfg


def check_has(cfg: Config, keys: Iterable[str], purpose: str) -> None:
    """Raise ValueError that names the entries of ``keys`` that ``cfg`` does not have."""
    missing = [key for key in keys if cfg.get(key) is None]
    if missing:
        raise ValueError(f'{cfg.filename or "the config"} has no {missing}; {purpose} needs them')


def release_workers(*loops: BaseLoop | dict | None) -> None:
    """End the data workers of finished loops. Those that were not yet built have none.

    When the garbage collector ends them instead, each blocks the process for seconds.
    """
    for loop in loops:
        if isinstance(loop, BaseLoop):
            loop.dataloader_iterator = None  # of a training loop
            loop.dataloader._iterator = None  # of persistent workers


def _start_gloo(launcher: str) -> None:
    """Make the group of processes here. MMEngine would first give each process a GPU."""
    if launcher != 'pytorch':
        raise ValueError(
            f"launcher '{launcher}' needs a GPU in every process; without one use "
            "tools/dist_train.sh, which starts them with the launcher 'pytorch'"
        )
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
    os.environ.setdefault('LOCAL_RANK', '0')


def _check_checkpoint_intervals(cfg: Config) -> None:
    """A checkpoint between two optimizer steps would lose the accumulated gradients."""
    counts = cfg.optim_wrapper.get('accumulative_counts', 1)
    hook = cfg.get('default_hooks', {}).get('checkpoint', {})
    intervals = {'default_hooks.checkpoint.interval': hook.get('interval', 1)}
    if hook.get('save_best'):
        intervals['train_cfg.val_interval'] = cfg.train_cfg.get('val_interval', 1)
    for name, interval in intervals.items():
        if interval > 0 and interval % counts:
            raise ValueError(
                f'{name}={interval} must be a multiple of '
                f'optim_wrapper.accumulative_counts={counts}: a checkpoint between two optimizer '
                f'steps cannot be resumed exactly. Take {max(1, round(interval / counts)) * counts}'
            )


def _set_precision(cfg: Config, amp: bool | str) -> None:
    on_gpu = torch.cuda.is_available()
    if amp is True:
        amp = 'bf16' if not on_gpu or torch.cuda.is_bf16_supported() else 'fp16'
    if amp not in ('bf16', 'fp16'):
        raise ValueError(f"amp is True, 'bf16' or 'fp16', not {amp!r}")
    if amp == 'fp16' and not on_gpu:
        raise ValueError("amp='fp16' needs a GPU; on a CPU use 'bf16'")
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if kind not in ('OptimWrapper', 'AmpOptimWrapper', 'BFloat16OptimWrapper'):
        raise ValueError(
            "mixed precision replaces the optim_wrapper 'OptimWrapper', but the config has "
            f"'{kind}'"
        )
    cfg.optim_wrapper.type = 'BFloat16OptimWrapper' if amp == 'bf16' else 'AmpOptimWrapper'
    if amp == 'fp16':
        cfg.optim_wrapper.update(dtype='float16', loss_scale='dynamic')


def _add_channels_last(cfg: Config) -> None:
    hooks = list(cfg.get('custom_hooks') or [])
    if not any(hook['type'] == 'ChannelsLastHook' for hook in hooks):
        hooks.append(dict(type='ChannelsLastHook'))
    cfg.custom_hooks = hooks


def _set_resume(cfg: Config, path: str, checkpoint: dict) -> None:
    cfg.load_from = str(path)
    seed = checkpoint['meta'].get('seed')
    if seed is not None:  # the order of the data depends on it, too
        cfg.randomness = dict(cfg.get('randomness') or {}, seed=seed)
