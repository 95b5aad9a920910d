"""Measure size, speed and memory of restorers: ``python tools/benchmark.py MODEL ...``."""

import sys

from restorelab.cli import main

if __name__ == '__main__':
    sys.exit(main(verb='benchmark'))
