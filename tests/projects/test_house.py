"""The scripts of projects/house: stages that were trained alone become one weight file."""

import pytest
import torch

from restorelab.apis import load
from restorelab.config import load_config
from restorelab.registry import MODELS
from restorelab.utils.checkpoint import CheckpointError
from restorelab.utils.weights import read_published
from tests.models.tiny import randomize
from tests.parity.fixtures import load_script

JOIN = load_script('house', 'join_stages')
TINY = dict(
    DegradationVerdict=dict(widths=[4, 6, 8]),
    ResidualUNet=dict(widths=[4, 6], blocks=[1, 1]),
    TonePrior=dict(widths=[4, 6, 8, 8]),
)


def shrunk(cfg: object) -> object:
    """A config with tiny parts in the place of its large ones."""
    if isinstance(cfg, list):
        return [shrunk(value) for value in cfg]
    if not isinstance(cfg, dict):
        return cfg
    return {key: shrunk(value) for key, value in cfg.items()} | TINY.get(cfg.get('type'), {})


def stage_model(stage: str):
    """The tiny model of the config of a stage."""
    config = load_config(JOIN.CONFIG.with_name(f'{stage}.py')).model.to_dict()
    return randomize(MODELS.build(shrunk(config)))


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A work dir for each stage, and the config of the whole, all tiny."""
    torch.manual_seed(0)
    whole = tmp_path / 'allinone.py'
    whole.write_text(f'model = {shrunk(load_config(JOIN.CONFIG).model.to_dict())!r}\n')
    for number, stage in enumerate(JOIN.PLACES):
        averaged, raw = stage_model(stage).state_dict(), stage_model(stage).state_dict()
        checkpoint = dict(
            state_dict=averaged,
            ema_state_dict={f'module.{key}': value for key, value in raw.items()},
            meta=dict(iter=100 + number),
        )
        folder = tmp_path / 'work' / stage
        folder.mkdir(parents=True)
        torch.save(checkpoint, folder / f'iter_{100 + number}.pth')
    monkeypatch.setattr(JOIN, 'CONFIG', whole)
    return tmp_path / 'work'


def weights_of(trained, stage):
    path = next((trained / stage).glob('*.pth'))
    return torch.load(path)['state_dict']


def test_the_averaged_weights_of_each_stage_stand_in_the_file(trained, tmp_path):
    output = tmp_path / 'house.safetensors'
    done = JOIN.join(trained, output, 'none', 'a test')
    assert done == {stage: 100 + number for number, stage in enumerate(JOIN.PLACES)}
    state, _, info = read_published(output)
    found = 0
    for stage, renames in JOIN.PLACES.items():
        for key, value in weights_of(trained, stage).items():
            for before, after in renames.items():
                if key.startswith(before):
                    joined = state[after + key.removeprefix(before)]
                    torch.testing.assert_close(joined.float(), value, atol=1e-3, rtol=1e-3)
                    found += 1
    assert found == len(state)
    assert (info['license'], info['notes']) == ('none', 'a test')


def test_the_joined_model_restores_and_inspects(trained, tmp_path):
    JOIN.join(trained, tmp_path / 'house.safetensors', 'none', '')
    model = load(tmp_path / 'house.safetensors')
    image = torch.rand(3, 40, 50)
    assert set(model.inspect(image)) == set(load_config(JOIN.CONFIG).model.priors.verdict.kinds)
    assert model(image).shape == image.shape


def test_the_last_checkpoint_of_a_stage_counts(trained, tmp_path):
    later = torch.load(next((trained / 'grain').glob('*.pth')))
    later['meta']['iter'] = 900
    torch.save(later, trained / 'grain/iter_900.pth')
    assert JOIN.join(trained, tmp_path / 'house.safetensors', '', '')['grain'] == 900


def test_a_stage_without_a_checkpoint_is_named_with_the_command_that_trains_it(trained, tmp_path):
    next((trained / 'haze').glob('*.pth')).unlink()
    with pytest.raises(FileNotFoundError, match=r'haze holds no checkpoint; .*configs/house/haze'):
        JOIN.join(trained, tmp_path / 'house.safetensors', '', '')
    assert not (tmp_path / 'house.safetensors').exists()


def test_a_stage_of_another_size_is_refused(trained, tmp_path):
    path = next((trained / 'blur').glob('*.pth'))
    checkpoint = torch.load(path)
    checkpoint['state_dict']['backbone.head.weight'] = torch.zeros(5, 12, 3, 3)
    torch.save(checkpoint, path)
    with pytest.raises(CheckpointError, match=r'backbone\.stages\.blur\.backbone\.head\.weight'):
        JOIN.join(trained, tmp_path / 'house.safetensors', '', '')


def test_a_file_that_exists_is_kept(trained, tmp_path):
    output = tmp_path / 'house.safetensors'
    output.write_text('mine')
    with pytest.raises(FileExistsError, match=r'house\.safetensors exists; remove it first'):
        JOIN.join(trained, output, '', '')
    assert output.read_text() == 'mine'


def test_every_stage_of_the_config_has_a_place():
    """No weight is left at random: what is joined is loaded strictly, in the full size."""
    config = load_config(JOIN.CONFIG).model.to_dict()
    with torch.device('meta'):
        keys = set(MODELS.build(config).state_dict())
    places = [after for renames in JOIN.PLACES.values() for after in renames.values()]
    assert {key for key in keys if not key.startswith(tuple(places))} == set()
