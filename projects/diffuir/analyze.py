"""Show how the shared distribution term changes states and features, and show the attention.

Published weights and embedded photographs:

    python projects/diffuir/analyze.py WEIGHTS OUT

A checkpoint and photographs of your own:

    python projects/diffuir/analyze.py CONFIG OUT --checkpoint CKPT.pth --images FOLDER \\
        --projection tsne

Photographs are degraded on the fly. Each is restored twice from the same noise: by the process as
it was trained, and with its shared distribution term (SDT) set to zero. The state x_t and the
features at the bottom of the network (mean over positions) are taken from the first and the last
step. These files are written to OUT:

- ``states.png``, ``features.png``: each in two dimensions, with one dot per image, colored by
  degradation. Rows: without and with the SDT. Columns: first and last step.
- ``attention.png``: how much attention each position at the bottom receives (mean over heads and
  queries, stretched to black and white), at the first and the last step, for the center of one
  photograph with every degradation.

The printed separation is the variance between degradations divided by the variance within them,
before projection; both are divided by their degrees of freedom. Random features give 1. The
degradations are separated where it is larger. Less than 1 is possible, since all degradations show
the same photographs.
"""

import argparse
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn

from restorelab.apis import load
from restorelab.datasets import OnTheFlyDataset
from restorelab.io.images import to_uint8, write_image
from restorelab.io.panels import draw_panel
from restorelab.models.backbones.hourglass import HourglassUNet
from restorelab.models.blocks import FullAttentionBlock
from restorelab.models.layers.attention import FullAttention
from restorelab.models.processes import SharedResidualProcess
from restorelab.models.restorers import DiffusionRestorer
from restorelab.utils import LatticeNoise

DEGRADATIONS = ['blur', 'haze', 'jpeg', 'lowlight', 'noise', 'rain', 'snow']
COLORS = [
    '#1f77b4',
    '#ff7f0e',
    '#2ca02c',
    '#d62728',
    '#9467bd',
    '#8c564b',
    '#e377c2',
    '#7f7f7f',
    '#bcbd22',
    '#17becf',
]
PLOT_SIDE = 320
MAP_SIDE = 128

Projection = Callable[[Tensor], Tensor]


@dataclass
class Step:
    """One sampling step of one image.

    ``state`` x_t (C, H, W), ``features`` (D,), received ``attention`` (h, w) with sum 1.
    """

    t: int
    state: Tensor
    features: Tensor
    attention: Tensor


def degraded_crops(images: str, degradations: list[str], crop: dict) -> OnTheFlyDataset:
    return OnTheFlyDataset(
        degradations, [crop, dict(type='Degrade'), dict(type='PackRestoration')], source=images
    )


def read(crops: OnTheFlyDataset, index: int, device: torch.device) -> tuple[Tensor, str]:
    """(degraded image (1, 3, H, W) in [0, 1], its degradation)."""
    sample = crops[index]
    return (sample['inputs'].float() / 255)[None].to(device), sample['data_samples'].degradation


def check_model(model: nn.Module) -> None:
    """Raise TypeError for a model without the process or the bottom attention of DiffUIR."""
    is_diffusion = isinstance(model, DiffusionRestorer)
    if not is_diffusion or not isinstance(model.process, SharedResidualProcess):
        raise TypeError(
            f'{type(model).__name__} has no SharedResidualProcess; give weights of DiffUIR'
        )
    is_hourglass = isinstance(model.backbone, HourglassUNet)
    if not is_hourglass or not isinstance(model.backbone.mid_attn, FullAttentionBlock):
        raise TypeError(
            f'{type(model.backbone).__name__} has no full attention at its bottom; give weights of '
            'DiffUIR'
        )


def bottom_attention(model: DiffusionRestorer) -> FullAttention:
    return model.backbone.mid_attn.fn['fn']


def without_shared_term(process: SharedResidualProcess) -> SharedResidualProcess:
    """The same process with delta = 0."""
    process = deepcopy(process)
    process.deltas.zero_()
    process.shared_sums.zero_()
    return process


def received_attention(attention: FullAttention, x: Tensor) -> Tensor:
    """Attention that each position of x (1, C, h, w) receives: (h, w) with sum 1.

    It is the mean over heads and queries.
    """
    q, k, _ = attention.heads(x).unbind(0)
    weights = (q @ k.mT * attention.head_dim**-0.5).softmax(dim=3)  # B H N N
    return weights.mean(dim=(0, 1, 2)).unflatten(0, x.shape[-2:])


