"""No weight file runs code, and each answer names the file and what is wrong in it."""

import copy
import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from restorelab import cli
from restorelab.apis import load
from restorelab.registry import MODELS
from restorelab.utils.checkpoint import CheckpointError
from restorelab.utils.weights import published_names
from tests.attack.weights import CASES, MODEL, Case, write
from tests.models.tiny import HOUSE


@pytest.fixture
def photo(tmp_path):
    Image.fromarray(np.full((16, 16, 3), 99, np.uint8)).save(tmp_path / 'photo.png')
    return tmp_path / 'photo.png'


def answer(case: Case, path, photo, capsys) -> str:
    """The message that the entry point of ``case`` gives."""
    if case.entry == 'load':
        with pytest.raises(CheckpointError) as error:
            load(path, device='cpu')
        return str(error.value)
    result = photo.with_name('out.png')
    arguments = {
        'restore': ['restore', photo, result, '--model', path],
        'benchmark': ['benchmark', path, '--sizes', '16x16', '--repeats', '1'],
    }
    assert cli.main([str(word) for word in arguments[case.entry]]) == 1
    assert not result.exists()
    return capsys.readouterr().err


@pytest.mark.parametrize('case', CASES, ids=lambda case: case.name)
def test_a_file_that_asks_for_more_is_refused_and_nothing_of_it_runs(case, tmp_path, photo, capsys):
    marker = tmp_path / 'marker'
    marker.with_suffix('.py').write_text(f"open({str(marker)!r}, 'w')")
    path = case.make(tmp_path, marker)
    message = answer(case, path, photo, capsys)
    assert not marker.exists()
    assert path.name in message
    for word in case.words:
        assert word in message


def test_with_trust_the_file_may_name_any_code(tmp_path):
    """What the refusal keeps out: the payload really runs, once a person asks for it."""
    marker = tmp_path / 'marker'
    config = dict(type='os.system', command=f'touch {marker}')
    path = write(tmp_path / 'evil.safetensors', config)
    with pytest.raises(TypeError, match='restores no images'):
        load(path, trust=True)
    assert marker.exists()


def weights_of(model: dict) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return MODELS.build(copy.deepcopy(model)).state_dict()


def test_a_plain_file_loads(tmp_path):
    path = write(tmp_path / 'good.safetensors', MODEL, state=weights_of(MODEL))
    restored = load(path)(np.full((16, 16, 3), 99, np.uint8))
    assert restored.shape == (16, 16, 3)


def test_a_plain_file_of_several_stages_loads(tmp_path):
    path = write(tmp_path / 'house.safetensors', HOUSE, state=weights_of(HOUSE))
    assert list(load(path).model.backbone.stages) == ['grain', 'haze']


@pytest.mark.parametrize(
    ('keys', 'value'),
    [
        (('grain', 'type'), 'os.system'),
        (('more',), dict(type='os.system', command='true')),
        (('grain', 'backbone', 'type'), 'torch.nn.Linear'),
        (('grain', 'backbone', 'pretrained'), 'evil.pth'),
        (('grain', 'kinds'), ['../evil']),
    ],
    ids=str,
)
def test_a_stage_that_asks_for_more_is_refused(keys, value, tmp_path):
    config = copy.deepcopy(HOUSE)
    *outer, last = keys
    node = config['backbone']['stages']
    for key in outer:
        node = node[key]
    node[last] = value
    path = write(tmp_path / 'evil.safetensors', config, state=weights_of(HOUSE))
    with pytest.raises(CheckpointError, match=rf'config\.backbone\.stages\.{".".join(keys)}'):
        load(path)


def test_of_a_joint_model_only_the_restorer_is_built(tmp_path):
    """Its detectors are of another package, and restoring needs none of them."""
    marker = tmp_path / 'marker'
    state = {f'restorer.{key}': value for key, value in weights_of(MODEL).items()}
    state['tasks.det.network.weight'] = torch.zeros(3)
    joint = dict(
        type='JointRestorer',
        restorer=MODEL,
        tasks=dict(det=dict(type='os.system', command=f'touch {marker}')),
    )
    model = load(write(tmp_path / 'joint.safetensors', joint, state=state)).model
    assert type(model).__name__ == 'DiffusionRestorer'
    assert not marker.exists()


