"""Every config loads strictly and its model builds; the papers' full sizes on the meta device."""

import re
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
BASES = [path for path in ALL if '_base_' in path]
CONFIGS = [path for path in ALL if '_base_' not in path]
needs_mmdet = pytest.mark.skipif(
    find_spec('mmdet') is None, reason='the detection extra is missing'
)


def marked(paths: list[str]) -> list:
    """Configs with a part of MMDetection need it, and so do those that build on one of them."""
    return [
        pytest.param(
            path,
            marks=needs_mmdet
            if re.search(r'mmdet[.:]|_base_/detection', (ROOT / path).read_text(encoding='utf-8'))
            else (),
        )
        for path in paths
    ]


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
    text = (ROOT / path).read_text(encoding='utf-8')
    assert text.startswith('"""')
    head = text.split('"""')[1]
    assert all(word in head for word in ('Run:', 'Needs:', 'Expect:')), head
    assert path in head


@pytest.mark.parametrize('path', CONFIGS)
def test_bases_are_one_level_deep(path):
    base_lines = [
        line
        for base in BASES
        for line in (ROOT / base).read_text(encoding='utf-8').splitlines()
        if line.startswith('_base_')
    ]
    assert base_lines == []
    assert '_delete_' not in (ROOT / path).read_text(encoding='utf-8')