@torch.inference_mode()
def walk(
    model: nn.Module, process: SharedResidualProcess, lq: Tensor, seed: int
) -> tuple[list[Step], Tensor]:
    """Restore lq (1, 3, H, W) in [0, 1]: (the steps, the restored image (3, H, W))."""
    start, cond, steps, seen = process.to_state(lq), model.condition(lq), [], {}

    def keep_features(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen['features'] = output[0].mean(dim=(1, 2))

    def keep_attention(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen['attention'] = received_attention(module, inputs[0])

    def predict(x_t: Tensor, t: Tensor) -> Tensor:
        out = model.backbone(x_t, start, process.time(t), model.context(cond))
        steps.append(Step(int(t[0]), x_t[0].cpu(), seen['features'].cpu(), seen['attention'].cpu()))
        return out

    hooks = [
        model.backbone.mid_block2.register_forward_hook(keep_features),
        bottom_attention(model).register_forward_pre_hook(keep_attention),
    ]
    try:
        final = model.sampler(predict, process, start, LatticeNoise(seed))
    finally:
        for hook in hooks:
            hook.remove()
    return steps, process.to_image(final)[0].clamp(0, 1)


def separation(rows: Tensor, labels: Tensor) -> float:
    """Variance between the groups over that within: rows (N, D), labels (N,) -> the pseudo-F ratio.

    Raises: ValueError with fewer than two groups, or no more rows than groups.
    """
    rows, groups = rows.double(), labels.unique()
    if not 2 <= len(groups) < len(rows):
        raise ValueError(
            f'{len(rows)} images of {len(groups)} degradations; take two degradations or more, and '
            'two images or more of each'
        )
    means = torch.stack([rows[labels == group].mean(dim=0) for group in groups])
    own = means[torch.searchsorted(groups, labels)]
    between = (own - rows.mean(dim=0)).square().sum() / (len(groups) - 1)
    within = (rows - own).square().sum() / (len(rows) - len(groups))
    return float(between / within)


def pca_projection() -> Projection:
    """(N, D) -> (N, 2), along the two directions of largest variance."""

    def project(rows: Tensor) -> Tensor:
        _, _, axes = torch.pca_lowrank(rows, q=2)
        return (rows - rows.mean(dim=0)) @ axes

    return project


def tsne_projection() -> Projection:
    """(N, D) -> (N, 2) by t-SNE. Raises ModuleNotFoundError without scikit-learn."""
    try:
        from sklearn.manifold import TSNE
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            't-SNE is that of scikit-learn, which is not installed: '
            "pip install -e '.[analysis]', or take --projection pca",
            name=error.name,
        ) from error

    def project(rows: Tensor) -> Tensor:
        perplexity = min(30.0, (len(rows) - 1) / 3)
        return torch.from_numpy(
            TSNE(perplexity=perplexity, init='pca', random_state=0).fit_transform(rows.numpy())
        )

    return project


PROJECTIONS = dict(pca=pca_projection, tsne=tsne_projection)


def draw_scatter(points: Tensor, labels: Tensor) -> np.ndarray:
    """Dots at points (N, 2), stretched to the frame, colored by label: uint8 (H, W, 3)."""
    canvas = Image.new('RGB', (PLOT_SIDE, PLOT_SIDE), 'white')
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((0, 0, PLOT_SIDE - 1, PLOT_SIDE - 1), outline='#b0b0b0')
    for (x, y), label in zip(
        (12 + stretch(points, dim=0) * (PLOT_SIDE - 24)).tolist(), labels.tolist(), strict=True
    ):
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=COLORS[label % len(COLORS)])
    return np.asarray(canvas)


def draw_legend(degradations: list[str], width: int) -> np.ndarray:
    """One row of color and name for each degradation: uint8 (24, width, 3)."""
    canvas = Image.new('RGB', (width, 24), 'white')
    draw = ImageDraw.Draw(canvas)
    for number, degradation in enumerate(degradations):
        left = 8 + number * (width - 8) // len(degradations)
        draw.ellipse((left, 8, left + 8, 16), fill=COLORS[number % len(COLORS)])
        draw.text((left + 13, 12), degradation, fill='black', anchor='lm')
    return np.asarray(canvas)


def stretch(values: Tensor, dim: int | None = None) -> Tensor:
    """Values brought to [0, 1], along ``dim`` or all together; equal ones become 0."""
    low = values.amin() if dim is None else values.amin(dim=dim)
    high = values.amax() if dim is None else values.amax(dim=dim)
    return (values - low) / (high - low).clamp(min=1e-12)


