"""The claim that parts cross, tried: every pair of parts is assembled by config alone.

``python -m tests.models.matrix`` tries all pairs, which takes minutes, and writes docs/assembly.md.
"""

import io
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from restorelab.registry import MODELS, PRIORS
from restorelab.structures import RestorationSample
from tests.models.tiny import (
    LATENT_RESTORER,
    PROCESS_OF,
    TINY_ADAPTERS,
    TINY_BACKBONES,
    TINY_LOSSES,
    TINY_OBJECTIVES,
    TINY_PRIORS,
    TINY_PROCESSES,
    TINY_SAMPLERS,
    TINY_STEP_LOSSES,
    TINY_VIEWING_LOSSES,
    part,
    randomize,
)

PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'assembly.md'
SIDE = 16
LOSS = dict(type='L1Loss')
WORKS = 'works'
TIMED = part(TINY_BACKBONES, 'TimedBackbone')
RESTORMER = TIMED['backbone']


@dataclass(frozen=True)
class Cell:
    """One pair: the two names, what it is, and what came of it: ``works`` or a refusal."""

    table: str
    row: str
    column: str
    result: str

    @property
    def works(self) -> bool:
        return self.result == WORKS


def diffusion(backbone: dict, process: str, sampler: str) -> dict:
    return dict(
        type='DiffusionRestorer',
        backbone=backbone,
        process=part(TINY_PROCESSES, process),
        sampler=part(TINY_SAMPLERS, sampler),
        loss=LOSS,
    )


def regression(backbone: dict, **others) -> dict:
    return dict(type='RegressionRestorer', backbone=backbone, loss=LOSS, **others)


def on_latents() -> dict:
    """SD-Turbo between its codec, with the adapter that tells it the degraded image."""
    step_losses = dict(image=dict(type='ViewingLoss', loss=LOSS))
    adapters = dict(control=LATENT_RESTORER['adapters']['control'])
    return dict(LATENT_RESTORER, adapters=adapters, step_losses=step_losses)


# The methods and trunks, each a whole model without the parts that are tried on it.
TRUNKS = {
    'DiffUIR': diffusion(
        part(TINY_BACKBONES, 'ResidualDiffusionUNet'), 'SharedResidualProcess', 'SDTDDIMSampler'
    ),
    'TPGDiff': diffusion(part(TINY_BACKBONES, 'IRSDEUNet'), 'MeanRevertingProcess', 'DDIM'),
    'DiffusersUNet2D': diffusion(
        part(TINY_BACKBONES, 'DiffusersUNet2D'), 'VariancePreservingProcess', 'DDIM'
    ),
    'SD-Turbo, its codec': on_latents(),
    'SD-Turbo, inside': on_latents(),
    'Restormer': regression(RESTORMER),
    'PromptIR': regression(
        RESTORMER,
        adapters=dict(prompts=part(TINY_ADAPTERS, 'PromptInteraction', taps=['dec.s2+'])),
    ),
    'Perceive-IR': regression(
        part(TINY_BACKBONES, 'RestormerUNet'),
        priors=dict(
            semantic=part(TINY_PRIORS, 'DINOv2ClassTokens'),
            degradation=part(TINY_PRIORS, 'CompactDegradationEncoder'),
        ),
        adapters=dict(guidance=part(TINY_ADAPTERS, 'PromptGuidance', taps=['dec.*.guidance'])),
    ),
    'ResidualUNet': regression(dict(type='ResidualUNet', widths=[4, 8], blocks=[1, 1])),
    'Restormer as a diffusion': diffusion(TIMED, 'MeanRevertingProcess', 'DDIM'),
    'DiffUIR as a regression': regression(part(TINY_BACKBONES, 'OneStepBackbone')),
    'ToneCurve': regression(
        part(TINY_BACKBONES, 'ToneCurve'), priors=dict(haze=part(TINY_PRIORS, 'TonePrior'))
    ),
    'StagedNetwork': regression(
        dict(
            type='StagedNetwork',
            stages=dict(
                grain=dict(
                    type='Stage',
                    kinds=['noise', 'jpeg'],
                    backbone=dict(type='ResidualUNet', widths=[4, 8], blocks=[1, 1]),
                    always=True,
                ),
                haze=dict(
                    type='Stage', kinds=['haze'], backbone=dict(type='ToneCurve', name='haze')
                ),
            ),
        ),
        priors=dict(
            verdict=part(TINY_PRIORS, 'DegradationVerdict'), haze=part(TINY_PRIORS, 'TonePrior')
        ),
    ),
}
INSIDE = {'SD-Turbo, inside': 'latent.', 'StagedNetwork': 'grain.'}  # before roles of taps there

