"""Stage 1 of TPGDiff, tiny."""

import pytest
import torch

from restorelab.registry import MODELS, PRIORS
from restorelab.structures import RestorationSample
from tests.models.tiny import TINY_PRIORS, TINY_RESTORERS, part


def build(**options):
    torch.manual_seed(0)
    return MODELS.build(part(TINY_RESTORERS, 'PriorDistillation', **options))


def batch(degradations=('noise', 'haze')):
    samples = [
        RestorationSample(
            gt=torch.rand(3, 16, 16), metainfo=dict(key=degradation, degradation=degradation)
        )
        for degradation in degradations
    ]
    return torch.rand(len(degradations), 3, 16, 16), samples


def test_it_has_a_loss_for_each_tower():
    losses = build()(*batch(), mode='loss')
    assert set(losses) == {'loss_semantic', 'loss_degradation'}


def test_the_semantic_loss_is_zero_where_nothing_is_degraded():
    model = build()
    _, samples = batch()
    losses = model(torch.stack([sample.gt for sample in samples]), samples, mode='loss')
    assert losses['loss_semantic'].abs() < 1e-6


def test_labels_are_places_in_the_list_of_degradations():
    assert build().labels(batch()[1], torch.device('cpu')).tolist() == [1, 0]


def test_an_unknown_task_is_named():
    with pytest.raises(
        ValueError,
        match=r"the degradations \['snow'\], but the model tells apart \['haze', 'noise'\]",
    ):
        build()(*batch(('noise', 'snow')), mode='loss')


def test_the_teacher_never_changes():
    model = build().train()
    before = [value.clone() for value in model.teacher.state_dict().values()]
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.1)
    sum(model(*batch(), mode='loss').values()).backward()
    optimizer.step()
    assert all(
        torch.equal(a, b) for a, b in zip(before, model.teacher.state_dict().values(), strict=True)
    )
    assert not any(module.training for module in model.teacher.modules())


def test_student_tower_and_head_learn():
    model = build().train()
    sum(model(*batch(), mode='loss').values()).backward()
    idle = [name for name, weight in model.named_parameters() if weight.grad is None]
    assert [name for name in idle if not name.startswith('teacher.')] == []


def test_predict_mode_names_the_task_and_the_likeness_to_the_teacher():
    model = build().eval()
    inputs, samples = batch()
    for sample in model(inputs, samples, mode='predict'):
        assert sample.predicted_degradation in ('haze', 'noise')
        assert -1 <= sample.semantic_cosine <= 1


def test_tensor_mode_gives_unit_vectors_and_a_logit_per_degradation():
    semantic, logits = build()(torch.rand(3, 3, 16, 16))
    torch.testing.assert_close(semantic.norm(dim=1), torch.ones(3))
    assert logits.shape == (3, 2)


def test_another_mode_is_refused():
    with pytest.raises(ValueError, match="mode is 'loss', 'predict' or 'tensor', not 'train'"):
        build()(torch.rand(1, 3, 16, 16), mode='train')


def test_its_checkpoint_is_what_the_priors_of_stage_2_load(tmp_path):
    model = build()
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'stage1.pth')
    for name, trained in (
        ('CLIPSemanticPrior', model.semantic),
        ('CLIPDegradationPrior', model.degradation),
    ):
        prior = PRIORS.build(part(TINY_PRIORS, name, pretrained=str(tmp_path / 'stage1.pth')))
        prior.load_pretrained()
        assert all(
            torch.equal(a, b) for a, b in zip(prior.parameters(), trained.parameters(), strict=True)
        )


def test_all_towers_start_from_the_pretrained_weights(tmp_path):
    source = build()
    torch.save(source.semantic.tower.state_dict(), tmp_path / 'clip.pth')
    towers = dict(frozen=False, pretrained=str(tmp_path / 'clip.pth'))
    model = MODELS.build(
        part(
            TINY_RESTORERS,
            'PriorDistillation',
            semantic=part(TINY_PRIORS, 'CLIPSemanticPrior', **towers),
            degradation=part(TINY_PRIORS, 'CLIPDegradationPrior', **towers),
        )
    )
    model.load_pretrained()
    for prior in (model.semantic, model.degradation, model.teacher):
        assert all(
            torch.equal(a, b)
            for a, b in zip(prior.parameters(), source.semantic.parameters(), strict=True)
        )


def test_bfloat16_autocast_trains():
    model = build().train()
    with torch.autocast('cpu', torch.bfloat16):
        loss = sum(model(*batch(), mode='loss').values())
    loss.backward()
    assert loss.isfinite()
