"""A task network that is trained before the restorer."""

import torch
from mmengine.dist import broadcast
from mmengine.hooks import Hook
from torch.optim.lr_scheduler import OneCycleLR

from restorelab.engine.joined_draws import joined_draws
from restorelab.engine.restoration_ddp import average_gradients
from restorelab.engine.seed_each_iteration_hook import iteration_seed
from restorelab.registry import HOOKS
from restorelab.utils.modules import unwrap


@HOOKS.register_module()
class TaskWarmupHook(Hook):
    """Trains the network of a task on clean images, before the training of the restorer begins.

    It is for a task without a checkpoint, frozen or not, so that one command starts from nothing.
    The optimizer is AdamW. The learning rate rises over the first tenth and falls along a cosine. A
    resumed training continues with the network of its checkpoint.

    Args:
        task: its name in ``model.tasks``.
        dataloader: gives the clean images as ``lq`` (``degradations=['clean']``), in the form of
            ``train_dataloader``.
        max_iters: number of iterations.
        lr, weight_decay: of AdamW.
        max_norm: gradients are clipped to this norm.
        interval: iterations between two lines in the log.
    Raises: KeyError for an unknown task; ValueError for a task that has a checkpoint.
    """

    priority = 'HIGH'

    def __init__(
        self,
        task: str,
        dataloader: dict,
        max_iters: int,
        lr: float = 1e-3,
        weight_decay: float = 1e-4,
        max_norm: float = 5.0,
        interval: int = 50,
    ):
        self.task, self.dataloader, self.max_iters = task, dataloader, max_iters
        self.lr, self.weight_decay = lr, weight_decay
        self.max_norm, self.interval = max_norm, interval

    def before_train(self, runner) -> None:
        model = unwrap(runner.model)
        task = self._task_of(model)
        if runner.iter > 0:
            return
        loader = runner.build_dataloader(self.dataloader, seed=runner.seed)
        model.check_dataset(loader.dataset, training=True)
        frozen = task.frozen
        task.set_frozen(False)
        task.train()
        self._train(runner, model.data_preprocessor, task, loader)
        task.set_frozen(frozen)
        for value in task.state_dict().values():  # statistics of norms are each rank's own
            broadcast(value)

    def _task_of(self, model):
        if self.task not in model.tasks:
            raise KeyError(
                f"TaskWarmupHook warms up the task '{self.task}', but the tasks are "
                f'{list(model.tasks)}'
            )
        task = model.tasks[self.task]
        if task.checkpoint is not None:
            raise ValueError(
                f"task '{self.task}' has the checkpoint {task.checkpoint}; drop that, or "
                'TaskWarmupHook'
            )
        return task

    def _train(self, runner, preprocess, task, loader) -> None:
        optimizer = torch.optim.AdamW(task.parameters(), lr=self.lr, weight_decay=self.weight_decay)
        schedule = OneCycleLR(optimizer, self.lr, total_steps=self.max_iters, pct_start=0.1)
        total = 0.0
        for number, batch in zip(range(1, self.max_iters + 1), loader, strict=False):
            torch.manual_seed(iteration_seed(runner.seed, number))
            data = preprocess(batch, True)
            with joined_draws(loader):
                loss = sum(task.loss(data['inputs'], data['data_samples']).values())
                optimizer.zero_grad()
                loss.backward()
            average_gradients(task)
            torch.nn.utils.clip_grad_norm_(task.parameters(), self.max_norm)
            optimizer.step()
            schedule.step()
            total += loss.item()
            if number % self.interval == 0:
                runner.logger.info(
                    f"warming up task '{self.task}': {number} of {self.max_iters} iterations, "
                    f'loss {total / self.interval:.4f}'
                )
                total = 0.0
        optimizer.zero_grad()  # else the first step of the restorer would move a frozen network
