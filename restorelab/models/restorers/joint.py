"""A restorer with networks behind it that look at what it restores."""

from collections.abc import Callable, Sequence

import torch
from mmengine.model import BaseModel, ModuleDict
from mmengine.structures import BaseDataElement
from torch import Tensor

from restorelab.registry import MODELS, TASKS
from restorelab.structures import Condition, RestorationSample, tasks_of

VIEWS = dict(degraded='lq', restored='restored', clean='gt')


@MODELS.register_module()
class JointRestorer(BaseModel):
    """Trains a restorer for the eye and for tasks at once, and scores the tasks on what it restores.

    Training: ``restorer_weight`` times the restorer's own losses, plus each task's losses, times its ``loss_weight``,
    on the clean image that the restorer's step predicts, clamped to [0, 1]. A sample goes to the task that its
    ``task`` names, so a batch may mix tasks; ``ir`` is none. Prediction: each task looks at the degraded, the
    restored and, where there is one, the clean image. The samples get ``views``, with what was predicted on each, and
    the fields of the restored one also as their own, where MMDetection's metrics look for them.

    One line makes another training of it: ``tasks.<name>.loss_weight=0`` trains the restorer only;
    ``train_restorer=False`` with a task that is not ``frozen`` trains that task on finished restorations.

    Source: the task losses of UniRestore (arXiv 2501.13134), with any restorer.

    Args:
        restorer: config of a restorer (MODELS).
        tasks: configs of tasks (TASKS), by name.
        restorer_weight: factor of the restorer's own losses.
        train_restorer: False freezes it.
    Raises: ValueError when nothing is left to train.
    """

    def __init__(
        self,
        restorer: dict,
        tasks: dict[str, dict],
        restorer_weight: float = 1.0,
        train_restorer: bool = True,
        init_cfg: dict | None = None,
    ):
        built = MODELS.build(restorer)
        super().__init__(built.data_preprocessor, init_cfg)
        self.restorer = (
            built if train_restorer else built.requires_grad_(False)
        )  # parts may be frozen already
        self.tasks = ModuleDict({name: TASKS.build(task) for name, task in tasks.items()})
        self.restorer_weight, self.train_restorer = restorer_weight, train_restorer
        if not train_restorer and all(
            task.frozen or task.loss_weight == 0 for task in self.tasks.values()
        ):
            raise ValueError(
                'JointRestorer: nothing is left to train, with train_restorer=False and no task of '
                'frozen=False and a loss_weight above 0'
            )

    def train(self, mode: bool = True):
        super().train(mode)
        if not self.train_restorer:
            self.restorer.eval()
        return self

    def load_pretrained(self) -> None:
        """Read the weights of all pretrained parts, once. Raises: what they raise."""
        for part in (self.restorer, *self.tasks.values()):
            part.load_pretrained()

    def check_dataset(self, dataset, training: bool) -> None:
        """Raise ValueError or KeyError when the tasks cannot work with what ``dataset`` annotates."""
        task = self.tasks[dataset.task] if getattr(dataset, 'task', None) in self.tasks else None
        if task is None:
            return
        task.check_dataset(dataset)
        if training and task.loss_weight and hasattr(task, 'check_training'):
            task.check_training(dataset)

    def forward(
        self,
        inputs: Tensor,
        data_samples: list[RestorationSample] | None = None,
        mode: str = 'tensor',
    ):
        """``loss``: dict of ``loss_*``; ``predict``: the samples, see the class; ``tensor``: the restored image."""
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        return self.restorer(inputs, data_samples, mode)

    def loss(self, lq: Tensor, samples: list[RestorationSample]) -> dict[str, Tensor]:
        """All losses of a step, weighted."""
        if self.train_restorer:
            own, step = self.restorer.training_step(lq, samples)
            losses = {name: self.restorer_weight * value for name, value in own.items()}
            restored = step.restored.clamp(0, 1)
        else:
            losses, restored = {}, self.restorer.restore(lq, tasks=tasks_of(samples))
        for name, chosen in self._by_task(samples).items():
            task = self.tasks[name]
            if task.loss_weight:
                found = task.losses(restored[chosen], [samples[i] for i in chosen])
                for loss, value in found.items():
                    losses[_loss_name(name, loss)] = task.loss_weight * value
        return losses

    @torch.no_grad()
    def predict(self, lq: Tensor, samples: list[RestorationSample]) -> list[RestorationSample]:
        samples = self.restorer(lq, samples, mode='predict')
        for name, chosen in self._by_task(samples).items():
            for place in chosen:
                self._look(self.tasks[name], samples[place])
        return samples

    @staticmethod
    def _look(task, sample: RestorationSample) -> None:
        images = {view: sample.get(name) for view, name in VIEWS.items() if name in sample}
        found = {view: task.predict(image, sample) for view, image in images.items()}
        sample.views = BaseDataElement(
            **{view: BaseDataElement(**fields) for view, fields in found.items()}
        )
        for name, value in found['restored'].items():
            sample.set_field(value, name)

    def _by_task(self, samples: list[RestorationSample]) -> dict[str, list[int]]:
        """Places in the batch by task. Raises KeyError for a task that the model does not have."""
        places: dict[str, list[int]] = {}
        for place, task in enumerate(tasks_of(samples) or ()):
            if task == 'ir':
                continue
            if task not in self.tasks:
                raise KeyError(
                    f"sample '{samples[place].get('key', '?')}' is restored for '{task}', but the "
                    f"tasks are {list(self.tasks)}, and 'ir' for none of them"
                )
            places.setdefault(task, []).append(place)
        return places

    @property
    def sampler(self):
        return self.restorer.sampler

    @property
    def process(self):
        return self.restorer.process

    @property
    def noise_seed(self) -> int:
        return self.restorer.noise_seed

    def set_sampler(self, cfg: dict) -> None:
        """As in the restorer."""
        self.restorer.set_sampler(cfg)

    def condition(self, lq: Tensor) -> Condition:
        """As in the restorer."""
        return self.restorer.condition(lq)

    def restore(
        self,
        lq: Tensor,
        cond: Condition | None = None,
        noise: Callable[[Tensor], Tensor] | None = None,
        tasks: Sequence[str] | None = None,
    ) -> Tensor:
        """As in the restorer."""
        return self.restorer.restore(lq, cond, noise, tasks)


def _loss_name(task: str, name: str) -> str:
    """``loss_det_cls`` for the loss ``loss_cls`` of the task ``det``; ``loss_det`` for ``loss``."""
    rest = '_'.join(part for part in name.replace('.', '_').split('_') if part not in ('loss', ''))
    return f'loss_{task}_{rest}' if rest else f'loss_{task}'
