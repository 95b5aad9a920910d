"""What a weight file may ask for: parts of restorelab, with plain options of bounded size.

A published weight file brings the config of its model, and a person may have it from anywhere. So
that config is data. It is checked whole before anything is built from it:

- ``type`` is the bare name of a part of restorelab, from the table that belongs to the place. It is
  no import path, no name of another package, and no part that a plugin registered.
- An option is one of the constructor, and a plain value: no path, no URL, nothing to fetch.
- The network is first built without memory. It may not be larger than the weights in the file.

``trust=True`` (``--trust``) leaves all this out: the file may then name, and so run, any code that
is installed. A config in Python is code anyway.
"""

import inspect
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from mmengine.registry import DefaultScope, Registry
from torch import Tensor, nn
from torch.nn.modules import module as torch_module
from torch.overrides import TorchFunctionMode

from restorelab import registry as rl
from restorelab.checks import GROUPS, SCOPE, TABLE_OF_KEY
from restorelab.utils.checkpoint import CheckpointError, stored_elements
from restorelab.utils.options import named_options, nearest, with_article
from restorelab.utils.plain import check_plain
from restorelab.utils.weights import SHIPPED

# The tables that a weight file may name parts of.
TABLES = (
    *(rl.BACKBONES, rl.BLOCKS, rl.PRIORS, rl.CUES, rl.ADAPTERS, rl.LOSSES),
    *(rl.PROCESSES, rl.OBJECTIVES, rl.SAMPLERS, rl.CODECS, rl.MODELS),
)
MAKERS = ('restorelab.models.',)  # the modules of these parts begin so
# Options that name a file or something to fetch. In a weight file they are None, or weights that
# ship with restorelab.
FILES = ('cache_dir', 'checkpoint', 'pretrained', 'prompts')
# Options that the model gives to its parts.
GIVEN = ('cond_widths', 'tap_specs')
# Options that may be a dict of plain values, and the class or the names of what stands in it.
CLIP_VISION = (
    *('attentional_pool', 'embed_dim', 'head_width', 'image_size', 'layers', 'ls_init_value'),
    *('mlp_ratio', 'no_ln_pre', 'patch_size', 'pool_type', 'quick_gelu', 'width'),
)
CLIP_TEXT = (
    *('context_length', 'heads', 'layers', 'ls_init_value', 'mlp_ratio', 'no_causal_mask'),
    *('pool_type', 'proj_bias', 'vocab_size', 'width'),
)
CLIP = ('embed_dim', 'quick_gelu', 'text_cfg', 'vision_cfg')
DINOV2 = (
    *('hidden_act', 'hidden_size', 'image_size', 'layer_norm_eps', 'layerscale_value'),
    *('mlp_ratio', 'num_attention_heads', 'num_channels', 'num_hidden_layers', 'patch_size'),
    *('qkv_bias', 'use_mask_token', 'use_swiglu_ffn'),
)
SCHEDULER = (
    *('algorithm_type', 'lower_order_final', 'predict_x0', 'solver_order', 'solver_type'),
    *('use_exponential_sigmas', 'use_karras_sigmas'),
)
DICTS: dict[str, tuple[str, ...] | str | None] = {
    'clip': CLIP,
    'controller': None,  # the constructor of ours takes no other options than its own
    'network': DINOV2,
    'options': SCHEDULER,
    'prompt_for': None,  # the names of tasks
    'text_cfg': CLIP_TEXT,
    'tower': CLIP_VISION,
    'unet': 'diffusers',
    'vae': 'diffusers',
    'vision_cfg': CLIP_VISION,
}
STEPS = ('respaced_steps', 'steps')
MOST_STEPS = 10_000
# Frozen parts read weights that ship, so a network may be this much larger than its file.
SPARE_ELEMENTS = 2**24
SPARE_MODULES = 10_000
A_NAME = re.compile(r'[\w.,+\- ]*')  # no separators of paths and URLs
ADVICE = (
    'Nothing of the file was run. Only if you know who made it and it needs this: --trust '
    '(trust=True) lets a file run any code that is installed'
)


def build_model(
    config: dict, state: dict[str, Tensor], file: object, trust: bool = False
) -> tuple[nn.Module, dict[str, Tensor]]:
    """The model of a config that came with weights, and the weights that belong to it.

    Args:
        config: of the model, in today's names.
        state: the weights.
        file: names the file in messages.
        trust: True builds whatever the config names, and all of it. Otherwise it is the restorer,
            see ``for_restoring``.
    Raises: CheckpointError naming file, entry and value, for what an untrusted file may not have.
    """
    if trust:
        return rl.MODELS.build(config), state
    config, state = for_restoring(config, state)
    return build_untrusted(config, state, file), state


