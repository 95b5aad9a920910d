"""Evaluate a checkpoint: ``python tools/test.py CONFIG CHECKPOINT``."""

import sys

from restorelab.cli import main

if __name__ == '__main__':
    sys.exit(main(verb='test'))
