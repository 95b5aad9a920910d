"""List the registered parts: ``python tools/list.py [TABLE]``."""

import sys

from restorelab.cli import main

if __name__ == '__main__':
    sys.exit(main(verb='list'))
