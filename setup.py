"""Package of restorelab.

``requirements/*.txt`` hold the tested versions; an install of the package takes them as lower
bounds.
"""

from pathlib import Path
from runpy import run_path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


def tested(name: str) -> list[str]:
    """The requirements of ``requirements/<name>.txt``, exactly as tested."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text(encoding='utf-8').splitlines()
    return [line for line in lines if line and not line.startswith('#')]


def at_least(name: str) -> list[str]:
    """The same requirements with newer releases allowed."""
    return [line.replace('==', '>=', 1) for line in tested(name)]


setup(
    name='restorelab',
    version=run_path(str(ROOT / 'restorelab/version.py'))['__version__'],
    description='All-in-one image restoration from registered parts, on PyTorch and MMEngine',
    license='Apache-2.0',
    python_requires='>=3.10,<3.13',
    packages=find_packages(include=['restorelab', 'restorelab.*']),
    package_data={'restorelab': ['weights/*.safetensors']},
    install_requires=at_least('core'),
    extras_require=dict(
        detection=tested('detection'),  # mmdet 3.3.0 refuses other releases of mmcv-lite
        demo=[],  # the demo runs on the core
        iqa=tested('iqa'),
        analysis=tested('analysis'),
        photos=at_least('photos'),
        video=at_least('video'),
        bulk=at_least('bulk'),
        dev=at_least('dev') + at_least('photos') + at_least('video') + at_least('bulk'),
    ),
    entry_points=dict(console_scripts=['restorelab = restorelab.cli:main']),
)
