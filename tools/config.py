"""Print a config as it is used, or write it: ``python tools/config.py CONFIG [--out FILE]``."""

import sys

from restorelab.cli import main

if __name__ == '__main__':
    sys.exit(main(verb='config'))
