"""The command line: ``restorelab VERB ...`` and ``python tools/VERB.py ...`` are the same code.

torch comes in only when a verb runs, so ``--help`` answers at once.
"""

import argparse
import ast
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mmengine.config import DictAction


class CfgOptions(DictAction):
    """``--cfg-options a.b=1 c=[x,y] d={'type':'X'}`` as a dict.

    A malformed pair is a usage error, and no traceback.
    """

    def __call__(self, parser, namespace, values, option_string=None):
        for pair in values:
            key, equals, value = pair.partition('=')
            if not key or not equals:
                parser.error(f"{option_string} takes KEY=VALUE pairs, but got '{pair}'")
            if any(value.count(a) != value.count(b) for a, b in ('()', '[]')):
                parser.error(f"{option_string}: the brackets of '{pair}' do not close")
        dicts = [pair for pair in values if pair.partition('=')[2].startswith('{')]
        super().__call__(
            parser, namespace, [pair for pair in values if pair not in dicts], option_string
        )
        for pair in dicts:
            key, _, value = pair.partition('=')
            try:
                getattr(namespace, self.dest)[key] = ast.literal_eval(value)
            except (SyntaxError, ValueError):
                parser.error(
                    f'{option_string}: the value of {key} is no dict of plain values: {value}'
                )


def _add_cfg_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=CfgOptions,
        default={},
        metavar='KEY=VALUE',
        help='change entries of the config: model.sampler.steps=10 '
        "model.sampler={'type':'Posterior'} model.priors.semantic.pretrained=x.pth",
    )


def _add_allow_unknown(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--allow-unknown',
        action='store_true',
        help='take unknown top-level keys, options and --cfg-options keys instead of failing',
    )


def _running_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--work-dir', help='folder for logs and checkpoints (default: work_dirs/<config name>)'
    )
    _add_cfg_options(parser)
    _add_allow_unknown(parser)
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm'],
        default='none',
        help='how the processes were started (tools/dist_train.sh says pytorch)',
    )
    parser.add_argument('--local-rank', '--local_rank', type=int, default=0, help=argparse.SUPPRESS)


def _train_arguments(parser: argparse.ArgumentParser) -> None:
    _running_arguments(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const=True,
        metavar='PATH',
        help='go on from PATH, or from the last checkpoint of the work dir',
    )
    _add_speed_of_training(parser)
    parser.add_argument(
        '--seed', type=int, help='seed of weights, data and noise (default: the config says)'
    )


def _add_speed_of_training(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--amp',
        nargs='?',
        const=True,
        default=False,
        choices=['bf16', 'fp16'],
        help='train in mixed precision (default: bf16 where the device computes in it)',
    )
    parser.add_argument(
        '--channels-last',
        action='store_true',
        help='keep convolutions in the memory order that is fastest with --amp bf16',
    )


def _train(args: argparse.Namespace) -> None:
    from restorelab.apis import train

    options = dict(args.cfg_options)
    if args.seed is not None:
        options['randomness.seed'] = args.seed
    cfg = _load(args, options)
    train(
        cfg,
        work_dir=args.work_dir,
        resume=args.resume,
        amp=args.amp,
        launcher=args.launcher,
        channels_last=args.channels_last,
    )


def _test_arguments(parser: argparse.ArgumentParser) -> None:
    _running_arguments(parser)
    parser.add_argument(
        'checkpoint', help='checkpoint file, or restorelab:<name> for published weights'
    )
    parser.add_argument('--show-dir', help='folder for panels: degraded, restored, clean')


def _test(args: argparse.Namespace) -> None:
    from restorelab.apis import test

    cfg = _load(args, args.cfg_options)
    test(
        cfg, args.checkpoint, work_dir=args.work_dir, show_dir=args.show_dir, launcher=args.launcher
    )


def _load(args: argparse.Namespace, options: dict):
    from restorelab.config import load_config

    return load_config(args.config, options, allow_unknown=args.allow_unknown)


def _config_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file')
    _add_cfg_options(parser)
    _add_allow_unknown(parser)
    parser.add_argument('--out', metavar='FILE', help='write it to a .py file that trains likewise')
    parser.add_argument('--overwrite', action='store_true', help='replace FILE')


def _config(args: argparse.Namespace) -> None:
    from restorelab.apis.printing import print_config

    command = f'restorelab config {args.config}'
    if args.cfg_options:
        command += f' with {args.cfg_options}'
    print_config(_load(args, args.cfg_options), args.out, args.overwrite, command)


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'name', nargs='?', help='one table, such as backbone, or one part (default: all tables)'
    )
    parser.add_argument(
        '--verbose', action='store_true', help='what the table asks of its parts, and their options'
    )