ROLES = dict(  # one config of each adapter, whatever the trunk
    CFRM=dict(taps=['enc.*'], num_naf=1, loss_weights=0.1, cut=False),
    ControlSCTuner=dict(),
    FiLM=dict(taps=['enc.*', 'dec.*']),
    MapGate=dict(taps=['dec.*']),
    PooledFiLM=dict(taps=['enc.*', 'dec.*']),
    PromptGuidance=dict(taps=['dec.*']),
    PromptInteraction=dict(taps=['dec.*']),
    PromptTimeAdapter=dict(),
    TFA=dict(pairs='dec.*'),
    TokenCrossAttention=dict(taps=['dec.*']),
)
READS = dict(  # the option that names a condition, and the prior that gives it
    FiLM=dict(condition='CompactDegradationEncoder'),
    MapGate=dict(condition='CueMaps'),
    PooledFiLM=dict(condition='StructurePrior'),
    PromptGuidance=dict(semantic='DINOv2ClassTokens', degradation='CompactDegradationEncoder'),
    PromptTimeAdapter=dict(condition='CompactDegradationEncoder'),
    TokenCrossAttention=dict(condition='StructurePrior'),
)


def add(cfg: dict, kind: str, name: str, value: dict) -> None:
    """Put a named part beside those that are there."""
    cfg[kind] = {**cfg.get(kind, {}), name: value}


def add_prior(cfg: dict, name: str) -> str:
    """Add the tiny prior under names of its own; the full name of the first thing it says."""
    prior = part(TINY_PRIORS, name)
    said = list(PRIORS.build(prior).provides)
    add(cfg, 'priors', f'tried_{name}', prior)
    shorts = [full.partition('.')[2] for full in said]
    add(cfg, 'condition_names', f'tried_{name}', {each: f'{name}_{each}' for each in shorts})
    kind, _, short = said[0].partition('.')
    return f'{kind}.{name}_{short}'


def with_adapter(trunk: str, name: str, prior: str | None = None) -> dict:
    """The trunk with an adapter, which reads what ``prior`` or the priors in ``READS`` say."""
    cfg = deepcopy(TRUNKS[trunk])
    options = deepcopy(ROLES[name])
    for key, value in options.items():
        if key == 'taps':
            options[key] = [INSIDE.get(trunk, '') + role for role in value]
        elif key == 'pairs':
            options[key] = INSIDE.get(trunk, '') + value
    reads = READS.get(name, {})
    given = {each: add_prior(cfg, each) for each in sorted({prior or p for p in reads.values()})}
    for option, usual in reads.items():
        options[option] = given[prior or usual]
    add(cfg, 'adapters', 'tried', part(TINY_ADAPTERS, name, **options))
    return cfg


def with_prior(trunk: str, name: str) -> dict:
    """The trunk with a prior, and the plainest adapter that lets it in."""
    adapter = 'MapGate' if name == 'CueMaps' else 'FiLM'
    return with_adapter(trunk, adapter, name)


STEP_LOSSES = TINY_STEP_LOSSES | TINY_VIEWING_LOSSES


def with_loss(trunk: str, name: str) -> dict:
    cfg = deepcopy(TRUNKS[trunk])
    if name in TINY_LOSSES:
        return {**cfg, 'loss': part(TINY_LOSSES, name)}
    options = {}
    if name == 'DegradationInfoNCE':
        options = dict(condition=add_prior(cfg, 'CompactDegradationEncoder').partition('.')[2])
    add(cfg, 'step_losses', 'tried', part(STEP_LOSSES, name, **options))
    return cfg


def with_sampler(trunk: str, name: str) -> dict:
    """The trunk in a diffusion that the sampler walks."""
    cfg = deepcopy(TRUNKS[trunk])
    cfg.update(type='DiffusionRestorer', sampler=part(TINY_SAMPLERS, name))
    if TRUNKS[trunk].get('process', {}).get('type') != PROCESS_OF[name]:
        cfg['process'] = part(TINY_PROCESSES, PROCESS_OF[name])
    return cfg


