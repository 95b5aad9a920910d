"""Pictures of what a model restores."""

from collections import Counter
from pathlib import Path

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook

from restorelab.io.images import to_uint8
from restorelab.io.panels import compare
from restorelab.registry import HOOKS, optional_module
from restorelab.structures import VIEWS

MIN_SCORE = 0.3  # objects of a lower score are not drawn


@HOOKS.register_module()
class PanelHook(Hook):
    """Writes the degraded, the restored and the clean image side by side, with their PSNR.

    The files are PNG, named by the sample's key. Samples without a ``restored`` image, as in the
    training of a prior, have none. Objects that a detector found in each image are drawn by
    MMDetection's visualizer.

    Args:
        per_degradation: pictures of each degradation, the first ones of the set; None for all.
        out_dir: folder of the pictures of a test. Those of a validation go to
            ``<work_dir>/vis/iter_<n>``.
    """

    def __init__(self, per_degradation: int | None = 1, out_dir: str | None = None):
        self.per_degradation, self.out_dir = per_degradation, out_dir
        self.drawn: Counter[str] = Counter()
        self.visualizer = None

    def before_val_epoch(self, runner) -> None:
        self.drawn.clear()

    def after_val_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if is_main_process():
            self._draw(outputs, Path(runner.work_dir) / 'vis' / f'iter_{runner.iter}', runner)

    def after_test_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if self.out_dir is not None:
            self._draw(outputs, Path(self.out_dir), runner)

    def _draw(self, samples, folder: Path, runner) -> None:
        from PIL import Image

        for sample in samples:
            if 'restored' not in sample or self._has_enough(sample.degradation):
                continue
            self.drawn[sample.degradation] += 1
            path = folder / f'{sample.key}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            with_boxes = None
            if 'views' in sample and 'pred_instances' in sample:
                with_boxes = self._with_boxes(sample, runner)
            panel = compare(sample.lq, sample.restored, sample.get('gt'), with_boxes)
            Image.fromarray(panel).save(path)

    def _has_enough(self, degradation: str) -> bool:
        limit = self.per_degradation
        return limit is not None and self.drawn[degradation] >= limit

    def _with_boxes(self, sample, runner) -> list[np.ndarray]:
        """The images of the sample's views, uint8 (H, W, 3), with the objects found in each."""
        if self.visualizer is None:
            self.visualizer = optional_module('mmdet.visualization').DetLocalVisualizer()
            # MMEngine gives the classes of the loop's data set to the runner's visualizer
            self.visualizer.dataset_meta = runner.visualizer.dataset_meta
        images = []
        for view, name in VIEWS.items():
            if view in sample.views:
                image, found = to_uint8(sample.get(name)), sample.views.get(view)
                self.visualizer.add_datasample(
                    view, image, found, draw_gt=False, pred_score_thr=MIN_SCORE
                )
                images.append(self.visualizer.get_image())
        return images
