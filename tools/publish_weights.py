"""Publish a checkpoint: ``python tools/publish_weights.py CONFIG CHECKPOINT OUT.safetensors``."""

import sys

from restorelab.cli import main

if __name__ == '__main__':
    sys.exit(main(verb='publish'))
