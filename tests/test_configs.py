"""Every config loads strictly and its model builds; the papers' full sizes on the meta device."""

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from mmengine.registry import PARAM_SCHEDULERS, DefaultScope

from restorelab.config import load_config
from restorelab.registry import MODELS, TASKS

ROOT = Path(__file__).resolve().parents[1]
ALL = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ('configs/**/*.py', 'projects/*/configs/**/*.py')
    for path in ROOT.glob(pattern)
)
BASES = [path for path in ALL if '_base_' in path]
DETECTORS = [path for path in ALL if path.startswith('configs/detectors/')]
CONFIGS = [path for path in ALL if path not in BASES + DETECTORS]
TRAINED = [path for path in CONFIGS if path != 'configs/joint/real_fog.py']
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
    load_config(ROOT / path, {'train_cfg.max_iters': 100} if path in BASES else None)


@pytest.mark.parametrize('path', marked(CONFIGS))
def test_every_model_builds(path):
    cfg = load_config(ROOT / path)
    device = 'meta' if path.startswith('projects') else 'cpu'
    with torch.device(device), DefaultScope.overwrite_default_scope('restorelab'):
        model = MODELS.build(cfg.model)
    assert sum(parameter.numel() for parameter in model.parameters()) > 0


@pytest.mark.parametrize('path', marked(DETECTORS))
def test_every_detector_builds_by_its_path(path):
    with DefaultScope.overwrite_default_scope('restorelab'):
        task = TASKS.build(dict(type='MMDetTask', detector=path))
    assert task.num_classes == 4


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
def test_a_base_inherits_from_nothing_and_holds_no_model(path):
    assert bases_of(path) == []
    assert '\nmodel =' not in text_of(path)


@pytest.mark.parametrize('path', marked(TRAINED))
def test_a_short_training_goes_through_its_whole_schedule(path):
    """In 100 iterations the learning rate ends at its lowest, as in the full length."""
    cfg = load_config(ROOT / path, {'train_cfg.max_iters': 100})
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    schedules = cfg.get('param_scheduler') or []
    if isinstance(schedules, dict):
        schedules = [schedules]
    built = []
    for schedule in schedules:
        if 'Momentum' not in schedule.type:
            built.append(PARAM_SCHEDULERS.build(schedule, default_args=dict(optimizer=optimizer)))
    rates = []
    for _ in range(100):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for schedule in built:
            schedule.step()
    assert rates[-1] == min(rates)
    assert built == [] or rates[-1] < 0.01 * max(rates)


@pytest.mark.parametrize('path', ALL)
def test_no_config_reads_a_variable_of_a_base(path):
    """An override would change the variable, and not what a config made of it."""
    reads = [node for node in ast.walk(ast.parse(text_of(path))) if isinstance(node, ast.Attribute)]
    assert [ast.unparse(node) for node in reads] == []
    assert '{{' not in text_of(path)
