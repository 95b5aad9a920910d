from restorelab.utils.noise import LatticeNoise
from restorelab.utils.padding import check_size, pad_to_multiple, resize

__all__ = ['LatticeNoise', 'check_size', 'pad_to_multiple', 'resize']
