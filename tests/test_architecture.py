"""House rule: who may import whom, so that each part can be read, tested and replaced alone."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = {'lazy', 'registry', 'structures', 'utils', 'ops', 'models.contracts', 'models.layers'}
MAY_IMPORT = {
    '__init__': {'lazy', 'version'},
    'version': set(),
    'lazy': set(),
    'registry': {'models.contracts', 'utils'},
    'structures': set(),
    'utils': {'version'},
    'io': {'utils'},
    'ops': {'utils'},
    'untyped': {'utils'},
    'checks': {'registry', 'untyped', 'utils'},
    'trust': {'checks', 'registry', 'utils'},
    'overrides': {'checks', 'untyped', 'utils'},
    'reference': {'utils'},
    'config': {'checks', 'overrides', 'reference', 'schedule', 'utils', 'values'},
    'schedule': set(),
    'values': {'utils'},
    'models.contracts': {'structures'},
    'models.layers': {'structures', 'utils', 'ops'},
    'models.processes': {'lazy', 'registry', 'structures', 'models.contracts'},
    'models.blocks': PARTS,
    'models.backbones': PARTS,
    'models.priors': PARTS,
    'models.adapters': PARTS,
    'models.losses': PARTS,
    'models.samplers': PARTS | {'models.processes'},  # no network knows its noise law
    'models.codecs': PARTS,
    'models.tasks': PARTS,
    'models.proxies': PARTS,
    'models.restorers': PARTS,  # and no concrete part: those are built from configs
    'datasets': {'io', 'registry', 'structures', 'utils'},
    'evaluation': {'registry', 'structures', 'utils'},
    'engine': {'io', 'lazy', 'registry', 'structures', 'utils', 'models.contracts'},
    'apis': {
        'checks',
        'config',
        'io',
        'lazy',
        'registry',
        'structures',
        'utils',
        'datasets',
        'engine',
        'evaluation',
        'trust',
        'version',
        'models.contracts',
    },
    'cli': {'apis', 'config', 'registry', 'utils'},
}
BY_NAME = {'mmdet', 'mmcv', 'projects'}  # found by name through the registries, or not at all


def package_of(module: str) -> str:
    """``restorelab.models.layers.norm`` is in ``models.layers``, ``restorelab.cli`` in ``cli``."""
    parts = module.split('.')[1:] or ['__init__']
    return '.'.join(parts[:2]) if parts[0] == 'models' and len(parts) > 1 else parts[0]


def imports(source: str) -> set[str]:
    """Full names of the modules that a source text imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inner = {f'{node.module}.{alias.name}' for alias in node.names}
            names |= inner if node.module in ('restorelab', 'restorelab.models') else {node.module}
    return names


def violations(module: str, source: str) -> list[str]:
    """What ``module`` imports and must not."""
    package = package_of(module)
    allowed = MAY_IMPORT.get(package, set()) | {package}
    wrong = [
        name
        for name in imports(source)
        if name.split('.')[0] in BY_NAME
        or (name.split('.')[0] == 'restorelab' and package_of(name) not in allowed)
    ]
    return [f'{module} imports {name}' for name in sorted(wrong)]


def modules() -> dict[str, Path]:
    paths = sorted((ROOT / 'restorelab').rglob('*.py'))
    return {
        '.'.join(p.relative_to(ROOT).with_suffix('').parts).removesuffix('.__init__'): p
        for p in paths
    }


def test_every_package_has_a_rule():
    assert {package_of(name) for name in modules()} - set(MAY_IMPORT) <= {'models'}


def test_no_module_imports_what_it_must_not():
    found = [
        line
        for name, path in modules().items()
        for line in violations(name, path.read_text(encoding='utf-8'))
    ]
    assert not found


@pytest.mark.parametrize(
    ('module', 'source'),
    [
        ('restorelab.models.backbones.net', 'from restorelab.models.adapters.film import FiLM'),
        ('restorelab.models.layers.norm', 'import restorelab.registry'),
        ('restorelab.ops.linear_attention', 'from restorelab.models.layers import norm'),
        ('restorelab.models.restorers.base', 'from restorelab.models import backbones'),
        (
            'restorelab.datasets.paired_dataset',
            'def f():\n    from restorelab.models.layers import norm',
        ),
        ('restorelab.registry', 'from restorelab import structures'),
        ('restorelab.models.tasks.detection', 'import mmdet.models'),
        ('restorelab.apis.training', 'from projects.tpgdiff import convert_weights'),
    ],
)
def test_a_planted_arrow_is_found(module, source):
    assert violations(module, source)


def test_projects_do_not_import_each_other():
    for path in sorted((ROOT / 'projects').rglob('*.py')):
        own = path.relative_to(ROOT / 'projects').parts[0]
        others = [
            name
            for name in imports(path.read_text(encoding='utf-8'))
            if name.startswith('projects.') and name.split('.')[1] != own
        ]
        assert not others, path


def test_tools_are_short():
    lengths = {
        p.name: len(p.read_text(encoding='utf-8').splitlines())
        for p in (ROOT / 'tools').glob('*.py')
    }
    assert {name: n for name, n in lengths.items() if n > 110} == {}
