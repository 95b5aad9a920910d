"""Task feature adaptation: one prompt per task steers the decoder (UniRestore)."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from restorelab.models.contracts import Adapter
from restorelab.registry import ADAPTERS
from restorelab.structures import LATENT, TapContext, TapSpec, select_taps, taps_of_role
from restorelab.utils.picture_statistics import over_picture


def make_gate(channels: int, num_tokens: int) -> nn.Sequential:
    """(B, C, H, W) -> (B, T C, H, W), behind an instance norm."""
    return nn.Sequential(
        nn.InstanceNorm2d(channels),
        nn.Conv2d(channels, channels, 3, padding=1),
        nn.GELU(),
        nn.Conv2d(channels, channels * num_tokens, 3, padding=1),
    )


class TaskEditor(nn.Module):
    """One decoder level: takes features and a prompt, gives both adapted.

    The update is like an LSTM's. The encoder feature decides how much of the prompt (B, T, C) is
    forgotten, and what is added. The new prompt chooses which part of the encoder feature enters
    the decoder. The softmaxes run over the channels, so a prompt enters with a weight of about
    1 / C.

    Args:
        channels: of the decoder feature.
        skip_channels: C, of the encoder feature and of the prompt.
        next_channels: C of the next level, None at the last.
        num_tokens: T.
    """

    def __init__(
        self, channels: int, skip_channels: int, next_channels: int | None, num_tokens: int
    ):
        super().__init__()
        self.num_tokens = num_tokens
        self.filter_gate = make_gate(skip_channels, num_tokens)
        self.info_gate = make_gate(skip_channels, num_tokens)
        self.content_trans = make_gate(skip_channels, num_tokens)
        self.out_gate = nn.Sequential(
            nn.Linear(num_tokens * skip_channels, skip_channels), nn.Tanh()
        )
        self.t_gate1 = nn.Conv2d(skip_channels, skip_channels, 1)
        self.t_gate2 = nn.Conv2d(skip_channels, skip_channels, 1)
        self.conv_out = nn.Conv2d(channels + skip_channels, channels, 1)
        self.prompt_trans = None
        if next_channels is not None:
            self.prompt_trans = nn.Sequential(nn.Linear(skip_channels, next_channels), nn.GELU())

    def _tokens(self, gate: nn.Sequential, skip: Tensor) -> Tensor:
        means = over_picture('mean', gate(skip).mean(dim=(2, 3)))
        return means.unflatten(1, (self.num_tokens, -1))

    def forward(self, feat: Tensor, skip: Tensor, prompt: Tensor) -> tuple[Tensor, Tensor | None]:
        """The new feature and the prompt for the next level.

        Args:
            feat: (B, channels, H, W).
            skip: (B, C, H, W).
            prompt: (B, T, C).
        """
        forget = self._tokens(self.filter_gate, skip).softmax(dim=-1)
        refill = self._tokens(self.info_gate, skip).softmax(dim=-1)
        prompt = forget * prompt + refill * self._tokens(self.content_trans, skip).tanh()
        chosen = self.out_gate(prompt.flatten(1))[:, :, None, None] * self.t_gate1(skip)
        feat = feat + self.conv_out(torch.cat([feat, skip + self.t_gate2(chosen)], dim=1))
        return feat, None if self.prompt_trans is None else self.prompt_trans(prompt)


def pairs_of_role(specs: Sequence[TapSpec], role: str) -> list[tuple[str, str]]:
    """The pairs of the levels of the decoder that ``role`` means, where the encoder has a tap too.

    Raises: ValueError when there is none.
    """
    skips: dict[int, str] = {}
    encoders = [role.replace('dec.', 'enc.', 1)]
    if role.startswith(LATENT):
        encoders.append('skip.*')
    for encoder in encoders:
        for spec in taps_of_role(specs, encoder):
            skips.setdefault(spec.stride, spec.name)
    feats = select_taps(specs, role, 'TFA', ('dec',))
    pairs = [(feat.name, skips[feat.stride]) for feat in feats if feat.stride in skips]
    if not pairs:
        raise ValueError(
            f"TFA: pairs='{role}' finds {[feat.name for feat in feats]} in the decoder, and no "
            f'encoder tap of such a stride among {[spec.name for spec in specs]}; name the pairs'
        )
    return pairs


@ADAPTERS.register_module()
class TFA(Adapter):
    """Adapts decoder features to the task of each image: (B, C, H, W) -> the same.

    Source: UniRestore (arXiv 2501.13134). Each task has a prompt (T, C), zero at first. At each
    decoder level the encoder feature of the same size updates the prompt, and the updated prompt
    chooses what enters the decoder. An image without a task gets the first of ``tasks``. A batch
    may mix tasks. As published it is not the identity at the start (``zero_init`` makes it so).

    Args:
        pairs: (decoder tap, encoder tap) in the decoder's order, or a role of the decoder, such as
            ``dec.s2+`` or ``latent.dec.*``: its levels, each with the encoder's or the skip of the
            same stride. The encoder feature is the one that ``CFRM`` left there, or the plain one.
        tasks: names of the prompts.
        prompt_len: T.
        chain: hand the prompt from level to level, as published. False gives each level prompts of
            its own: along the chain a prompt fades by about the number of channels at each level.
        zero_init: start as the identity, for a network that works already.
        frozen: train prompts only.
        frozen_tasks: prompts that do not train. If ``frozen`` is set too, a new task changes
            nothing for them.
        prompt_for: the prompt for a task instead of its own, such as ``dict(det='ir')``. It shows
            what a detector finds in images that were restored for viewing.
    Raises: ValueError for no pairs, a pair whose taps differ in stride, pairs in another order than
        the decoder's, no tasks, and names that no parameter can have; KeyError for an unknown task
        or prompt.
    """

    needs = ()
    in_reference = False
    find_unused_parameters = True  # a batch uses the prompts of its own tasks only

    def __init__(
        self,
        tap_specs: Sequence[TapSpec],
        cond_widths: Mapping[str, int],
        pairs: Sequence[tuple[str, str]] | str = (
            ('dec.s8.in', 'enc.s8'),
            ('dec.s4.in', 'enc.s4'),
            ('dec.s2.in', 'enc.s2'),
        ),
        tasks: Sequence[str] = ('ir',),
        prompt_len: int = 1,
        chain: bool = True,
        zero_init: bool = False,
        frozen: bool = False,
        frozen_tasks: Sequence[str] = (),
        prompt_for: Mapping[str, str] | None = None,
    ):
        super().__init__()
        if isinstance(pairs, str):
            pairs = pairs_of_role(tap_specs, pairs)
        self.skip_of = dict(pairs)
        self.tasks = tuple(tasks)
        self.prompt_for = dict(prompt_for or {})
        self._validate_tasks(frozen_tasks)
        self.chain = chain
        feats = select_taps(tap_specs, list(self.skip_of), 'TFA', ('dec',))
        sides = ('enc', 'skip')
        skips = [select_taps(tap_specs, [tap], 'TFA', sides)[0] for tap in self.skip_of.values()]
        named = zip(feats, skips, strict=True)
        self.skip_of = {feat.name: skip.name for feat, skip in named}
        self.taps = tuple(dict.fromkeys((*self.skip_of.values(), *self.skip_of)))
        self._validate_pairs(feats, skips, [spec.name for spec in tap_specs])
        self.editors = nn.ModuleList()
        for place, (feat, skip) in enumerate(zip(feats, skips, strict=True)):
            is_last = place == len(skips) - 1
            next_channels = None if is_last or not chain else skips[place + 1].channels
            editor = TaskEditor(feat.channels, skip.channels, next_channels, prompt_len)
            if zero_init:
                nn.init.zeros_(editor.conv_out.weight)
                nn.init.zeros_(editor.conv_out.bias)
            self.editors.append(editor)
        if frozen:
            self.requires_grad_(False)
        # without the chain, a prompt holds those of all levels side by side
        self.prompt_widths = [skip.channels for skip in (skips[:1] if chain else skips)]
        self.prompts = nn.ParameterDict()
        for task in tasks:
            prompt = torch.zeros(prompt_len, sum(self.prompt_widths))
            self.prompts[task] = nn.Parameter(prompt, requires_grad=task not in frozen_tasks)

    def _validate_tasks(self, frozen_tasks: Sequence[str]) -> None:
        if not self.skip_of or not self.tasks:
            raise ValueError(
                f'TFA: pairs={list(self.skip_of.items())}, tasks={list(self.tasks)}; give at least '
                'one of each'
            )
        bad = [task for task in self.tasks if not task or '.' in task]
        if bad:
            raise ValueError(
                f'TFA: tasks {bad}; a task is named without dots, for its prompt is a parameter'
            )
        unknown = sorted(set(frozen_tasks) - set(self.tasks))
        if unknown:
            raise KeyError(f'frozen_tasks {unknown} are not among the tasks {list(self.tasks)}')
        unknown = sorted({*self.prompt_for, *self.prompt_for.values()} - set(self.tasks))
        if unknown:
            raise KeyError(
                f'prompt_for names {unknown}, which are not among the tasks {list(self.tasks)}'
            )

    def _validate_pairs(self, feats: list[TapSpec], skips: list[TapSpec], order: list[str]) -> None:
        pairs = zip(feats, skips, strict=True)
        bad = [(feat.name, skip.name) for feat, skip in pairs if feat.stride != skip.stride]
        if bad:
            raise ValueError(
                f'TFA: the taps of the pairs {bad} differ in stride; pair taps of one stride'
            )
        for feat, skip in zip(feats, skips, strict=True):
            inside = skip.side == 'skip' or skip.name.startswith(LATENT)
            if inside != feat.name.startswith(LATENT):
                raise ValueError(
                    f"TFA: '{feat.name}' and '{skip.name}' are of two networks, on images and on "
                    'latents; pair taps of one of them'
                )
        given = list(self.skip_of)
        wanted = sorted(given, key=order.index)
        if given != wanted:
            raise ValueError(
                f'TFA: the decoder has the taps in the order {wanted}, not {given}; '
                'order the pairs like that'
            )

    def prompt_of(self, tasks: Sequence[str] | None, batch: int, level: int = 0) -> Tensor:
        """The prompts (B, T, C) of a batch at a level of the decoder."""
        tasks = [self.tasks[0]] * batch if tasks is None else tasks
        unknown = sorted(set(tasks) - set(self.tasks))
        if unknown:
            raise KeyError(
                f'no prompt for {unknown}; this model restores for {list(self.tasks)}. Add the '
                'task to `tasks` of TFA and train its prompt'
            )
        prompts = [self.prompts[self.prompt_for.get(task, task)] for task in tasks]
        return torch.stack(prompts).split(self.prompt_widths, dim=-1)[level]

    def on_tap(self, name: str, feat: Tensor, ctx: TapContext) -> Tensor:
        if name not in self.skip_of:
            ctx.skips.setdefault(name, feat)
            return feat
        level = list(self.skip_of).index(name)
        if level > 0 and self.chain:
            prompt = ctx.scratch[(self, 'prompt')]
        else:
            prompt = self.prompt_of(ctx.tasks, len(feat), level)
        skip = ctx.skips[self.skip_of[name]]
        feat, ctx.scratch[(self, 'prompt')] = self.editors[level](feat, skip, prompt)
        return feat
