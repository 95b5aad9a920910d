from restorelab.models.tasks.classification_task import ClassificationTask
from restorelab.models.tasks.mmdet_task import MMDetTask
from restorelab.models.tasks.segmentation_task import SegmentationTask

__all__ = ['ClassificationTask', 'MMDetTask', 'SegmentationTask']
