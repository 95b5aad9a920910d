"""Regression restorers, the proxies of their losses, and prompt learning."""

import pytest
import torch

from restorelab.models.priors import clip_quality_perceiver
from restorelab.registry import MODELS, PRIORS, PROXIES
from restorelab.structures import Condition, RestorationSample, TrainingStep
from restorelab.utils.checkpoint import CheckpointError
from tests.models.tiny import TINY_PRIORS, TINY_PROXIES, TINY_RESTORERS, TINY_STEP_LOSSES, part


def build(name: str, **options):
    torch.manual_seed(0)
    return MODELS.build(part(TINY_RESTORERS, name, **options))


def proxy(name: str, **options):
    torch.manual_seed(0)
    return PROXIES.build(part(TINY_PROXIES, name, **options))


def samples(*degradations: str, **meta) -> list[RestorationSample]:
    return [
        RestorationSample(
            gt=torch.rand(3, 16, 16),
            metainfo=dict(degradation=degradation, key=degradation, **meta),
        )
        for degradation in degradations
    ]


def test_all_losses_of_a_step_are_finite_and_every_free_weight_learns():
    model = build('RegressionRestorer').train()
    losses = model(torch.rand(2, 3, 16, 16), samples('haze', 'noise'), mode='loss')
    assert set(losses) == {
        'loss_pixel',
        'loss_clipawareloss',
        'loss_difficultyadaptiveperceptualloss',
        'loss_degradationinfonce',
    }
    assert all(loss.isfinite() for loss in losses.values())
    sum(losses.values()).backward()
    assert [
        name
        for name, weight in model.named_parameters()
        if weight.requires_grad and weight.grad is None
    ] == []


@pytest.mark.parametrize('size', [(16, 16), (9, 7), (1, 1)])
@pytest.mark.parametrize('padding', ['reflect', 'replicate'])
def test_images_of_any_size_are_restored(size, padding):
    model, lq = build('RegressionRestorer', padding=padding).eval(), torch.rand(1, 3, *size)
    assert model.restore(lq).shape == lq.shape


def test_paddings_differ():
    lq = torch.rand(1, 3, 9, 7)
    first, second = (
        build('RegressionRestorer', padding=how).eval().restore(lq)
        for how in ('reflect', 'replicate')
    )
    assert not torch.equal(first, second)


def test_an_unknown_padding_is_refused():
    with pytest.raises(ValueError, match="'reflect' or 'replicate', not 'zero'"):
        build('RegressionRestorer', padding='zero')


def test_the_network_refuses_sizes_that_it_cannot_halve():
    with pytest.raises(ValueError, match='multiples of 2'):
        build('RegressionRestorer').backbone(torch.rand(1, 3, 9, 8))


def test_a_context_is_computed_by_the_wanted_priors_alone():
    cond = build('RegressionRestorer').condition(torch.rand(1, 3, 16, 16), ['vectors.degradation'])
    assert cond.names() == ['vectors.degradation']


def test_guidance_is_refused_by_a_plain_decoder():
    options = TINY_RESTORERS['RegressionRestorer']
    plain = {key: value for key, value in options['backbone'].items() if key != 'decoder_block'}
    with pytest.raises(ValueError, match=r'PromptGuidance asks for the taps'):
        build('RegressionRestorer', backbone=plain)


def step(*degradations: str, **meta) -> TrainingStep:
    lq = torch.rand(len(degradations), 3, 16, 16)
    return TrainingStep(lq, lq, lq, Condition(), samples(*degradations, **meta))


def test_a_proxy_restores_its_tasks_and_its_fold_alone():
    given = step('haze', 'noise', fold=0)
    images, mask = proxy('ProxyRestorer', degradations=['noise'])(given)
    assert mask.tolist() == [0, 1]
    assert torch.equal(images[0], given.lq[0])
    assert not torch.equal(images[1], given.lq[1])
    assert proxy('ProxyRestorer', fold=1)(given)[1].tolist() == [0, 0]


