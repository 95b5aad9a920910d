"""Operators of mmcv by torchvision: against plain references, and against the compiled ones.

What stands in ``mmcv.ops`` runs with our operators, whichever mmcv is installed.
"""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from restorelab.ops import mmcv_ext

ops = pytest.importorskip('mmcv.ops')
compiled = import_module('mmcv._ext')
needs_compiled = pytest.mark.skipif(
    compiled.__file__.endswith('.py'), reason='the compiled mmcv is not installed'
)
MODULES = [
    *('nms', 'bbox', 'roi_align', 'deform_conv', 'modulated_deform_conv', 'focal_loss', 'carafe'),
    *('masked_conv', 'multi_scale_deform_attn'),
]


@pytest.fixture
def use(monkeypatch):
    """A function that makes ``mmcv.ops`` call the operators of a module."""

    def let(operators):
        for name in MODULES:
            import_module(f'mmcv.ops.{name}')
            monkeypatch.setattr(sys.modules[f'mmcv.ops.{name}'], 'ext_module', operators)

    let(mmcv_ext)
    return let


def crowd(count: int = 200, seed: int = 0, ties: bool = False) -> tuple[Tensor, Tensor]:
    """Boxes (N, 4) that overlap a lot, and scores (N,)."""
    generator = torch.Generator().manual_seed(seed)
    start = torch.rand(count, 2, generator=generator) * 40
    size = torch.rand(count, 2, generator=generator) * 30
    scores = torch.rand(count, generator=generator)
    if ties:
        start, size, scores = start.round(), size.round() + 1, (scores * 4).round() / 4
    return torch.cat([start, start + size], 1), scores


def plain_iou(one: Tensor, other: Tensor, offset: int = 0) -> float:
    (left, top, right, bottom), (left2, top2, right2, bottom2) = one.tolist(), other.tolist()
    width = max(0, min(right, right2) - max(left, left2) + offset)
    height = max(0, min(bottom, bottom2) - max(top, top2) + offset)
    area = (right - left + offset) * (bottom - top + offset)
    area2 = (right2 - left2 + offset) * (bottom2 - top2 + offset)
    return width * height / (area + area2 - width * height)


def plain_nms(boxes: Tensor, scores: Tensor, threshold: float, offset: int = 0) -> list[int]:
    kept = []
    for index in scores.argsort(descending=True).tolist():
        if all(plain_iou(boxes[index], boxes[better], offset) <= threshold for better in kept):
            kept.append(index)
    return kept


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('threshold', [0.3, 0.6])
def test_nms_keeps_what_the_definition_keeps(use, threshold, offset):
    boxes, scores = crowd()
    dets, kept = ops.nms(boxes, scores, threshold, offset=offset)
    assert kept.tolist() == plain_nms(boxes, scores, threshold, offset)
    assert 5 < len(kept) < len(boxes)
    assert torch.equal(dets, torch.cat([boxes, scores[:, None]], 1)[kept])


def test_nms_filters_by_score_and_number(use):
    boxes, scores = crowd()
    kept = ops.nms(boxes, scores, 0.3, score_threshold=0.5, max_num=4)[1]
    assert kept.tolist() == plain_nms(boxes, scores, 0.3)[:4]
    assert ops.nms(boxes, scores, 0.3, score_threshold=2)[1].tolist() == []


def test_an_iou_equal_to_the_threshold_suppresses_in_nms_match_alone(use):
    """In float32, as the compiled operators compare: 0.6 in float64 is a little less."""
    boxes = torch.tensor([[0.0, 0, 5, 1], [0, 0, 3, 1]])
    dets = torch.cat([boxes, torch.tensor([[0.9], [0.8]])], 1)
    assert ops.nms(boxes, dets[:, 4], 0.6)[1].tolist() == [0, 1]
    assert [group.tolist() for group in ops.nms_match(dets, 0.6)] == [[0, 1]]
    assert [group.tolist() for group in ops.nms_match(dets, 0.61)] == [[0], [1]]


