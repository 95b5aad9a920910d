"""The scope ``restorelab_toy``, for ``type='restorelab_toy.ToyUNet'`` without entry point."""

from mmengine.registry import Registry

from restorelab import registry as restorelab


def _child(parent: Registry) -> Registry:
    return Registry(
        parent.name,
        build_func=restorelab.build_part,
        parent=parent,
        scope='restorelab_toy',
        locations=['restorelab_toy.parts'],
    )


BACKBONES = _child(restorelab.BACKBONES)
PRIORS = _child(restorelab.PRIORS)
ADAPTERS = _child(restorelab.ADAPTERS)
LOSSES = _child(restorelab.LOSSES)
SAMPLERS = _child(restorelab.SAMPLERS)
