"""What a resumed training takes from its present config, and what stays as the checkpoint says."""

import copy
import re
import shlex
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config
from mmengine.hooks import EMAHook, Hook
from mmengine.optim import OptimWrapperDict
from mmengine.optim.scheduler.param_scheduler import ReduceOnPlateauParamScheduler
from mmengine.runner import Runner

from restorelab.utils.checkpoint import CheckpointError, load_weights
from restorelab.utils.config_changes import Change, config_changes, read_config_text
from restorelab.utils.modules import unwrap

# Where the run is and where it goes; nothing of the training itself.
OF_THE_RUN = {'work_dir', 'load_from', 'resume', 'experiment_name', 'launcher'}
OF_THE_OPTIMIZER = ('optim_wrapper', 'param_scheduler', 'auto_scale_lr')
# (pattern of a key, answer, reason); the first that fits counts, and everything else is taken.
RULES = [
    (
        r'randomness\.seed',
        'ignored',
        'the order of the data and all draws follow from it; another seed is another training',
    ),
    (r'model\..*\binit_cfg\b.*', 'ignored', 'the weights come from the checkpoint'),
    (
        r'optim_wrapper\.(\w+\.)?optimizer\.(type|amsgrad)',
        'refused',
        'the checkpoint holds the state of the other optimizer; start a new training from these '
        'weights with load_from instead of --resume',
    ),
]


class Answer(NamedTuple):
    """What becomes of a change: 'taken', 'ignored' or 'refused', and why."""

    change: Change
    what: str
    why: str = ''


class ResumeError(ValueError):
    """The config asks of a resumed training what its checkpoint does not allow."""


def check_resumable(checkpoint: dict, path: str) -> None:
    """Raise CheckpointError for a checkpoint that does not say where its training was."""
    done = checkpoint.get('meta', {}).get('iter')
    parts = ('meta', 'message_hub', 'optimizer')
    missing = [part for part in parts if part not in checkpoint]
    if missing or not isinstance(done, int):
        raise CheckpointError(
            f'{path}: it holds weights, but not the state of their training (missing: '
            f'{", ".join(missing) or "the iteration"}). Give --resume an iter_N.pth of the work '
            'dir, or start a new training from these weights with load_from'
        )


def changes_since(checkpoint: dict, cfg) -> list[Change] | None:
    """What differs in ``cfg`` from the config in ``checkpoint``; None where that cannot be read."""
    meta = checkpoint['meta']
    try:
        old, new = read_config_text(str(meta.get('cfg', ''))), read_config_text(cfg.pretty_text)
    except ValueError:
        return None
    if not old:
        return None
    changes = []
    for change in config_changes(old, new):
        drawn = change.key == 'randomness.seed' and change.new in ('None', repr(meta.get('seed')))
        if change.key.partition('.')[0] not in OF_THE_RUN and not drawn:
            changes.append(change)
    return changes


def answer_changes(runner: Runner, changes: list[Change], checkpoint: dict) -> list[Answer]:
    """What the resumed training does with each change."""
    misfit = ''
    if any(change.key.startswith('model.') for change in changes):
        try:  # the Runner loads them again when it starts
            load_weights(unwrap(runner.model), checkpoint['state_dict'], 'the checkpoint')
        except CheckpointError:
            misfit = 'the weights of the checkpoint do not fit such a model'
    averages = any(isinstance(hook, EMAHook) for hook in runner.hooks)
    lost_average = 'ema_state_dict' in checkpoint and not averages
    answers = []
    for change in changes:
        what, why = _by_rule(change.key)
        if 'TaskWarmupHook' in _types_on_the_way(runner.cfg, change.key):
            what, why = 'ignored', 'the warm-up was over when the checkpoint was made'
        if what == 'taken' and change.key.startswith('model.') and misfit:
            what, why = 'refused', misfit
        if change.key.startswith('custom_hooks') and lost_average:
            what, why = 'refused', 'the checkpoint goes on only with its moving average'
        answers.append(Answer(change, what, why))
    return answers


def _types_on_the_way(node, key: str) -> list[object]:
    """The ``type`` of each part of a config that the dotted key leads through."""
    types = []
    for name in key.split('.'):
        if isinstance(node, dict | Config):
            types.append(node.get('type'))
            node = node.get(name)
        elif isinstance(node, list | tuple):
            node = node[int(name)]
    return types


def _by_rule(key: str) -> tuple[str, str]:
    for pattern, what, why in RULES:
        if re.fullmatch(pattern, key):
            return what, why
    return 'taken', ''


def describe(answers: list[Answer], path: str) -> str:
    """The answers as lines, one for each change."""
    lines = [f'--resume {path}: what differs from the config of the checkpoint']
    for (key, old, new), what, why in answers:
        lines.append(f'  {what:8}{key}: {old} -> {new}' + (f'  ({why})' if why else ''))
    return '\n'.join(lines)


