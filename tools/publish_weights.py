"""Publish a training checkpoint: ``python tools/publish_weights.py CONFIG CHECKPOINT OUT.safetensors``."""

import argparse
import sys


def main() -> int:
    from restorelab.cli import CfgOptions, message_of

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='the config it was trained with')
    parser.add_argument('checkpoint', help='checkpoint of the work dir')
    parser.add_argument('output', help='.safetensors file to write')
    parser.add_argument('--half', action='store_true', help='store parameters as float16 (loaded as float32)')
    parser.add_argument('--raw', action='store_true', help='the last weights instead of their moving average')
    parser.add_argument('--license', default='Apache-2.0', help='license of the weights (default: %(default)s)')
    parser.add_argument('--notes', default='', help='how it was trained; kept in the file')
    parser.add_argument('--cfg-options', nargs='+', action=CfgOptions, default={}, metavar='KEY=VALUE',
                        help='change entries of the config: model.priors.0.pretrained=restorelab:my-priors')
    args = parser.parse_args()

    from restorelab.apis import publish
    try:
        info = publish(args.config, args.checkpoint, args.output, half=args.half, averaged=not args.raw,
                       license=args.license, notes=args.notes, cfg_options=args.cfg_options)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f'error: {message_of(error)}', file=sys.stderr)
        return 1
    print(f'{args.output}: ' + ', '.join(f'{key} {value}' for key, value in info.items() if value not in ('', None)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
