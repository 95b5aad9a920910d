import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from restorelab.registry import MODELS, TASKS
from restorelab.structures import RestorationSample
from restorelab.utils.checkpoint import CheckpointError
from tests.models import tiny
from tests.models.detectors import DETECTORS, deformable_detr, retinanet

pytest.importorskip('mmdet')


def annotated(key: str = 'a', side: int = 64) -> RestorationSample:
    """An image of noise with two objects and their masks."""
    boxes = torch.tensor([[4.0, 6.0, 30.0, 28.0], [34.0, 20.0, 60.0, 62.0]])
    masks = torch.zeros(2, side, side, dtype=torch.uint8)
    for mask, (left, top, right, bottom) in zip(masks, boxes.int().tolist(), strict=True):
        mask[top:bottom, left:right] = 1
    generator = torch.Generator().manual_seed(len(key))
    sample = RestorationSample(
        gt=torch.rand(3, side, side, generator=generator),
        metainfo=dict(
            key=key,
            degradation='noise',
            path=f'{key}.png',
            ori_shape=(side, side),
            img_id=1,
            task='det',
        ),
    )
    sample.gt_instances = InstanceData(bboxes=boxes, labels=torch.tensor([0, 3]), masks=masks)
    sample.ignored_instances = InstanceData(
        bboxes=boxes[:0], labels=torch.tensor([], dtype=torch.int64), masks=masks[:0]
    )
    return sample


class Annotations:
    """What a task asks of a data set."""

    def __init__(self, classes, with_masks: bool = False):
        self.metainfo, self.with_masks, self.task = dict(classes=tuple(classes)), with_masks, 'det'


def task(detector=None, **options):
    torch.manual_seed(0)
    built = TASKS.build(dict(type='MMDetTask', detector=detector or retinanet(), **options))
    return started(built)


def started(task):
    """Fill the tensors that DINO leaves as memory was before its ``init_weights``."""
    for name, parameter in task.network.named_parameters():
        if name == 'level_embed':
            torch.nn.init.normal_(parameter.data)
    return task


def joint(detector=None, **options):
    torch.manual_seed(0)
    restorer = tiny.part(
        tiny.TINY_RESTORERS,
        'DiffusionRestorer',
        priors={},
        adapters={},
        backbone=tiny.part(tiny.TINY_BACKBONES, 'ResidualDiffusionUNet'),
        process=tiny.part(tiny.TINY_PROCESSES, 'SharedResidualProcess'),
        sampler=tiny.part(tiny.TINY_SAMPLERS, 'SDTDDIMSampler'),
    )
    model = MODELS.build(
        dict(
            type='JointRestorer',
            restorer=restorer,
            tasks=dict(det=dict(type='MMDetTask', detector=detector or retinanet(), **options)),
        )
    )
    started(model.tasks['det'])
    return model.train()


def step(model, optimizer) -> float:
    samples = [annotated('a'), annotated('bb')]
    lq = torch.stack([sample.gt for sample in samples]) * 0.7
    loss = sum(model(lq, samples, mode='loss').values())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@pytest.mark.parametrize('name', DETECTORS)
