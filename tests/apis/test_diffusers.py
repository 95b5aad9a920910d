"""The configs with parts of diffusers: a short training, and restoring with other samplers."""

from pathlib import Path

import pytest
import torch

from restorelab.apis import RestoreModel, train
from restorelab.config import load_config

CONFIGS = sorted((Path(__file__).parents[2] / 'configs' / 'diffusers').glob('*.py'))
SHORT = {
    'train_cfg.max_iters': 3,
    'train_cfg.val_interval': 3,
    'train_dataloader.batch_size': 2,
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'train_dataloader.dataset.pipeline.0.size': 32,
    'val_dataloader.num_workers': 0,
    'val_dataloader.persistent_workers': False,
    'val_dataloader.dataset.pipeline.0.size': 40,
}


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_it_trains_and_restores_any_size(path, tmp_path):
    runner = train(load_config(path, SHORT), work_dir=str(tmp_path))
    losses, _ = runner.message_hub.get_scalar('train/loss').data
    assert len(losses) == 3
    model = RestoreModel(runner.model)
    picture = torch.rand(3, 21, 30)
    restored = model(picture)
    assert restored.shape == picture.shape
    assert torch.equal(model(picture), restored)
    for sampler in (dict(type='DDIM', steps=2), dict(type='MultistepDPM', steps=2)):
        model.model.set_sampler(sampler)
        assert model(picture).isfinite().all()