def _list(args: argparse.Namespace) -> None:
    from restorelab.apis.listing import listing

    print(listing(args.name, args.verbose))


def _add_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--trust',
        action='store_true',
        help='let a weight file name any installed code, read files and fetch weights. It can then '
        'do what you can do; only for files whose maker you know (default: a file is data)',
    )


def _restore_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('input', metavar='IN', help='image file, folder, or a glob in quotes')
    parser.add_argument('output', metavar='OUT', help='file for one image, else a folder')
    parser.add_argument(
        '--model',
        help='name of weights that ship, a .safetensors file, or a config (default: house)',
    )
    parser.add_argument('--checkpoint', help='weights for a config given as --model')
    parser.add_argument(
        '--tile',
        type=int,
        help='largest side restored at once, 0 for never cutting '
        '(default: 672 for more pixels than 768x768)',
    )
    parser.add_argument('--steps', type=int, help="sampling steps (default: the model's)")
    parser.add_argument(
        '--equalize',
        action='store_true',
        help='equalize the histogram of each channel first, for '
        'models trained on such inputs (low light)',
    )
    parser.add_argument(
        '--task',
        help='what to restore for, with models that have prompts: ir (viewing), cls, '
        'seg, det, ... (default: the first)',
    )
    parser.add_argument(
        '--strength',
        type=float,
        default=1.0,
        help='share of the change that is made, from 0, the picture as it is, to 1 (default: 1)',
    )
    parser.add_argument(
        '--only',
        type=_names,
        metavar='KIND,KIND',
        help='undo these degradations and no others, such as noise,jpeg; `restorelab inspect` '
        'names them',
    )
    parser.add_argument(
        '--except',
        dest='excepted',
        type=_names,
        default=(),
        metavar='KIND,KIND',
        help='leave these degradations alone, such as lowlight for a picture of a night',
    )
    parser.add_argument(
        '--panel', action='store_true', help='also write the degraded image beside the restored one'
    )
    parser.add_argument(
        '--seed', type=int, default=0, help="seed of the sampler's noise (default: 0)"
    )
    parser.add_argument(
        '--device', help='cpu, cuda, cuda:1, ... (default: the first GPU, or the CPU)'
    )
    parser.add_argument(
        '--dtype',
        choices=['auto', 'float32', 'bf16'],
        default='auto',
        help='what the networks compute in; auto is bf16 where the processor or the GPU has '
        'instructions for it, and float32 elsewhere (default: auto)',
    )
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument(
        '--skip-existing',
        action='store_const',
        const='skip',
        dest='existing',
        default='refuse',
        help='keep the results that are there and restore the rest, as after an interruption',
    )
    existing.add_argument(
        '--overwrite',
        action='store_const',
        const='overwrite',
        dest='existing',
        help='replace earlier results; inputs are never replaced',
    )
    parser.add_argument(
        '--report',
        metavar='FILE',
        help='a .json or .csv file with a line for each file: what was found in it, seconds, what '
        'could not be kept, scores',
    )
    parser.add_argument(
        '--reference',
        metavar='FOLDER',
        help='clean pictures of the same names, for the scores in the report',
    )
    parser.add_argument(
        '--launcher',
        choices=['auto', 'none', 'slurm'],
        default='auto',
        help='how several processes were started; auto joins those of torchrun (default: auto)',
    )
    _add_trust(parser)


def _restore(args: argparse.Namespace) -> int:
    from restorelab.apis import restore_files
    from restorelab.apis.inference import Loading
    from restorelab.apis.wishes import Wishes

    return restore_files(
        args.input,
        args.output,
        loading=Loading(args.model, args.checkpoint, args.device, args.trust, args.dtype),
        wishes=Wishes(
            steps=args.steps,
            tile=args.tile,
            seed=args.seed,
            equalize=args.equalize,
            task=args.task,
            strength=args.strength,
            only=args.only,
            excepted=args.excepted,
        ),
        existing=args.existing,
        panel=args.panel,
        report=args.report,
        reference=args.reference,
        launcher=args.launcher,
    )


def _names(text: str) -> list[str]:
    """``A,B`` -> names."""
    names = [name.strip() for name in text.split(',')]
    if not all(names):
        raise argparse.ArgumentTypeError(f"'{text}' is no KIND,KIND: names of degradations")
    return names


def _inspect_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('input', metavar='IN', help='image file, folder, or a glob in quotes')
    parser.add_argument(
        '--model',
        help='name of weights that ship, a .safetensors file, or a config (default: house)',
    )
    parser.add_argument('--checkpoint', help='weights for a config given as --model')
    parser.add_argument(
        '--device', help='cpu, cuda, cuda:1, ... (default: the first GPU, or the CPU)'
    )
    _add_trust(parser)