def prepare_resume(
    runner: Runner, changes: list[Change] | None, checkpoint: dict, path: str
) -> None:
    """Print what the resumed training does with each change, and let it take what it can.

    Args:
        runner: built from the present config, and not yet started.
        changes: what ``changes_since`` gave.
        checkpoint: the content of ``path``.
    Raises: ResumeError when a change cannot be taken and must not be ignored.
    """
    logger, done = runner.logger, checkpoint['meta']['iter']
    if changes is None:
        logger.warning('--resume %s: it holds no config to compare the present one with', path)
    answers = answer_changes(runner, changes or [], checkpoint)
    if answers:
        logger.info(describe(answers, path))
    refused = [answer for answer in answers if answer.what == 'refused']
    if refused:
        raise ResumeError(
            f'{describe(refused, path)}\nSet these entries back, or start a new training'
        )
    if any(change.key.startswith(OF_THE_OPTIMIZER) for change in changes or []):
        runner.register_hook(TakeSettingsHook(path))
    wanted = runner.max_iters
    if done >= wanted:
        logger.warning(
            'this run has finished its %d iterations; give a larger train_cfg.max_iters to go on '
            '(--cfg-options train_cfg.max_iters=%d)',
            wanted,
            2 * done,
        )


class TakeSettingsHook(Hook):
    """Gives a resumed training the optimizer settings and schedules of its config.

    MMEngine gives it those of the checkpoint. The optimizer keeps its state (moments, counts). The
    schedules are made anew and walk to the present iteration, as if they had always been these.

    Args:
        path: the checkpoint, for messages.
    """

    priority = 'HIGHEST'

    def __init__(self, path: str):
        self.path = path
        self.settings: list[dict] = []

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Remember the settings; the state of the checkpoint replaces them in a moment."""
        for name, wrapper in _wrappers(runner):
            state = checkpoint['optimizer']
            groups = (state[name] if name else state)['param_groups']
            sizes = [len(group['params']) for group in wrapper.optimizer.param_groups]
            if sizes != [len(group['params']) for group in groups]:
                raise ResumeError(
                    f'{self.path}: the optimizer of the checkpoint has {len(groups)} groups of '
                    f'weights, and that of the config has {len(sizes)}. Set optim_wrapper.'
                    'paramwise_cfg back, or start a new training with load_from'
                )
            self.settings += [unscheduled(group) for group in wrapper.param_groups]

    def before_train(self, runner) -> None:
        settings = iter(self.settings)
        for _, wrapper in _wrappers(runner):
            for group in wrapper.param_groups:
                for key in [key for key in group if key.startswith('initial_')]:
                    del group[key]
                group.update(next(settings))
        runner.param_schedulers = runner.build_param_scheduler(
            copy.deepcopy(runner.cfg.get('param_scheduler'))
        )
        if runner.param_schedulers is not None:
            walk(runner)


def _wrappers(runner: Runner) -> Iterator[tuple[str, object]]:
    """Every optimizer with its name, which is empty where there is only one."""
    wrapper = runner.optim_wrapper
    if isinstance(wrapper, OptimWrapperDict):
        yield from wrapper.items()
    else:
        yield '', wrapper


def unscheduled(group: dict) -> dict:
    """The settings of a parameter group before any schedule changed them, without its weights."""
    settings = {key: copy.deepcopy(value) for key, value in group.items() if key != 'params'}
    for key in [key for key in settings if key.startswith('initial_')]:
        value, name = settings.pop(key), key.removeprefix('initial_')
        if name == 'momentum' and 'betas' in settings:  # MMEngine's name for the first of them
            settings['betas'] = (value, *settings['betas'][1:])
            settings.pop(name, None)
        else:
            settings[name] = value
    return settings


def walk(runner: Runner) -> None:
    """Step new schedules as often as the iterations and epochs that are done."""
    schedules = runner.param_schedulers
    lists = schedules.values() if isinstance(schedules, dict) else [schedules]
    for listed in lists:
        moving = []
        for schedule in listed:
            if not isinstance(schedule, ReduceOnPlateauParamScheduler):  # waits for a score
                moving.append(schedule)
        with warnings.catch_warnings():
            warnings.filterwarnings('ignore', message='Detected call of `scheduler.step')
            for _ in range(runner.iter):
                for schedule in moving:
                    if not schedule.by_epoch:
                        schedule.step()
            for _ in range(runner.epoch):
                for schedule in moving:
                    if schedule.by_epoch:
                        schedule.step()


def resume_command(runner: Runner, options: dict | None = None, resume: bool = True) -> str:
    """The command that goes on with this training from its work dir.

    The config is the copy that MMEngine wrote there, with all options of this run.

    Args:
        options: changes by dotted key.
        resume: False starts anew.
    """
    cfg, folder = runner.cfg, Path(runner.work_dir)
    name = Path(cfg.filename).name if cfg.filename else f'{runner.timestamp}.py'
    words = ['restorelab', 'train', str(folder / name), '--work-dir', str(folder)]
    if resume:
        words.append('--resume')
    if vars(cfg).get('allow_unknown'):
        words.append('--allow-unknown')
    if options:
        words += ['--cfg-options', *(f'{key}={value}' for key, value in options.items())]
    if runner.world_size > 1:
        start = ['torchrun', '--nproc-per-node', str(runner.world_size), '--no-python']
        words = [*start, *words, '--launcher', 'pytorch']
    return shlex.join(words)