def with_objective(process: str, name: str) -> dict:
    cfg = diffusion(part(TINY_BACKBONES, 'IRSDEUNet'), process, SAMPLER_OF[process])
    return {**cfg, 'objective': part(TINY_OBJECTIVES, name)}


SAMPLER_OF = dict(
    MeanRevertingProcess='DDIM',
    SharedResidualProcess='SDTDDIMSampler',
    VariancePreservingProcess='DDIM',
)


def with_process(process: str, name: str) -> dict:
    return diffusion(part(TINY_BACKBONES, 'IRSDEUNet'), process, name)


TABLES = {
    'adapters': (TRUNKS, ROLES, with_adapter),
    'priors': (TRUNKS, TINY_PRIORS, with_prior),
    'losses': (TRUNKS, {**TINY_LOSSES, **STEP_LOSSES}, with_loss),
    'samplers': (TRUNKS, TINY_SAMPLERS, with_sampler),
    'adapters and priors': (
        READS,
        TINY_PRIORS,
        lambda row, name: with_adapter('TPGDiff', row, name),
    ),
    'processes and samplers': (TINY_PROCESSES, TINY_SAMPLERS, with_process),
    'processes and objectives': (TINY_PROCESSES, TINY_OBJECTIVES, with_objective),
}


def samples() -> list[RestorationSample]:
    made = []
    for degradation, task in (('noise', 'ir'), ('haze', 'det')):
        sample = RestorationSample(metainfo=dict(degradation=degradation, task=task))
        sample.gt = torch.rand(3, SIDE, SIDE)
        made.append(sample)
    return made


def attempt(cfg: dict) -> str:
    """``works``, or the sentence by which the model is refused when it is built.

    What works is built, trains one step, restores, is saved and loaded. Raises: AssertionError, or
    whatever torch raises, where something is accepted and then fails.
    """
    torch.manual_seed(0)
    try:
        model = MODELS.build(deepcopy(cfg))
    except (ValueError, TypeError, KeyError) as error:
        return str(error.args[0])
    randomize(model).train()
    lq = torch.rand(2, 3, SIDE, SIDE)
    losses = model(lq, samples(), mode='loss')
    total = sum(value for name, value in losses.items() if 'loss' in name)
    assert total.isfinite(), losses
    total.backward()
    assert not idle(model), f'no gradient reaches {idle(model)[:5]}'
    restored = model.eval().restore(lq, tasks=['ir', 'det'])
    assert restored.shape == lq.shape
    assert restored.isfinite().all()
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    again = MODELS.build(deepcopy(cfg)).eval()
    again.load_state_dict(torch.load(file, weights_only=True))
    torch.testing.assert_close(again.restore(lq, tasks=['ir', 'det']), restored)
    return WORKS


def idle(model: nn.Module) -> list[str]:
    """Weights that train and got no gradient, where none may be missing."""
    spared = [
        f'adapters.{name}.'
        for name, adapter in model.adapters.items()
        if adapter.find_unused_parameters
    ]
    found = []
    for name, weight in model.named_parameters():
        if weight.requires_grad and weight.grad is None and not name.startswith(tuple(spared)):
            found.append(name)
    tried = [w for n, w in model.named_parameters() if '.tried' in n and w.requires_grad]
    if tried and not any(w.grad is not None and w.grad.any() for w in tried):
        found.append('any weight of the part that is tried')
    return found


def pairs(table: str) -> Iterator[tuple[str, str]]:
    rows, columns, _ = TABLES[table]
    for row in rows:
        for column in columns:
            yield row, column


def cell(table: str, row: str, column: str) -> Cell:
    return Cell(table, row, column, attempt(TABLES[table][2](row, column)))


