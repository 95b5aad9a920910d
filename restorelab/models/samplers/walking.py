"""What the samplers share: the network at one step, and what its output means."""

import torch
from torch import Tensor

from restorelab.models.contracts import Predict, Process, Sampler
from restorelab.models.processes import MeanRevertingProcess
from restorelab.models.processes.gaussian_process import GaussianProcess
from restorelab.registry import SAMPLERS, known_names


def predict_at(predict: Predict, x: Tensor, t: int) -> Tensor:
    """The network output for the states ``x`` (B, C, H, W), all at the step ``t``."""
    return predict(x, torch.full((len(x),), t, device=x.device))


def require_process(sampler: Sampler, process: Process, wanted: type[Process]) -> None:
    """Raise TypeError unless ``process`` is one that the sampler can read."""
    if not isinstance(process, wanted):
        raise TypeError(
            f'sampler {type(sampler).__name__} reads states of {wanted.__name__}, but the process '
            f'is {type(process).__name__}; choose a sampler made for it: '
            f'{samplers_for(process) or "none is known"}'
        )


def samplers_for(process: Process) -> list[str]:
    """Names of the samplers whose kind of process this is."""
    names = []
    for name in known_names(SAMPLERS):
        if isinstance(process, SAMPLERS.get(name).walks):
            names.append(name)
    return names


def require_all_steps(sampler: Sampler, process: Process, steps: int | None) -> None:
    """Raise ValueError when ``steps`` is a number that the sampler cannot take."""
    if steps is not None and steps != process.steps:
        raise ValueError(
            f'steps={steps}: {type(sampler).__name__} visits all {process.steps} steps of the '
            'process; leave steps out, or choose a few-step sampler such as DDIM'
        )


def require_noise_prediction(sampler: Sampler, process: Process) -> None:
    """Raise TypeError or ValueError when there is nothing that ``debias`` could correct."""
    require_process(sampler, process, MeanRevertingProcess)
    if process.prediction != 'noise':
        raise ValueError(
            f'{type(sampler).__name__}(debias=True) corrects a noise prediction, but the process '
            f"predicts '{process.prediction}'; drop debias"
        )


def log_snr(process: GaussianProcess, t: int | Tensor) -> Tensor:
    """``ln(alpha / sigma)`` at the step ``t``."""
    return torch.log(process.alpha(t) / process.sigma_bar(t))


def debiased_residual(process: MeanRevertingProcess, out: Tensor, y: Tensor, t: int) -> Tensor:
    """Clean minus degraded image from a noise prediction trained by ``ReverseMeanMatching``."""
    of_noise, of_residual = process.matching_bias(t)
    sigma, alpha = process.sigma_bar(t), process.alpha(t)
    return (of_noise * y - sigma * out) / (alpha * of_noise - sigma * of_residual)


def residual_and_noise(
    process: GaussianProcess, out: Tensor, y: Tensor, lq: Tensor, t: int, debias: bool
) -> tuple[Tensor, Tensor]:
    """(clean image - center, unit noise) that the output means for ``y = x_t - center``."""
    if debias:
        residual = debiased_residual(process, out, y, t)
        return residual, (y - process.alpha(t) * residual) / process.sigma_bar(t)
    center = process.center(lq)
    residual = process.clean_from(out, y + center, lq, t) - center
    return residual, process.noise_from(out, y + center, lq, t)
