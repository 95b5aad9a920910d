"""What every prior promises."""

import copy

import pytest
import torch

from restorelab.registry import PRIORS
from tests.models.tiny import TINY_PRIORS, part

CHANNEL_AXIS = dict(vectors=1, tokens=2, maps=1)
DIMS = dict(vectors=2, tokens=3, maps=4)


@pytest.fixture(params=TINY_PRIORS)
def prior(request, hub):
    torch.manual_seed(0)
    return PRIORS.build(part(TINY_PRIORS, request.param))


def entries(cond) -> dict:
    return {name: getattr(cond, name.split('.')[0])[name.split('.')[1]] for name in cond.names()}


@pytest.mark.parametrize('size', [(16, 24), (9, 5)])
def test_it_gives_what_it_says_in_the_width_it_says(prior, size):
    given = entries(prior(torch.rand(2, 3, *size)))
    assert set(given) == set(prior.provides)
    for name, value in given.items():
        kind = name.split('.')[0]
        assert value.ndim == DIMS[kind]
        assert len(value) == 2
        assert value.shape[CHANNEL_AXIS[kind]] == prior.provides[name]
        assert value.isfinite().all()


def test_the_images_of_a_batch_do_not_see_each_other(prior):
    prior.eval()
    lq = torch.rand(2, 3, 16, 20)
    both, second = entries(prior(lq)), entries(prior(lq[1:]))
    for name in both:
        torch.testing.assert_close(both[name][1:], second[name])


def test_it_does_not_change_the_image(prior):
    lq = torch.rand(1, 3, 16, 20)
    before = lq.clone()
    prior(lq)
    assert torch.equal(lq, before)


def test_bfloat16_autocast_stays_finite(prior):
    with torch.autocast('cpu', torch.bfloat16):
        given = entries(prior(torch.rand(1, 3, 16, 16)))
    assert all(value.isfinite().all() for value in given.values())


@pytest.mark.parametrize('name', ['CLIPDegradationPrior', 'CLIPSemanticPrior'])
class TestFrozenTower:
    def build(self, name, **options):
        return PRIORS.build(part(TINY_PRIORS, name, **options))

    def test_it_has_no_gradient_and_stays_in_eval_mode(self, name):
        prior = self.build(name).train()
        assert not any(module.training for module in prior.modules())
        assert not any(weight.requires_grad for weight in prior.parameters())
        assert not any(
            value.requires_grad for value in entries(prior(torch.rand(1, 3, 16, 16))).values()
        )

    def test_a_tower_that_is_trained_learns(self, name):
        prior = self.build(name, frozen=False).train()
        assert prior.tower.training
        next(iter(entries(prior(torch.rand(1, 3, 16, 16))).values()))[..., 0].sum().backward()
        assert all(weight.grad is not None for weight in prior.parameters())

    def test_pretrained_weights_stay_out_of_checkpoints(self, name):
        assert self.build(name, pretrained='weights.pth').state_dict() == {}

    def test_random_and_trained_weights_are_in_the_checkpoint(self, name):
        assert self.build(name).state_dict()
        assert self.build(name, frozen=False, pretrained='weights.pth').state_dict()

    @pytest.mark.parametrize('prefix', ['', 'visual.', 'part.'])
    def test_it_loads_a_tower_a_clip_and_a_training_checkpoint(self, name, prefix, tmp_path):
        source = self.build(name)
        prefix = f'{source.part}.tower.' if prefix == 'part.' else prefix
        state = {prefix + key: value for key, value in source.tower.state_dict().items()}
        rest = {'logit_scale': torch.ones(1)} if prefix else {}
        torch.save(dict(state_dict=state | rest), tmp_path / 'weights.pth')
        prior = self.build(name, pretrained=str(tmp_path / 'weights.pth'))
        prior.load_pretrained()
        assert all(
            torch.equal(a, b) for a, b in zip(prior.parameters(), source.parameters(), strict=True)
        )

    def test_a_copy_loads_a_checkpoint_strictly_too(self, name):
        prior = self.build(name, pretrained='weights.pth')
        copy.deepcopy(prior).load_state_dict(prior.state_dict(), strict=True)


def test_semantic_tokens_are_unit_vectors():
    tokens = PRIORS.build(part(TINY_PRIORS, 'CLIPSemanticPrior'))(torch.rand(2, 3, 16, 16)).token(
        'semantic'
    )
    torch.testing.assert_close(tokens.norm(dim=-1), torch.ones(2, 1))


def test_degradation_vectors_are_the_raw_features():
    prior, lq = PRIORS.build(part(TINY_PRIORS, 'CLIPDegradationPrior')), torch.rand(2, 3, 16, 16)
    assert torch.equal(prior(lq).vector('degradation'), prior.embed(lq))


def test_a_structure_prior_wants_cues():
    with pytest.raises(
        ValueError, match='StructurePrior needs cues, priors that give one map each'
    ):
        PRIORS.build(part(TINY_PRIORS, 'StructurePrior', cues=[]))


def test_a_prior_is_no_cue():
    cues = [part(TINY_PRIORS, 'CLIPSemanticPrior')]
    with pytest.raises(KeyError, match=r"no cue is called 'CLIPSemanticPrior' \(it is the name of"):
        PRIORS.build(part(TINY_PRIORS, 'StructurePrior', cues=cues))


@pytest.mark.parametrize(
    'options', [dict(token_dim=6, num_heads=1), dict(token_dim=8, num_heads=3)]
)
def test_a_structure_prior_refuses_widths_that_cannot_be_divided(options):
    with pytest.raises(ValueError, match=r'token_dim=.* must be a multiple of 4'):
        PRIORS.build(part(TINY_PRIORS, 'StructurePrior', **options))


def test_a_structure_prior_learns():
    prior = PRIORS.build(part(TINY_PRIORS, 'StructurePrior'))
    prior(torch.rand(1, 3, 16, 16)).token('structure').square().sum().backward()
    assert all(weight.grad is not None for weight in prior.parameters())


def test_several_views_give_the_mean_of_what_each_gives_alone():
    prior = PRIORS.build(part(TINY_PRIORS, 'CLIPDegradationPrior', resize=False, views=2))
    image = torch.rand(2, 3, 32, 16)
    halves = [prior(half).vector('degradation') for half in image.split(16, dim=2)]
    torch.testing.assert_close(prior(image).vector('degradation'), sum(halves) / 2)


def test_several_views_of_a_resized_image_are_refused():
    with pytest.raises(ValueError, match='views=3, resize=True'):
        PRIORS.build(part(TINY_PRIORS, 'CLIPDegradationPrior', views=3))
