"""What a person asks of a restorer for each picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from restorelab.apis.steering import Steering
from restorelab.models.contracts import Restorer
from restorelab.utils.whole import check_whole


@dataclass(frozen=True)
class Wishes:
    """The options of ``RestoreModel.__call__``, which explains them."""

    steps: int | None = None
    tile: int | None = None
    overlap: int | None = None
    seed: int = 0
    equalize: bool = False
    task: str | None = None
    strength: float = 1.0
    only: Sequence[str] | None = None
    excepted: Sequence[str] = ()

    @property
    def steering(self) -> Steering:
        return Steering(self.strength, self.only, self.excepted)

    def check(self, restorer: Restorer) -> None:
        """Raise KeyError, TypeError or ValueError where ``restorer`` cannot do what is asked.

        The tile is checked later, with the size of the picture.
        """
        check_task(restorer, self.task)
        check_steps(restorer, self.steps)
        check_whole('seed', self.seed, least=0)
        self.steering.check(restorer)


def check_task(restorer: Restorer, task: str | None) -> None:
    """Raise KeyError that lists the known tasks, unless ``restorer`` has a prompt for ``task``."""
    if task is None or task in restorer.tasks:
        return
    if not restorer.tasks:
        raise KeyError(f"task '{task}': this model has no tasks; leave the task out")
    raise KeyError(
        f"task '{task}': this model restores for {list(restorer.tasks)}; choose one of these"
    )


def check_steps(restorer: Restorer, steps: int | None) -> None:
    """Raise ValueError unless ``restorer`` can sample in ``steps`` steps. None is always fine."""
    if steps is None:
        return
    check_whole('steps', steps)
    restorer.check_steps(steps)