def test_a_proxy_reads_its_weights_and_stays_out_of_checkpoints(tmp_path):
    source = proxy('ProxyRestorer').restorer
    torch.nn.init.ones_(source.backbone.embed.weight)
    torch.save(dict(state_dict=source.state_dict()), tmp_path / 'medium.pth')
    loaded = proxy('ProxyRestorer', pretrained=str(tmp_path / 'medium.pth'))
    loaded.load_pretrained()
    assert torch.equal(loaded.restorer.backbone.embed.weight, source.backbone.embed.weight)
    assert loaded.state_dict() == {}


def test_the_weights_of_a_proxy_are_not_overwritten_by_what_its_parts_start_from(tmp_path):
    """The proxy is in a loss of a restorer. Its tower went on learning from pretrained weights."""
    inner = dict(
        TINY_PROXIES['ProxyRestorer']['restorer'],
        priors=dict(
            degradation=part(
                TINY_PRIORS,
                'CLIPDegradationPrior',
                frozen=False,
                pretrained=str(tmp_path / 'start.pth'),
            )
        ),
    )
    source = MODELS.build(inner)
    torch.save(
        dict(state_dict=source.priors['degradation'].tower.state_dict()), tmp_path / 'start.pth'
    )
    torch.nn.init.ones_(source.priors['degradation'].tower.conv1.weight)
    torch.save(dict(state_dict=source.state_dict()), tmp_path / 'medium.pth')
    loss = part(
        TINY_STEP_LOSSES,
        'DifficultyAdaptivePerceptualLoss',
        proxies=[
            dict(type='ProxyRestorer', restorer=inner, pretrained=str(tmp_path / 'medium.pth'))
        ],
    )
    model = build('RegressionRestorer', step_losses=dict(perceptual=loss))
    model.load_pretrained()
    loaded = model.step_losses.perceptual.proxies[0].restorer.state_dict()
    assert all(torch.equal(value, loaded[name]) for name, value in source.state_dict().items())


def test_a_proxy_by_fold_wants_to_know_the_folds():
    with pytest.raises(KeyError, match='wrap its data set in FoldDataset'):
        proxy('ProxyRestorer', fold=0)(step('haze'))


def triplets(count: int) -> tuple[torch.Tensor, list[RestorationSample]]:
    """White noise, grey and black, which a random tower tells apart."""
    made = samples(*['haze'] * count)
    for sample in made:
        sample.rendered = torch.full((3, 16, 16), 0.5)
        sample.gt = torch.zeros(3, 16, 16)
    return torch.rand(count, 3, 16, 16).round(), made


def test_prompts_learn_to_tell_tiers_apart():
    model, values = build('PromptLearning'), []
    optimizer = torch.optim.Adam(
        [weight for weight in model.parameters() if weight.requires_grad], lr=0.05
    )
    for _ in range(150):
        loss = model(*triplets(4), mode='loss')['loss_prompts']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    assert values[-1] < 0.7 * values[0]


def test_every_image_of_a_triplet_gets_its_expected_tier():
    for sample in build('PromptLearning')(*triplets(2), mode='predict'):
        assert len(sample.tier_scores) == 3
        assert all(0 <= score <= 2 for score in sample.tier_scores)


def test_only_the_prompts_learn():
    model = build('PromptLearning')
    assert [name for name, weight in model.named_parameters() if weight.requires_grad] == [
        'perceiver.context'
    ]


def test_a_tower_of_its_own_may_learn_too():
    perceiver = part(TINY_PRIORS, 'CLIPQualityPerceiver', frozen=False, learn_tower=True)
    learning = {
        name
        for name, weight in build('PromptLearning', perceiver=perceiver).named_parameters()
        if weight.requires_grad
    }
    assert {name.rsplit('.visual.')[0] for name in learning} == {
        'perceiver.context',
        'perceiver.clip',
    }


