"""Which samples of a batch a proxy looks at."""

from collections.abc import Sequence

import torch
from torch import Tensor

from restorelab.structures import RestorationSample


def choose_samples(
    samples: list[RestorationSample],
    degradations: Sequence[str] | None,
    fold: int | None,
    device: torch.device,
) -> Tensor:
    """A mask (B,) bool: samples of one of ``degradations`` and of ``fold``. None takes all.

    Raises: KeyError for a sample without a fold, when one is asked for.
    """
    chosen = []
    for sample in samples:
        if fold is not None and 'fold' not in sample:
            key = sample.get('key', '?')
            raise KeyError(
                f"sample '{key}' does not say its fold; wrap its data set in FoldDataset"
            )
        fits = degradations is None or sample.degradation in degradations
        chosen.append(fits and (fold is None or sample.fold == fold))
    return torch.tensor(chosen, device=device)