def _inspect(args: argparse.Namespace) -> int:
    from restorelab.apis.inspecting import inspect_files

    return inspect_files(args.input, args.model, args.checkpoint, args.device, args.trust)


def _publish_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='the config that the checkpoint was trained with')
    parser.add_argument('checkpoint', help='checkpoint of the work dir')
    parser.add_argument('output', help='.safetensors file to write')
    parser.add_argument(
        '--half', action='store_true', help='store parameters as float16 (loaded as float32)'
    )
    parser.add_argument(
        '--raw', action='store_true', help='the last weights instead of their moving average'
    )
    parser.add_argument(
        '--only', nargs='+', metavar='MEMBER', help='write these members of the model only'
    )
    parser.add_argument(
        '--license', default='Apache-2.0', help='license of the weights (default: %(default)s)'
    )
    parser.add_argument('--notes', default='', help='how it was trained; kept in the file')
    _add_cfg_options(parser)


def _publish(args: argparse.Namespace) -> None:
    from restorelab.apis import publish

    info = publish(
        args.config,
        args.checkpoint,
        args.output,
        half=args.half,
        averaged=not args.raw,
        license=args.license,
        notes=args.notes,
        only=args.only,
        cfg_options=args.cfg_options,
    )
    print(
        f'{args.output}: '
        + ', '.join(f'{key} {value}' for key, value in info.items() if value not in ('', None))
    )


def _check_data_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('root', help='folder that the layouts begin in')
    parser.add_argument(
        'names',
        nargs='*',
        metavar='NAME',
        help='data sets to check (default: those that are there)',
    )
    parser.add_argument(
        '--quick', action='store_true', help='check folders, counts and pairs, but read no image'
    )


def _check_data(args: argparse.Namespace) -> int:
    from restorelab.apis.checking import check_all

    found = check_all(args.root, args.names, args.quick)
    for name, problems in found.items():
        print(f'{name}: {f"{len(problems)} problem(s)" if problems else "sound"}')
        for problem in problems:
            print(f'  {problem}')
    return 1 if any(found.values()) else 0


def _image_size(text: str) -> tuple[int, int]:
    """``WIDTHxHEIGHT`` -> (height, width)."""
    width, _, height = text.lower().partition('x')
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(
            f"'{text}' is no image size; wanted WIDTHxHEIGHT, such as 256x256"
        )
    return int(height), int(width)


def _variants(text: str) -> tuple[str, list]:
    """``KEY=A,B`` -> (key, values)."""
    key, _, values = text.partition('=')
    if not key or not all(values.split(',')):
        raise argparse.ArgumentTypeError(f"'{text}' is no KEY=A,B: an entry and its values")
    return key, [CfgOptions._parse_int_float_bool(value) for value in values.split(',')]


def _benchmark_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'models',
        nargs='+',
        metavar='MODEL',
        help='names of weights that ship, .safetensors files, or configs (random weights)',
    )
    parser.add_argument(
        '--sizes',
        nargs='+',
        type=_image_size,
        default=[(256, 256)],
        metavar='WxH',
        help='image sizes in pixels (default: 256x256)',
    )
    parser.add_argument(
        '--vary',
        type=_variants,
        metavar='KEY=A,B',
        help='measure each model with each value of a config entry: '
        'model.backbone.attention.type=LinearAttentionBlock,AutoAttentionBlock',
    )
    parser.add_argument(
        '--train',
        action='store_true',
        help='measure training instead of restoring: crops a second, and the share of waiting for '
        'data; MODELs are configs then',
    )
    parser.add_argument(
        '--iterations', type=int, default=30, help='with --train: iterations (default: 30)'
    )
    _add_speed_of_training(parser)
    _add_cfg_options(parser)
    parser.add_argument('--batch', type=int, default=1, help='images at once (default: 1)')
    parser.add_argument('--threads', type=int, help="threads (default: torch's)")
    parser.add_argument('--repeats', type=int, default=7, help='timed runs (default: 7)')
    parser.add_argument('--steps', type=int, help="sampling steps (default: the model's)")
    parser.add_argument(
        '--device', help='cpu, cuda, cuda:1, ... (default: the first GPU, or the CPU)'
    )
    _add_trust(parser)


def _benchmark(args: argparse.Namespace) -> None:
    if args.train:
        _benchmark_training(args)
        return
    from restorelab.apis.benchmark import as_table, benchmark

    rows = benchmark(
        args.models,
        args.sizes,
        args.batch,
        args.vary,
        args.threads,
        args.repeats,
        args.steps,
        args.device,
        args.trust,
    )
    print(as_table(rows, args.batch))


