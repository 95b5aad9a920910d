"""Turn official TPGDiff checkpoints into files that restorelab loads strictly.

    python projects/tpgdiff/convert_weights.py restorer OFFICIAL_G.pth OUT.safetensors
    python projects/tpgdiff/convert_weights.py priors tpgd_ViT-B-32.pt OUT.safetensors

``restorer`` reads a file of stage 2, ``{"G": network, "SP": structure prior}``, for the model of
``projects/tpgdiff/configs/allinone_paper.py``. ``priors`` reads a file of stage 1, for the two CLIP
priors of that config.
"""

import argparse
import re
from pathlib import Path

from torch import Tensor

from restorelab.utils.checkpoint import model_state, read_checkpoint

# Where the parts lie in the model of configs/allinone_paper.py.
PROMPT, CROSS_ATTENTION, FILM = 'adapters.time.', 'adapters.semantic.', 'adapters.film.'
STRUCTURE = 'priors.structure.'
# The first word of an official stage-1 name, and ours.
PRIOR_STAGE = dict(
    student='semantic.tower',
    teacher='teacher.tower',
    deg_backbone='degradation.tower',
    deg_head='head',
)


def level_names(num_levels: int) -> tuple[list[str], list[str]]:
    """Tap prefixes of the official ``downs.i`` and ``ups.i``."""
    downs = [f'enc_s{2**i}' for i in range(num_levels)]
    return downs, [name.replace('enc', 'dec') for name in reversed(downs)]


def rename_network(key: str, num_levels: int) -> str:
    """Our name of a key of the official ``ConditionalUNet``."""
    key = key.removeprefix('module.')
    downs, ups = level_names(num_levels)
    if re.match(r'(prompt$|text_mlp\.|prompt_mlp\.)', key):
        return PROMPT + key
    match = re.match(r'struct_adapters_(down|up)\.(\d+)\.(.*)', key)
    if match:
        side, level, rest = match.groups()
        return f'{FILM}layers.{(downs if side == "down" else ups)[int(level)]}_block.{rest}'
    block = r'\.fn\.fn\.transformer_blocks\.0\.'
    match = re.match(rf'(?:(downs|ups)\.(\d+)\.2|mid_attn){block}((?:attn2|norm2)\..*)', key)
    if match:
        side, level, rest = match.groups()
        name = 'mid' if side is None else (downs if side == 'downs' else ups)[int(level)]
        return f'{CROSS_ATTENTION}layers.{name}_tokens.{rest}'
    return f'backbone.{key}'


def convert_network(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """State dict of the official U-Net, as part of a ``DiffusionRestorer``'s."""
    num_levels = 1 + max(
        int(key.removeprefix('module.').split('.')[1])
        for key in state
        if key.removeprefix('module.').startswith('downs.')
    )
    return {rename_network(key, num_levels): value for key, value in state.items()}


def convert_structure(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """State dict of the official ``StructurePriorModule`` without its frozen networks."""
    converted = {}
    for key, value in state.items():
        key = key.removeprefix('module.')
        if not key.startswith(('depth_extractor.', 'seg_extractor.')):
            converted[STRUCTURE + key] = value
    return converted


def convert_priors(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """State dict of the official stage-1 model, as that of ``PriorDistillation``."""
    converted = {}
    for key, value in state.items():
        first, _, rest = key.removeprefix('module.').partition('.')
        if first not in PRIOR_STAGE:
            raise KeyError(
                f"'{key}' is no key of an official TPGDiff stage-1 file, whose keys begin with "
                f'{list(PRIOR_STAGE)}'
            )
        converted[f'{PRIOR_STAGE[first]}.{rest}'] = value
    return converted


def convert_restorer(checkpoint: dict) -> dict[str, Tensor]:
    if set(checkpoint) != {'G', 'SP'}:
        raise KeyError(
            f'an official stage-2 checkpoint has the entries G and SP; this file has '
            f'{sorted(checkpoint)[:8]}'
        )
    return {**convert_network(checkpoint['G']), **convert_structure(checkpoint['SP'])}


def main() -> None:
    from safetensors.torch import save_file

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('kind', choices=['restorer', 'priors'])
    parser.add_argument('source', type=Path)
    parser.add_argument('target', type=Path)
    args = parser.parse_args()
    if args.target.exists():
        parser.error(f'{args.target} exists already; choose another name')
    checkpoint = read_checkpoint(args.source)
    if args.kind == 'restorer':
        state = convert_restorer(checkpoint)
    else:
        state = convert_priors(model_state(checkpoint, args.source))
    save_file({key: value.contiguous() for key, value in state.items()}, args.target)
    print(
        f'{len(state)} tensors, {sum(v.numel() for v in state.values()):,} numbers -> {args.target}'
    )


if __name__ == '__main__':
    main()
