"""The image losses of UniRestore: which images count, and how much."""

import pytest
import torch

from restorelab.registry import LOSSES
from restorelab.structures import Condition, RestorationSample, TrainingStep
from tests.models.tiny import TINY_VIEWING_LOSSES, part


def step(*tasks: str | None) -> TrainingStep:
    torch.manual_seed(0)
    samples = []
    for task in tasks:
        meta = {} if task is None else dict(task=task)
        samples.append(RestorationSample(metainfo=meta))
    restored, gt = torch.rand(2, len(tasks), 3, 4, 4)
    return TrainingStep(
        restored.requires_grad_(),
        gt,
        gt,
        Condition(),
        samples,
        restored_for=lambda wanted: restored + wanted.count('ir'),
    )


def build(name: str):
    return LOSSES.build(part(TINY_VIEWING_LOSSES, name))


def test_the_two_losses_share_a_mixed_batch_by_its_images():
    given = step('ir', 'det', 'seg', 'ir')
    difference = given.restored - given.gt
    seen = [difference[0].abs().mean(), difference[3].abs().mean()]
    torch.testing.assert_close(build('ViewingLoss')(given), sum(seen) / 4)
    kept = [(difference[i] + 4).abs().mean() for i in (1, 2)]
    torch.testing.assert_close(build('KeepViewingLoss')(given), sum(kept) / 4)


def test_images_without_a_task_are_for_viewing():
    given = step(None, None)
    torch.testing.assert_close(
        build('ViewingLoss')(given), (given.restored - given.gt).abs().mean()
    )
    assert build('KeepViewingLoss')(given) == 0


def test_a_batch_without_images_for_viewing_decodes_all_of_them():
    given = step('det', 'det')
    assert build('ViewingLoss')(given) == 0
    assert build('KeepViewingLoss')(given) > 0


def test_a_restorer_without_latents_is_refused():
    given = step('det')
    given.restored_for = None
    with pytest.raises(TypeError, match=r'decodes one latent for several tasks, .* has no latents'):
        build('KeepViewingLoss')(given)
