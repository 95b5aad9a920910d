"""What running needs whatever the method: loops, hooks, logs, seeds. It counts iterations.

A config changes a default hook by its name: ``default_hooks=dict(checkpoint=dict(interval=500))``.
Its moving average stands in ``custom_hooks``: ``[dict(type='StepEMAHook', momentum=0.002)]``.
"""

default_scope = 'restorelab'

train_cfg = dict(type='SeekingIterTrainLoop', max_iters=10000, val_interval=1000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

default_hooks = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='AtomicCheckpointHook', interval=1000, max_keep_ckpts=3),
    sampler_seed=None,
    pretrained=dict(type='PretrainedHook'),
    strict_load=dict(type='StrictLoadHook'),
    check_data=dict(type='CheckDataHook'),
    seed=dict(type='SeedEachIterationHook'),
    non_finite_loss=dict(type='NonFiniteLossHook'),
    panels=dict(type='PanelHook', per_degradation=1),
)

randomness = dict(seed=0)
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)

log_processor = dict(type='RestorationLogProcessor', window_size=20, by_epoch=False)
log_level = 'INFO'
vis_backends = [dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')]
visualizer = dict(type='Visualizer', vis_backends=vis_backends)

load_from = None
resume = False
