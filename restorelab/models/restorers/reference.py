"""The second pass, over the clean image, that some adapters learn from (CFRM of UniRestore)."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import torch
from torch import Tensor

from restorelab.models.contracts import Adapter
from restorelab.structures import Condition, TapContext, TapRecorder, TapSpec, by_tap


class ReferencePass:
    """Runs the network on the clean image, without gradient, and compares the adapters' features.

    Adapters that repair features (``in_reference = False``) are off in it. Those that hear priors
    stay on, because the network relies on them. Without an adapter that learns from it, the pass
    costs nothing: ``ctx`` is None.

    Args:
        adapters: all adapters of the model.
        cond: what the priors say about the degraded image.
    """

    def __init__(self, adapters: Iterable[Adapter], cond: Condition):
        adapters = list(adapters)
        self.learners = [adapter for adapter in adapters if adapter.needs_reference]
        self.ctx = self._context(adapters, cond) if self.learners else None

    def _context(self, adapters: list[Adapter], cond: Condition) -> TapContext:
        on_tap = by_tap(adapter for adapter in adapters if adapter.in_reference)
        for learner in self.learners:
            for name in learner.taps:
                on_tap.setdefault(name, []).append(TapRecorder())
        return TapContext(on_tap, replace(cond, _memo={}))  # what it keeps has no gradient

    def learns_at(self, tap_specs: Iterable[TapSpec]) -> bool:
        """Whether an adapter learns from features at one of these taps."""
        names = {spec.name for spec in tap_specs}
        return any(names & set(learner.taps) for learner in self.learners)

    def run(self, network: Callable[[TapContext], Tensor]) -> None:
        """Call ``network`` with the context of this pass, if an adapter learns from it."""
        if self.ctx is not None:
            with torch.no_grad():
                network(self.ctx)

    def losses(self, ctx: TapContext) -> dict[str, Tensor]:
        """``loss_*`` of the adapters, summed by name; ``ctx`` is that of the degraded image."""
        losses: dict[str, Tensor] = {}
        for learner in self.learners:
            for name, value in learner.loss(ctx, self.ctx).items():
                losses[f'loss_{name}'] = losses.get(f'loss_{name}', 0) + value
        return losses
