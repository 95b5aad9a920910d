"""Schedulers of diffusers as samplers."""

import torch
from torch import Tensor

from restorelab.models.contracts import Noise, Predict, Process, Sampler
from restorelab.models.processes import VariancePreservingProcess
from restorelab.models.samplers.walking import require_process
from restorelab.registry import SAMPLERS
from restorelab.utils.options import holds

# Those that draw no noise of their own and take the schedule of a process.
SCHEDULERS = (
    'DPMSolverMultistepScheduler',
    'EulerDiscreteScheduler',
    'UniPCMultistepScheduler',
)
PREDICTION_TYPES = dict(noise='epsilon', velocity='v_prediction')


@SAMPLERS.register_module()
@holds(options=tuple(f'diffusers.{scheduler}' for scheduler in SCHEDULERS))
class DiffusersSampler(Sampler):
    """A scheduler of diffusers, for a ``VariancePreservingProcess``.

    The betas, the prediction and the last step come from the process. Each call builds a scheduler
    of its own, so that calls in several threads do not meet. Shapes: ``lq`` (B, C, H, W) -> the
    restored state, the same.

    Args:
        scheduler: class name of the scheduler: ``DPMSolverMultistepScheduler`` (DPM-Solver++),
            ``UniPCMultistepScheduler`` or ``EulerDiscreteScheduler``.
        steps: number of network calls.
        options: further options of the scheduler, such as ``dict(solver_order=3)``.
    Raises: ValueError for another scheduler, or for one that would draw noise.
    """

    walks = VariancePreservingProcess

    def __init__(
        self,
        scheduler: str = 'UniPCMultistepScheduler',
        steps: int = 8,
        options: dict | None = None,
    ):
        self.scheduler, self.steps, self.options = scheduler, steps, dict(options or {})
        self._validate()

    def _validate(self) -> None:
        if self.scheduler not in SCHEDULERS:
            raise ValueError(
                f"scheduler='{self.scheduler}'; those of diffusers that can be a sampler here are "
                f'{list(SCHEDULERS)}'
            )
        algorithm = self.options.get('algorithm_type', '')
        if algorithm.startswith('sde-'):
            raise ValueError(
                f"algorithm_type='{algorithm}' draws noise that no seed of ours reaches; choose "
                "'dpmsolver++'"
            )

    def check(self, process: Process, steps: int | None = None) -> None:
        require_process(self, process, self.walks)
        process.check_steps(self.steps if steps is None else steps)
        if not process.betas.is_meta:  # then only the size of the model is asked for
            self.build(process)

    def build(self, process: VariancePreservingProcess):
        """A new scheduler with the schedule of ``process``. Raises TypeError for a wrong option."""
        import diffusers

        options = dict(
            num_train_timesteps=process.steps,
            trained_betas=process.betas.tolist(),
            prediction_type=PREDICTION_TYPES[process.prediction],
            timestep_spacing='trailing',
            final_sigmas_type='zero' if process.ends_clean else 'sigma_min',
        )
        return getattr(diffusers, self.scheduler)(**{**options, **self.options})

    @torch.no_grad()
    def __call__(
        self,
        predict: Predict,
        process: VariancePreservingProcess,
        lq: Tensor,
        noise: Noise,
        steps: int | None = None,
    ) -> Tensor:
        scheduler = self.build(process)
        scheduler.set_timesteps(self.steps if steps is None else steps, device=lq.device)
        x = scheduler.add_noise(lq, noise(lq), scheduler.timesteps[:1])
        for t in scheduler.timesteps:
            x_t = scheduler.scale_model_input(x, t)
            x = scheduler.step(predict(x_t, t.expand(len(x))), t, x).prev_sample
        return x
