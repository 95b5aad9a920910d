"""What the parts of a restorer promise each other: one class for each kind of part.

A part derives from the class of its kind and writes the methods marked ``required``. Everything
else has a default here. When a config is built, ``check_contract`` holds each part against its
contract: a missing method or argument is named then, and not in the first training step.

Images are float32 (B, 3, H, W), RGB, in [0, 1]. ``B`` is the batch, ``C`` channels, ``D`` the width
of a vector. ``lq`` is the degraded image, ``gt`` the clean one.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence

import torch  # noqa: F401  the examples use it
from torch import Tensor, nn

from restorelab.structures import (
    Condition,
    DiffusionState,
    RestorationSample,
    TapContext,
    TapSpec,
    TrainingStep,
)

Noise = Callable[[Tensor], Tensor]  # tensor of the wanted shape -> standard normal noise
Predict = Callable[[Tensor, Tensor], Tensor]  # state (B, C, H, W), step (B,) -> network output


def required(method: Callable) -> Callable:
    """Mark a method that every part of this kind writes itself."""
    method.is_required = True
    return method


class Part(nn.Module):
    """A module that may start from pretrained weights."""

    def load_pretrained(self) -> None:
        """Read the weights of pretrained parts, once, before training or restoring.

        The default asks the parts inside. A part that reads its own weights overrides this.
        Raises: FileNotFoundError that says how to provide weights which cannot be fetched.
        """
        load_pretrained_parts(self)


def load_pretrained_parts(module: nn.Module) -> None:
    """Call ``load_pretrained`` of the parts in ``module``, but not of the parts inside those.

    A part decides itself what its inner parts load: it may hold newer weights than they start from.
    """
    for child in module.children():
        if isinstance(child, Part | Model):
            child.load_pretrained()
        else:
            load_pretrained_parts(child)


class Backbone(Part):
    """A network with named taps, where adapters may change its features.

    Derive from ``RegressionBackbone`` or ``DiffusionBackbone``: they differ in ``forward``.

    Attributes:
        size_divisor: the height and width that ``forward`` takes are multiples of this.
        tap_specs: where adapters may sit. The network calls ``ctx.tap(name, feature)`` there.
    """

    size_divisor: int = 1
    tap_specs: Sequence[TapSpec] = ()


class RegressionBackbone(Backbone):
    """Degraded image -> restored image in one call.

    >>> class Gain(RegressionBackbone):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.gain = nn.Parameter(torch.ones(1))
    ...     def forward(self, lq, ctx=None):
    ...         return lq * self.gain
    >>> check_contract(Gain, 'backbone')
    """

    @required
    def forward(self, lq: Tensor, ctx: TapContext | None = None) -> Tensor:
        """``lq`` (B, 3, H, W) -> restored image (B, 3, H, W), not clamped."""
        raise NotImplementedError


class DiffusionBackbone(Backbone):
    """State, degraded image and time -> prediction. The process knows what the prediction means.

    Attributes:
        channels: C of the state: 3 for images, that of the codec for latents.

    >>> class Difference(DiffusionBackbone):
    ...     def forward(self, x_t, lq, time, ctx=None):
    ...         return lq - x_t
    >>> check_contract(Difference, 'backbone')
    """

    channels: int = 3

    @required
    def forward(
        self, x_t: Tensor, lq: Tensor, time: Tensor, ctx: TapContext | None = None
    ) -> Tensor:
        """``x_t``, ``lq`` (B, C, H, W) as the process has them, ``time`` (B,) -> (B, C, H, W)."""
        raise NotImplementedError


class AttentionBlock(nn.Module):
    """Attention on a level of an hourglass U-Net, with its residual: (B, C, H, W) -> the same.

    The constructor takes ``channels`` (C); the network gives it.

    Attributes:
        has_tokens: its pixels are tokens (B, H * W, C) at some point, and then pass ``tap``.

    >>> class Mean(AttentionBlock):
    ...     def __init__(self, channels):
    ...         super().__init__()
    ...     def forward(self, x, tap=None):
    ...         return x + x.mean(dim=(2, 3), keepdim=True)
    >>> check_contract(Mean, 'block')
    """

    has_tokens: bool = False

    @required
    def forward(self, x: Tensor, tap: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """``x`` (B, C, H, W) -> (B, C, H, W). ``tap`` is where adapters change the tokens."""
        raise NotImplementedError


class DecoderBlock(nn.Module):
    """A block of the decoder of a ``RestormerUNet``: (B, C, H, W) -> the same.

    The constructor takes ``channels`` (C), ``num_heads``, ``expansion`` and ``bias``; the network
    gives all four.

    Attributes:
        guided: it is called with a guidance.

    >>> class Pointwise(DecoderBlock):
    ...     def __init__(self, channels, num_heads, expansion, bias):
    ...         super().__init__()
    ...         self.conv = nn.Conv2d(channels, channels, 1, bias=bias)
    ...     def forward(self, x, guidance=None):
    ...         return x + self.conv(x)
    >>> check_contract(Pointwise, 'block')
    """

    guided: bool = False

    @required
    def forward(self, x: Tensor, guidance: Tensor | None = None) -> Tensor:
        """``x`` (B, C, H, W), and ``guidance`` of its shape if ``guided`` -> (B, C, H, W)."""
        raise NotImplementedError


class Prior(Part):
    """Degraded image -> what is known about it, by name. Computed once per image.

    Attributes:
        provides: width of each entry by its full name, such as ``{'vectors.degradation': 512}``.
        kinds: degradations whose strength in [0, 1] it estimates, each as a vector (B, 1) of that
            name; empty for priors that know something else.

    >>> class Brightness(Prior):
    ...     provides = {'vectors.brightness': 1}
    ...     def forward(self, lq):
    ...         return Condition(vectors=dict(brightness=lq.mean(dim=(1, 2, 3))[:, None]))
    >>> check_contract(Brightness, 'prior')
    """

    provides: Mapping[str, int] = {}
    kinds: Sequence[str] = ()

    @required
    def forward(self, lq: Tensor) -> Condition:
        """``lq`` (B, 3, H, W) -> Condition with the entries that ``provides`` names."""
        raise NotImplementedError


class Adapter(Part):
    """Changes the features of a backbone at its taps: (B, C, H, W) -> the same shape.

    The constructor takes ``tap_specs`` (the taps of the model) and ``cond_widths`` (the width of
    each condition) first; the restorer gives both. A new adapter starts as the identity, or its
    docstring says why not.

    Attributes:
        taps: names of the taps it sits on.
        needs: full names of the conditions it reads, such as ``('vectors.degradation',)``.
        tasks: names of the tasks it has prompts for; empty for an adapter without tasks.
        needs_reference: it learns from a reference pass, the same network on the clean image.
        in_reference: it also works in that reference pass.
        find_unused_parameters: a batch need not use all of its weights.

    >>> class Scale(Adapter):
    ...     def __init__(self, tap_specs, cond_widths):
    ...         super().__init__()
    ...         self.taps = (tap_specs[0].name,)
    ...         self.scale = nn.Parameter(torch.ones(1))
    ...     def on_tap(self, name, feat, ctx):
    ...         return feat * self.scale
    >>> check_contract(Scale, 'adapter')
    """

    taps: Sequence[str] = ()
    needs: Sequence[str] = ()
    tasks: Sequence[str] = ()
    needs_reference: bool = False
    in_reference: bool = True
    find_unused_parameters: bool = False

    @required
    def on_tap(self, name: str, feat: Tensor, ctx: TapContext) -> Tensor:
        """The new value of the feature ``feat`` (B, C, H, W) at the tap ``name``."""
        raise NotImplementedError

    def loss(self, ctx: TapContext, reference: TapContext) -> dict[str, Tensor]:
        """Scalars by name, from one call and its reference pass. Asked if ``needs_reference``."""
        return {}


class Process(Part):
    """A diffusion process: its forward law, its training target, its conversions. No network.

    Attributes:
        steps: T, the number of steps. Functions take ``t`` as an int or an int64 tensor (B,).

    >>> class Mix(Process):
    ...     steps = 1
    ...     def add_noise(self, gt, lq, t=None, noise=None):
    ...         t = torch.zeros(len(gt), dtype=torch.long)
    ...         return DiffusionState(lq, t, gt, torch.zeros_like(gt), gt, lq)
    ...     def clean_from(self, out, x_t, lq, t):
    ...         return out
    >>> check_contract(Mix, 'process')
    """

    steps: int

    def to_state(self, image: Tensor) -> Tensor:
        """An image in [0, 1] in the range of the process."""
        return image

    def to_image(self, state: Tensor) -> Tensor:
        """The inverse of ``to_state``."""
        return state

    def time(self, t: Tensor) -> Tensor:
        """What the network is told about the steps ``t`` (B,)."""
        return t

    @required
    def add_noise(
        self, gt: Tensor, lq: Tensor, t: Tensor | None = None, noise: Tensor | None = None
    ) -> DiffusionState:
        """A training state (B, C, H, W). ``t`` and ``noise`` are drawn when they are None."""
        raise NotImplementedError

    @required
    def clean_from(self, out: Tensor, x_t: Tensor, lq: Tensor, t: int | Tensor) -> Tensor:
        """The clean image (B, C, H, W) that the network output ``out`` means."""
        raise NotImplementedError


class Sampler:
    """Walks a process backwards: from the degraded image to the restored one.

    Attributes:
        steps: number of network calls; None is all steps of the process.
        walks: the class of the processes that it can read.

    >>> class OneStep(Sampler):
    ...     steps = 1
    ...     def __call__(self, predict, process, lq, noise, steps=None):
    ...         t = torch.full((len(lq),), process.steps - 1)
    ...         return process.clean_from(predict(lq, t), lq, lq, t)
    >>> check_contract(OneStep, 'sampler')
    """

    steps: int | None = None
    walks: type[Process] = Process

    def check(self, process: Process, steps: int | None = None) -> None:
        """Raise TypeError or ValueError when it cannot walk ``process`` in ``steps`` steps."""

    @required
    def __call__(
        self, predict: Predict, process: Process, lq: Tensor, noise: Noise, steps: int | None = None
    ) -> Tensor:
        """The restored state (B, C, H, W) for the degraded one ``lq``, in the process's range.

        ``steps`` replaces the sampler's own number for this call alone.
        """
        raise NotImplementedError


class Objective:
    """Turns a network output into the pair that the loss compares.

    >>> class Clean(Objective):
    ...     def __call__(self, process, out, state):
    ...         return process.clean_from(out, state.x_t, state.lq, state.t), state.gt
    >>> check_contract(Clean, 'objective')
    """

    def check(self, process: Process) -> None:
        """Raise TypeError when the objective cannot read this process."""

    @required
    def __call__(
        self, process: Process, out: Tensor, state: DiffusionState
    ) -> tuple[Tensor, Tensor]:
        """(prediction, target), both (B, C, H, W)."""
        raise NotImplementedError


class Codec(Part):
    """Image <-> the space that the diffusion runs in.

    Attributes:
        stride: pixels of the image for one pixel of the latent.
        channels: C of the latent.
        is_pixel: the latent is the image itself, so the process maps its range.
        min_side: smaller images are enlarged to this shorter side before they are encoded.
        tap_specs: taps of the encoder and the decoder.

    >>> class Identity(Codec):
    ...     is_pixel = True
    ...     def encode(self, image, noise, ctx=None):
    ...         return image
    ...     def decode(self, latent, ctx=None):
    ...         return latent
    >>> check_contract(Identity, 'codec')
    """

    stride: int = 1
    channels: int = 3
    is_pixel: bool = False
    min_side: int = 1
    tap_specs: Sequence[TapSpec] = ()

    @required
    def encode(self, image: Tensor, noise: Noise, ctx: TapContext | None = None) -> Tensor:
        """``image`` (B, 3, H, W) in [0, 1] -> (B, C, H / stride, W / stride)."""
        raise NotImplementedError

    @required
    def decode(self, latent: Tensor, ctx: TapContext | None = None) -> Tensor:
        """The inverse of ``encode``: an image (B, 3, H, W) in units of [0, 1], not clamped."""
        raise NotImplementedError


class Task(Part):
    """A network that looks at restored images: its losses train the restorer, too.

    Attributes:
        frozen: its own weights do not train.
        loss_weight: factor of its losses; 0 means that training does without it.

    >>> class Dark(Task):
    ...     def loss(self, images, samples):
    ...         return dict(loss=images.mean())
    ...     def predict(self, image, sample):
    ...         return dict(pred_brightness=float(image.mean()))
    >>> check_contract(Dark, 'task')
    """

    frozen: bool = True
    loss_weight: float = 1.0

    @required
    def loss(self, images: Tensor, samples: list[RestorationSample]) -> dict[str, Tensor]:
        """Scalars by name, not weighted, of images (B, 3, H, W) in [0, 1] and their labels."""
        raise NotImplementedError

    @required
    def predict(self, image: Tensor, sample: RestorationSample) -> dict[str, object]:
        """What the network finds in one image (3, H, W): ``pred_*`` fields for the metrics."""
        raise NotImplementedError

    def check_dataset(self, dataset) -> None:
        """Raise ValueError or KeyError when the task cannot be scored on ``dataset``."""

    def check_training(self, dataset) -> None:
        """Raise ValueError or KeyError when the task cannot learn from ``dataset``."""


class Loss(nn.Module):
    """Prediction and target -> scalar.

    Attributes:
        compares: what the two are: ``images`` (B, C, H, W), or a word for something else.

    >>> class Squared(Loss):
    ...     def forward(self, pred, target):
    ...         return (pred - target).square().mean()
    >>> check_contract(Squared, 'loss')
    """

    compares: str = 'images'

    @required
    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        """``pred`` and ``target`` (B, ...) -> scalar, weighted."""
        raise NotImplementedError


class StepLoss(Part):
    """A whole training step -> scalar. For losses that need more than prediction and target.

    Attributes:
        keeps_reference: its buffer ``reference_psnr`` is written by ``DifficultyReferenceHook``.
        needs: full names of the conditions it reads, such as ``('vectors.degradation',)``.
        decodes_again: it restores for other tasks, which needs latents.

    >>> class Pale(StepLoss):
    ...     def forward(self, step):
    ...         return (step.restored.mean() - step.gt.mean()).abs()
    >>> check_contract(Pale, 'loss')
    """

    keeps_reference: bool = False
    needs: Sequence[str] = ()
    decodes_again: bool = False

    @required
    def forward(self, step: TrainingStep) -> Tensor:
        """A ``TrainingStep`` with images (B, 3, H, W) -> scalar, weighted."""
        raise NotImplementedError


class Proxy(Part):
    """Gives images of other restorers, which losses compare with.

    >>> class Degraded(Proxy):
    ...     def forward(self, step):
    ...         return step.lq, torch.ones(len(step.lq))
    >>> check_contract(Degraded, 'proxy')
    """

    @required
    def forward(self, step: TrainingStep) -> tuple[Tensor, Tensor]:
        """Images (B, 3, H, W), and a mask (B,) that is 1 where there is one."""
        raise NotImplementedError


class Model(nn.Module):
    """What MMEngine's Runner trains.

    It has the methods of MMEngine's BaseModel and does not derive from it. Importing BaseModel
    imports every optimizer that MMEngine knows, with transformers and much of torch.distributed.
    That takes longer than restoring a small picture.

    Attributes:
        find_unused_parameters: a batch need not use all weights; processes must look which it used.
        step_losses: losses on a whole training step, by name; only training needs them.
    """

    find_unused_parameters: bool = False

    def __init__(self, data_preprocessor: nn.Module, init_cfg: dict | None = None):
        """
        Args:
            data_preprocessor: batch of the data loader, whether it is for training -> the arguments
                of ``forward`` but ``mode``.
            init_cfg: config of a WEIGHT_INITIALIZERS part.
        """
        super().__init__()
        self.data_preprocessor = data_preprocessor
        self.init_cfg = init_cfg
        self._is_init = False  # BaseModule.init_weights sets it
        self.step_losses = nn.ModuleDict()

    def init_weights(self) -> None:
        """Start as ``init_cfg`` says, then the modules inside. The Runner calls this once."""
        from mmengine.model import BaseModule

        BaseModule.init_weights(self)

    def _dump_init_info(self) -> None:
        from mmengine.model import BaseModule

        BaseModule._dump_init_info(self)

    def train_step(self, data: dict, optim_wrapper) -> dict[str, Tensor]:
        """One step of training on a batch. Returns what is logged: ``loss``, and each loss."""
        with optim_wrapper.optim_context(self):
            losses = self(**self.data_preprocessor(data, True), mode='loss')
        loss, logged = self.parse_losses(losses)
        optim_wrapper.update_params(loss)
        return logged

    def val_step(self, data: dict) -> list[RestorationSample]:
        """The samples of a batch with the predictions set."""
        return self(**self.data_preprocessor(data, False), mode='predict')

    def test_step(self, data: dict) -> list[RestorationSample]:
        """As ``val_step``."""
        return self.val_step(data)

    def parse_losses(self, losses: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """The sum of all entries that have ``loss`` in their names, and what is logged."""
        means = {name: value.mean() for name, value in losses.items()}
        loss = sum(value for name, value in means.items() if 'loss' in name)
        return loss, {'loss': loss, **means}

    def load_pretrained(self) -> None:
        """Read the weights of pretrained parts, as ``Part.load_pretrained``."""
        load_pretrained_parts(self)

    def check_dataset(self, dataset, training: bool) -> None:
        """Raise ValueError or KeyError when the model cannot work with ``dataset``."""

    def image_restorer(self) -> 'Restorer | None':
        """The restorer in this model, or None for a model that restores no images."""
        return None

    def forward(
        self,
        inputs: Tensor,
        data_samples: list[RestorationSample] | None = None,
        mode: str = 'tensor',
    ):
        """MMEngine's three modes: ``loss``, ``predict`` and ``tensor``."""
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return self.tensor(inputs)
        raise ValueError(f"mode is 'loss', 'predict' or 'tensor', not '{mode}'")

    @required
    def loss(self, inputs: Tensor, data_samples: list[RestorationSample]) -> dict[str, Tensor]:
        """Scalars by name, each called ``loss_...``, for ``inputs`` (B, 3, H, W)."""
        raise NotImplementedError

    @required
    def predict(
        self, inputs: Tensor, data_samples: list[RestorationSample]
    ) -> list[RestorationSample]:
        """The samples of ``inputs`` (B, 3, H, W) with the predictions set."""
        raise NotImplementedError

    @required
    def tensor(self, inputs: Tensor):
        """The raw output for ``inputs`` (B, 3, H, W)."""
        raise NotImplementedError


