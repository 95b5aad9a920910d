"""Say what is missing, miscounted, unpaired or unreadable: ``python tools/check_data.py ROOT [NAME ...]``."""

import sys

from restorelab.cli import main

if __name__ == '__main__':
    sys.exit(main(verb='check-data'))
