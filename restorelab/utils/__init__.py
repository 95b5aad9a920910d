from restorelab.utils.noise import CropNoise, LatticeNoise
from restorelab.utils.padding import check_size, pad_to_multiple, padded_region, resize

__all__ = ['CropNoise', 'LatticeNoise', 'check_size', 'pad_to_multiple', 'padded_region', 'resize']
