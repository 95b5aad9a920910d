from restorelab.datasets.geometry import IMAGES
from restorelab.io.images import equalize_channels
from restorelab.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ChannelHistEqualize:
    """Equalize the histogram of each channel for itself (OpenCV's ``equalizeHist``).

    Its place in the pipeline matters: after a crop it sees the crop alone. DiffUIR does this to
    low-light inputs.

    Args:
        keys: images to equalize, of ``lq`` and ``gt``.
        degradations: only samples with one of these; None means all.
    Raises: ValueError for another image.
    """

    def __init__(self, keys: tuple[str, ...] = ('lq',), degradations: list[str] | None = None):
        unknown = set(keys) - set(IMAGES)
        if unknown:
            raise ValueError(
                f'ChannelHistEqualize: keys {sorted(unknown)}; a sample has the images '
                f'{list(IMAGES)}'
            )
        self.keys, self.degradations = keys, degradations

    def __call__(self, results: dict) -> dict:
        if self.degradations is None or results['degradation'] in self.degradations:
            for key in self.keys:
                results[key] = equalize_channels(results[key])
        return results
