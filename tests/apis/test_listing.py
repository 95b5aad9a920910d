"""The list of parts: names and packages, contracts and options."""

import pytest

from restorelab.apis.listing import listing
from restorelab.cli import main
from restorelab.registry import ADAPTERS, TABLES


@pytest.mark.parametrize('name', ['loss', 'losses', 'LOSS'])
def test_a_table_has_names_and_packages(name):
    lines = [line.split() for line in listing(name).splitlines()]
    assert lines[0][0] == 'loss'
    assert ['L1Loss', 'restorelab'] in lines


@pytest.mark.parametrize(
    ('plural', 'name'), [('processes', 'process'), ('proxies', 'proxy'), ('data-samplers', 'data')]
)
def test_a_table_may_be_called_in_the_plural(plural, name):
    assert listing(plural).startswith(name)


def test_without_a_name_all_tables_are_listed():
    text = listing()
    assert all(f'\n{table.name} (' in f'\n{text}' for table in TABLES)


@pytest.mark.parametrize(
    ('name', 'nearest'), [('bakbone', 'backbone'), ('PooldFiLM', 'PooledFiLM')]
)
def test_an_unknown_name_is_answered_with_the_nearest(name, nearest):
    with pytest.raises(KeyError, match=rf"is called '{name}'; nearest: \['{nearest}'"):
        listing(name)


def test_verbose_shows_the_contract_with_shapes_and_the_members_with_their_options(capsys):
    assert main(['list', 'adapter', '--verbose']) == 0
    text = capsys.readouterr().out
    assert 'The contract of an adapter, restorelab.models.contracts.Adapter:' in text
    assert '  on_tap(name, feat, ctx)\n' in text
    assert 'The new value of the feature ``feat`` (B, C, H, W) at the tap ``name``.' in text
    for name in ADAPTERS.module_dict:
        assert f'\n  {name} (restorelab)' in text
    assert 'options: tap_specs, cond_widths, ' in text


def test_every_table_can_be_shown_verbosely():
    assert listing(verbose=True).count('options:') > 100


def test_a_part_says_what_it_is_and_which_options_it_takes():
    text = listing('L1Loss')
    assert text.startswith('loss L1Loss (restorelab)\n')
    assert 'options: weight=1.0' in text


def test_options_that_go_to_a_base_are_listed_too():
    assert 'strict_load=False' in listing('StepEMAHook')
