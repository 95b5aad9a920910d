from restorelab.engine.atomic_checkpoint_hook import AtomicCheckpointHook, latest_checkpoint
from restorelab.engine.bfloat16_optim_wrapper import BFloat16OptimWrapper
from restorelab.engine.channels_last_hook import ChannelsLastHook
from restorelab.engine.check_data_hook import CheckDataHook
from restorelab.engine.checkpoint_loader import take_over_schemes
from restorelab.engine.difficulty_reference_hook import DifficultyReferenceHook
from restorelab.engine.inverse_decay_ema import InverseDecayEMA
from restorelab.engine.non_finite_loss_hook import NonFiniteLossHook
from restorelab.engine.panel_hook import PanelHook
from restorelab.engine.pretrained_hook import PretrainedHook
from restorelab.engine.restoration_ddp import RestorationDDP
from restorelab.engine.restoration_log_processor import RestorationLogProcessor
from restorelab.engine.seed_each_iteration_hook import SeedEachIterationHook
from restorelab.engine.seeking_iter_train_loop import SeekingIterTrainLoop
from restorelab.engine.start_from import StartFrom
from restorelab.engine.step_ema_hook import StepEMAHook
from restorelab.engine.strict_load_hook import StrictLoadHook
from restorelab.engine.task_warmup_hook import TaskWarmupHook

__all__ = [
    'AtomicCheckpointHook',
    'BFloat16OptimWrapper',
    'ChannelsLastHook',
    'CheckDataHook',
    'DifficultyReferenceHook',
    'InverseDecayEMA',
    'NonFiniteLossHook',
    'PanelHook',
    'PretrainedHook',
    'RestorationDDP',
    'RestorationLogProcessor',
    'SeedEachIterationHook',
    'SeekingIterTrainLoop',
    'StartFrom',
    'StepEMAHook',
    'StrictLoadHook',
    'TaskWarmupHook',
    'latest_checkpoint',
    'take_over_schemes',
]