class Restorer(Model):
    """A model that restores images. It names no concrete part: the config does.

    Attributes:
        tile_grid: tiles of a large image begin at multiples of this.
        tasks: names of the tasks that it can restore for; empty for a model without tasks.
        kinds: degradations whose strength it estimates, and obeys; see ``Prior``.
    """

    kinds: Sequence[str] = ()
    tile_grid: int = 16
    tasks: Sequence[str] = ()

    def image_restorer(self) -> 'Restorer':
        return self

    @required
    def condition(self, lq: Tensor, wanted: Sequence[str] | None = None) -> Condition:
        """What the priors say about ``lq`` (B, 3, H, W); only ``wanted`` entries if given."""
        raise NotImplementedError

    @required
    def restore(
        self,
        lq: Tensor,
        cond: Condition | None = None,
        noise: Noise | None = None,
        tasks: Sequence[str] | None = None,
        steps: int | None = None,
    ) -> Tensor:
        """The restored image of ``lq`` (B, 3, H, W), clamped to [0, 1]."""
        raise NotImplementedError

    @required
    def restore_region(
        self,
        lq: Tensor,
        cond: Condition,
        noise: Noise,
        tasks: Sequence[str] | None,
        steps: int | None,
    ) -> Tensor:
        """The restored image (B, 3, H, W), not clamped, of a whole image or of a tile.

        ``lq`` is at working size. ``cond`` is that of the whole image, its maps cut to the tile.
        """
        raise NotImplementedError

    @required
    def training_step(
        self, lq: Tensor, samples: list[RestorationSample]
    ) -> tuple[dict[str, Tensor], TrainingStep]:
        """The losses of one step for ``lq`` (B, 3, H, W), and the step, for tasks behind it."""
        raise NotImplementedError

    def working_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The size (H, W) at which an image of ``size`` is restored, before it is cut in tiles."""
        return size

    def check_steps(self, steps: int | None) -> None:
        """Raise ValueError when the model cannot sample in ``steps`` steps; None is always fine."""
        if steps is not None:
            raise ValueError(
                f'steps={steps}: {type(self).__name__} has no sampler; leave steps out'
            )


# The contracts of each table by the table's name; a part derives from one of them.
CONTRACTS: dict[str, tuple[type, ...]] = {
    'backbone': (RegressionBackbone, DiffusionBackbone),
    'block': (AttentionBlock, DecoderBlock),
    'prior': (Prior,),
    'cue': (Prior,),
    'adapter': (Adapter,),
    'process': (Process,),
    'objective': (Objective,),
    'sampler': (Sampler,),
    'codec': (Codec,),
    'task': (Task,),
    'loss': (Loss, StepLoss),
    'proxy': (Proxy,),
}


# Parts of ours that hold one of another package, by the table and the package.
HOLDERS = {
    ('backbone', 'diffusers'): "dict(type='DiffusersUNet2D', unet=dict(...))",
    ('sampler', 'diffusers'): "dict(type='DiffusersSampler', scheduler='...')",
    ('codec', 'diffusers'): "dict(type='LatentAutoencoder', vae=dict(...))",
}


def _package_of(part: Callable) -> str:
    return part.__module__.partition('.')[0]


def contracts_of(part: Callable, kind: str) -> list[type]:
    """The contracts of the table ``kind`` that the class ``part`` derives from."""
    if not inspect.isclass(part):
        return []
    return [contract for contract in CONTRACTS[kind] if issubclass(part, contract)]


def check_contract(part: Callable, kind: str) -> None:
    """Raise TypeError unless ``part`` keeps the contract of the table ``kind``.

    The message names the missing base class, method or argument, and shows the right signature.
    A table without an entry in ``CONTRACTS`` takes any class.
    """
    if kind not in CONTRACTS:
        return
    name = getattr(part, '__name__', repr(part))
    contracts = contracts_of(part, kind)
    if not contracts:
        wanted = ' or '.join(contract.__name__ for contract in CONTRACTS[kind])
        holder = HOLDERS.get((kind, _package_of(part)))
        raise TypeError(
            f'{kind} {name} does not derive from {wanted}; derive it from one of the classes in '
            'restorelab.models.contracts, which say what it must offer'
            + (f', or take {holder}, which holds such a part' if holder else '')
        )
    for contract in contracts:
        for method_name, wanted_method in _required_methods(contract).items():
            _check_method(part, contract, method_name, wanted_method, kind)


def _required_methods(contract: type) -> dict[str, Callable]:
    methods = inspect.getmembers(contract, inspect.isfunction)
    return {name: method for name, method in methods if hasattr(method, 'is_required')}


def _check_method(
    part: type, contract: type, name: str, wanted_method: Callable, kind: str
) -> None:
    method = getattr(part, name)
    signature = f'a {contract.__name__} has {name}{inspect.signature(wanted_method)}'
    whose = f'{kind} {part.__name__}'
    if method is wanted_method:
        raise TypeError(f'{whose} does not write {name}; {signature}')
    wanted = list(inspect.signature(wanted_method).parameters)
    given = inspect.signature(method).parameters.values()
    if any(p.kind is p.VAR_POSITIONAL for p in given):
        return
    missing = [word for word in wanted if word not in [p.name for p in given]]
    if missing:
        raise TypeError(f'{whose}: {name} lacks the argument {missing}; {signature}')
    extra = [p.name for p in given if p.name not in wanted and _must_be_given(p)]
    if extra:
        raise TypeError(f'{whose}: {name} asks for {extra}, which nobody gives; {signature}')


def _must_be_given(parameter: inspect.Parameter) -> bool:
    variable = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return parameter.default is parameter.empty and not variable