@pytest.mark.parametrize('split_thr', [10000, 50])
def test_batched_nms_keeps_classes_apart(use, split_thr):
    boxes, scores = crowd()
    labels = torch.arange(len(boxes)) % 3
    options = dict(type='nms', iou_threshold=0.4, split_thr=split_thr)
    dets, kept = ops.batched_nms(boxes, scores, labels, options)
    wanted = []
    for label in range(3):
        own = (labels == label).nonzero()[:, 0]
        wanted += own[plain_nms(boxes[own], scores[own], 0.4)].tolist()
    assert kept.tolist() == sorted(wanted, key=lambda index: -scores[index])
    assert torch.equal(dets[:, 4], scores[kept])


def plain_soft_nms(boxes, scores, threshold, sigma, min_score, method):
    scores, left, taken = scores.tolist(), list(range(len(boxes))), []
    while left:
        best = max(left, key=lambda index: scores[index])
        left.remove(best)
        taken.append((best, scores[best]))
        for index in left:
            iou = plain_iou(boxes[best], boxes[index])
            if method == 'gaussian':
                scores[index] *= np.exp(-(iou**2) / sigma)
            elif iou >= threshold:
                scores[index] *= (1 - iou) if method == 'linear' else 0
        left = [index for index in left if scores[index] >= min_score]
    return taken


@pytest.mark.parametrize('method', ['naive', 'linear', 'gaussian'])
def test_soft_nms_lowers_scores_as_defined(use, method):
    boxes, scores = crowd()
    dets, kept = ops.soft_nms(boxes, scores, 0.3, 0.5, 0.05, method)
    wanted = plain_soft_nms(boxes, scores, 0.3, 0.5, 0.05, method)
    assert kept.tolist() == [index for index, _ in wanted]
    wanted_scores = torch.tensor([score for _, score in wanted], dtype=torch.float32)
    torch.testing.assert_close(dets[:, 4], wanted_scores)
    assert torch.equal(dets[:, :4], boxes[kept])


def test_no_boxes_are_no_detections(use):
    boxes, scores = torch.zeros(0, 4), torch.zeros(0)
    assert ops.nms(boxes, scores, 0.5)[0].shape == (0, 5)
    assert ops.soft_nms(boxes, scores)[0].shape == (0, 5)
    assert ops.nms_match(torch.zeros(0, 5), 0.5) == []


def test_overlaps_of_boxes_are_their_ious(use):
    boxes = crowd(20)[0]
    for offset in (0, 1):
        wanted = [[plain_iou(one, other, offset) for other in boxes] for one in boxes[:7]]
        found = ops.bbox_overlaps(boxes[:7], boxes, offset=offset)
        torch.testing.assert_close(found, torch.tensor(wanted))
    aligned = ops.bbox_overlaps(boxes[:7], boxes[7:14], aligned=True)
    torch.testing.assert_close(aligned, ops.bbox_overlaps(boxes[:7], boxes[7:14]).diagonal())
    inner = torch.tensor([[2.0, 2, 4, 4]])
    outer = torch.tensor([[0.0, 0, 9, 9]])
    assert ops.bbox_overlaps(inner, outer, mode='iof').item() == 1


