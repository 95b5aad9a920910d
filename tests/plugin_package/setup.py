"""A small plugin: its parts are known by name once it is installed."""

from setuptools import setup

setup(
    name='restorelab-toy',
    version='1.0',
    packages=['restorelab_toy'],
    entry_points={'restorelab.plugins': ['toy = restorelab_toy.parts']},
)
