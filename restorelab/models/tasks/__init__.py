from restorelab.lazy import lazy_names

PARTS = {
    'ClassificationTask': 'classification_task',
    'MMDetTask': 'mmdet_task',
    'SegmentationTask': 'segmentation_task',
}
__all__ = list(PARTS)
__getattr__ = lazy_names(__name__, PARTS)
