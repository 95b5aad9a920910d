"""The probe of the difficulty reference, and what the hook tells the loss."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from restorelab.engine.difficulty_reference_hook import DifficultyReferenceHook, probe_indices
from restorelab.models.contracts import StepLoss
from restorelab.structures import RestorationSample


class PlainLoss(StepLoss):
    """Keeps no reference."""


class Model(nn.Module):
    """Returns its input; its loss keeps the reference."""

    def __init__(self, degradations=None):
        super().__init__()
        self.step_losses = nn.ModuleDict(dict(perceptual=nn.Module()))
        self.step_losses.perceptual.degradations = degradations
        self.step_losses.perceptual.keeps_reference = True
        self.step_losses.perceptual.register_buffer(
            'reference_psnr', torch.full((len(degradations or 'a'),), torch.nan)
        )

    def data_preprocessor(self, data):
        return dict(inputs=torch.stack(data['inputs']), data_samples=data['data_samples'])

    def restore(self, lq):
        return lq


class Images(list):
    degradations = ['haze', 'noise']


def images() -> Images:
    """Haze off by 0.1 (20 dB), noise by 0.01 (40 dB)."""

    def image(degradation, error):
        gt = torch.full((3, 4, 4), 0.5)
        return dict(
            inputs=gt + error,
            data_samples=RestorationSample(gt=gt, metainfo=dict(degradation=degradation)),
        )

    return Images([image('haze', 0.1), image('noise', 0.01)])


@pytest.mark.parametrize(
    ('degradations', 'expected'), [(None, [30.0]), (['noise', 'haze'], [40.0, 20.0])]
)
def test_the_loss_is_told_the_mean_psnr_of_all_or_of_each_degradation(degradations, expected):
    model = Model(degradations)
    runner = SimpleNamespace(
        model=model, train_dataloader=SimpleNamespace(dataset=images()), iter=0
    )
    DifficultyReferenceHook(crops=1).before_train(runner)
    torch.testing.assert_close(
        model.step_losses.perceptual.reference_psnr, torch.tensor(expected), rtol=1e-4, atol=0
    )
    assert model.training


def test_a_reference_of_the_checkpoint_is_kept():
    model = Model()
    model.step_losses.perceptual.reference_psnr.fill_(12)
    DifficultyReferenceHook(crops=1).before_train(
        SimpleNamespace(model=model, train_dataloader=SimpleNamespace(dataset=images()))
    )
    assert model.step_losses.perceptual.reference_psnr.tolist() == [12]


def test_a_model_without_the_loss_is_refused():
    with pytest.raises(KeyError, match="no step loss 'other'; it has"):
        DifficultyReferenceHook(loss='other').before_train(SimpleNamespace(model=Model()))


def test_a_loss_without_reference_is_refused():
    model = Model()
    model.step_losses.other = PlainLoss()
    with pytest.raises(TypeError, match="'other' is a PlainLoss, which has no 'reference_psnr'"):
        DifficultyReferenceHook(loss='other').before_train(SimpleNamespace(model=model))


def test_the_probe_is_fixed_balanced_and_goes_on_in_later_passes():
    degradations = ['haze', 'noise', 'noise']
    probe = probe_indices(degradations, crops=4)
    assert probe == probe_indices(degradations, crops=4)
    assert [degradations[index % 3] for index in probe] == ['haze'] * 4 + ['noise'] * 4
    assert len(set(probe)) == 8
