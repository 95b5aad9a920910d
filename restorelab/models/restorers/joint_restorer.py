"""A restorer with networks behind it that look at what it restores."""

import torch
from mmengine.model import ModuleDict
from mmengine.structures import BaseDataElement
from torch import Tensor

from restorelab.models.contracts import Model, Restorer, Task
from restorelab.registry import MODELS, TASKS, build_parts
from restorelab.structures import VIEWING, VIEWS, RestorationSample, tasks_of


@MODELS.register_module()
class JointRestorer(Model):
    """Trains a restorer for viewing and for tasks at once, and scores the tasks on its results.

    Training: ``restorer_weight`` times the restorer's own losses, plus each task's losses times its
    ``loss_weight``. A task sees the clean image that the restorer's step predicts, clamped to
    [0, 1]. A sample goes to the task that it names, so a batch may mix tasks. Samples of the task
    ``ir`` go to none.

    Prediction: each task looks at the degraded, the restored and, where there is one, the clean
    image. The samples get ``views``, with the predictions on each. Those on the restored image are
    also fields of the sample itself, where MMDetection's metrics look for them.

    One line makes another training of it. ``tasks.<name>.loss_weight=0`` trains the restorer only.
    ``train_restorer=False`` with a task that is not ``frozen`` trains that task on finished
    restorations.

    Source: the task losses of UniRestore (arXiv 2501.13134), with any restorer.

    Args:
        restorer: config of a restorer (MODELS), or the path of a config that has one as its model;
            ``restorer_changes`` beside it then changes that model.
        tasks: configs of TASKS parts by the name of the task.
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
        self.restorer = built
        if not train_restorer:
            built.requires_grad_(False)
        self.tasks = ModuleDict(build_parts(tasks, TASKS))
        self.restorer_weight, self.train_restorer = restorer_weight, train_restorer
        self._validate()

    def _validate(self) -> None:
        learning = [task for task in self.tasks.values() if not task.frozen and task.loss_weight]
        if not self.train_restorer and not learning:
            raise ValueError(
                'JointRestorer: nothing is left to train, with train_restorer=False and no task of '
                'frozen=False and a loss_weight above 0'
            )

    @property
    def find_unused_parameters(self) -> bool:
        return self.restorer.find_unused_parameters or len(self.tasks) > 1

    def train(self, mode: bool = True):
        super().train(mode)
        if not self.train_restorer:
            self.restorer.eval()
        return self

    def image_restorer(self) -> Restorer:
        return self.restorer

    def check_dataset(self, dataset, training: bool) -> None:
        """Raise ValueError or KeyError when the tasks cannot work with what ``dataset`` labels."""
        if dataset.task not in self.tasks:
            return
        task = self.tasks[dataset.task]
        task.check_dataset(dataset)
        if training and task.loss_weight:
            task.check_training(dataset)

    def loss(self, inputs: Tensor, data_samples: list[RestorationSample]) -> dict[str, Tensor]:
        """All losses of a step, weighted."""
        losses: dict[str, Tensor] = {}
        if self.train_restorer:
            own, step = self.restorer.training_step(inputs, data_samples)
            for name, value in own.items():
                losses[name] = self.restorer_weight * value
            restored = step.restored.clamp(0, 1)
        else:
            restored = self.restorer.restore(inputs, tasks=tasks_of(data_samples))
        for name, places in self._places_by_task(data_samples).items():
            losses |= self._task_losses(name, restored[places], [data_samples[i] for i in places])
        return losses

    def _task_losses(
        self, name: str, images: Tensor, samples: list[RestorationSample]
    ) -> dict[str, Tensor]:
        task = self.tasks[name]
        losses = {}
        if task.loss_weight:
            for part, value in task.loss(images, samples).items():
                losses[_loss_name(name, part)] = task.loss_weight * value
        return losses

    @torch.no_grad()
    def predict(
        self, inputs: Tensor, data_samples: list[RestorationSample]
    ) -> list[RestorationSample]:
        samples = self.restorer.predict(inputs, data_samples)
        for name, places in self._places_by_task(samples).items():
            for place in places:
                self._set_views(self.tasks[name], samples[place])
        return samples

    def tensor(self, inputs: Tensor) -> Tensor:
        """The restored image (B, 3, H, W)."""
        return self.restorer.tensor(inputs)

    @staticmethod
    def _set_views(task: Task, sample: RestorationSample) -> None:
        sample.views = BaseDataElement()
        for view, field in VIEWS.items():
            if field not in sample:
                continue
            found = task.predict(sample.get(field), sample)
            sample.views.set_field(BaseDataElement(**found), view)
            if view == 'restored':
                for name, value in found.items():
                    sample.set_field(value, name)

    def _places_by_task(self, samples: list[RestorationSample]) -> dict[str, list[int]]:
        """Places in the batch of each task. Raises KeyError for a task without a network."""
        places: dict[str, list[int]] = {}
        for place, name in enumerate(tasks_of(samples) or []):
            if name == VIEWING:
                continue
            if name not in self.tasks:
                raise KeyError(
                    f"sample '{samples[place].get('key', '?')}' is restored for '{name}', but the "
                    f"tasks are {list(self.tasks)}, and '{VIEWING}' for none of them"
                )
            places.setdefault(name, []).append(place)
        return places


def _loss_name(task: str, name: str) -> str:
    """``loss_det_cls`` for the loss ``loss_cls`` of the task ``det``; ``loss_det`` for ``loss``."""
    words = [word for word in name.replace('.', '_').split('_') if word not in ('loss', '')]
    return '_'.join(['loss', task, *words])