def pixels(image: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Bilinear values of ``image`` (C, H, W) at points in pixels, 0 outside: (C, *points)."""
    height, width = image.shape[-2:]
    grid = torch.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], -1)
    found = F.grid_sample(image[None], grid.reshape(1, 1, -1, 2), align_corners=True)
    return found.reshape(len(image), *x.shape)


def plain_roi_align(image: Tensor, rois: Tensor, size: int, scale: float, samples: int) -> Tensor:
    """Each bin is the mean of ``samples``^2 points. Regions inside the images."""
    steps = (torch.arange(size * samples, dtype=image.dtype) + 0.5) / samples
    found = []
    for number, left, top, right, bottom in rois.tolist():
        y = top * scale - 0.5 + steps * (bottom - top) * scale / size
        x = left * scale - 0.5 + steps * (right - left) * scale / size
        values = pixels(image[int(number)], *torch.meshgrid(y, x, indexing='ij'))
        found.append(F.avg_pool2d(values, samples))
    return torch.stack(found)


def gradient_of(output: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    """The gradients of a fixed random weighting of ``output``."""
    weights = torch.randn(output.shape, generator=torch.Generator().manual_seed(5))
    return torch.autograd.grad((output * weights).sum(), inputs)


def test_roi_align_and_its_gradient_are_means_of_bilinear_samples(use):
    torch.manual_seed(0)
    image = torch.rand(2, 3, 16, 20, requires_grad=True)
    rois = torch.tensor([[0, 6.0, 8, 30, 28], [1, 10, 4, 34, 20.5], [0, 8, 8, 9, 10]])
    found = ops.roi_align(image, rois, 4, 0.5, 2, 'avg', True)
    wanted = plain_roi_align(image, rois, 4, 0.5, 2)
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(gradient_of(found, image), gradient_of(wanted, image))


def plain_deform_conv(image, offset, weight, bias, mask, stride, padding, dilation, groups):
    """``groups`` of the offsets; the convolution itself has one."""
    out, channels, kernel, _ = weight.shape
    height, width = offset.shape[-2:]
    y0 = torch.arange(height, dtype=image.dtype)[:, None] * stride - padding
    x0 = torch.arange(width, dtype=image.dtype) * stride - padding
    per_group = channels // groups
    results = []
    for number, picture in enumerate(image):
        total = torch.zeros(out, height, width)
        for tap in range(kernel**2):
            row, column = divmod(tap, kernel)
            for group in range(groups):
                place = group * kernel**2 + tap
                y = y0 + row * dilation + offset[number, 2 * place]
                x = x0 + column * dilation + offset[number, 2 * place + 1]
                part = slice(group * per_group, (group + 1) * per_group)
                values = pixels(picture[part], y, x)
                if mask is not None:
                    values = values * mask[number, place]
                total = total + torch.einsum('oc,chw->ohw', weight[:, part, row, column], values)
        results.append(total if bias is None else total + bias[:, None, None])
    return torch.stack(results)


def convolution(groups: int = 2, stride: int = 2, dilation: int = 1) -> list[Tensor]:
    """image, offset, weight, bias, mask of a 3x3 convolution of 4 channels to 5."""
    torch.manual_seed(0)
    size = tuple((side + 2 - 2 * dilation - 1) // stride + 1 for side in (9, 11))
    tensors = [
        torch.rand(2, 4, 9, 11),
        torch.randn(2, groups * 18, *size),
        torch.randn(5, 4, 3, 3),
        torch.randn(5),
        torch.rand(2, groups * 9, *size),
    ]
    return [tensor.requires_grad_() for tensor in tensors]


@pytest.mark.parametrize('stride', [1, 2])
@pytest.mark.parametrize('dilation', [1, 2])
def test_deformable_convolution_samples_where_its_offsets_say(use, stride, dilation):
    image, offset, weight, _, _ = convolution(2, stride, dilation)
    found = ops.deform_conv2d(image, offset, weight, stride, 1, dilation, 1, 2)
    wanted = plain_deform_conv(image, offset, weight, None, None, stride, 1, dilation, 2)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
    inputs = image, offset, weight
    torch.testing.assert_close(
        gradient_of(found, *inputs), gradient_of(wanted, *inputs), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize('with_bias', [True, False])
def test_modulated_deformable_convolution_weights_its_samples(use, with_bias):
    image, offset, weight, bias, mask = convolution()
    bias = bias if with_bias else None
    found = ops.modulated_deform_conv2d(image, offset, mask, weight, bias, 2, 1, 1, 1, 2)
    wanted = plain_deform_conv(image, offset, weight, bias, mask, 2, 1, 1, 2)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
    inputs = [image, offset, weight, mask] + ([bias] if with_bias else [])
    torch.testing.assert_close(
        gradient_of(found, *inputs), gradient_of(wanted, *inputs), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize('weighted', [True, False])
def test_sigmoid_focal_loss_is_the_formula(use, weighted):
    torch.manual_seed(0)
    logits = torch.randn(12, 4, requires_grad=True)
    target = torch.arange(12) % (4 if weighted else 5)  # 4 is the background
    weight = torch.rand(4) if weighted else None
    found = ops.sigmoid_focal_loss(logits, target, 2.0, 0.25, weight, 'mean')
    chance = logits.sigmoid()
    hit = target[:, None] == torch.arange(4)
    wanted = torch.where(
        hit,
        -0.25 * (1 - chance) ** 2 * chance.log(),
        -0.75 * chance**2 * (1 - chance).log(),
    )
    wanted = (wanted if weight is None else wanted * weight[target][:, None]).sum() / 12
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(gradient_of(found, logits), gradient_of(wanted, logits))


def test_deformable_attention_has_the_gradients_of_the_plain_form(use):
    module = sys.modules['mmcv.ops.multi_scale_deform_attn']
    torch.manual_seed(0)
    shapes, starts = torch.tensor([[6, 5], [3, 2]]), torch.tensor([0, 30])
    inputs = torch.rand(2, 36, 2, 4), torch.rand(2, 7, 2, 2, 3, 2), torch.rand(2, 7, 2, 2, 3)
    value, places, weights = inputs = [each.requires_grad_() for each in inputs]
    apply = module.MultiScaleDeformableAttnFunction.apply
    found = apply(value, shapes, starts, places, weights, 64)
    wanted = module.multi_scale_deformable_attn_pytorch(value, shapes, places, weights)
    assert torch.equal(found, wanted)
    torch.testing.assert_close(gradient_of(found, *inputs), gradient_of(wanted, *inputs))


def test_a_masked_convolution_computes_some_pixels_alone(use):
    torch.manual_seed(0)
    layer = ops.MaskedConv2d(3, 4, 3, padding=1)
    image, mask = torch.rand(1, 3, 6, 7), torch.rand(1, 6, 7) > 0.5
    found = layer(image, mask.float())
    torch.testing.assert_close(found, layer(image) * mask)


def test_carafe_weights_the_patch_round_each_pixel(use):
    torch.manual_seed(0)
    image = torch.rand(1, 4, 3, 5, dtype=torch.float64, requires_grad=True)
    masks = torch.rand(1, 2 * 9, 6, 10, dtype=torch.float64, requires_grad=True)
    found = ops.carafe(image, masks, 3, 2, 2)
    padded = F.pad(image, (1, 1, 1, 1))
    for channel, y, x in [(0, 0, 0), (1, 3, 7), (3, 5, 9), (2, 2, 4)]:
        patch = padded[0, channel, y // 2 : y // 2 + 3, x // 2 : x // 2 + 3].flatten()
        group = channel // 2
        wanted = (patch * masks[0, group * 9 : group * 9 + 9, y, x]).sum()
        torch.testing.assert_close(found[0, channel, y, x], wanted)
    assert torch.autograd.gradcheck(lambda *inputs: ops.carafe(*inputs, 3, 2, 2), (image, masks))


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float64])
def test_other_precisions_give_results_of_their_own(use, dtype):
    image, offset, weight, _, _ = (tensor.detach().to(dtype) for tensor in convolution())
    boxes, scores = crowd()
    wide = ops.deform_conv2d(image.float(), offset.float(), weight.float(), 2, 1, 1, 1, 2)
    found = ops.deform_conv2d(image, offset, weight, 2, 1, 1, 1, 2)
    assert found.dtype == dtype
    torch.testing.assert_close(found.float(), wide, rtol=1e-2, atol=1e-2)
    rois = torch.tensor([[0, 1.0, 1, 8, 8]], dtype=dtype)
    assert ops.roi_align(image, rois, 2).dtype == dtype
    assert ops.nms(boxes.to(dtype), scores.to(dtype), 0.5)[0].dtype == dtype


def test_an_operator_that_is_missing_says_its_name_and_what_to_do(use):
    rois = torch.tensor([[0, 1.0, 1, 8, 8]])
    with pytest.raises(NotImplementedError, match=r'max.*make detection-compiled'):
        ops.roi_align(torch.rand(1, 1, 9, 9), rois, 2, 1.0, 2, 'max', True)
    with pytest.raises(NotImplementedError, match=r'box_iou_rotated .*make detection-compiled'):
        mmcv_ext.box_iou_rotated(rois, rois)
    with pytest.raises(AttributeError, match='__path__'):
        mmcv_ext.__path__  # noqa: B018


def test_ours_stand_in_only_where_no_compiled_ones_are(tmp_path):
    """Folders that hold an mmcv of one file, and one with operators of its own."""
    program = 'import restorelab, mmcv._ext; print(mmcv._ext.__file__)'
    lite, full = tmp_path / 'lite/mmcv', tmp_path / 'full/mmcv'
    for folder in (lite, full):
        folder.mkdir(parents=True)
        (folder / '__init__.py').touch()
    (full / '_ext.py').touch()
    root = Path(mmcv_ext.__file__).parents[2]
    for folder, wanted in [(lite, mmcv_ext.__file__), (full, str(full / '_ext.py'))]:
        path = f'import sys; sys.path[:0] = {[str(folder.parent), str(root)]}; '
        ran = subprocess.run(
            [sys.executable, '-c', path + program], capture_output=True, text=True, check=True
        )
        assert ran.stdout.strip() == wanted


def lowered_scores(ties: bool, seed: int) -> dict[str, list[Tensor]]:
    """What soft NMS of ``mmcv.ops`` gives for the same boxes."""
    boxes, scores = crowd(300, seed, ties)
    found = {}
    for offset in (0, 1):
        for threshold in (0.1, 0.3, 0.5, 0.6, 0.7):
            for method in ('naive', 'linear', 'gaussian'):
                dets, kept = ops.soft_nms(boxes, scores, threshold, 0.5, 0.02, method, offset)
                found[f'soft_nms {threshold} {offset} {method}'] = [kept, dets]
    return found


def outputs(seed: int) -> dict[str, list[Tensor]]:
    """What the operators of ``mmcv.ops`` give for the same inputs."""
    boxes, scores = crowd(300, seed)
    found = {}
    for offset in (0, 1):
        for threshold in (0.1, 0.3, 0.5, 0.6, 0.7):
            dets, kept = ops.nms(boxes, scores, threshold, offset)
            found[f'nms {threshold} {offset}'] = [kept, dets]
        found[f'overlaps {offset}'] = [ops.bbox_overlaps(boxes, boxes, 'iof', False, offset)]
    found['nms_match'] = ops.nms_match(torch.cat([boxes, scores[:, None]], 1), 0.5)
    image = torch.rand(2, 3, 30, 40, generator=torch.Generator().manual_seed(seed))
    image.requires_grad_()
    rois = torch.cat([torch.arange(len(boxes))[:, None] % 2, boxes * 4 - 30], 1)
    for samples in (0, 2):
        for aligned in (True, False):
            values = ops.roi_align(image, rois, (5, 3), 0.25, samples, 'avg', aligned)
            found[f'roi_align {samples} {aligned}'] = [values, *gradient_of(values, image)]
    image, offset, weight, bias, mask = convolution()
    values = ops.deform_conv2d(image, offset, weight, 2, 1, 1, 1, 2)
    found['deform_conv'] = [values, *gradient_of(values, image, offset, weight)]
    values = ops.modulated_deform_conv2d(image, offset, mask, weight, bias, 2, 1, 1, 1, 2)
    inputs = image, offset, weight, bias, mask
    found['modulated_deform_conv'] = [values, *gradient_of(values, *inputs)]
    return found


def check_same(ours: dict[str, list[Tensor]], theirs: dict[str, list[Tensor]]) -> None:
    """Indices are equal, other numbers up to rounding."""
    for name, wanted in theirs.items():
        assert len(ours[name]) == len(wanted), name
        for mine, other in zip(ours[name], wanted, strict=True):
            if mine.is_floating_point():
                torch.testing.assert_close(mine, other, msg=lambda text, name=name: name + text)
            else:
                assert torch.equal(mine, other), name


@needs_compiled
@pytest.mark.parametrize('seed', [0, 1])
def test_results_and_gradients_are_those_of_the_compiled_operators(use, seed):
    ours = outputs(seed)
    use(compiled)
    check_same(ours, outputs(seed))


@needs_compiled
@pytest.mark.parametrize('ties', [False, True])
def test_soft_nms_is_the_compiled_one_also_where_scores_are_equal(use, ties):
    ours = lowered_scores(ties, 0)
    use(compiled)
    check_same(ours, lowered_scores(ties, 0))


def test_of_equal_boxes_the_first_is_kept(use):
    """The compiled operator leaves open which one."""
    boxes, scores = torch.tensor([[0.0, 0, 9, 9]]).repeat(100, 1), torch.ones(100)
    assert ops.nms(boxes, scores, 0.5)[1].tolist() == [0]
    matched = ops.nms_match(torch.cat([boxes, scores[:, None]], 1), 0.5)
    assert [group.tolist() for group in matched] == [list(range(100))]
