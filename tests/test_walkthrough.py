"""The walk-through of docs/concepts.md, followed: its file, its commands, its mistake."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / 'docs/concepts.md').read_text(encoding='utf-8')
SECTION = PAGE.split('## A part in ten minutes')[1]
SHORT = [
    'train_cfg.max_iters=2',
    'default_hooks.logger.interval=1',
    'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
    'val_dataloader.num_workers=0',
    'val_dataloader.persistent_workers=False',
    'val_dataloader.dataset.pipeline.0.size=48',
]

pytestmark = pytest.mark.slow


def blocks(language: str) -> list[str]:
    """The fenced blocks of that language in the walk-through; '' for those that name none."""
    fenced = [block.partition('\n') for block in SECTION.split('```')[1::2]]
    return [text for name, _, text in fenced if name == language]


def commands() -> list[list[str]]:
    """The arguments of every command in the walk-through, without ``PYTHONPATH=. python``."""
    found = []
    for block in blocks(''):
        for line in block.replace('\\\n', ' ').splitlines():
            if line.startswith('PYTHONPATH=. python '):
                found.append(shlex.split(line)[2:])
    return found


def run(folder: Path, tool: str, *arguments: str) -> subprocess.CompletedProcess:
    """A command of the page, in a folder that has what a clone has, and the new file."""
    env = dict(os.environ, PYTHONPATH=f'{folder}{os.pathsep}{ROOT}', OMP_NUM_THREADS='1')
    return subprocess.run(
        [sys.executable, str(ROOT / tool), *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    (tmp_path / 'three_convs.py').write_text(blocks('python')[0], encoding='utf-8')
    return tmp_path


def test_the_page_has_the_three_commands_of_the_test():
    tools = [command[0] for command in commands()]
    assert tools == ['tools/train.py', 'tools/config.py', 'tools/train.py']


def test_a_new_backbone_trains_without_an_edited_file(folder):
    done = run(folder, *commands()[0], *SHORT)
    assert done.returncode == 0, done.stderr[-3000:]
    assert 'loss_pixel' in done.stdout + done.stderr
    assert 'restored PSNR' in done.stdout + done.stderr


def test_its_printed_config_trains(folder):
    _, printing, training = commands()
    assert run(folder, *printing, *SHORT).returncode == 0
    done = run(folder, *training)
    assert done.returncode == 0, done.stderr[-3000:]
    assert 'width=24' in (folder / 'my_config.py').read_text()


def test_a_wrong_forward_is_named_as_the_page_says(folder):
    file = folder / 'three_convs.py'
    file.write_text(file.read_text().replace(', ctx: TapContext | None = None', ''))
    done = run(folder, *commands()[0], *SHORT)
    shown = ' '.join(blocks('')[2].split())
    assert done.returncode == 1
    assert shown in ' '.join(done.stderr.split())
