"""A moving average of the weights."""

from mmengine.hooks import EMAHook

from restorelab.registry import HOOKS


@HOOKS.register_module()
class StepEMAHook(EMAHook):
    """MMEngine's EMAHook, updated once per optimizer step and not once per micro-batch.

    The average is what is validated and what ``state_dict`` of a checkpoint holds. It is resumed
    exactly. Frozen weights are shared with the model, not copied.

    Args:
        ema_type: class of the average, such as ``ExponentialMovingAverage`` or ``InverseDecayEMA``.
        begin_iter: the average is a copy of the weights up to this iteration.
        kwargs: options of ``ema_type`` (``momentum`` of ExponentialMovingAverage).
    """

    def __init__(self, ema_type: str = 'ExponentialMovingAverage', begin_iter: int = 0, **kwargs):
        super().__init__(ema_type=ema_type, strict_load=True, begin_iter=begin_iter, **kwargs)

    def before_run(self, runner) -> None:
        super().before_run(runner)
        averaged = dict(self.ema_model.module.named_parameters())
        for name, weight in self.src_model.named_parameters():
            if not weight.requires_grad:
                averaged[name].data = weight.data
                self.ema_model.avg_parameters.pop(name)

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        if runner.optim_wrapper.should_update():  # true right after an optimizer step
            super().after_train_iter(runner, batch_idx, data_batch, outputs)
