"""Turn an official DiffUIR checkpoint into published weights of restorelab.

    python projects/diffuir/convert_weights.py model-300.pt diffuir-t-official.safetensors

The new file holds the weights and the config of the model. Its size (T, S, B, L or your own) and
the end of the shared distribution term are read from the checkpoint. The moving average is taken,
as in the official test script; ``--online`` takes the weights of the last iteration. Then

    python tools/restore.py PHOTO OUT.png --model diffuir-t-official.safetensors
"""

import argparse
import os
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.processes import SharedResidualProcess
from restorelab.registry import MODELS
from restorelab.utils.checkpoint import CheckpointError, load_weights, read_checkpoint
from restorelab.utils.weights import save_published

# Where the network lies in an official file.
AVERAGED, ONLINE = 'ema.ema_model.model.unet0.', 'model.unet0.'


def network_state(entries: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The network in the entry ``model`` or ``ema``, with the names of a ``DiffusionRestorer``.

    Apart from the prefix, the official names and ours are equal.
    Raises: KeyError when no key begins with ``prefix``.
    """
    found = {}
    for key, value in entries.items():
        if key.startswith(prefix):
            found[f'backbone.{key.removeprefix(prefix)}'] = value
    if not found:
        raise KeyError(
            f"no key begins with '{prefix}'; there are {sorted(entries)[:5]} ... "
            f'({len(entries)} keys)'
        )
    return found


def official_schedule(
    process: SharedResidualProcess, after_init: bool = False
) -> dict[str, Tensor]:
    """The 14 schedule buffers of an official checkpoint, by their official names.

    For ``alphas``, ``betas2`` and the posterior buffers, the official code takes 1 for the sums
    before the first step, where 0 would be right. These buffers are not used; they only show which
    schedule a file was trained with.

    Args:
        after_init: as the official ``init()`` leaves them before a test.
    """
    a, b2, d = process.residual_sums, process.noise_vars, process.shared_sums
    a_before, b2_before = (F.pad(sums[:-1], (1, 0), value=1.0) for sums in (a, b2))
    alphas, betas2 = a - a_before, b2 - b2_before
    remaining = 1 - a
    alphas[0], betas2[0], remaining[-1] = 0, 0, 1e-6
    coef1, coef2, coef3 = b2_before / b2, (betas2 * a_before - b2_before * alphas) / b2, betas2 / b2
    variance = betas2 * b2_before / b2
    coef1[0], coef2[0], coef3[0], variance[0] = 0, 0, 1, 0
    if after_init:
        alphas[0], betas2[0] = alphas[1], betas2[1]
    return dict(
        alphas=alphas,
        alphas_cumsum=a,
        delta=process.deltas,
        delta_cumsum=d,
        one_minus_alphas_cumsum=remaining,
        betas2=betas2,
        betas=betas2.sqrt(),
        betas2_cumsum=b2,
        betas_cumsum=b2.sqrt(),
        posterior_mean_coef1=coef1,
        posterior_mean_coef2=coef2,
        posterior_mean_coef3=coef3,
        posterior_variance=variance,
        posterior_log_variance_clipped=torch.log(variance.clamp(min=1e-20)),
    )


def model_config(network: dict[str, Tensor], schedule: dict[str, Tensor]) -> dict:
    """The config of the model in a checkpoint, from the shapes and the schedule."""
    width = network['backbone.init_conv.weight'].shape[0]
    levels = 1 + max(int(key.split('.')[2]) for key in network if key.startswith('backbone.downs.'))
    widths = [network[f'backbone.downs.{level}.3.weight'].shape[0] for level in range(levels)]
    return dict(
        type='DiffusionRestorer',
        backbone=dict(
            type='ResidualDiffusionUNet', width=width, channel_mults=[w // width for w in widths]
        ),
        process=dict(
            type='SharedResidualProcess',
            steps=len(schedule['delta']),
            delta=float(schedule['delta'][-1]),
        ),
        loss=dict(type='L1Loss'),
        sampler=dict(type='SDTDDIMSampler', steps=3),
    )


def check_schedule(model: nn.Module, schedule: dict[str, Tensor], source: Path) -> None:
    """Raise CheckpointError when the file was trained with another schedule than ours."""
    for name, expected in official_schedule(model.process).items():
        if name not in schedule:
            raise CheckpointError(
                f"{source}: not an official DiffUIR checkpoint, its schedule has no '{name}'"
            )
        if not torch.allclose(schedule[name], expected, rtol=1e-5, atol=1e-6):
            raise CheckpointError(
                f"{source}: trained with another schedule than DiffUIR's ('{name}' differs by "
                f'{(schedule[name] - expected).abs().max():.1e}); it cannot be restored with here'
            )


def convert(source: str | os.PathLike, averaged: bool = True) -> tuple[nn.Module, dict]:
    """The restorer in an official checkpoint, and a report of what was used and left out.

    Raises: FileNotFoundError; CheckpointError for a file that is damaged or not an official
        checkpoint of DiffUIR.
    """
    source = Path(source)
    checkpoint = read_checkpoint(source)
    if not {'model', 'ema'} <= set(checkpoint):
        raise CheckpointError(
            f"{source}: not an official DiffUIR checkpoint; wanted the entries 'model' and 'ema', "
            f'the file has {sorted(map(str, checkpoint))[:8]}'
        )
    entries = dict(checkpoint['model'])
    for key, value in checkpoint['ema'].items():
        entries[f'ema.{key}'] = value
    prefix = AVERAGED if averaged else ONLINE
    try:
        network = network_state(entries, prefix)
        schedule = {key: value for key, value in checkpoint['model'].items() if '.' not in key}
        config = model_config(network, schedule)
    except KeyError as error:
        raise CheckpointError(
            f'{source}: not an official DiffUIR checkpoint ({error.args[0]})'
        ) from error
    model = MODELS.build(config)
    load_weights(model, network, source)
    check_schedule(model, schedule, source)
    report = dict(
        config=config,
        step=int(checkpoint['step']),
        network=len(network),
        schedule=len(schedule),
        left_out=len(entries) - len(network) - len(schedule),
        parameters=sum(value.numel() for value in network.values()),
    )
    return model, report


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', type=Path, help='official checkpoint, such as model-300.pt')
    parser.add_argument('target', type=Path, help='file to write, ends in .safetensors')
    parser.add_argument(
        '--online', action='store_true', help='weights of the last iteration, not their average'
    )
    args = parser.parse_args()
    if args.target.exists():
        parser.error(f'{args.target} exists already; choose another name')
    try:
        model, report = convert(args.source, averaged=not args.online)
        save_published(
            args.target,
            model.state_dict(),
            report['config'],
            dict(
                name=args.target.stem,
                license='MIT',
                iterations=report['step'],
                averaged=not args.online,
                notes='official DiffUIR weights (iSEE-Laboratory/DiffUIR)',
                parameters=report['parameters'],
            ),
        )
    except (OSError, ValueError) as error:
        parser.error(str(error))
    backbone = report['config']['backbone']
    print(
        f'{args.source}: step {report["step"]:,}, width {backbone["width"]}, '
        f'channel_mults {backbone["channel_mults"]}\n'
        f'used:     {report["network"]} tensors of the network ({report["parameters"]:,} numbers), '
        f'and {report["schedule"]} of the schedule, which agree\n'
        f"left out: {report['left_out']} of the other copies of it, and the optimizer's\n"
        f'missing, unexpected, reshaped: none\n-> {args.target}'
    )


if __name__ == '__main__':
    main()
