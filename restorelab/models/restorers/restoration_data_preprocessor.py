"""The only place in training where uint8 becomes float."""

import torch
from torch import Tensor, nn

from restorelab.registry import MODELS

IMAGE_FIELDS = ('gt', 'rendered', 'positive_lq')


def to_unit_range(image: Tensor) -> Tensor:
    """uint8 0..255 to float32 [0, 1]; a float tensor is taken to be in [0, 1] already."""
    return image.float() / 255 if image.dtype == torch.uint8 else image.float()


@MODELS.register_module()
class RestorationDataPreprocessor(nn.Module):
    """Makes a batch (B, 3, H, W), float32 RGB in [0, 1], of images (3, H, W), uint8 or float32.

    The batch and all tensors of its samples come to the device of the model.

    ``gt``, ``rendered`` and ``positive_lq`` of each data sample are converted the same way.
    Raises: ValueError that names the samples when the images of a batch differ in size.
    """

    def __init__(self):
        super().__init__()
        self.register_buffer('_on_device', torch.empty(0), persistent=False)  # moves with the model

    def forward(self, data: dict, training: bool = False) -> dict:
        device = self._on_device.device
        inputs, samples = data['inputs'], data.get('data_samples')
        if samples is not None:
            samples = [sample.to(device) for sample in samples]
        if isinstance(inputs, Tensor):
            inputs = inputs.to(device)
        else:
            inputs = [image.to(device) for image in inputs]
            sizes = {tuple(image.shape[-2:]) for image in inputs}
            if len(sizes) > 1:
                names = [s.get('key', '?') for s in samples] if samples else '?'
                raise ValueError(
                    f'a batch holds images of the sizes {sorted(sizes)} (samples {names}); crop '
                    'them to one size in the pipeline, or use batch_size=1'
                )
            inputs = torch.stack(list(inputs))
        for sample in samples or ():
            for name in IMAGE_FIELDS:
                if name in sample:
                    sample.set_field(to_unit_range(sample.get(name)), name)
        return dict(inputs=to_unit_range(inputs), data_samples=samples)
