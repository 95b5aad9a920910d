"""Scores of tasks behind a restorer: three views beside each other, mean IoU, and top-1 accuracy."""

from io import StringIO

import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from torch import Tensor

from restorelab.registry import METRICS

ORDER = (
    'degraded',
    'restored',
    'clean',
)  # of the rows of the table; samples keep their views in none


@METRICS.register_module()
class ThreeViewMetric(BaseMetric):
    """Any metric of a task on the degraded, the restored and, where there is one, the clean image, and their table.

    The metric is used as it is, MMDetection's too, once for each view. Keys: ``<view>/<key of the metric>``.

    Args:
        metric: config of the metric, such as ``dict(type='mmdet.CocoMetric', ann_file=..., metric='bbox')``.
        columns: keys to put in the table (their last part counts); None takes ``bbox_mAP`` and ``bbox_mAP_50``, or
            else all.
    Raises: KeyError for samples without predictions, or of which only some have a clean image.
    """

    default_prefix = ''

    def __init__(
        self,
        metric: dict,
        columns: list[str] | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ):
        super().__init__(collect_device, prefix)
        self.metric, self.columns = dict(metric), columns
        self.by_view = {'restored': METRICS.build(self.metric)}

    @property
    def dataset_meta(self) -> dict | None:
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, meta: dict) -> None:
        self._dataset_meta = meta
        for metric in self.by_view.values():
            metric.dataset_meta = meta

    def process(self, data_batch, data_samples: list[dict]) -> None:
        for sample in data_samples:
            views = sample.get('views')
            if not views:
                raise KeyError(
                    f"sample '{sample.get('key', '?')}' has no predictions; they come from a JointRestorer "
                    "with a task for the sample's task"
                )
            if len(self.by_view) == 1:
                self._add_views(views)
            if set(views) != set(self.by_view):
                raise KeyError(
                    f"sample '{sample.get('key', '?')}' has the views {sorted(views)}, those before it "
                    f'{sorted(self.by_view)}; score images with and without a clean one apart'
                )
            for view, metric in self.by_view.items():
                metric.process(data_batch, [{**sample, **views[view]}])

    def _add_views(self, views: dict) -> None:
        self.by_view = {
            view: self.by_view.get(view) or METRICS.build(self.metric)
            for view in ORDER
            if view in views
        }
        self.dataset_meta = self.dataset_meta

    def evaluate(self, size: int) -> dict[str, float]:
        scores = {view: metric.evaluate(size) for view, metric in self.by_view.items()}
        print_log(f'\n{_view_table(scores, self.columns)}', 'current')
        self.by_view = {'restored': self.by_view['restored']}
        return {
            f'{view}/{key}': value for view, found in scores.items() for key, value in found.items()
        }

    def compute_metrics(self, results: list) -> dict:
        raise NotImplementedError('the metric of each view computes its own')


def _view_table(scores: dict[str, dict[str, float]], columns: list[str] | None) -> str:
    """One row a view, one column a score, as text."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    keys = {key.split('/')[-1]: key for key in scores['restored']}
    wanted = columns or [
        name for name in ('bbox_mAP', 'bbox_mAP_50', 'segm_mAP', 'segm_mAP_50') if name in keys
    ]
    shown = [name for name in wanted or keys if name in keys]
    table = Table(title='the same network on', box=SIMPLE, title_justify='left')
    table.add_column('image')
    for name in shown:
        table.add_column(name.removeprefix('bbox_'), justify='right')
    for view, found in scores.items():
        table.add_row(view, *(f'{found[keys[name]]:.4f}' for name in shown))
    text = StringIO()
    Console(file=text, width=120, color_system=None).print(table)
    return text.getvalue().rstrip()


@METRICS.register_module()
class MeanIoU(BaseMetric):
    """Intersection over union of each class over all pixels of the set, averaged over the classes that occur.

    Keys: ``mIoU`` and ``pixel_accuracy``, in [0, 1]. Samples have ``gt_sem_seg`` and ``pred_sem_seg``.

    Args:
        num_classes: classes.  ignore_index: label of the pixels that do not count.
    """

    default_prefix = ''

    def __init__(
        self,
        num_classes: int,
        ignore_index: int = 255,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ):
        super().__init__(collect_device, prefix)
        self.num_classes, self.ignore_index = num_classes, ignore_index

    def process(self, data_batch, data_samples: list[dict]) -> None:
        for sample in data_samples:
            pred, target = (
                sample[name]['sem_seg'].flatten().cpu() for name in ('pred_sem_seg', 'gt_sem_seg')
            )
            self.results.append(confusion(pred, target, self.num_classes, self.ignore_index))

    def compute_metrics(self, results: list[Tensor]) -> dict[str, float]:
        counts = torch.stack(results).sum(dim=0).double()
        hits, union = counts.diag(), counts.sum(dim=0) + counts.sum(dim=1) - counts.diag()
        return dict(
            mIoU=(hits / union)[union > 0].mean().item(),
            pixel_accuracy=(hits.sum() / counts.sum()).item(),
        )


def confusion(pred: Tensor, target: Tensor, num_classes: int, ignore_index: int) -> Tensor:
    """Pixels by (true class, predicted class), (num_classes, num_classes) int64, of flat label maps."""
    kept = target != ignore_index
    pairs = target[kept] * num_classes + pred[kept]
    return torch.bincount(pairs, minlength=num_classes**2).view(num_classes, num_classes)


@METRICS.register_module()
class TopOneAccuracy(BaseMetric):
    """Share of the images whose ``pred_label`` is their ``gt_label``: ``top1``, in [0, 1]."""

    default_prefix = ''

    def process(self, data_batch, data_samples: list[dict]) -> None:
        self.results += [
            bool(sample['pred_label'].cpu() == sample['gt_label'].cpu()) for sample in data_samples
        ]

    def compute_metrics(self, results: list[bool]) -> dict[str, float]:
        return dict(top1=sum(results) / len(results))