def _benchmark_training(args: argparse.Namespace) -> None:
    from restorelab.apis.benchmark_training import as_table, benchmark_training

    rows = benchmark_training(
        args.models, args.iterations, args.vary, args.amp, args.channels_last, args.cfg_options
    )
    print(as_table(rows))


def _compare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('configs', nargs='+', metavar='CONFIG', help='config files')
    parser.add_argument(
        '--work-dir',
        default='work_dirs/compare',
        help='folder for all trainings and results; what is finished there is not done again '
        '(default: %(default)s)',
    )
    parser.add_argument(
        '--images',
        type=int,
        default=30000,
        help='images that each model learns from (default: %(default)s)',
    )
    parser.add_argument(
        '--device', help='where speed is measured (default: the first GPU, or the CPU)'
    )
    _add_cfg_options(parser)


def _compare(args: argparse.Namespace) -> None:
    from restorelab.apis.comparing import as_table, compare

    print(
        as_table(compare(args.configs, args.work_dir, args.images, args.cfg_options, args.device))
    )


class Verb(NamedTuple):
    help: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int | None]


VERBS = {
    'train': Verb('train the model of a config', _train_arguments, _train),
    'test': Verb('evaluate a checkpoint on the test set of a config', _test_arguments, _test),
    'config': Verb(
        'print a config as it is used: bases, options and restorers filled in',
        _config_arguments,
        _config,
    ),
    'restore': Verb('restore image files', _restore_arguments, _restore),
    'inspect': Verb('say what is wrong with pictures, and how badly', _inspect_arguments, _inspect),
    'publish': Verb('make a weight file to share from a checkpoint', _publish_arguments, _publish),
    'check-data': Verb(
        'say what is missing, miscounted, unpaired or unreadable in data sets',
        _check_data_arguments,
        _check_data,
    ),
    'benchmark': Verb(
        'measure size, speed and memory of restorers', _benchmark_arguments, _benchmark
    ),
    'compare': Verb(
        'train and score several configs under one budget', _compare_arguments, _compare
    ),
    'list': Verb(
        'list the registered parts and the packages they come from', _list_arguments, _list
    ),
}


def _parser(verb: str | None) -> argparse.ArgumentParser:
    if verb is not None:
        parser = argparse.ArgumentParser(description=VERBS[verb].help.capitalize() + '.')
        _complete(parser, verb)
        return parser
    parser = argparse.ArgumentParser(prog='restorelab', description='All-in-one image restoration.')
    verbs = parser.add_subparsers(dest='verb', required=True, metavar='VERB')
    for name in VERBS:
        _complete(
            verbs.add_parser(
                name, help=VERBS[name].help, description=VERBS[name].help.capitalize() + '.'
            ),
            name,
        )
    return parser


def _complete(parser: argparse.ArgumentParser, verb: str) -> None:
    VERBS[verb].arguments(parser)
    parser.add_argument('--debug', action='store_true', help='show the traceback of every error')
    parser.set_defaults(verb=verb)


def _is_message(error: Exception) -> bool:
    """Whether ``error`` speaks to the user: of a file, an import, or what restorelab refused."""
    if isinstance(error, OSError | ImportError | FloatingPointError):
        return True
    frame = error.__traceback__
    while frame.tb_next is not None:
        frame = frame.tb_next
    ours = Path(frame.tb_frame.f_code.co_filename).is_relative_to(Path(__file__).parent)
    return ours and isinstance(error, ValueError | KeyError | TypeError)


def message_of(error: Exception) -> str:
    """The text of an error; ``str`` of a KeyError would be its repr, in quotes and with escapes."""
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)


def _about_unknown(words: list[str], parser: argparse.ArgumentParser) -> str:
    """What to say of arguments that ``parser`` does not know: the nearest option of each."""
    from restorelab.utils.options import nearest

    options = [name for action in parser._actions for name in action.option_strings]
    said = []
    for word in words:
        near = nearest(word.partition('=')[0], options) if word.startswith('-') else []
        said.append(f'{word} (did you mean {" or ".join(near)}?)' if near else word)
    return f'unrecognized arguments: {" ".join(said)}'


def main(argv: list[str] | None = None, verb: str | None = None) -> int:
    """Run one verb and return the exit code: 0, or 1 after an error whose message goes to stderr.

    An error that restorelab did not foresee keeps its traceback.

    Args:
        argv: arguments without the program's name; ``sys.argv[1:]`` when None.
        verb: the verb, when the program's name is the verb already (``tools/train.py``).
    """
    parser = _parser(verb)
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        parser.error(_about_unknown(unknown, _parser(args.verb)))
    try:
        return VERBS[args.verb].run(args) or 0
    except Exception as error:
        if args.debug or not _is_message(error):
            raise
        print(f'error: {message_of(error)}', file=sys.stderr)
        return 1