def build_untrusted(config: dict, state: dict[str, Tensor], file: object) -> nn.Module:
    """The model of a config that came with the weights ``state``, after all checks.

    Args:
        config: of the model, in today's names, as ``for_restoring`` gives it.
        file: names the file in messages.
    Raises: CheckpointError naming file, entry and value.
    """
    check_untrusted(config, file)
    with DefaultScope.overwrite_default_scope(SCOPE):
        try:
            limited = _limited(stored_elements(state), len(state))
            with torch.device('meta'), _WithoutValues(), limited:
                rl.MODELS.build(config)
            return rl.MODELS.build(config)
        except CheckpointError:
            raise
        except Exception as error:  # its options may be anything, and so may their errors
            reason = f'{type(error).__name__}: {error}'.split('\n')[0]
            raise CheckpointError(
                f'{file}: config: no model can be built from it ({reason}). The file was made by '
                'another version of restorelab, or changed by hand; publish it again'
            ) from error


def for_restoring(config: dict, state: dict[str, Tensor]) -> tuple[dict, dict[str, Tensor]]:
    """Config and weights of the restorer in a model, without what only its training uses.

    These are the tasks of a joint model, among them detectors of other packages, and step losses.
    """
    if config.get('type') == 'JointRestorer' and isinstance(config.get('restorer'), dict):
        config = config['restorer']
        state = {
            key.removeprefix('restorer.'): value
            for key, value in state.items()
            if key.startswith('restorer.')
        }
    config = {key: value for key, value in config.items() if key != 'step_losses'}
    return config, {
        key: value for key, value in state.items() if not key.startswith('step_losses.')
    }


def check_untrusted(config: object, file: object) -> None:
    """Raise CheckpointError unless ``config`` is a model of parts and options that are allowed.

    The message names the file, the entry and the value, and says what to do.
    """
    check_plain(config, file, 'config')
    _Checks(file).check_part(config, rl.MODELS, 'config')


class _Checks:
    """Walks the config of one file."""

    def __init__(self, file: object):
        self.file = file

    def refuse(self, place: str, value: object, reason: str) -> None:
        shown = repr(value)
        shown = shown if len(shown) <= 120 else f'{shown[:120]}...'
        raise CheckpointError(f'{self.file}: {place} = {shown}: {reason}. {ADVICE}')

    def check_part(self, cfg: object, table: Registry, place: str) -> None:
        """A part of ``table`` and everything in it."""
        if not isinstance(cfg, dict) or 'type' not in cfg:
            self.refuse(place, cfg, f"{with_article(table.name)} is a dict with the key 'type'")
        part = self.find(cfg['type'], table, f'{place}.type')
        names, _ = named_options(part)
        for key, value in cfg.items():
            if key == 'type':
                continue
            inner = f'{place}.{key}'
            if key not in names or key in GIVEN:
                near = nearest(key, [name for name in names if name not in GIVEN])
                self.refuse(inner, value, f'{cfg["type"]} has no such option; nearest: {near}')
            self.check_option(key, value, cfg['type'], inner)
        self.check_defaults(part, cfg, place)

    def find(self, kind: object, table: rl.Table, place: str) -> Callable:
        """The part called ``kind``, of restorelab itself."""
        if not isinstance(kind, str):
            self.refuse(place, kind, 'a weight file names a part by a word')
        if '.' in kind:
            self.refuse(place, kind, 'a weight file may name no import path and no other package')
        table.import_part(kind)
        part = table.module_dict.get(kind)
        if part is None:
            table.import_from_location()
            near = nearest(kind, table.module_dict) or 'none'
            self.refuse(place, kind, f'no {table.name} of restorelab; nearest: {near}')
        if not part.__module__.startswith(MAKERS):
            self.refuse(place, kind, f'registered by {part.__module__}, which is not restorelab')
        return part

    def check_option(self, key: str, value: object, kind: str, place: str) -> None:
        if key == 'init_cfg':
            self.check_start(value, place)
        elif key in FILES:
            self.check_file(value, place)
        elif key == 'sampler':
            self.check_part(value, rl.SAMPLERS, place)
        elif key in TABLE_OF_KEY and _holds_dicts(value):  # elsewhere it has words: names of tasks
            self.check_parts(key, value, place)
        elif isinstance(value, dict):
            self.check_dict(key, value, kind, place)
        elif key in ('clip', 'tower'):
            self.check_clip(value, place)
        else:
            self.check_value(value, place)
            if key in STEPS and isinstance(value, int) and value > MOST_STEPS:
                self.refuse(place, value, f'a weight file may ask for at most {MOST_STEPS} steps')

    def check_parts(self, key: str, value: object, place: str) -> None:
        """A part, several in a list, or several by name; None leaves one out."""
        table = TABLE_OF_KEY[key]
        if table not in TABLES:
            self.refuse(place, value, f'a weight file may hold no {table.name}')
        if key in GROUPS and isinstance(value, dict):
            value = {f'{place}.{name}': part for name, part in value.items()}
        elif isinstance(value, list):
            value = {f'{place}.{index}': part for index, part in enumerate(value)}
        else:
            value = {place: value}
        for inner, part in value.items():
            if part is not None:
                self.check_part(part, table, inner)

    def check_dict(self, key: str, value: dict, kind: str, place: str) -> None:
        """A dict of plain options for a network of another package."""
        if key not in DICTS:
            self.refuse(place, value, f'the option {key} of {kind} is no dict')
        known = DICTS[key]
        if known == 'diffusers':
            known = _options_in_diffusers(kind)
        for name, inner in value.items():
            if known is not None and name not in known:
                near = nearest(name, known) or 'none'
                self.refuse(f'{place}.{name}', inner, f'no option that is allowed; nearest: {near}')
            if isinstance(inner, dict):
                self.check_dict(name, inner, kind, f'{place}.{name}')
            else:
                self.check_value(inner, f'{place}.{name}')

    def check_value(self, value: object, place: str) -> None:
        """A plain value, or a list of them. A word has no character of paths and URLs."""
        if isinstance(value, dict):
            self.refuse(place, value, 'a plain value is wanted here, not a dict')
        if isinstance(value, list):
            for index, inner in enumerate(value):
                self.check_value(inner, f'{place}.{index}')
        if isinstance(value, str) and not A_NAME.fullmatch(value):
            self.refuse(place, value, 'a weight file may name no path, no URL and nothing to fetch')

    def check_clip(self, name: object, place: str) -> None:
        """The name of a model of open_clip that needs no other library to fetch a part of it."""
        import open_clip

        self.check_value(name, place)
        config = open_clip.get_model_config(name) if isinstance(name, str) else None
        if config is None:
            self.refuse(place, name, 'open_clip knows no such model')
        options = [*config['vision_cfg'], *config.get('text_cfg', {})]
        if [option for option in options if option.startswith(('hf_', 'timm_'))]:
            self.refuse(place, name, 'this model of open_clip takes a part from another library')

    def check_file(self, value: object, place: str) -> None:
        if value is not None and not (isinstance(value, str) and SHIPPED.fullmatch(value)):
            self.refuse(
                place,
                value,
                'a weight file may read no other file and fetch nothing, but for weights that ship '
                'with restorelab (restorelab:<name>)',
            )

    def check_start(self, value: object, place: str) -> None:
        """Where a training started from. Restoring never reads it."""
        if value is None:
            return
        if not isinstance(value, dict) or value.get('type') != 'StartFrom':
            self.refuse(
                place, value, 'a weight file has None or the StartFrom of its training here'
            )
        for key, inner in value.items():
            if key not in ('type', 'checkpoint', 'part') or not isinstance(inner, str):
                self.refuse(f'{place}.{key}', inner, 'StartFrom has the words checkpoint and part')
            if '://' in inner:
                self.refuse(f'{place}.{key}', inner, 'a weight file may name no URL')

    def check_defaults(self, part: Callable, cfg: dict, place: str) -> None:
        """Some parts fetch a network unless they are told otherwise."""
        for name, option in inspect.signature(part).parameters.items():
            if name in FILES and name not in cfg and isinstance(option.default, str):
                self.refuse(
                    place, cfg, f'{cfg["type"]} fetches {option.default!r} from the network'
                )


