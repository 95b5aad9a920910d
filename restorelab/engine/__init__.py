from restorelab.lazy import lazy_names

PARTS = {
    'AtomicCheckpointHook': 'atomic_checkpoint_hook',
    'BFloat16OptimWrapper': 'bfloat16_optim_wrapper',
    'ChannelsLastHook': 'channels_last_hook',
    'CheckDataHook': 'check_data_hook',
    'DifficultyReferenceHook': 'difficulty_reference_hook',
    'InverseDecayEMA': 'inverse_decay_ema',
    'NonFiniteLossHook': 'non_finite_loss_hook',
    'PanelHook': 'panel_hook',
    'PretrainedHook': 'pretrained_hook',
    'RestorationDDP': 'restoration_ddp',
    'RestorationLogProcessor': 'restoration_log_processor',
    'SeedEachIterationHook': 'seed_each_iteration_hook',
    'SeekingIterTrainLoop': 'seeking_iter_train_loop',
    'StartFrom': 'start_from',
    'StepEMAHook': 'step_ema_hook',
    'StrictLoadHook': 'strict_load_hook',
    'TaskWarmupHook': 'task_warmup_hook',
}
FUNCTIONS = {
    'latest_checkpoint': 'atomic_checkpoint_hook',
    'take_over_schemes': 'checkpoint_loader',
}
__all__ = [*PARTS, *FUNCTIONS]
__getattr__ = lazy_names(__name__, PARTS | FUNCTIONS)
