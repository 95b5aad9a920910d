"""Restore image files: ``python tools/restore.py IN OUT``."""

import sys

from restorelab.cli import main

if __name__ == '__main__':
    sys.exit(main(verb='restore'))