def _holds_dicts(value: object) -> bool:
    entries = value if isinstance(value, list) else [value]
    return any(isinstance(entry, dict) for entry in entries)


def _options_in_diffusers(kind: str) -> list[str]:
    """The options of the class of diffusers behind the part called ``kind``."""
    import diffusers

    classes = dict(
        DiffusersUNet2D=diffusers.UNet2DModel,
        LatentAutoencoder=diffusers.AutoencoderKL,
        SDTurboUNet=diffusers.UNet2DConditionModel,
    )
    return named_options(classes[kind])[0]


class _WithoutValues(TorchFunctionMode):
    """Leaves out what only sets values, for tensors without memory, which have none.

    For these functions torch would import its compiler, which takes longer than to restore a small
    picture.
    """

    SETTERS = (Tensor.clamp_, Tensor.erfinv_, Tensor.normal_, nn.init.normal_)

    def __torch_function__(
        self, func: Callable, types: tuple, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        kwargs = kwargs or {}
        if func in self.SETTERS:
            tensor = args[0] if args else kwargs['tensor']
            if tensor.is_meta:
                return tensor
        return func(*args, **kwargs)


@contextmanager
def _limited(elements: int, tensors: int) -> Iterator[None]:
    """Ends a build in this thread that makes a larger network than the weights at hand are of."""
    thread = threading.get_ident()
    seen: dict[int, object] = {}
    counts = dict(elements=0, modules=0)
    most = dict(elements=elements + SPARE_ELEMENTS, modules=SPARE_MODULES + 10 * tensors)

    def count(kind: str, value: object, amount: int) -> None:
        if threading.get_ident() != thread or id(value) in seen:
            return
        seen[id(value)] = value
        counts[kind] += amount
        if counts[kind] > most[kind]:
            raise ValueError(
                f'its network has more than {counts[kind] - 1:,} {kind}, but the file holds '
                f'{elements:,} numbers in {tensors} tensors'
            )

    def count_tensor(_module: nn.Module, _name: str, value: Tensor | None) -> None:
        if value is not None:
            count('elements', value, value.numel())

    def count_module(_module: nn.Module, _name: str, value: nn.Module | None) -> None:
        if value is not None:
            count('modules', value, 1)

    hooks = [
        torch_module.register_module_parameter_registration_hook(count_tensor),
        torch_module.register_module_buffer_registration_hook(count_tensor),
        torch_module.register_module_module_registration_hook(count_module),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
