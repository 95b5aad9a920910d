"""Scores by pretrained networks, from optional libraries."""

from collections.abc import Callable

import torch
from torch import Tensor


def perceptual_score(name: str) -> tuple[Callable[[Tensor, Tensor], Tensor], bool]:
    """The score called ``name``, and whether lower is better.

    Args:
        name: ``lpips`` (AlexNet, by torchmetrics), or ``pyiqa:<name>`` for a metric of pyiqa.
    Returns: a function (restored, clean) of float images (B, 3, H, W), RGB, [0, 1] -> (B,) or a
        scalar; and True where lower is better.
    Raises: ImportError that says what to install; KeyError for a name that pyiqa does not know.
    """
    if name == 'lpips':
        return _lpips(), True
    if name.startswith('pyiqa:'):
        return _pyiqa(name.removeprefix('pyiqa:'))
    raise KeyError(
        f"no perceptual score is called '{name}'; take 'lpips' or 'pyiqa:<name of a pyiqa metric>'"
    )


def _lpips() -> Callable[[Tensor, Tensor], Tensor]:
    try:
        from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

        metric = LearnedPerceptualImagePatchSimilarity(net_type='alex', normalize=True)
    except ImportError as error:
        raise ImportError(
            "the score 'lpips' needs torchmetrics and torchvision: "
            'pip install torchmetrics torchvision'
        ) from error
    except OSError as error:
        raise OSError(
            f"the score 'lpips' needs AlexNet's weights, and they could not be fetched ({error}); "
            'run it once with a network connection, torch keeps them in its hub cache'
        ) from error

    def score(restored: Tensor, clean: Tensor) -> Tensor:
        value = metric.to(restored.device)(restored.float(), clean.float())
        metric.reset()
        return value

    return score


def _pyiqa(name: str) -> tuple[Callable[[Tensor, Tensor], Tensor], bool]:
    try:
        import pyiqa
    except ImportError as error:
        raise ImportError(
            f"the score 'pyiqa:{name}' needs the package pyiqa (non-commercial license): "
            "pip install -e '.[iqa]'"
        ) from error
    if name not in pyiqa.list_models():
        raise KeyError(f"pyiqa has no metric called '{name}'; it has {pyiqa.list_models()}")
    metric = pyiqa.create_metric(name, device=torch.device('cpu'))

    def score(restored: Tensor, clean: Tensor) -> Tensor:
        metric.to(restored.device)
        images = [restored.float()]
        if metric.metric_mode == 'FR':  # full reference
            images.append(clean.float())
        return metric(*images).flatten()

    return score, metric.lower_better
