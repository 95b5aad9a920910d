"""Names of earlier versions of restorelab: the one place that knows them.

Files written before parts had names hold ``priors`` and ``adapters`` as lists, and weights called
``priors.0. ...``. Files written before attention was a part hold strings such as ``linear``. They
still load.
"""

import re
import warnings

from torch import Tensor, nn

# The name that a part of an old list gets.
NAME_OF_TYPE = {
    'BoxDoGCue': 'dog',
    'CFRM': 'cfrm',
    'CLIPDegradationPrior': 'degradation',
    'CLIPQualityPerceiver': 'quality',
    'CLIPSemanticPrior': 'semantic',
    'CompactDegradationEncoder': 'degradation',
    'ControlSCTuner': 'control',
    'DINOv2ClassTokens': 'semantic',
    'PooledFiLM': 'film',
    'PromptGuidance': 'guidance',
    'PromptInteraction': 'interaction',
    'PromptTimeAdapter': 'time',
    'StructurePrior': 'structure',
    'TFA': 'tfa',
    'TokenCrossAttention': 'semantic',
}
LISTS = ('priors', 'adapters')
# The block that an old mode of attention gets, and the backbones that had such modes.
BLOCK_OF_MODE = {
    'auto': 'AutoAttentionBlock',
    'constant': 'ConstantAttentionBlock',
    'exact': 'LinearAttentionBlock',
    'full': 'FullAttentionBlock',
    'linear': 'LinearAttentionBlock',
    'transformer': 'SpatialTransformerBlock',
}
HOURGLASSES = ('IRSDEUNet', 'ResidualDiffusionUNet')


def named_parts(parts: list[dict]) -> dict[str, dict]:
    """The configs of an old list, by name. A second part of one name gets ``_2``, and so on."""
    named: dict[str, dict] = {}
    for part in parts:
        name = wanted = NAME_OF_TYPE.get(part['type'], part['type'].split('.')[-1].lower())
        number = 1
        while name in named:
            number += 1
            name = f'{wanted}_{number}'
        named[name] = part
    return named


def attention_block(mode: object) -> object:
    """The config of the block that an old ``mode`` names; None for ``none``; others unchanged."""
    if mode == 'none':
        return None
    if isinstance(mode, str):
        return dict(type=BLOCK_OF_MODE.get(mode, mode))
    return mode


def with_attention_blocks(backbone: dict) -> dict:
    """The config of an hourglass U-Net with blocks in place of the old modes."""
    translated = dict(backbone)
    if 'linear_attention' in translated:
        translated['attention'] = translated.pop('linear_attention')
    for key in ('attention', 'mid_attention'):
        modes = translated.get(key)
        if isinstance(modes, list | tuple):
            translated[key] = [attention_block(mode) for mode in modes]
        elif modes is not None:
            translated[key] = attention_block(modes)
    return translated


def translate_config(model: dict) -> dict:
    """The model config of an older file in today's names; ``model`` itself is not changed."""
    if model.get('type') in HOURGLASSES:
        model = with_attention_blocks(model)
    translated = {}
    for key, value in model.items():
        if key in LISTS and isinstance(value, list):
            value = named_parts(value)
        translated[key] = translate_config(value) if isinstance(value, dict) else value
    return translated


def translate_state(
    model: nn.Module, state: dict[str, Tensor], source: object
) -> dict[str, Tensor]:
    """``state`` with today's names for ``model``: ``priors.0.x`` is its first prior's ``x``.

    The parts are taken in the order of the model's config. Warns when a name was changed.
    """
    if not any(re.search(r'(^|\.)(priors|adapters)\.\d+\.', key) for key in state):
        return state
    translated = {_today(model, key): value for key, value in state.items()}
    if translated.keys() != state.keys():
        warnings.warn(
            f'{source}: written by an earlier version, which numbered its priors and adapters. '
            "They are taken in the order of this model's config",
            stacklevel=3,
        )
    return translated


def _today(model: nn.Module, key: str) -> str:
    words = key.split('.')
    module = model
    for place, word in enumerate(words[:-1]):
        if isinstance(module, nn.ModuleDict) and word.isdigit() and word not in module:
            names = list(module)
            if words[place - 1] not in LISTS or int(word) >= len(names):
                return key
            words[place] = word = names[int(word)]
        children = dict(module.named_children())
        if word not in children:
            return '.'.join(words)
        module = children[word]
    return '.'.join(words)
