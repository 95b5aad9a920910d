import numpy as np
import pytest
import torch
from PIL import Image

from restorelab.apis.testing import test as score
from restorelab.apis.training import train
from restorelab.utils.checkpoint import read_checkpoint
from tests.engine.toys import ToyRestorer, toy_config


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp('trained')
    train(toy_config(folder, max_iters=2))
    return folder / 'iter_2.pth'


def test_the_restored_and_the_degraded_images_are_scored_by_degradation(trained, tmp_path):
    metrics = score(toy_config(tmp_path), str(trained))
    assert {'rgb/psnr/noise', 'rgb/psnr/haze', 'rgb/psnr/mean', 'rgb/input_psnr/mean'} <= set(
        metrics
    )


def test_averaged_weights_are_scored_where_a_checkpoint_has_them(trained, tmp_path):
    bare = tmp_path / 'bare.pth'
    torch.save(dict(state_dict=read_checkpoint(trained)['state_dict']), bare)
    assert score(toy_config(tmp_path), str(bare)) == score(toy_config(tmp_path), str(trained))


def test_safetensors_are_scored_like_the_checkpoint_they_were_made_from(trained, tmp_path):
    from safetensors.torch import save_file

    weights = tmp_path / 'weights.safetensors'
    save_file(dict(read_checkpoint(trained)['state_dict']), weights)
    assert score(toy_config(tmp_path), str(weights)) == score(toy_config(tmp_path), str(trained))


def test_show_dir_gets_a_panel_of_every_image(trained, tmp_path):
    score(toy_config(tmp_path), str(trained), show_dir=str(tmp_path / 'show'))
    panels = sorted(path.name for path in (tmp_path / 'show').glob('*.png'))
    assert panels == ['haze_1.png', 'haze_3.png', 'noise_0.png', 'noise_2.png']
    assert np.asarray(Image.open(tmp_path / 'show/haze_1.png')).ndim == 3


def test_a_checkpoint_of_another_model_is_refused(trained, tmp_path):
    state = dict(read_checkpoint(trained)['state_dict'])
    del state['backbone.conv.bias']
    torch.save(dict(state_dict=state), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match=r'(?s)other\.pth.*missing 1: backbone\.conv\.bias'):
        score(toy_config(tmp_path), str(tmp_path / 'other.pth'))


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'gone\.pth'):
        score(toy_config(tmp_path), str(tmp_path / 'gone.pth'))


def test_a_config_without_a_test_set_is_refused(trained, tmp_path):
    cfg = toy_config(tmp_path)
    cfg.pop('test_dataloader')
    with pytest.raises(ValueError, match='test_dataloader'):
        score(cfg, str(trained))


def test_pretrained_parts_are_read_before_the_checkpoint_which_may_hold_them_trained_further(
    trained, tmp_path, monkeypatch
):
    def start_again(model):
        for weight in model.parameters():
            weight.data.zero_()

    expected = score(toy_config(tmp_path), str(trained))
    monkeypatch.setattr(ToyRestorer, 'load_pretrained', start_again)
    assert score(toy_config(tmp_path), str(trained)) == expected
