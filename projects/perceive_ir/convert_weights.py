"""Turn an official Perceive-IR checkpoint into published weights of restorelab.

    python projects/perceive_ir/convert_weights.py AIO-3D.pth perceive-ir-3d.safetensors
    python projects/perceive_ir/convert_weights.py medium.pth perceive-ir-medium.safetensors

The checkpoint is the network of stage 2, or the "medium" restorer of stage 1. Which one it is, and
its size, is read from the file. The new file holds the weights and the config of the model, but not
DINOv2: the first restoration downloads ``facebook/dinov2-base``. ``--dino FOLDER`` reads it from a
folder. A weight file may do so only with ``--trust``. Then

    python tools/restore.py PHOTO OUT.png --model perceive-ir-3d.safetensors --trust
"""

import argparse
import os
import re
from pathlib import Path

from torch import Tensor, nn

from restorelab.registry import MODELS
from restorelab.utils.checkpoint import CheckpointError, load_weights, read_checkpoint
from restorelab.utils.weights import save_published

# The official names count levels from 1. Here they are indices of a list.
LEVEL = r'(encoder|down|up|reduce|decoder)([123])\.'
RENAMES = [  # in this order
    (r'^module\.', ''),
    (r'^cfe\.', 'priors.degradation.'),
    (r'^pgm\.(\d)\.affine\.', r'adapters.guidance.layers.\1.'),
    (r'^' + LEVEL, lambda match: f'backbone.{match[1]}s.{int(match[2]) - 1}.'),
    (r'^(embed|latent|refinement|output)\.', r'backbone.\1.'),
    (r'\.blocks\.', '.'),
    (r'((?:down|up)s\.\d)\.body\.', r'\1.'),
    (r'norm(\d?)\.body\.', r'norm\1.'),
    (r'\.qkv_dw\.', '.qkv.1.'),
    (r'\.qkv\.(weight|bias)$', r'.qkv.0.\1'),
    (r'\.ffn\.depthwise\.', '.ffn.project_in.1.'),
    (r'\.ffn\.project_in\.(weight|bias)$', r'.ffn.project_in.0.\1'),
]
MARKS = ('embed.bias', 'latent.0.attention.temperature', 'output.bias')  # every size has them


def convert_network(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The official state dict of either network, named as in a ``RegressionRestorer``."""
    return {convert_name(key): value for key, value in state.items()}


def convert_name(key: str) -> str:
    for old, new in RENAMES:
        key = re.sub(old, new, key)
    return key


def model_config(
    network: dict[str, Tensor], dino: str | None = 'facebook/dinov2-base', padding: str = 'reflect'
) -> dict:
    """The config of the restorer of converted weights, from their shapes."""
    guided = any(key.startswith('adapters.') for key in network)
    stages = [*(f'backbone.encoders.{level}.' for level in range(3)), 'backbone.latent.']
    backbone = dict(
        type='RestormerUNet',
        dim=len(network['backbone.embed.bias']),
        blocks=[_depth(network, stage) for stage in stages],
        heads=[len(network[f'{stage}0.attention.temperature']) for stage in stages],
        refinement=_depth(network, 'backbone.refinement.'),
    )
    config = dict(
        type='RegressionRestorer', backbone=backbone, loss=dict(type='L1Loss'), padding=padding
    )
    if not guided:
        return config
    backbone['decoder_block'] = dict(type='EnhancedBlock')
    dim = network['priors.degradation.projection.weight'].shape[0]
    width = network['adapters.guidance.layers.0.0.weight'].shape[1] - dim
    semantic = dict(type='DINOv2ClassTokens', pretrained=dino)
    if width != 768:
        semantic['network'] = dict(hidden_size=width, num_attention_heads=max(1, width // 64))
    degradation = dict(type='CompactDegradationEncoder', dim=dim)
    config['priors'] = dict(semantic=semantic, degradation=degradation)
    taps = [f'dec.s{2**level}.guidance' for level in range(4)]
    config['adapters'] = dict(guidance=dict(type='PromptGuidance', taps=taps))
    return config


def _depth(network: dict[str, Tensor], stage: str) -> int:
    return 1 + max(
        int(key.removeprefix(stage).split('.')[0]) for key in network if key.startswith(stage)
    )


def convert(
    path: str | os.PathLike, dino: str | None = 'facebook/dinov2-base', padding: str = 'reflect'
) -> tuple[nn.Module, dict]:
    """(restorer with the official weights, its config).

    Raises: FileNotFoundError; CheckpointError for a file that is damaged or not an official
        checkpoint of Perceive-IR.
    """
    checkpoint = read_checkpoint(path)
    state = checkpoint.get('model', checkpoint.get('state_dict', checkpoint))
    network = convert_network(state) if isinstance(state, dict) else {}
    missing = {f'backbone.{name}' for name in MARKS} - set(network)
    if missing:
        raise CheckpointError(
            f"{path}: not an official Perceive-IR checkpoint: under 'model' nothing becomes "
            f'{sorted(missing)}. The code of December 2025 is another method; its weights do not '
            'fit'
        )
    config = model_config(network, dino, padding)
    model = MODELS.build(config)
    load_weights(model, network, path)
    return model, config


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', type=Path, help='official .pth file')
    parser.add_argument('output', type=Path, help='.safetensors file to write')
    parser.add_argument(
        '--dino',
        default='facebook/dinov2-base',
        help='hub id or folder of DINOv2 (default: %(default)s)',
    )
    parser.add_argument(
        '--padding',
        choices=['reflect', 'replicate'],
        default='reflect',
        help='how images become multiples of 8; the five-task benchmark replicates edges',
    )
    args = parser.parse_args()
    try:
        model, config = convert(args.checkpoint, args.dino, args.padding)
    except (OSError, CheckpointError) as error:
        parser.error(str(error))
    state = model.state_dict()
    info = dict(source=args.checkpoint.name, method='Perceive-IR, official weights')
    save_published(args.output, state, config, info)
    count = sum(value.numel() for value in state.values())
    print(f'{args.output}: {count:,} parameters in {len(state)} tensors')


if __name__ == '__main__':
    main()
