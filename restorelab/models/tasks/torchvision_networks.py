"""Networks of torchvision by name, and the normalization that they were trained with."""

from torch import nn

from restorelab.registry import nearest


def build_network(name: str, num_classes: int, **options) -> nn.Module:
    """The torchvision model called ``name`` with random weights; nothing is fetched.

    Raises: KeyError for an unknown name, with the nearest ones.
    """
    from torchvision.models import get_model, list_models

    if name not in list_models():
        raise KeyError(
            f"torchvision has no model '{name}'; nearest: {nearest(name, list_models()) or 'none'}"
        )
    return get_model(name, weights=None, num_classes=num_classes, **options)
