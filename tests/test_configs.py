"""Every config loads strictly and its model builds; the papers' full sizes on the meta device."""

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from mmengine.registry import DefaultScope

from restorelab.config import load_config
from restorelab.registry import MODELS

ROOT = Path(__file__).resolve().parents[1]
ALL = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ('configs/**/*.py', 'projects/*/configs/**/*.py')
    for path in ROOT.glob(pattern)
)
CONFIGS = [path for path in ALL if '_base_' not in path]
BASES = [path for path in ALL if '_base_' in path]
needs_mmdet = pytest.mark.skipif(
    find_spec('mmdet') is None, reason='the detection extra is missing'
)


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding='utf-8')


def bases_of(path: str) -> list[str]:
    """The files that a config inherits from, as paths from the root of the repository."""
    for node in ast.parse(text_of(path)).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == '_base_':
            files = [(ROOT / path).parent / name for name in ast.literal_eval(node.value)]
            return [file.resolve().relative_to(ROOT).as_posix() for file in files]
    return []


def family_of(path: str) -> list[str]:
    """A config and all that it inherits from."""
    family = [path]
    for base in bases_of(path):
        family.extend(family_of(base))
    return family


def marked(paths: list[str]) -> list:
    """Configs with a part of MMDetection need it, and so do those that inherit from one of them."""
    params = []
    for path in paths:
        texts = [text_of(member) for member in family_of(path)]
        foreign = any('mmdet.' in text or 'MMDetTask' in text for text in texts)
        params.append(pytest.param(path, marks=needs_mmdet if foreign else ()))
    return params


@pytest.mark.parametrize('path', marked(ALL))
def test_every_config_passes_the_checks(path):
    load_config(ROOT / path)


@pytest.mark.parametrize('path', marked(CONFIGS))
def test_every_model_builds(path):
    cfg = load_config(ROOT / path)
    device = 'meta' if path.startswith('projects') else 'cpu'
    with torch.device(device), DefaultScope.overwrite_default_scope('restorelab'):
        model = MODELS.build(cfg.model)
    assert sum(parameter.numel() for parameter in model.parameters()) > 0


@pytest.mark.parametrize('path', CONFIGS)
def test_every_config_opens_with_purpose_command_and_expectation(path):
    text = text_of(path)
    assert text.startswith('"""')
    head = text.split('"""')[1]
    assert all(word in head for word in ('Run:', 'Needs:', 'Expect:')), head
    assert path in head


@pytest.mark.parametrize('path', CONFIGS)
def test_a_config_inherits_from_its_own_folder_or_from_bases(path):
    """A base has no base. So a chain is at most config, config of its folder, base."""
    for base in bases_of(path):
        if base in BASES:
            continue
        assert Path(base).parent == Path(path).parent
        assert all(ancestor in BASES for ancestor in bases_of(base))
    assert '_delete_' not in text_of(path)


@pytest.mark.parametrize('path', BASES)
def test_a_base_inherits_from_nothing(path):
    assert bases_of(path) == []
