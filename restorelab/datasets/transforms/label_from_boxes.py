from restorelab.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LabelFromBoxes:
    """Give the whole image the class of its largest object.

    Raises: ValueError for a sample without objects.
    """

    def __call__(self, results: dict) -> dict:
        boxes = results['boxes']
        if not len(boxes):
            raise ValueError(
                f"sample '{results['key']}' shows no object, so it has no class; leave such images "
                'out (DetectionDataset(filter_empty=True)) and crop with RandomCrop(objects=True)'
            )
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
        results['label'] = int(results['labels'][areas.argmax()])
        return results
