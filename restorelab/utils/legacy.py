"""Names of earlier versions of restorelab: the one place that knows them.

Older files still load. They hold ``priors`` and ``adapters`` as lists and weights called
``priors.0. ...``; modes of attention as strings; ``tasks`` where today's word is ``degradations``;
and a ``LatentRestorer``, which is a ``DiffusionRestorer`` with a codec now.
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
RENAMED_TYPES = {'TaskInfoNCE': 'DegradationInfoNCE'}
# Parts whose option ``tasks`` named degradations.
NAMED_TASKS = (
    'DifficultyAdaptivePerceptualLoss',
    'PriorDistillation',
    'ProxyRestorer',
    'RenderedProxy',
)
DROPPED = ('noise_seed',)  # options that no longer exist and change no weight
# Weights of an old LatentRestorer, also as ``restorer.`` of a joint model.
LATENT_PREFIXES = {
    'backbone.vae.': 'codec.vae.',
    'prior.unet.': 'backbone.unet.',
    'prior.null_embeds': 'backbone.null_embeds',
}


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


def with_codec(model: dict) -> dict:
    """The config of a ``DiffusionRestorer`` that restores as the old ``LatentRestorer`` did."""
    prior = dict(model['prior'])
    schedule = prior.get('schedule') or {}
    betas = (schedule.get('beta_start', 0.00085), schedule.get('beta_end', 0.012))
    network = {key: prior[key] for key in ('unet', 'pretrained', 'prompt_tokens') if key in prior}
    process = dict(
        type='VariancePreservingProcess',
        schedule=schedule.get('beta_schedule', 'scaled_linear'),
        betas=betas,
        train_times=prior.get('train_times', (249, 499, 749, 999, 999, 999)),
        ends_clean=prior.get('final_alpha', 'first') == 'one',
    )
    codec = dict(
        model['backbone'],
        min_side=model.get('min_side', 512),
        sample_posterior=model.get('posterior', 'sample') == 'sample',
    )
    latent_loss = model.get('latent_loss')
    kept = {key: model[key] for key in ('priors', 'adapters', 'init_cfg') if key in model}
    return dict(
        type='DiffusionRestorer',
        codec=codec,
        backbone=dict(type='SDTurboUNet', **network),
        process=process,
        sampler=dict(type='DDIM', steps=prior.get('steps', 1)),
        objective=dict(type='CleanMatching') if latent_loss else None,
        loss=latent_loss,
        **kept,
    )


def translate_config(model: dict) -> dict:
    """The model config of an older file in today's names; ``model`` itself is not changed."""
    model = {key: value for key, value in model.items() if key not in DROPPED}
    kind = model.get('type')
    if kind in RENAMED_TYPES:
        model['type'] = RENAMED_TYPES[kind]
    if kind in NAMED_TASKS and 'tasks' in model:
        model['degradations'] = model.pop('tasks')
    if kind in HOURGLASSES:
        model = with_attention_blocks(model)
    if kind == 'LatentRestorer':
        model = with_codec(model)
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
    translated = {_today(model, _in_codec(key, state)): value for key, value in state.items()}
    if translated.keys() != state.keys():
        warnings.warn(
            f'{source}: written by an earlier version, with other names. Priors and adapters were '
            "numbered there; they are taken in the order of this model's config",
            stacklevel=3,
        )
    return translated


def _in_codec(key: str, state: dict[str, Tensor]) -> str:
    """Today's name of a weight of an old ``LatentRestorer``."""
    front = 'restorer.' if key.startswith('restorer.') else ''
    if not any(name.startswith((f'{front}backbone.vae.', f'{front}prior.')) for name in state):
        return key
    for old, new in LATENT_PREFIXES.items():
        if key.startswith(front + old):
            return front + new + key.removeprefix(front + old)
    return key


def _today(model: nn.Module, key: str) -> str:
    if not re.search(r'(^|\.)(priors|adapters)\.\d+\.', key):
        return key
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
