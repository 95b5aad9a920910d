from collections import Counter
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import Hook

from restorelab.registry import HOOKS
from restorelab.utils.panels import compare


@HOOKS.register_module()
class PanelHook(Hook):
    """Before/after pictures, degraded | restored | clean with their PSNR, as PNG files named by the sample's key.

    Samples without a ``restored`` image (a prior is trained) have none.

    Args:
        per_task: pictures of each degradation, the first ones of the set; None for all.
        out_dir: folder of the pictures of a test. Those of a validation go to ``<work_dir>/vis/iter_<n>``.
    """

    def __init__(self, per_task: int | None = 1, out_dir: str | None = None):
        self.per_task, self.out_dir = per_task, out_dir
        self.drawn: Counter[str] = Counter()

    def before_val_epoch(self, runner) -> None:
        self.drawn.clear()

    def after_val_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if is_main_process():
            self._draw(outputs, Path(runner.work_dir) / 'vis' / f'iter_{runner.iter}')

    def after_test_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if self.out_dir is not None:
            self._draw(outputs, Path(self.out_dir))

    def _draw(self, samples, folder: Path) -> None:
        from PIL import Image

        for sample in samples:
            enough = self.per_task is not None and self.drawn[sample.task] >= self.per_task
            if enough or 'restored' not in sample:
                continue
            self.drawn[sample.task] += 1
            path = folder / f'{sample.key}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(compare(sample.lq, sample.restored, sample.get('gt'))).save(path)
