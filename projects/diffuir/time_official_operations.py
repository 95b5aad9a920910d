"""Time the official operations and ours on this machine: three steps, one thread.

    OMP_NUM_THREADS=1 python projects/diffuir/time_official_operations.py [diffuir-tiny] \\
        [--size 256] [--repeats 7]

Images are float32, in a batch of 1. Seconds differ between machines, so compare the ratios.
``OfficialOperations`` has the weights of our network and the operations of the official code
(commit c71437c), in the same order:

- It standardizes the weights in every call.
- It computes the values of linear attention, and the whole matrix of the bottom attention.
- It upsamples by nearest neighbor, then convolves.
- Its features have PyTorch's usual memory layout.

The networks take turns. Printed are the processor seconds of the fastest repeat, and the largest
difference of the restored image, in [0, 1], from that of the official operations.
"""

import argparse
import copy
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.apis import load
from restorelab.models.backbones import ResidualDiffusionUNet
from restorelab.models.samplers import SDTDDIMSampler
from restorelab.registry import BLOCKS
from restorelab.utils import pad_to_multiple
from restorelab.utils.memory import keep_freed_memory

HEADS, EPS = 4, 1e-5


def standardized_conv(conv: nn.Conv2d, x: Tensor) -> Tensor:
    weight = conv.weight
    mean = weight.mean(dim=(1, 2, 3), keepdim=True)
    variance = torch.var(weight, dim=(1, 2, 3), unbiased=False, keepdim=True)
    return F.conv2d(x, (weight - mean) * (variance + EPS).rsqrt(), conv.bias, padding=1)


def residual_block(block: nn.Module, x: Tensor, time_embedding: Tensor) -> Tensor:
    scale, shift = block.mlp(time_embedding)[:, :, None, None].chunk(2, dim=1)
    y = block.block1.norm(standardized_conv(block.block1.proj, x)) * (scale + 1) + shift
    y = block.block2.norm(standardized_conv(block.block2.proj, F.silu(y)))
    return F.silu(y) + block.res_conv(x)


def layer_norm(norm: nn.Module, x: Tensor) -> Tensor:
    variance = torch.var(x, dim=1, unbiased=False, keepdim=True)
    mean = torch.mean(x, dim=1, keepdim=True)
    return (x - mean) * (variance + EPS).rsqrt() * norm.g


def queries_keys_values(attention: nn.Module, x: Tensor) -> list[Tensor]:
    """Each (B, heads, D, N)."""
    parts = attention.to_qkv(x).chunk(3, dim=1)
    return [part.unflatten(1, (HEADS, -1)).flatten(3) for part in parts]


def linear_attention(residual: nn.Module, x: Tensor) -> Tensor:
    attention = residual.fn['fn']
    q, k, v = queries_keys_values(attention, layer_norm(residual.fn['norm'], x))
    q, k = q.softmax(dim=-2) * q.shape[2] ** -0.5, k.softmax(dim=-1)
    context = torch.einsum('b h d n, b h e n -> b h d e', k, v / v.shape[-1])
    out = torch.einsum('b h d e, b h d n -> b h e n', context, q)
    out = out.flatten(1, 2).unflatten(2, x.shape[-2:])
    return x + layer_norm(attention.to_out[1], attention.to_out[0](out))


def full_attention(residual: nn.Module, x: Tensor) -> Tensor:
    attention = residual.fn['fn']
    q, k, v = queries_keys_values(attention, layer_norm(residual.fn['norm'], x))
    shares = torch.einsum('b h d i, b h d j -> b h i j', q * q.shape[2] ** -0.5, k).softmax(dim=-1)
    out = torch.einsum('b h i j, b h d j -> b h i d', shares, v)
    return x + attention.to_out(out.transpose(2, 3).flatten(1, 2).unflatten(2, x.shape[-2:]))


class OfficialOperations(nn.Module):
    """``ResidualDiffusionUNet`` with the same weights and the official operations.

    Shapes: (B, 3, H, W) twice -> (B, 3, H, W).
    """

    def __init__(self, network: ResidualDiffusionUNet):
        super().__init__()
        self.network = network

    def forward(self, x_t: Tensor, lq: Tensor, time: Tensor, ctx: object = None) -> Tensor:
        net, (height, width) = self.network, x_t.shape[-2:]
        x = first = net.init_conv(pad_to_multiple(torch.cat([x_t, lq], dim=1), net.pad_multiple))
        time = net.time_mlp(time)
        skips = []
        for block1, block2, attention, down in net.downs:
            x = residual_block(block1, x, time)
            skips.append(x)
            x = linear_attention(attention, residual_block(block2, x, time))
            skips.append(x)
            x = down(x)
        x = residual_block(net.mid_block1, x, time)
        x = residual_block(net.mid_block2, full_attention(net.mid_attn, x), time)
        for block1, block2, attention, up in net.ups:
            x = residual_block(block1, torch.cat([x, skips.pop()], dim=1), time)
            x = residual_block(block2, torch.cat([x, skips.pop()], dim=1), time)
            x = linear_attention(attention, x)
            x = nn.Sequential.forward(up, x) if isinstance(up, nn.Sequential) else up(x)
        x = residual_block(net.final_res_block, torch.cat([x, first], dim=1), time)
        return net.final_conv(x)[..., :height, :width]


def with_attention(network: ResidualDiffusionUNet, kind: str) -> ResidualDiffusionUNet:
    """A copy with the attention block ``kind`` on all levels, and the same weights."""
    network = copy.deepcopy(network)
    for level in (*network.downs, *network.ups):
        state = level[2].state_dict()
        level[2] = BLOCKS.build(dict(type=kind, channels=len(state['fn.norm.g'][0])))
        level[2].load_state_dict(state)
    return network


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'model', nargs='?', default='diffuir-tiny', help='published weights of a DiffUIR'
    )
    parser.add_argument(
        '--size', type=int, default=256, help='side of the image (default: %(default)s)'
    )
    parser.add_argument(
        '--repeats', type=int, default=7, help='the fastest counts (default: %(default)s)'
    )
    args = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    restorer = load(args.model).model
    if not isinstance(restorer.backbone, ResidualDiffusionUNet):
        parser.error(
            f'{args.model} is no DiffUIR: its network is a {type(restorer.backbone).__name__}'
        )
    networks = dict(official=OfficialOperations(restorer.backbone))
    for name, kind in (('exact', 'LinearAttentionBlock'), ('constant', 'ConstantAttentionBlock')):
        networks[name] = with_attention(restorer.backbone, kind)
    lq = torch.rand(1, 3, args.size, args.size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    sampler = SDTDDIMSampler(steps=3, init_noise_std=0.0)

    @torch.no_grad()
    def restore(network: nn.Module) -> Tensor:
        process = restorer.process
        return sampler(
            lambda x_t, t: network(x_t, lq, process.time(t)), process, lq, torch.zeros_like
        )

    images = {name: restore(network) for name, network in networks.items()}
    seconds = {name: [] for name in networks}
    for _ in range(args.repeats):
        for name, network in networks.items():
            start = time.process_time()
            restore(network)
            seconds[name].append(time.process_time() - start)
    print(
        f'{args.size}x{args.size}, 3 steps, CPU {torch.backends.cpu.get_cpu_capability()}, '
        f'torch {torch.__version__}'
    )
    for name in networks:
        fastest, official = min(seconds[name]), min(seconds['official'])
        moved = float((images[name] - images['official']).abs().max()) / 2
        print(
            f'{name:9} {fastest:6.3f} s   {fastest / official:.3f} of official   '
            f'difference {moved:.1e}'
        )


if __name__ == '__main__':
    main()
