"""Train several configs on equally many images, score them, and show them in one table."""

import hashlib
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import nn

from restorelab.apis.benchmark import measure, open_model
from restorelab.apis.inference import pick_device
from restorelab.apis.testing import test
from restorelab.apis.training import TRAINING_KEYS, check_has, train
from restorelab.checks import SCOPE
from restorelab.config import load_config
from restorelab.engine import latest_checkpoint
from restorelab.registry import DATASETS
from restorelab.utils.files import atomic_path
from restorelab.utils.modules import unwrap
from restorelab.utils.tables import draw_table
from restorelab.utils.whole import check_is_whole

RESULT = 'result.json'
SIZE = (256, 256)  # of the images that speed is measured on
COLUMNS = ('config', 'parameters', 'trained', 'GMAC', 'iterations', 'train s', 'restore s')
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


@dataclass
class Result:
    """The result of one config.

    On the CPU, seconds are processor seconds of all threads. Other work on the machine hardly
    changes them.

    Attributes:
        settings: fingerprint of the config.
        parameters: of the restorer, without its losses.
        trained: number of parameters that learn.
        gmac: 10^9 multiplications of one restoration of 256x256 pixels.
        restore_seconds: of the same restoration, the fastest of three.
        train_seconds: the median of a step times the number of steps.
        scores: the metrics of the test.
    """

    config: str
    settings: str
    iterations: int
    parameters: int
    trained: int
    gmac: float
    restore_seconds: float
    train_seconds: float
    scores: dict[str, float]


def compare(
    configs: Sequence[str],
    work_dir: str,
    images: int,
    cfg_options: dict | None = None,
    device: str | None = None,
) -> list[Result]:
    """Train each config on ``images`` images, test it, and measure it.

    Finished results in ``work_dir`` are read. An interrupted training goes on from its last
    checkpoint. Each config has its own data and crops. The models see equal data only where the
    configs agree, or where ``cfg_options`` set the data.

    Args:
        configs: paths.
        images: number of images that each model sees, rounded up to whole batches.
        cfg_options: entries for all configs, such as the folders of their data.
        device: for the measurement of speed, as in ``load``.
    Returns: one result for each config, in the same order.
    Raises:
        ValueError: for no images, a folder with results of another budget, or two configs of one
            name. Raised before anything is trained.
        Exception: what a data set raises that cannot be built, also before; and what ``train``
            raises.
    """
    check_is_whole('images', images)
    if images < 1:
        raise ValueError(f'images={images}: how many training images each config sees, at least 1')
    if not configs:
        raise ValueError('compare: the list of configs is empty')
    folders = {config: Path(work_dir) / label(config) for config in configs}
    if len(set(folders.values())) < len(configs):
        raise ValueError(
            f'{list(configs)}: two of them would share a folder; name each config once'
        )
    cfgs, done = {}, {}
    for config in configs:
        cfgs[config] = with_budget(config, cfg_options, images)
        done[config] = read_result(folders[config], settings(cfgs[config]))
    for config in configs:
        if done[config] is None:
            check_datasets(cfgs[config])
    for config in configs:
        if done[config] is None:
            done[config] = run(config, cfgs[config], folders[config], cfg_options or {}, device)
    return [done[config] for config in configs]


def label(config: str) -> str:
    """``configs/diffuir/allinone.py`` -> ``diffuir-allinone``."""
    path = Path(config)
    return f'{path.parent.name}-{path.stem}'


