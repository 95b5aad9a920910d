"""The scripts that restore very many pictures."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from restorelab.apis import load
from restorelab.io.images import read_image, write_image
from tests.parity.fixtures import load_script

PROJECT = Path(__file__).parents[2] / 'projects/bulk'


@pytest.fixture
def photos(tmp_path):
    for number, name in enumerate(('a.png', 'deep/b.png', 'deep/c.png')):
        path = tmp_path / 'photos' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = np.random.default_rng(number).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        write_image(path, image)
    (tmp_path / 'photos/bad.png').write_bytes(b'words')
    (tmp_path / 'photos/notes.txt').write_text('words')
    return tmp_path / 'photos'


@pytest.mark.slow
def test_ray_restores_a_store_and_goes_on_where_it_stopped(photos, tmp_path):
    ray = pytest.importorskip('ray', reason='requirements/bulk.txt is not installed')
    script = load_script('bulk', 'restore_with_ray')
    ray.init(num_cpus=2, include_dashboard=False, logging_level='error')
    try:
        (tmp_path / 'out/deep').mkdir(parents=True)
        (tmp_path / 'out/deep/c.png').write_text('earlier')
        rows = script.restore(str(photos), f'file://{tmp_path}/out', workers=1, device='cpu')
    finally:
        ray.shutdown()
    became = {Path(row['path']).name: row['status'] for row in rows}
    assert became == {
        'a.png': 'restored',
        'b.png': 'restored',
        'bad.png': 'failed',
        'c.png': 'there already',
    }
    assert 'not a readable image' in next(row['reason'] for row in rows if row['reason'])
    assert (tmp_path / 'out/deep/c.png').read_text() == 'earlier'
    expected = load(device='cpu')(read_image(photos / 'deep/b.png'))
    difference = read_image(tmp_path / 'out/deep/b.png').astype(int) - expected
    assert np.abs(difference).max() <= 1  # another number of threads adds up in another order


def test_the_job_for_slurm_is_sound_bash():
    subprocess.run(['bash', '-n', str(PROJECT / 'restore.sbatch')], check=True)
