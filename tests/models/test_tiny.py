"""Every registered model part has a tiny entry, so that the contract tests reach it."""

import pytest
from mmengine.registry import Registry

from restorelab.registry import (
    ADAPTERS,
    BACKBONES,
    BLOCKS,
    CODECS,
    CUES,
    LOSSES,
    MODELS,
    OBJECTIVES,
    PRIORS,
    PROCESSES,
    PROXIES,
    SAMPLERS,
    TASKS,
    known_names,
)
from tests.models import tiny


def own_names(table, folder: str = '') -> set[str]:
    known_names(table)
    home = f'restorelab.models.{folder}'
    return {name for name, part in table.module_dict.items() if part.__module__.startswith(home)}


@pytest.mark.parametrize(
    ('table', 'entries', 'folder'),
    [
        (BACKBONES, tiny.TINY_BACKBONES, ''),
        (PRIORS, tiny.TINY_PRIORS, ''),
        (ADAPTERS, tiny.TINY_ADAPTERS, ''),
        (
            LOSSES,
            tiny.TINY_LOSSES | tiny.TINY_STEP_LOSSES | tiny.TINY_VIEWING_LOSSES,
            '',
        ),
        (SAMPLERS, tiny.TINY_SAMPLERS, ''),
        (PROCESSES, tiny.TINY_PROCESSES, ''),
        (OBJECTIVES, tiny.TINY_OBJECTIVES, ''),
        (CODECS, tiny.TINY_CODECS, ''),
        (TASKS, tiny.TINY_TASKS, ''),
        (BLOCKS, tiny.TINY_BLOCKS, ''),
        (CUES, tiny.TINY_CUES, ''),
        (PROXIES, tiny.TINY_PROXIES, ''),
        (MODELS, tiny.TINY_RESTORERS, 'restorers'),
    ],
    ids=lambda value: value.name if isinstance(value, Registry) else '',
)
def test_every_registered_part_has_an_entry_in_tiny(table, entries, folder):
    assert own_names(table, folder) == set(entries)


@pytest.mark.parametrize('name', tiny.TINY_RESTORERS)
def test_every_restorer_builds(name):
    MODELS.build(tiny.part(tiny.TINY_RESTORERS, name))


@pytest.mark.parametrize('name', tiny.TINY_PROCESSES)
def test_every_process_builds(name):
    PROCESSES.build(tiny.part(tiny.TINY_PROCESSES, name))
