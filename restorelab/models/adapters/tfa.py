"""Task feature adaptation: one prompt a task steers the decoder (UniRestore)."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest

import torch
from torch import Tensor, nn

from restorelab.registry import ADAPTERS
from restorelab.structures import TapContext, TapSpec, select_taps


def make_gate(channels: int, num_tokens: int) -> nn.Sequential:
    """(B, C, H, W) -> (B, T C, H, W), after a norm that takes each channel's mean and spread away."""
    return nn.Sequential(
        nn.InstanceNorm2d(channels),
        nn.Conv2d(channels, channels, 3, padding=1),
        nn.GELU(),
        nn.Conv2d(channels, channels * num_tokens, 3, padding=1),
    )


class TaskEditor(nn.Module):
    """One decoder level: features and a prompt in, adapted features and the prompt for the next level out.

    An LSTM-like update: the prompt (B, T, C) is forgotten and refilled by what the restored encoder feature shows, and
    the result chooses what of that feature goes into the decoder. The softmaxes run over the channels, so a prompt
    enters with a weight of about 1 / C.

    Args:
        channels: of the decoder feature.  skip_channels: C, of the encoder feature and of the prompt.
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
        if next_channels is not None:
            self.prompt_trans = nn.Sequential(nn.Linear(skip_channels, next_channels), nn.GELU())

    def _tokens(self, gate: nn.Sequential, skip: Tensor) -> Tensor:
        return gate(skip).mean(dim=(2, 3)).unflatten(1, (self.num_tokens, -1))

    def forward(self, feat: Tensor, skip: Tensor, prompt: Tensor) -> tuple[Tensor, Tensor | None]:
        """``feat`` (B, channels, H, W), ``skip`` (B, C, H, W), ``prompt`` (B, T, C) -> feature, next prompt."""
        forget = self._tokens(self.filter_gate, skip).softmax(dim=-1)
        refill = self._tokens(self.info_gate, skip).softmax(dim=-1)
        prompt = forget * prompt + refill * self._tokens(self.content_trans, skip).tanh()
        chosen = self.out_gate(prompt.flatten(1))[:, :, None, None] * self.t_gate1(skip)
        feat = feat + self.conv_out(torch.cat([feat, skip + self.t_gate2(chosen)], dim=1))
        return feat, self.prompt_trans(prompt) if hasattr(self, 'prompt_trans') else None


@ADAPTERS.register_module()
class TFA(nn.Module):
    """Adapts decoder features to what each image is restored for: (B, C, H, W) -> the same.

    Source: UniRestore (arXiv 2501.13134). Each task has a prompt (T, C), zero at first; from level to level it is
    updated by the encoder feature of the same size. ``ctx.tasks`` names the task of each image, so a batch
    may mix tasks; without it, all images are for the first of ``tasks``. As published it is not the identity at the start
    (``zero_init`` makes it so).

    Args:
        pairs: (decoder tap, encoder tap) in the decoder's order. The encoder feature is what ``CFRM`` left there, or
            the plain one.
        tasks: names of the prompts.
        prompt_len: T.
        zero_init: start as the identity, for a trunk that works already.
        frozen: train prompts only.
        frozen_tasks: prompts that do not train. Frozen with all other tasks here, a new task changes nothing for them.
        prompt_for: prompt to take for a task in place of its own, such as ``dict(det='ir')``: what would a detector
            say of images that were restored for the eye?
    Raises: ValueError for no pairs, a pair whose taps differ in stride, pairs in another order than the decoder's, no
        tasks, and names that no parameter can have; KeyError for an unknown task or prompt.
    """

    needs = ()
    in_reference = False

    def __init__(
        self,
        tap_specs: Sequence[TapSpec],
        cond_widths: Mapping[str, int],
        pairs: Sequence[tuple[str, str]] = (
            ('dec.s8.in', 'enc.s8'),
            ('dec.s4.in', 'enc.s4'),
            ('dec.s2.in', 'enc.s2'),
        ),
        tasks: Sequence[str] = ('ir',),
        prompt_len: int = 1,
        zero_init: bool = False,
        frozen: bool = False,
        frozen_tasks: Sequence[str] = (),
        prompt_for: Mapping[str, str] | None = None,
    ):
        super().__init__()
        if not pairs or not tasks:
            raise ValueError(
                f'TFA: pairs={list(pairs)}, tasks={list(tasks)}; give at least one of each'
            )
        if bad := [task for task in tasks if not task or '.' in task]:
            raise ValueError(
                f'TFA: tasks {bad}; a task is named without dots, for its prompt is a parameter'
            )
        if unknown := sorted(set(frozen_tasks) - set(tasks)):
            raise KeyError(f'frozen_tasks {unknown} are not among the tasks {list(tasks)}')
        self.prompt_for = dict(prompt_for or {})
        if unknown := sorted({*self.prompt_for, *self.prompt_for.values()} - set(tasks)):
            raise KeyError(
                f'prompt_for names {unknown}, which are not among the tasks {list(tasks)}'
            )
        self.skip_of = dict(pairs)
        self.tasks = tuple(tasks)
        self.taps = tuple(dict.fromkeys((*self.skip_of.values(), *self.skip_of)))
        feats = select_taps(tap_specs, list(self.skip_of), 'TFA', ('dec',))
        skips = select_taps(tap_specs, list(self.skip_of.values()), 'TFA', ('enc',))
        if bad := [
            (f.name, s.name) for f, s in zip(feats, skips, strict=True) if f.stride != s.stride
        ]:
            raise ValueError(
                f'TFA: the taps of the pairs {bad} differ in stride; pair taps of one stride'
            )
        order = [spec.name for spec in tap_specs]
        if (given := list(self.skip_of)) != (run := sorted(given, key=order.index)):
            raise ValueError(
                f'TFA: the decoder comes by the taps {run}, not {given}; order the pairs like that'
            )
        self.editors = nn.ModuleList(
            TaskEditor(feat.channels, skip.channels, after.channels if after else None, prompt_len)
            for feat, skip, after in zip_longest(feats, skips, skips[1:])
        )
        if zero_init:
            for editor in self.editors:
                nn.init.zeros_(editor.conv_out.weight)
                nn.init.zeros_(editor.conv_out.bias)
        if frozen:
            self.requires_grad_(False)
        self.prompts = nn.ParameterDict(
            {
                task: nn.Parameter(
                    torch.zeros(prompt_len, skips[0].channels),
                    requires_grad=task not in frozen_tasks,
                )
                for task in tasks
            }
        )

    def prompt_of(self, tasks: Sequence[str] | None, batch: int) -> Tensor:
        """The prompts (B, T, C) of a batch."""
        tasks = [self.tasks[0]] * batch if tasks is None else tasks
        if unknown := sorted(set(tasks) - set(self.tasks)):
            raise KeyError(
                f'no prompt for {unknown}; this model restores for {list(self.tasks)}. Add the task to '
                '`tasks` of TFA and train its prompt'
            )
        return torch.stack([self.prompts[self.prompt_for.get(task, task)] for task in tasks])

    def on_tap(self, name: str, feat: Tensor, ctx: TapContext) -> Tensor:
        if name not in self.skip_of:
            ctx.skips.setdefault(name, feat)
            return feat
        index = list(self.skip_of).index(name)
        prompt = (
            self.prompt_of(ctx.tasks, len(feat)) if index == 0 else ctx.scratch[(self, 'prompt')]
        )
        feat, ctx.scratch[(self, 'prompt')] = self.editors[index](
            feat, ctx.skips[self.skip_of[name]], prompt
        )
        return feat
