"""`make detection` needs no compiler; `make detection-compiled` says what it needs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / 'tools/install_detection.sh'
TOOLS = ('bash', 'dirname', 'find', 'grep', 'head', 'mkdir')


def test_what_detection_needs_has_wheels_for_every_torch():
    lines = (ROOT / 'requirements/detection.txt').read_text(encoding='utf-8').splitlines()
    names = {line.split('==')[0] for line in lines if not line.startswith('#')}
    assert names == {'mmcv-lite', 'mmdet'}  # both are pure Python


@pytest.mark.slow
@pytest.mark.parametrize(
    ('argument', 'error'),
    [
        ('--compile', r'mmcv needs a C++ compiler (Debian, Ubuntu: apt-get install g++)'),
        ('--compiled', 'unknown argument --compiled; the only one is --compile'),
    ],
)
def test_compiling_says_what_is_missing(argument, error, tmp_path):
    for tool in TOOLS:
        (tmp_path / tool).symlink_to(shutil.which(tool))
    places = dict(PATH=str(tmp_path), PYTHON=sys.executable, XDG_CACHE_HOME=str(tmp_path / 'cache'))
    ran = subprocess.run(
        ['bash', SCRIPT, argument], env=os.environ | places, capture_output=True, text=True
    )
    assert ran.returncode == 1
    assert ran.stderr.strip().endswith(f'error: {error}')
