"""Several data sets as one."""

from bisect import bisect_right
from dataclasses import replace

from restorelab.datasets.base import RestorationDataset, split_index, unique_keys
from restorelab.registry import DATASETS
from restorelab.structures import SampleDataset


@DATASETS.register_module()
class MixedDataset(SampleDataset):
    """Data sets one after another, each once or several times per pass.

    Indices carry the epoch as in ``RestorationDataset``. The repetitions of a part are further
    passes of it, each with its own random draws. A key that occurs in several parts gets a number,
    so that no output file is written twice.

    Args:
        datasets: configs of restorelab's own data sets, or built ones.
        repeats: how often each comes in one pass; None means once.
        dataset: instead of ``datasets``: one config, which comes once for each of ``tasks``.
        tasks: what the images of ``dataset`` are restored for, such as ``['ir', 'det']``.
    Raises: TypeError for another kind of data set, ValueError for options that contradict.
    """

    def __init__(
        self,
        datasets: list[dict | RestorationDataset] | None = None,
        repeats: list[int] | None = None,
        dataset: dict | None = None,
        tasks: list[str] | None = None,
    ):
        if (datasets is None) == (dataset is None) or (dataset is None) != (tasks is None):
            raise ValueError(
                'MixedDataset takes datasets=[...], or one dataset=dict(...) and its tasks=[...]; '
                f'got datasets={datasets}, dataset={dataset}, tasks={tasks}'
            )
        if dataset is not None:
            datasets = [dict(dataset, task=task) for task in tasks]
        self._parts = [DATASETS.build(p) if isinstance(p, dict) else p for p in datasets]
        self.repeats = [1] * len(self.parts) if repeats is None else list(repeats)
        self._validate()
        self._make_keys_unique()
        self.metainfo = self.parts[0].metainfo
        self.degradations: list[str] = []
        self.tasks: list[str | None] = []
        self.ends: list[int] = []
        for part, times in zip(self.parts, self.repeats, strict=True):
            self.degradations += part.degradations * times
            self.tasks += part.tasks * times
            self.ends.append(len(self.degradations))

    @property
    def parts(self) -> list[RestorationDataset]:
        return self._parts

    def _validate(self) -> None:
        for part in self.parts:
            if not isinstance(part, RestorationDataset):
                raise TypeError(
                    'MixedDataset joins data sets of the kind RestorationDataset, not '
                    f"'{type(part).__name__}'"
                )
        fits = len(self.parts) == len(self.repeats) > 0
        if not fits or min(self.repeats) < 1:
            raise ValueError(
                f'{len(self.parts)} data set(s), repeats={self.repeats}; wanted is one number, at '
                'least 1, for each data set'
            )

    def _make_keys_unique(self) -> None:
        keys = iter(unique_keys(record.key for part in self.parts for record in part.records))
        for part in self.parts:
            part.records = [replace(record, key=next(keys)) for record in part.records]

    def __len__(self) -> int:
        return len(self.degradations)

    def __getitem__(self, index: int) -> dict:
        epoch, number = split_index(index, len(self))
        which = bisect_right(self.ends, number)
        part, times = self.parts[which], self.repeats[which]
        start = self.ends[which] - times * len(part)
        return part[epoch * times * len(part) + number - start]
