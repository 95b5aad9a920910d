import pytest
import torch
from mmengine.structures import PixelData

from restorelab.registry import TASKS
from restorelab.structures import RestorationSample

CLASSIFIER = dict(type='ClassificationTask', network='resnet18', num_classes=3, image_size=32)
SEGMENTER = dict(type='SegmentationTask', network='lraspp_mobilenet_v3_large', num_classes=3)


def sample(key: str = 'a') -> RestorationSample:
    made = RestorationSample(metainfo=dict(key=key, task='cls', ori_shape=(24, 40)))
    made.gt_label = torch.tensor(1)
    made.gt_sem_seg = PixelData(sem_seg=torch.arange(24 * 40).view(1, 24, 40) % 3)
    return made


@pytest.mark.parametrize('cfg', [CLASSIFIER, SEGMENTER], ids=lambda cfg: cfg['type'])
def test_a_frozen_network_sends_gradients_and_keeps_its_statistics(cfg):
    task = TASKS.build(cfg).train()
    before = {key: value.clone() for key, value in task.state_dict().items()}
    images = torch.rand(2, 3, 24, 40, requires_grad=True)
    sum(task.loss(images, [sample('a'), sample('b')]).values()).backward()
    assert images.grad.abs().sum() > 0
    assert all(torch.equal(value, before[key]) for key, value in task.state_dict().items())


def test_a_trainable_network_moves_its_statistics():
    task = TASKS.build(dict(CLASSIFIER, frozen=False)).train()
    before = task.network.bn1.running_mean.clone()
    task.loss(torch.rand(2, 3, 24, 40), [sample('a'), sample('b')])
    assert not torch.equal(task.network.bn1.running_mean, before)


def test_a_classifier_predicts_a_label_with_scores():
    found = TASKS.build(CLASSIFIER).eval().predict(torch.rand(3, 24, 40), sample())
    assert found['pred_label'] == found['pred_score'].argmax()
    assert found['pred_score'].sum().item() == pytest.approx(1, abs=1e-5)


def test_a_segmenter_predicts_a_label_map_of_the_image_size():
    found = TASKS.build(SEGMENTER).eval().predict(torch.rand(3, 24, 40), sample())
    assert found['pred_sem_seg'].sem_seg.shape == (1, 24, 40)


def test_deeplab_builds():
    assert TASKS.build(dict(type='SegmentationTask', num_classes=19)).num_classes == 19


def test_a_label_beyond_the_classes_is_named():
    wrong = sample()
    wrong.gt_sem_seg = PixelData(sem_seg=torch.full((1, 24, 40), 7))
    with pytest.raises(ValueError, match=r"\['a'\] has the class 7, but the network has 3 classes"):
        TASKS.build(SEGMENTER).loss(torch.rand(1, 3, 24, 40), [wrong])


def test_pixels_of_the_label_that_does_not_count_change_no_loss():
    task = TASKS.build(dict(SEGMENTER, ignore_index=7)).eval()
    image, half, whole = torch.rand(1, 3, 24, 40), sample(), sample()
    labels = torch.zeros(1, 24, 40, dtype=torch.long)
    whole.gt_sem_seg = PixelData(sem_seg=labels.clone())
    labels[..., :20] = 7
    half.gt_sem_seg = PixelData(sem_seg=labels)
    with torch.no_grad():
        pixels = torch.nn.functional.cross_entropy(
            task.logits(image), whole.gt_sem_seg.sem_seg, reduction='none'
        )
        assert task.loss(image, [half])['loss'].item() == pytest.approx(
            pixels[..., 20:].mean().item(), rel=1e-4
        )


def test_an_unknown_network_names_the_nearest():
    with pytest.raises(KeyError, match=r"no model 'resnet19'; nearest: .*'resnet18'"):
        TASKS.build(dict(CLASSIFIER, network='resnet19'))


def test_a_sample_without_its_label_is_named():
    with pytest.raises(KeyError, match="sample 'b' has no 'gt_label'"):
        TASKS.build(CLASSIFIER).loss(
            torch.rand(1, 3, 24, 40), [RestorationSample(metainfo=dict(key='b'))]
        )
