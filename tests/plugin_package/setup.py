"""A small plugin: its parts become usable by name once it is installed, with no edit to restorelab."""

from setuptools import setup

setup(
    name='restorelab-toy',
    version='1.0',
    packages=['restorelab_toy'],
    entry_points={'restorelab.plugins': ['toy = restorelab_toy.parts']},
)