def draw_map(values: Tensor) -> np.ndarray:
    """(h, w) -> uint8 (MAP_SIDE, MAP_SIDE, 3), from black for the least to white for the most."""
    gray = Image.fromarray((stretch(values) * 255).round().byte().numpy())
    return np.asarray(gray.resize((MAP_SIDE, MAP_SIDE), Image.Resampling.NEAREST).convert('RGB'))


def shown(image: Tensor) -> np.ndarray:
    """(3, H, W) in [0, 1] -> uint8 (MAP_SIDE, MAP_SIDE, 3)."""
    return np.asarray(
        Image.fromarray(to_uint8(image)).resize((MAP_SIDE, MAP_SIDE), Image.Resampling.BICUBIC)
    )


def draw_attention(model: nn.Module, lq: Tensor, degradation: str) -> np.ndarray:
    """A row of ``attention.png``: lq (1, 3, H, W), the attention of two steps, restored."""
    steps, restored = walk(model, model.process, lq, seed=0)
    first, last = steps[0], steps[-1]
    return draw_panel(
        [shown(lq[0]), draw_map(first.attention), draw_map(last.attention), shown(restored)],
        [degradation, f'attention, t={first.t}', f'attention, t={last.t}', 'restored'],
    )


def stack(pictures: list[np.ndarray]) -> np.ndarray:
    """Pictures of one width, stacked from top to bottom."""
    return np.concatenate(pictures, axis=0)


def values_of(step: Step, kind: str) -> Tensor:
    """``state`` or ``features`` of a step: (D,) float32."""
    values = step.state if kind == 'state' else step.features
    return values.flatten().float()


def draw_walks(
    walks: dict[str, list[list[Step]]],
    kind: str,
    labels: Tensor,
    degradations: list[str],
    project: Projection,
) -> np.ndarray:
    """``states.png`` or ``features.png``, for ``kind`` ``state`` or ``features``.

    The separations are printed.
    """
    rows = []
    for name, images in walks.items():
        plots, captions = [], []
        for number in (0, -1):
            values = torch.stack([values_of(steps[number], kind) for steps in images])
            ratio = separation(values, labels)
            where = f'{kind}, t={images[0][number].t}, {name}'
            print(f'separation of {where}: {ratio:.4g}')
            plots.append(draw_scatter(project(values), labels))
            captions.append(f'{where}: separation {ratio:.3g}')
        rows.append(draw_panel(plots, captions))
    return stack([*rows, draw_legend(degradations, rows[0].shape[1])])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'weights', help='published .safetensors file or name, or a config with --checkpoint'
    )
    parser.add_argument('out', type=Path)
    parser.add_argument('--checkpoint', help='weights for a config')
    parser.add_argument(
        '--images', default='embedded', help='folder of clean images (default: %(default)s)'
    )
    parser.add_argument(
        '--degradations', nargs='+', default=DEGRADATIONS, help='degradations (default: all seven)'
    )
    parser.add_argument(
        '--count', type=int, default=20, help='crops of each degradation (default: %(default)s)'
    )
    parser.add_argument(
        '--size', type=int, default=128, help='side of a crop (default: %(default)s)'
    )
    parser.add_argument('--projection', choices=PROJECTIONS, default='pca')
    parser.add_argument('--device')
    args = parser.parse_args()
    if len(args.degradations) < 2 or args.count < 2:
        parser.error('a separation needs two degradations or more, and a --count of 2 or more')
    project = PROJECTIONS[args.projection]()
    torch.manual_seed(0)  # the projection starts from random directions
    restore = load(args.weights, args.checkpoint, args.device)
    model = restore.model
    check_model(model)
    crops = degraded_crops(args.images, args.degradations, dict(type='RandomCrop', size=args.size))
    processes = {'without SDT': without_shared_term(model.process), 'with SDT': model.process}
    walks, labels = {name: [] for name in processes}, []
    # after the last photograph the first follows again, with another crop
    for index in range(args.count * len(args.degradations)):
        lq, degradation = read(crops, index, restore.device)
        labels.append(args.degradations.index(degradation))
        for name, process in processes.items():
            walks[name].append(walk(model, process, lq, seed=index)[0])
    args.out.mkdir(parents=True, exist_ok=True)
    for kind, name in (('state', 'states.png'), ('features', 'features.png')):
        picture = draw_walks(walks, kind, torch.tensor(labels), args.degradations, project)
        write_image(args.out / name, picture)
    crop = dict(type='CenterCrop', size=args.size)
    centers = degraded_crops(args.images, args.degradations, crop)
    rows = []
    for index in range(len(args.degradations)):
        lq, degradation = read(centers, index, restore.device)
        rows.append(draw_attention(model, lq, degradation))
    write_image(args.out / 'attention.png', stack(rows))


if __name__ == '__main__':
    main()
