from restorelab.datasets import geometry
from restorelab.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomTranspose:
    """Exchange rows and columns. With both flips this gives all eight turns of a square.

    Args:
        prob: probability.
    """

    def __init__(self, prob: float = 0.5):
        self.prob = prob

    def __call__(self, results: dict) -> dict:
        if results['rng'].random() < self.prob:
            geometry.transpose(results)
        return results
