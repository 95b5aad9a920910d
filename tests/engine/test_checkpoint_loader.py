"""Every way in which MMEngine reads weights is ours."""

import pytest
import torch
from mmengine.model import BaseModule
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from restorelab.engine import take_over_schemes
from restorelab.utils.checkpoint import CheckpointError

SCHEMES = [
    *('http', 'https', 's3', 'petrel', 'pavi', 'modelzoo', 'torchvision', 'open-mmlab'),
    *('openmmlab', 'mmcls', 'jhu', 'ftp', 'file', 'open-mmlab:s3', 'cluster:s3', 'HTTP'),
]


@pytest.mark.parametrize('scheme', SCHEMES)
def test_an_address_is_refused_before_anything_is_fetched(scheme):
    with pytest.raises(CheckpointError, match=rf'{scheme}://host/w\.pth: .*checksum'):
        CheckpointLoader.load_checkpoint(f'{scheme}://host/w.pth')


@pytest.mark.parametrize('scheme', SCHEMES)
def test_the_init_cfg_of_any_module_is_refused_an_address(scheme):
    class Net(BaseModule):
        def __init__(self):
            super().__init__(dict(type='Pretrained', checkpoint=f'{scheme}://host/w.pth'))
            self.conv = nn.Conv2d(1, 1, 1)

    with pytest.raises(CheckpointError, match=rf'{scheme}://host/w\.pth'):
        nn.Sequential(Net())[0].init_weights()


def test_a_scheme_that_another_package_brings_is_taken_over(tmp_path):
    CheckpointLoader.register_scheme('evil://', lambda *_: pytest.fail('it was called'), force=True)
    take_over_schemes()
    with pytest.raises(CheckpointError, match='evil://host'):
        CheckpointLoader.load_checkpoint('evil://host/w.pth')


def test_the_config_that_mmengine_would_run_is_taken_out_of_a_checkpoint(tmp_path):
    """``Runner.resume`` gives ``meta['config']`` to ``Config.fromstring``, which runs it."""
    marker = tmp_path / 'marker'
    meta = dict(iter=1, epoch=0, config=f"open({str(marker)!r}, 'w')")
    torch.save(dict(meta=meta, state_dict=dict(a=torch.ones(1))), tmp_path / 'a.pth')
    read = CheckpointLoader.load_checkpoint(str(tmp_path / 'a.pth'))
    assert read['meta'] == dict(iter=1, epoch=0)
    torch.save(dict(meta=7), tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match="its 'meta' is a int"):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'a.pth'))
