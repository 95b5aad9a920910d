"""Train and score several configs under one budget: ``python tools/compare.py CONFIG ...``."""

import sys

from restorelab.cli import main

if __name__ == '__main__':
    sys.exit(main(verb='compare'))
