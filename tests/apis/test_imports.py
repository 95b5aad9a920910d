"""Restoring imports no more than it uses, since imports take longer than a small picture."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

UNUSED = {
    *('cv2', 'diffusers', 'mmdet', 'open_clip', 'scipy', 'skimage', 'sympy', 'torchvision'),
    *('transformers', 'mmengine.model', 'mmengine.optim', 'mmengine.runner'),
    *(
        'torch._dynamo',
        'torch.distributed.fsdp',
        'torch.distributed.optim',
        'torch.distributed.tensor',
    ),
    *('restorelab.config', 'restorelab.datasets', 'restorelab.evaluation'),
}
BY_COMMAND = """
from restorelab.cli import main
assert main([sys.argv[1], sys.argv[2]], verb='restore') == 0
"""
BY_FUNCTION = """
from restorelab.apis import load
load()(sys.argv[1]).save(sys.argv[2])
"""


@pytest.mark.slow
@pytest.mark.parametrize('code', [BY_COMMAND, BY_FUNCTION])
def test_restoring_with_the_default_weights_imports_only_what_it_uses(code, tmp_path):
    photo, result = tmp_path / 'photo.png', tmp_path / 'result.png'
    Image.fromarray(np.zeros((24, 16, 3), np.uint8)).save(photo)
    code = f'import sys\n{code}\nprint(*sorted(sys.modules))'
    ran = subprocess.run(
        [sys.executable, '-c', code, photo, result], capture_output=True, text=True, check=True
    )
    assert result.is_file()
    imported = set(ran.stdout.split())
    assert 'torch' in imported
    assert imported & UNUSED == set()
