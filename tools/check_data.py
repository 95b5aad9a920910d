"""Name missing, unpaired and unreadable images: ``python tools/check_data.py ROOT [NAME ...]``."""

import sys

from restorelab.cli import main

if __name__ == '__main__':
    sys.exit(main(verb='check-data'))