@pytest.mark.parametrize('name', published_names())
def test_weights_that_ship_ask_for_nothing_more(name):
    """They go through the same checks. One of them is a stage that restores no images."""
    if name == 'tpgdiff-priors-small':
        with pytest.raises(TypeError, match='restores no images'):
            load(name)
    else:
        load(name)


@pytest.mark.parametrize('key', ['_base_', 'custom_imports'])
def test_a_config_in_json_is_data(key, tmp_path):
    save_file(weights_of(MODEL), tmp_path / 'a.safetensors')
    config = tmp_path / 'a.json'
    config.write_text(json.dumps(dict(model=MODEL)))
    assert load(config, tmp_path / 'a.safetensors').model.backbone is not None
    (tmp_path / 'base.py').write_text(f"open({str(tmp_path / 'marker')!r}, 'w')")
    value = dict(_base_='base.py', custom_imports=dict(imports=['base']))[key]
    config.write_text(json.dumps({'model': MODEL, key: value}))
    with pytest.raises(CheckpointError, match=rf'a\.json: {key} = '):
        load(config, tmp_path / 'a.safetensors')
    config.write_text(json.dumps(dict(model=dict(type='os.system', command='true'))))
    with pytest.raises(CheckpointError, match=r"a\.json: config\.type = 'os\.system'"):
        load(config, tmp_path / 'a.safetensors')
    assert not (tmp_path / 'marker').exists()


YAML = '!!python/object/apply:os.system ["touch {marker}"]'


@pytest.mark.parametrize('verb', ['train', 'test', 'config', 'benchmark', 'compare', 'restore'])
@pytest.mark.parametrize('suffix', ['.yaml', '.yml', '.YML'])
def test_a_config_in_yaml_is_refused_before_it_is_read(verb, suffix, tmp_path, photo, capsys):
    marker = tmp_path / 'marker'
    config = tmp_path / f'evil{suffix}'
    config.write_text(YAML.format(marker=marker))
    arguments = {
        'test': [config, 'restorelab:diffuir-tiny'],
        'compare': [config, '--work-dir', tmp_path / 'work'],
        'restore': [photo, tmp_path / 'out.png', '--model', config, '--checkpoint', config],
    }.get(verb, [config])
    assert cli.main([verb, *map(str, arguments)]) == 1
    assert f'evil{suffix}: a config is a Python file' in capsys.readouterr().err
    assert not marker.exists()


@pytest.mark.parametrize('name', ['base.yaml', 'base.yml'])
def test_yaml_as_the_base_of_a_config_runs_nothing(name, tmp_path, capsys):
    marker = tmp_path / 'marker'
    (tmp_path / name).write_text('model: ' + YAML.format(marker=marker))
    (tmp_path / 'config.py').write_text(f"_base_ = '{name}'")
    assert cli.main(['config', str(tmp_path / 'config.py')]) == 1
    assert 'config.py does not load' in capsys.readouterr().err
    assert not marker.exists()


TENSORS = {
    'NaN': (torch.full((8,), torch.nan), 'values that are not finite'),
    'infinite': (torch.full((8,), torch.inf), 'values that are not finite'),
    'infinite half': (torch.full((8,), torch.inf).half(), 'values that are not finite'),
    'int8': (torch.ones(8, dtype=torch.int8), 'torch.int8 in the file'),
    'int64': (torch.ones(8, dtype=torch.int64), 'torch.int64 in the file'),
    'bool': (torch.ones(8, dtype=torch.bool), 'torch.bool in the file'),
    'complex': (torch.ones(8, dtype=torch.complex64), 'torch.complex64 in the file'),
    'shape': (torch.ones(9), 'reshaped 1'),
}


@pytest.mark.parametrize('entry', ['load', 'restore', 'benchmark'])
@pytest.mark.parametrize('name', TENSORS)
def test_one_wrong_tensor_is_named_and_there_is_no_picture(name, entry, tmp_path, photo, capsys):
    state = weights_of(MODEL)
    key = next(key for key, value in state.items() if value.shape == (8,))
    value, words = TENSORS[name]
    path = write(tmp_path / 'wrong.safetensors', MODEL, state=state | {key: value})
    case = Case(name, lambda *_: path, entry, ())
    message = answer(case, path, photo, capsys)
    for word in ('wrong.safetensors', key, words):
        assert word in message
