"""Measure parameters, multiplications, time and memory of restorers at several image sizes."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from mmengine.config import Config
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from restorelab.apis.inference import CONFIG_EXTENSIONS, pick_device, published_path
from restorelab.config import load_config
from restorelab.models.contracts import Model
from restorelab.registry import MODELS
from restorelab.trust import build_model, check_untrusted, for_restoring
from restorelab.utils import LatticeNoise
from restorelab.utils.checkpoint import load_weights
from restorelab.utils.memory import keep_freed_memory
from restorelab.utils.tables import draw_table
from restorelab.utils.weights import read_published
from restorelab.utils.whole import check_whole

COLUMNS = (
    'model',
    'size',
    'parameters',
    'GMAC',
    'CPU s',
    'ratio',
    'wall s',
    'median',
    'MP/s',
    'peak MiB',
    'change',
)
MEMORY_STATUS, MEMORY_RESET = Path('/proc/self/status'), Path('/proc/self/clear_refs')


@dataclass
class Row:
    """What was measured of one model at one image size.

    Attributes:
        gmac: 10^9 multiplications (convolutions and matrix products) of one restoration.
        cpu, wall: processor and wall-clock seconds of the fastest run.
        wall_median: wall-clock seconds of the median run.
        memory: MiB in use at the peak, minus those in use before. None where the system does not
            tell.
        change: largest difference of a pixel, in [0, 1], from the result of the first model.
    """

    model: str
    size: tuple[int, int]
    parameters: int
    gmac: float
    cpu: float
    wall: float
    wall_median: float
    memory: float | None
    change: float


def benchmark(
    models: list[str],
    sizes: list[tuple[int, int]],
    batch: int = 1,
    vary: tuple[str, list] | None = None,
    threads: int | None = None,
    repeats: int = 7,
    steps: int | None = None,
    device: str | None = None,
    trust: bool = False,
) -> list[Row]:
    """Restore random images with each model, and measure it.

    The first run of a model is not timed. Then all models take turns, ``repeats`` times.

    Args:
        models: names of weights that ship, published files, or configs (with random weights).
        sizes: (height, width) in pixels.
        batch: number of images restored at once.
        vary: an entry of the config and its values. Every model is measured with each value.
        threads: of torch (default: unchanged).
        steps: of the sampler (default: those of the model).
        device, trust: as in ``load``.
    Raises: as ``load`` does; ValueError for an entry that the config does not have, for numbers
        below 1, and for an empty list.
    """
    _check(models, sizes, vary, dict(batch=batch, threads=threads, repeats=repeats, steps=steps))
    keep_freed_memory()
    device = pick_device(device)
    settings = [{}] if vary is None else [{vary[0]: value} for value in vary[1]]
    candidates = {}
    for name in models:
        for options in settings:
            candidates[label(name, options)] = open_model(name, options, trust).to(device)
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        rows = []
        for size in sizes:
            rows += measure(candidates, size, batch, repeats, device, steps)
        return rows
    finally:
        torch.set_num_threads(before)


def _check(
    models: list[str],
    sizes: list[tuple[int, int]],
    vary: tuple[str, list] | None,
    counts: dict[str, int | None],
) -> None:
    for name, values in dict(models=models, sizes=sizes).items():
        if not values:
            raise ValueError(f'benchmark: the list of {name} is empty')
    if vary is not None and not (vary[0] and all(vary[1])):
        raise ValueError(f'vary is {vary!r}; wanted is an entry of the config and its values')
    for size in sizes:
        for side in size:
            check_whole(f'a side of the size {size}', side)
    for name, count in counts.items():
        if count is not None:
            check_whole(name, count)


def label(name: str, options: dict) -> str:
    """``name, steps=2``: the model and the last word of each varied entry."""
    text = name
    for key, value in options.items():
        text += f', {key.rsplit(".", 1)[-1]}={value}'
    return text


def open_model(reference: str, options: dict, trust: bool = False) -> Model:
    """The restorer in eval mode. The model of a config gets random weights of seed 0."""
    torch.manual_seed(0)
    if Path(reference).suffix.lower() in CONFIG_EXTENSIONS:
        model = MODELS.build(load_config(reference, options).model)
    else:
        source = published_path(reference)
        state, config, _ = read_published(source)
        if not trust:
            config, state = for_restoring(config, state)
            check_untrusted(config, source)
        cfg = Config(dict(model=config))
        cfg.merge_from_dict(options)  # the user's own, so they may name anything
        model, state = build_model(cfg.model, state, source, trust=trust or bool(options))
        load_weights(model, state, source)
    return model.eval().requires_grad_(False)


def measure(
    models: dict[str, Model],
    size: tuple[int, int],
    batch: int,
    repeats: int,
    device: torch.device,
    steps: int | None,
) -> list[Row]:
    """One row for each model.

    The runs of the models alternate. So other work on the machine slows all of them alike.
    """
    image = torch.rand(batch, 3, *size, generator=torch.Generator().manual_seed(0)).to(device)
    results, macs, memory = {}, {}, {}
    for name, model in models.items():
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            restore(model, image, steps)
        macs[name] = counter.get_total_flops() / 2e9
        with peak_memory(device) as peak:
            results[name] = restore(model, image, steps)
        memory[name] = peak()
    times = {name: [] for name in models}
    for _ in range(repeats):
        for name, model in models.items():
            cpu, wall = time.process_time(), time.perf_counter()
            restore(model, image, steps)
            times[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    first = next(iter(results.values()))
    rows = []
    for name, model in models.items():
        cpu, wall = zip(*times[name], strict=True)
        row = Row(
            name,
            size,
            parameters=sum(p.numel() for p in model.parameters()),
            gmac=macs[name],
            cpu=min(cpu),
            wall=min(wall),
            wall_median=statistics.median(wall),
            memory=memory[name],
            change=float((results[name] - first).abs().max()),
        )
        rows.append(row)
    return rows


@torch.inference_mode()
def restore(model: Model, image: Tensor, steps: int | None) -> Tensor:
    restored = model.image_restorer().restore(image, noise=LatticeNoise(0), steps=steps)
    if image.is_cuda:
        torch.cuda.synchronize(image.device)
    return restored


@contextmanager
def peak_memory(device: torch.device) -> Iterator:
    """Yields a function: MiB in use at the peak, minus those in use at the start, or None."""
    if device.type == 'cuda':
        torch.cuda.reset_peak_memory_stats(device)
        start = torch.cuda.memory_allocated(device)
        yield lambda: (torch.cuda.max_memory_allocated(device) - start) / 2**20
    elif MEMORY_RESET.exists():
        MEMORY_RESET.write_text('5')  # Linux: forget the peak until now
        start = _status('VmRSS')
        yield lambda: (_status('VmHWM') - start) / 1024
    else:
        yield lambda: None


def _status(name: str) -> int:
    """KiB that Linux reports for this process under ``name``."""
    for line in MEMORY_STATUS.read_text().splitlines():
        if line.startswith(f'{name}:'):
            return int(line.split()[1])
    raise KeyError(f'{MEMORY_STATUS} has no entry {name}')


def as_table(rows: list[Row], batch: int) -> str:
    """The rows as text. A ratio is the CPU time relative to the first model at the same size."""
    base_cpu: dict[tuple[int, int], float] = {}
    cells = []
    for row in rows:
        base = base_cpu.setdefault(row.size, row.cpu)
        height, width = row.size
        cells.append(
            [
                row.model,
                f'{width}x{height}',
                f'{row.parameters:,}',
                f'{row.gmac:.1f}',
                f'{row.cpu:.3f}',
                f'{row.cpu / base:.2f}',
                f'{row.wall:.3f}',
                f'{row.wall_median:.3f}',
                f'{batch * height * width / 1e6 / row.wall:.2f}',
                '-' if row.memory is None else f'{row.memory:.0f}',
                f'{row.change:.1e}',
            ]
        )
    return draw_table(COLUMNS, cells, left=2, width=160)