def test_learned_prompts_are_what_the_next_stage_reads(tmp_path):
    model = build('PromptLearning')
    torch.nn.init.ones_(model.perceiver.context)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'iter_1.pth')
    frozen = PRIORS.build(
        part(TINY_PRIORS, 'CLIPQualityPerceiver', prompts=str(tmp_path / 'iter_1.pth'))
    )
    frozen.load_pretrained()
    image = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(frozen.logits(image), model.perceiver.logits(image))
    assert frozen.state_dict() == {}


@pytest.mark.parametrize(
    'spoil',
    [
        lambda state: state.pop('perceiver.clip.text_projection'),
        lambda state: state.update({'perceiver.clip.text_projection': torch.zeros(2, 2)}),
        lambda state: state.update({'perceiver.clip.extra': torch.zeros(2)}),
    ],
    ids=['missing', 'reshaped', 'unexpected'],
)
def test_prompts_of_another_small_clip_are_refused_whole(spoil, tmp_path):
    state = build('PromptLearning').state_dict()
    torch.nn.init.ones_(state['perceiver.context'])
    spoil(state)
    torch.save(dict(state_dict=state), tmp_path / 'iter_1.pth')
    perceiver = PRIORS.build(
        part(TINY_PRIORS, 'CLIPQualityPerceiver', prompts=str(tmp_path / 'iter_1.pth'))
    )
    with pytest.raises(CheckpointError, match=r'iter_1\.pth: these weights are not of this model'):
        perceiver.load_pretrained()
    assert not (perceiver.context == 1).all()


def test_prompts_of_other_tiers_are_refused(tmp_path):
    torch.save(dict(state_dict=dict(context=torch.zeros(2, 4, 8))), tmp_path / 'iter_1.pth')
    perceiver = PRIORS.build(
        part(TINY_PRIORS, 'CLIPQualityPerceiver', prompts=str(tmp_path / 'iter_1.pth'))
    )
    with pytest.raises(CheckpointError, match='holds no prompts of 3 tiers'):
        perceiver.load_pretrained()


def test_a_frozen_perceiver_without_prompts_is_warned_of(monkeypatch):
    logged = []
    monkeypatch.setattr(
        clip_quality_perceiver, 'print_log', lambda message, *_: logged.append(message)
    )
    for frozen in (True, False):
        PRIORS.build(part(TINY_PRIORS, 'CLIPQualityPerceiver', frozen=frozen)).load_pretrained()
    assert len(logged) == 1
    assert "['terrible', 'mediocre', 'excellent'] by untrained vectors" in logged[0]


def test_a_tower_with_weights_of_its_own_cannot_learn():
    options = dict(
        type='CLIPQualityPerceiver',
        clip='ViT-B-32-quickgelu',
        pretrained='openai',
        learn_tower=True,
    )
    with pytest.raises(
        ValueError, match='stay out of checkpoints, so what the tower learns would be lost'
    ):
        PRIORS.build(dict(options, frozen=False))


def test_more_words_than_the_vocabulary_holds_are_refused():
    with pytest.raises(ValueError, match=r'4 words need a vocabulary of 7.*the clip has 6'):
        PRIORS.build(
            part(TINY_PRIORS, 'CLIPQualityPerceiver', words=['bad', 'poor', 'good', 'best'])
        )


@pytest.mark.parametrize('views', [1, 2])
def test_a_perceiver_averages_what_it_sees_at_full_resolution(views):
    perceiver = PRIORS.build(part(TINY_PRIORS, 'CLIPQualityPerceiver', views=views))
    size = perceiver.clip.visual.image_size[0]
    image = torch.rand(1, 3, 2 * size, 2 * size, requires_grad=True)
    starts = [size // 2] if views == 1 else [0, size]
    squares = [
        image[..., top : top + size, left : left + size] for top in starts for left in starts
    ]
    expected = torch.stack([perceiver.logits(square) for square in squares]).mean(dim=0)
    torch.testing.assert_close(perceiver.logits(image), expected)
    perceiver.logits(image).sum().backward()
    assert image.grad.abs().sum() > 0


def test_one_field_a_tier():
    with pytest.raises(ValueError, match='the perceiver has 3 words'):
        build('PromptLearning', tiers=['lq', 'gt'])
