"""Train and score several configs under one budget, and put them into one table."""

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
from restorelab.apis.training import train
from restorelab.checks import SCOPE
from restorelab.config import load_config
from restorelab.engine import latest_checkpoint
from restorelab.registry import DATASETS
from restorelab.utils.files import atomic_path
from restorelab.utils.modules import unwrap
from restorelab.utils.tables import draw_table

RESULT = 'result.json'
COLUMNS = ('config', 'parameters', 'trained', 'GMAC', 'iterations', 'train s', 'restore s')
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


@dataclass
class Result:
    """What came out of one config.

    On the CPU, seconds are those of the processor, all threads together: other work on the machine
    hardly changes them.

    Attributes:
        parameters: of what restores, without its losses.  trained: those of them that learn.
        gmac: 10^9 multiplications of one restoration of 256x256 pixels.
        restore_seconds: of the same restoration, the fastest of three.
        train_seconds: a median step times their number.  scores: the metrics of the test.
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
    """Train each config on ``images`` images, test it, and measure it; one result each, in order.

    What was finished before in ``work_dir`` is read and not done again. A training that was
    interrupted goes on from its last checkpoint. Each config brings its own data and crops; equal
    numbers of images mean equal data only where these agree, or where ``cfg_options`` set them.

    Args:
        configs: paths.  images: that each model sees, rounded up to whole batches.
        cfg_options: entries that all configs get, such as the folders of their data.
        device: for the measurement of speed, as in ``load``.
    Raises:
        ValueError: before anything is trained, for no images, a folder that holds results of
            another budget, or two configs of one name.
        Exception: also before, what data sets raise that cannot be built; then what ``train`` does.
    """
    if images < 1:
        raise ValueError(f'images={images}: how many training images each config sees, at least 1')
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
    """``config`` trained on ``images`` images, rounded up to whole batches; validated at the end.

    Averages of the weights are left out: they reach back by a number of iterations, in a short
    training to its random start, and not every config has one.
    """
    options = dict(cfg_options or {})
    iterations = -(-images // load_config(config, options).train_dataloader.batch_size)
    options['train_cfg.max_iters'] = options['train_cfg.val_interval'] = iterations
    options['default_hooks.checkpoint.interval'] = max(1, iterations // 10)
    cfg = load_config(config, options)
    if 'custom_hooks' in cfg:
        cfg.custom_hooks = [
            hook for hook in cfg.custom_hooks if not hook['type'].endswith('EMAHook')
        ]
    return cfg


def check_datasets(cfg: Config) -> None:
    """Build the data sets of ``cfg`` once: a wrong folder shall show before anything is trained."""
    with DefaultScope.overwrite_default_scope(SCOPE):
        for loader in LOADERS:
            DATASETS.build(cfg[loader].dataset)


def settings(cfg: Config) -> str:
    """A fingerprint of all that a config says, to know whether a result is of it."""
    return hashlib.sha1(cfg.pretty_text.encode(), usedforsecurity=False).hexdigest()[:12]


def read_result(folder: Path, wanted: str) -> Result | None:
    """The finished result in ``folder``, None without one.

    Raises: ValueError when it is of other settings.
    """
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
    learning, seconds = trained_parameters(runner.model), step_seconds(runner) * iterations
    scores = test(cfg, latest_checkpoint(folder), work_dir=str(folder / 'test'))
    device = pick_device(device)
    row = measure(
        {config: without_losses(open_model(config, options, None)).to(device)},
        (256, 256),
        1,
        3,
        device,
    )[0]
    result = Result(
        config,
        fingerprint,
        iterations,
        row.parameters,
        learning,
        row.gmac,
        row.cpu if device.type == 'cpu' else row.wall,
        seconds,
        {name: float(value) for name, value in scores.items()},
    )
    with atomic_path(folder / RESULT) as temporary:
        temporary.write_text(json.dumps(asdict(result), indent=1), encoding='utf-8')
    return result


def step_seconds(runner: Runner, repeats: int = 5) -> float:
    """Median time of one more training step, all on the same batch and without its loading."""
    loader, model = runner.train_dataloader, runner.model.train()
    batch = loader.collate_fn(
        [loader.dataset[index] for index in range(runner.cfg.train_dataloader.batch_size)]
    )
    on_cpu = next(model.parameters()).device.type == 'cpu'
    times = []
    for _ in range(repeats):
        start = time.process_time() if on_cpu else time.perf_counter()
        model.train_step(batch, optim_wrapper=runner.optim_wrapper)
        if not on_cpu:
            torch.cuda.synchronize()
        times.append((time.process_time() if on_cpu else time.perf_counter()) - start)
    return statistics.median(times)


def without_losses(model: nn.Module) -> nn.Module:
    """``model`` without the networks that only its training asks."""
    model.step_losses = nn.ModuleDict()
    return model


def trained_parameters(model: nn.Module) -> int:
    return sum(w.numel() for w in unwrap(model).parameters() if w.requires_grad)


def as_table(results: Sequence[Result]) -> str:
    """The results as text: the degraded images, then a row each, with PSNR in dB and SSIM."""
    protocol, degradations = _columns(results[0].scores)
    first = results[0].scores
    rows = []
    if f'{protocol}/input_psnr/{degradations[0]}' in first:
        scores = _cells(first, f'{protocol}/input_', degradations)
        rows.append(['degraded', *[''] * (len(COLUMNS) - 1), *scores])
    for result in results:
        cells = [
            label(result.config),
            f'{result.parameters:,}',
            f'{result.trained:,}',
            f'{result.gmac:.1f}',
            f'{result.iterations:,}',
            f'{result.train_seconds:.0f}',
            f'{result.restore_seconds:.2f}',
        ]
        rows.append(cells + _cells(result.scores, f'{protocol}/', degradations))
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
    cells = []
    for degradation in degradations:
        psnr, ssim = scores[f'{prefix}psnr/{degradation}'], scores[f'{prefix}ssim/{degradation}']
        cells.append(f'{psnr:.2f} {ssim:.3f}')
    return cells