INTRO = """# What fits together

<!-- Written by `python -m tests.models.matrix`. Do not edit: run it again. -->

Each cell of these tables was assembled by config alone, with tiny parts. **yes** means: it was
built, trained one step with a gradient to every weight that learns, restored, was saved and loaded.
A number is a sentence below: the pair was refused when it was built. Nothing is accepted and then
fails. `tests/models/test_matrix.py` holds this page against the parts.

## Where adapters sit

All trunks call their taps by one vocabulary, which is checked when a model is built. `<n>` is the
stride: how much smaller the feature is than what the network sees.

| tap | place |
|---|---|
| `enc.s<n>`, `dec.s<n>.in`, `dec.s<n>` | levels of encoder and decoder; `.in` is before one |
| `mid` | the bottom |
| `enc.s<n>.tokens`, `mid.tokens`, `dec.s<n>.tokens` | tokens inside a transformer block |
| `dec.s<n>.guidance` | the guidance of a guided block |
| `time` | the embedding of the diffusion time |
| `skip.<n>` | a skip of SD-Turbo |
| `latent.enc.s<n>`, `latent.mid`, ... | levels of a trunk on latents, whose codec has `enc.s<n>` |
| `<stage>.enc.s<n>`, ... | levels of a stage of a `StagedNetwork` |

`taps` of an adapter are names or **roles**, which fit every trunk: `enc.*` is every level of the
encoder, `dec.s2+` the levels of the decoder at 1/2 and deeper, `dec.*.guidance` one point of each
level, `skip.*` all skips.

## How a condition enters

| it is | by |
|---|---|
| a vector | `FiLM` on any tap (with `taps=['time']` through the time), `PromptTimeAdapter` |
| tokens | `TokenCrossAttention`, or averaged by `FiLM` and `PooledFiLM` |
| a map | `MapGate`, or averaged by `FiLM` |

Adapters read it by name, or by full name (`condition='tokens.semantic'`) where they usually read
another kind. Two priors that say the same get names:
`condition_names=dict(dino=dict(semantic='scene'))` beside `priors`.

## Between regression and diffusion

`dict(type='TimedBackbone', backbone=dict(type='RestormerUNet', ...))` is a regression's network as
the trunk of a diffusion: it is told the state and the time. `dict(type='OneStepBackbone',
backbone=dict(type='IRSDEUNet', ...))` is a diffusion's trunk as a regression, in one step and
without noise.
"""
TITLES = {
    'adapters': ('Adapters on trunks', 'The same options on every trunk.'),
    'priors': ('Priors on trunks', 'Through `FiLM`; `CueMaps` through `MapGate`.'),
    'losses': ('Losses of trunks', 'As `loss`, or as one of `step_losses`.'),
    'samplers': ('Samplers of trunks', 'Each with the process that it walks.'),
    'adapters and priors': ('Adapters and what they read', 'On the trunk of TPGDiff.'),
    'processes and samplers': ('Samplers of processes', 'On the trunk of TPGDiff.'),
    'processes and objectives': ('Objectives of processes', 'On the trunk of TPGDiff.'),
}


def general(found: Cell) -> str:
    """The sentence of a refusal, the same for all trunks where only their name differs."""
    sentence = found.result
    if found.row in TRUNKS:
        sentence = sentence.replace(TRUNKS[found.row]['backbone']['type'], '<trunk>')
    for prior in TINY_PRIORS:
        sentence = sentence.replace(f'{prior}_', '')
    for ours, theirs in (('<', '&lt;'), ('|', '\\|'), ("'tried'", "'a'"), ('.tried', '.a')):
        sentence = sentence.replace(ours, theirs)
    return sentence


def page(cells: list[Cell]) -> str:
    """docs/assembly.md for what was found."""
    sentences: list[str] = []
    parts = [INTRO]
    for table, (title, note) in TITLES.items():
        found = {(each.row, each.column): each for each in cells if each.table == table}
        rows, columns, _ = TABLES[table]
        parts.append(f'\n## {title}\n\n{note}\n\n')
        parts.append('| | ' + ' | '.join(rows) + ' |\n|---|' + '---|' * len(rows) + '\n')
        for column in columns:
            texts = [_text(found[row, column], sentences) for row in rows]
            parts.append(f'| {column} | ' + ' | '.join(texts) + ' |\n')
    parts.append('\n## Refusals\n\n| | |\n|---|---|\n')
    for number, sentence in enumerate(sentences, 1):
        parts.append(f'| {number} | {sentence} |\n')
    return ''.join(parts)


def _text(found: Cell, sentences: list[str]) -> str:
    if found.works:
        return 'yes'
    sentence = general(found)
    if sentence not in sentences:
        sentences.append(sentence)
    return str(sentences.index(sentence) + 1)


def all_cells() -> list[Cell]:
    return [cell(table, *pair) for table in TABLES for pair in pairs(table)]


if __name__ == '__main__':
    PAGE.write_text(page(all_cells()), encoding='utf-8')