def with_budget(config: str, cfg_options: dict | None, images: int) -> Config:
    """``config`` trained on ``images`` images, rounded up to whole batches, validated at the end.

    Moving averages of the weights are left out. In a short training they would still hold the
    random weights of its start, and not every config has one.
    """
    options = dict(cfg_options or {})
    cfg = load_config(config, options)
    check_has(cfg, (*TRAINING_KEYS, *LOADERS), 'a comparison')
    iterations = -(-images // cfg.train_dataloader.batch_size)
    options['train_cfg.max_iters'] = options['train_cfg.val_interval'] = iterations
    options['default_hooks.checkpoint.interval'] = max(1, iterations // 10)
    cfg = load_config(config, options)
    hooks = cfg.get('custom_hooks')
    if hooks is not None:
        cfg.custom_hooks = [hook for hook in hooks if not hook['type'].endswith('EMAHook')]
    return cfg


def check_datasets(cfg: Config) -> None:
    """Build the data sets of ``cfg`` once, to find a wrong folder before anything is trained."""
    with DefaultScope.overwrite_default_scope(SCOPE):
        for loader in LOADERS:
            DATASETS.build(cfg[loader].dataset)


def settings(cfg: Config) -> str:
    """A fingerprint of the whole config. A result keeps that of its config."""
    return hashlib.sha1(cfg.pretty_text.encode(), usedforsecurity=False).hexdigest()[:12]


def read_result(folder: Path, wanted: str) -> Result | None:
    """The finished result in ``folder``, or None. Raises: ValueError for other settings."""
    path = folder / RESULT
    if not path.is_file():
        return None
    result = Result(**json.loads(path.read_text(encoding='utf-8')))
    if result.settings != wanted:
        raise ValueError(
            f'{path} is of another budget or another version of {result.config}; choose another '
            'work dir, or remove that folder'
        )
    return result


def run(config: str, cfg: Config, folder: Path, options: dict, device: str | None) -> Result:
    """Train, test and measure one config, and write its result."""
    fingerprint, iterations = settings(cfg), cfg.train_cfg.max_iters
    runner = train(cfg, work_dir=str(folder), resume=True)
    trained, seconds = trained_parameters(runner.model), step_seconds(runner) * iterations
    scores = test(cfg, latest_checkpoint(folder), work_dir=str(folder / 'test'))
    device = pick_device(device)
    model = without_losses(open_model(config, options)).to(device)
    row = measure({config: model}, SIZE, batch=1, repeats=3, device=device, steps=None)[0]
    result = Result(
        config,
        settings=fingerprint,
        iterations=iterations,
        parameters=row.parameters,
        trained=trained,
        gmac=row.gmac,
        restore_seconds=row.cpu if device.type == 'cpu' else row.wall,
        train_seconds=seconds,
        scores={name: float(value) for name, value in scores.items()},
    )
    with atomic_path(folder / RESULT) as temporary:
        temporary.write_text(json.dumps(asdict(result), indent=1), encoding='utf-8')
    return result


def step_seconds(runner: Runner, repeats: int = 5) -> float:
    """Median time of further training steps on one batch, without the loading of data."""
    loader, model = runner.train_dataloader, runner.model.train()
    batch_size = runner.cfg.train_dataloader.batch_size
    batch = loader.collate_fn([loader.dataset[index] for index in range(batch_size)])
    on_cpu = next(model.parameters()).device.type == 'cpu'
    clock = time.process_time if on_cpu else time.perf_counter
    times = []
    for _ in range(repeats):
        start = clock()
        model.train_step(batch, optim_wrapper=runner.optim_wrapper)
        if not on_cpu:
            torch.cuda.synchronize()
        times.append(clock() - start)
    return statistics.median(times)


def without_losses(model: nn.Module) -> nn.Module:
    """``model`` without the networks that only its training uses."""
    model.step_losses = nn.ModuleDict()
    return model


def trained_parameters(model: nn.Module) -> int:
    weights = unwrap(model).parameters()
    return sum(weight.numel() for weight in weights if weight.requires_grad)


def as_table(results: Sequence[Result]) -> str:
    """The results as text. The first row is the degraded images. PSNR in dB, then SSIM."""
    protocol, degradations = _columns(results[0].scores)
    rows = []
    first = results[0].scores
    if f'{protocol}/input_psnr/{degradations[0]}' in first:
        empty = [''] * (len(COLUMNS) - 1)
        rows.append(['degraded', *empty, *_cells(first, f'{protocol}/input_', degradations)])
    for result in results:
        rows.append(
            [
                label(result.config),
                f'{result.parameters:,}',
                f'{result.trained:,}',
                f'{result.gmac:.1f}',
                f'{result.iterations:,}',
                f'{result.train_seconds:.0f}',
                f'{result.restore_seconds:.2f}',
                *_cells(result.scores, f'{protocol}/', degradations),
            ]
        )
    title = f'protocol {protocol}; times on {torch.get_num_threads()} thread(s)'
    return draw_table([*COLUMNS, *degradations], rows, title, width=200)


def _columns(scores: dict[str, float]) -> tuple[str, list[str]]:
    """The first protocol that was scored, and the degradations of its PSNR."""
    protocol, degradations = '', []
    for name in scores:
        if '/psnr/' in name:
            protocol = protocol or name.split('/')[0]
            if name.startswith(f'{protocol}/psnr/'):
                degradations.append(name.rsplit('/', 1)[1])
    return protocol, degradations


def _cells(scores: dict[str, float], prefix: str, degradations: list[str]) -> list[str]:
    """``PSNR SSIM`` for each degradation."""
    cells = []
    for degradation in degradations:
        psnr, ssim = scores[f'{prefix}psnr/{degradation}'], scores[f'{prefix}ssim/{degradation}']
        cells.append(f'{psnr:.2f} {ssim:.3f}')
    return cells