def test_every_kind_of_detector_trains_jointly(name):
    model = joint(DETECTORS[name](), frozen=False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    assert np.isfinite([step(model, optimizer) for _ in range(3)]).all()


@pytest.mark.parametrize('name', DETECTORS)
def test_an_image_without_boxes_trains_too(name):
    empty = annotated('bb')
    empty.gt_instances = empty.ignored_instances.clone()
    image = torch.rand(2, 3, 64, 64, requires_grad=True)
    sum(task(DETECTORS[name]()).train().loss(image, [annotated('a'), empty]).values()).backward()
    assert image.grad[1].isfinite().all()
    assert image.grad[1].abs().sum() > 0


@pytest.mark.parametrize('name', DETECTORS)
def test_every_kind_of_frozen_detector_sends_gradients_to_the_image(name):
    net = task(DETECTORS[name]()).train()
    image = torch.rand(2, 3, 64, 64, requires_grad=True)
    sum(net.loss(image, [annotated('a'), annotated('bb')]).values()).backward()
    assert image.grad.abs().sum() > 0


@pytest.mark.parametrize('name', DETECTORS)
def test_every_kind_of_detector_predicts(name):
    found = task(DETECTORS[name]()).eval().predict(torch.rand(3, 64, 64), annotated())
    assert set(found['pred_instances'].keys()) >= {'bboxes', 'labels', 'scores'}


def test_more_queries_than_an_image_has_places_for_are_named():
    net = task(deformable_detr(dino=True, num_queries=86))  # 64 + 16 + 4 + 1 places
    image, wanted = torch.rand(3, 64, 64), r"DINO takes more queries.*changes={'num_queries': "
    with pytest.raises(ValueError, match=wanted):
        net.train().loss(image[None], [annotated()])
    with pytest.raises(ValueError, match=wanted):
        net.eval().predict(image, annotated())


def test_a_frozen_detector_stays_bit_identical_while_the_restorer_learns():
    model = joint(frozen=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    for _ in range(5):
        step(model, optimizer)
    moved = {
        key for key, value in model.state_dict().items() if not torch.equal(value, before[key])
    }
    assert moved
    assert [key for key in moved if key.startswith('tasks.')] == []


def test_a_trainable_detector_moves_with_its_statistics():
    model = joint(frozen=False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    for _ in range(5):
        step(model, optimizer)
    moved = {
        key for key, value in model.state_dict().items() if not torch.equal(value, before[key])
    }
    assert 'tasks.det.network.bbox_head.retina_cls.weight' in moved
    assert 'tasks.det.network.backbone.bn1.running_mean' in moved
    assert any(key.startswith('restorer.') for key in moved)


def test_the_task_loss_reaches_the_restorer():
    model = joint(loss_weight=1.0)
    samples = [annotated()]
    losses = model(samples[0].gt[None] * 0.7, samples, mode='loss')
    sum(value for name, value in losses.items() if name.startswith('loss_det')).backward()
    assert model.restorer.backbone.final_conv.weight.grad.abs().sum() > 0


def test_a_weight_of_zero_trains_the_restorer_only():
    samples = [annotated()]
    assert set(joint(loss_weight=0)(samples[0].gt[None], samples, mode='loss')) == {
        'loss_diffusion'
    }


def test_the_detector_sees_what_mmdet_would_read_from_a_file():
    net, image = task().eval(), torch.randint(0, 256, (3, 64, 64)) / 255
    seen = []
    net.network.backbone.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    net.predict(image, annotated())
    mean, std = (
        torch.tensor(values).view(3, 1, 1)
        for values in ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375])
    )
    torch.testing.assert_close(seen[0][0], (image * 255 - mean) / std)
    net.loss(image[None], [annotated()])
    torch.testing.assert_close(seen[1], seen[0])


def test_its_parameters_can_have_a_learning_rate_of_their_own():
    from mmengine.optim import build_optim_wrapper

    wrapper = build_optim_wrapper(
        joint(frozen=False),
        dict(
            optimizer=dict(type='AdamW', lr=1e-3),
            paramwise_cfg=dict(custom_keys={'tasks.det': dict(lr_mult=0.1)}),
        ),
    )
    assert {group['lr'] for group in wrapper.param_groups} == {1e-3, 1e-4}


def test_a_config_that_comes_with_mmdet_is_found_by_its_name():
    net = task(
        'mmdet::retinanet/retinanet_r18_fpn_1x_coco.py', changes={'bbox_head.num_classes': 6}
    )
    assert net.num_classes == 6
    assert [type(step).__name__ for step in net.test_transforms] == ['Resize', 'PackDetInputs']


def test_a_missing_detector_config_names_the_nearest():
    with pytest.raises(FileNotFoundError, match=r'retinanet_r51.*nearest.*retinanet_r50'):
        task('mmdet::retinanet/retinanet_r51_fpn_1x_coco.py')


def test_predictions_come_in_the_labels_of_the_data():
    net = task(classes=['d', 'b'], detector_classes=['a', 'b', 'c', 'd']).eval()
    plain = task().eval()
    image = torch.rand(3, 64, 64)
    found, all_found = (t.predict(image, annotated())['pred_instances'] for t in (net, plain))
    kept = [
        (label, score)
        for label, score in zip(all_found.labels.tolist(), all_found.scores.tolist(), strict=True)
        if label in (1, 3)
    ]
    names = [
        ({0: 3, 1: 1}[label], score)
        for label, score in zip(found.labels.tolist(), found.scores.tolist(), strict=True)
    ]
    assert names == kept


def test_another_number_of_classes_than_the_annotations_have_is_refused():
    with pytest.raises(ValueError, match='RetinaNet has 4 classes, but the annotations have 2'):
        task().check_dataset(Annotations(['cat', 'dog']))


def test_a_class_that_the_detector_does_not_know_is_named():
    with pytest.raises(KeyError, match=r"knows no class 'carr'; nearest: .*'car'"):
        task(classes=['carr'], detector_classes=['car', 'bus', 'dog', 'cat'])


def test_a_mask_head_asks_for_masks_before_training():
    with pytest.raises(KeyError, match=r"MaskRCNN learns from 'masks'.*with_masks=True"):
        task(DETECTORS['mask_rcnn']()).check_training(Annotations('abcd'))


def test_a_missing_annotation_is_named():
    sample = annotated()
    del sample.gt_instances.masks
    with pytest.raises(KeyError, match="MaskRCNN asks the annotations for 'masks'"):
        task(DETECTORS['mask_rcnn']()).loss(sample.gt[None], [sample])


def test_a_sample_without_annotations_is_named():
    sample = RestorationSample(metainfo=dict(key='street'))
    with pytest.raises(KeyError, match="'street' has no 'gt_instances'"):
        task().loss(torch.rand(1, 3, 64, 64), [sample])


def test_a_checkpoint_of_another_head_is_refused(tmp_path):
    path = tmp_path / 'coco.pth'
    torch.save(dict(state_dict=task(retinanet(num_classes=80)).network.state_dict()), path)
    with pytest.raises(
        CheckpointError, match=r'(?s)coco\.pth.*retina_cls\.weight \(80, .* in the file, \(4, '
    ):
        task(checkpoint=str(path)).load_pretrained()


def test_a_frozen_detector_from_a_checkpoint_is_not_saved_again(tmp_path):
    path = tmp_path / 'own.pth'
    torch.save(dict(state_dict=task().network.state_dict()), path)
    model = joint(checkpoint=str(path))
    model.load_pretrained()
    assert [key for key in model.state_dict() if key.startswith('tasks.')] == []
    joint(checkpoint=str(path)).load_state_dict(model.state_dict(), strict=True)


def test_an_image_that_was_cut_cannot_be_scored():
    with pytest.raises(
        ValueError, match=r"'a' has \(32, 64\) \(height, width\) .* its file \(64, 64\)"
    ):
        task().eval().predict(torch.rand(3, 32, 64), annotated())
