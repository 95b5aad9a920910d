"""Scores of a task on the degraded, the restored and the clean image."""

import os

from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from restorelab.registry import METRICS
from restorelab.structures import VIEWS
from restorelab.utils.tables import draw_table

FILES = ('outfile_prefix', 'out_file_path')  # where MMDetection's metrics write to
UNSEEN = ('views', *VIEWS.values())  # a dump of them would be large
USUAL_COLUMNS = ('bbox_mAP', 'bbox_mAP_50', 'segm_mAP', 'segm_mAP_50')


@METRICS.register_module()
class ThreeViewMetric(BaseMetric):
    """Any metric of a task on the degraded, the restored and, if there is one, the clean image.

    The metric is used as it is, MMDetection's too, once for each view, and a table of all is
    logged. Keys: ``<view>/<key of the metric>``. Files that it writes (``outfile_prefix``,
    ``out_file_path``) have the view in their names: ``boxes.pkl`` becomes ``boxes-restored.pkl``.
    It sees the samples without their images.

    Args:
        metric: its config, such as ``dict(type='mmdet.CocoMetric', ann_file=..., metric='bbox')``.
        collect_device, prefix: of MMEngine's BaseMetric.
    Raises: KeyError for samples without predictions, or when only some have a clean image.
    """

    default_prefix = ''

    def __init__(
        self,
        metric: dict,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ):
        super().__init__(collect_device, prefix)
        self.metric = dict(metric)
        self.by_view = {'restored': self._built('restored')}

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
                    f"sample '{sample.get('key', '?')}' has no predictions; they come from a "
                    "JointRestorer that has the sample's task"
                )
            if len(self.by_view) == 1:
                self._add_metrics(views)
            if set(views) != set(self.by_view):
                raise KeyError(
                    f"sample '{sample.get('key', '?')}' has the views {sorted(views)}, those "
                    f'before it {sorted(self.by_view)}; score images with and without a clean one '
                    'apart'
                )
            labels = {key: value for key, value in sample.items() if key not in UNSEEN}
            for view, metric in self.by_view.items():
                metric.process(data_batch, [{**labels, **views[view]}])

    def _built(self, view: str) -> BaseMetric:
        """The metric of a view, which writes to files of its own."""
        cfg = dict(self.metric)
        for option in FILES:
            if cfg.get(option) is not None:
                stem, ending = os.path.splitext(cfg[option])
                if option == 'outfile_prefix':
                    stem, ending = cfg[option], ''
                cfg[option] = f'{stem}-{view}{ending}'
        return METRICS.build(cfg)

    def _add_metrics(self, views: dict) -> None:
        """Give each view of the first sample a metric of its own."""
        restored = self.by_view['restored']
        self.by_view = {}
        for view in VIEWS:
            if view in views:
                is_there = view == 'restored'
                self.by_view[view] = restored if is_there else self._built(view)
        self.dataset_meta = self.dataset_meta  # for the new metrics, too

    def evaluate(self, size: int) -> dict[str, float]:
        scores = {view: metric.evaluate(size) for view, metric in self.by_view.items()}
        print_log(f'\n{_table(scores)}', 'current')
        self.by_view = {'restored': self.by_view['restored']}
        named = {}
        for view, found in scores.items():
            named.update((f'{view}/{key}', value) for key, value in found.items())
        return named

    def compute_metrics(self, results: list) -> dict:
        raise NotImplementedError('the metric of each view computes its own')


def _table(scores: dict[str, dict[str, float]]) -> str:
    """One row for each view. The columns are COCO's mean precisions, or all scores without them."""
    keys = {key.split('/')[-1]: key for key in scores['restored']}
    shown = [name for name in USUAL_COLUMNS if name in keys] or list(keys)
    rows = []
    for view, found in scores.items():
        scores_of_view = [found.get(keys[name]) for name in shown]  # none where nothing was found
        rows.append([view, *('-' if s is None else f'{s:.4f}' for s in scores_of_view)])
    names = [name.removeprefix('bbox_') for name in shown]
    return draw_table(['image', *names], rows, title='the same network on')
