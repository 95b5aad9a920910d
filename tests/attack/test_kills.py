import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_training_survives_kills(tmp_path):
    """In a process of its own, which forks before it has threads."""
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''}
    result = subprocess.run(
        [sys.executable, '-m', 'tests.attack.kills', '--kills', '2', '--while-writing', '1'],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert 'kills: 2 (' in result.stdout
    assert '0 while writing' not in result.stdout
