from restorelab.models.tasks.classification import ClassificationTask
from restorelab.models.tasks.mmdet import MMDetTask
from restorelab.models.tasks.segmentation import SegmentationTask

__all__ = ['ClassificationTask', 'MMDetTask', 'SegmentationTask']
