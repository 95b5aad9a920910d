"""House rules of CONTRIBUTING.md that a program can check."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mmengine.registry import Registry

from restorelab.registry import OWN_TABLES, TABLES, known_names
from restorelab.utils.options import named_options

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sorted(
    path
    for folder in ('configs', 'projects', 'restorelab', 'tests', 'tools')
    for path in (ROOT / folder).rglob('*.py')
)
PAGES = sorted([*ROOT.glob('*.md'), *ROOT.glob('docs/*.md'), *ROOT.glob('projects/**/*.md')])

# Files that may call hasattr or getattr, and whom they ask. Parts of ours have contracts instead.
PROBES = {
    'restorelab/cli.py': "argparse's namespace",
    'restorelab/lazy.py': 'our own modules, imported when a name of theirs is first used',
    'restorelab/models/contracts.py': 'parts, as they are held against their contracts',
    'restorelab/models/samplers/diffusers_sampler.py': 'diffusers, for the class of that name',
    'restorelab/models/tasks/mmdet_task.py': "MMDetection's networks",
    'restorelab/registry.py': 'modules, for the class at an import path',
    'restorelab/utils/checkpoint.py': "MMEngine's classes, named in a checkpoint",
    'restorelab/utils/memory.py': 'the C library',
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def registered(tables: Iterable[Registry] = TABLES) -> Iterator[type]:
    """Every class of ours in ``tables``. Tests may have registered classes of their own there."""
    for table in tables:
        known_names(table)
        for part in table.module_dict.values():
            if isinstance(part, type) and part.__module__.startswith('restorelab.'):
                yield part


def loose(name: str) -> str:
    return name.replace('_', '').lower()


def test_a_registered_class_stands_in_a_file_of_its_name():
    """Underscores may stand elsewhere than a rule puts them: ``clip_prior``, ``unet2d``."""
    wrong = []
    for part in registered():
        file = part.__module__.rpartition('.')[2]
        if loose(file) != loose(part.__name__):
            wrong.append(f'{part.__module__}: {part.__name__}')
    assert wrong == []


def test_a_file_holds_one_registered_class():
    homes: dict[str, list[str]] = {}
    for part in set(registered()):
        homes.setdefault(part.__module__, []).append(part.__name__)
    assert {home: names for home, names in homes.items() if len(names) > 1} == {}


def test_a_part_names_its_options_and_has_a_docstring():
    """No ``**kwargs``, which would hide a misspelt option."""
    silent, open_ended = [], []
    for part in registered(OWN_TABLES):
        if not part.__doc__:
            silent.append(part.__name__)
        if named_options(part)[1] and '__init__' in vars(part):
            open_ended.append(part.__name__)
    assert (silent, open_ended) == ([], [])


def used_words() -> set[str]:
    """Every keyword, every key of a dict and every last word of a dotted key, outside the library.

    ``dict(width=4)``, ``{'width': 4}`` and ``'model.backbone.width=4'`` use the option ``width``.
    """
    words = set()
    for path in PYTHON:
        if name_of(path).startswith('restorelab/'):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.keyword) and node.arg:
                words.add(node.arg)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                key = node.value.partition('=')[0]
                if re.fullmatch(r'[\w.]+', key):
                    words.add(key.rpartition('.')[2])
    return words


def own_options(part: type) -> list[str]:
    """What its constructor takes, without what a base of another package takes too."""
    foreign = {'self', 'tap_specs', 'cond_widths', 'init_cfg'}  # the last is MMEngine's
    for base in part.__mro__:
        if not base.__module__.startswith('restorelab') and '__init__' in vars(base):
            foreign |= set(named_options(base)[0])
    return [name for name in named_options(part)[0] if name not in foreign]


def test_every_option_of_a_registered_class_is_used_by_a_config_a_project_or_a_test():
    words = used_words()
    unused = set()
    for part in registered():
        for option in own_options(part):
            if option not in words:
                unused.add(f'{part.__name__}: {option}')
    assert sorted(unused) == []


def probes_in(source: str) -> list[int]:
    """The lines that call ``hasattr`` or ``getattr``."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Name) and called.id in ('hasattr', 'getattr'):
            lines.append(node.lineno)
    return lines


def test_parts_are_not_probed():
    """A contract has defaults, so nothing asks a part of ours whether it has an attribute."""
    found = []
    for path in PYTHON:
        if name_of(path).startswith('restorelab/') and name_of(path) not in PROBES:
            lines = probes_in(path.read_text(encoding='utf-8'))
            found += [f'{name_of(path)}:{line}' for line in lines]
    assert found == []


def test_every_file_that_may_probe_does():
    for name in PROBES:
        assert probes_in((ROOT / name).read_text(encoding='utf-8')), name


def test_no_line_is_longer_than_100_columns():
    """Rows of tables and pictures in Markdown cannot be wrapped."""
    long = []
    for path in PYTHON + PAGES:
        for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
            unbreakable = path.suffix == '.md' and line.startswith(('|', '!['))
            if len(line) > 100 and not unbreakable:
                long.append(f'{name_of(path)}:{number}')
    assert long == []


COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def depth(node: ast.AST) -> int:
    """How deep comprehensions stand in comprehensions."""
    inner = max(map(depth, ast.iter_child_nodes(node)), default=0)
    return inner + isinstance(node, COMPREHENSIONS)


def test_comprehensions_are_at_most_two_deep():
    deep = []
    for path in PYTHON:
        if depth(ast.parse(path.read_text(encoding='utf-8'))) > 2:
            deep.append(name_of(path))
    assert deep == []
