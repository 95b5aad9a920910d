"""Where mmcv and mmdet are missing, all but detection works, and detection says what to install."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = """
import tests.without_detection
import pkgutil
from importlib import import_module
from importlib.util import find_spec

import restorelab
from restorelab.config import load_config
from restorelab.apis.listing import listing
from restorelab.registry import MODELS

assert find_spec('mmdet') is None and find_spec('mmcv') is None
for module in pkgutil.walk_packages(restorelab.__path__, 'restorelab.'):
    if not module.name.endswith('__main__'):
        import_module(module.name)
assert 'MMDetTask' in listing('task')
load_config('configs/diffuir/allinone.py')
for name in ('diffuir_retinanet', 'coco_retinanet', 'real_fog'):
    path = f'configs/joint/{name}.py'
    try:
        MODELS.build(load_config(path).model)
    except ImportError as error:
        print(path, error)
"""


@pytest.mark.slow
def test_everything_imports_and_detection_names_the_line_that_installs_it():
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', PROGRAM], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.strip().splitlines()
    assert len(lines) == 3
    assert all('not installed; for detection run `make detection`' in line for line in lines), lines
