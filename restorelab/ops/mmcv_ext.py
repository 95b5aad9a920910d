"""The operators of mmcv that detectors need, computed by torchvision and PyTorch.

mmcv has them in a compiled module ``mmcv._ext``. No wheel of it fits our torch, and to compile it
takes minutes and a compiler. mmcv-lite is the same package without that module. ``restorelab``
offers this file under its name (see ``restorelab.lazy``), only where no compiled one is installed.

Names, arguments and results are those that ``mmcv.ops`` expects: most functions write into tensors
that are given to them. Numbers of half precision are computed as float32. Where the compiled
operator runs on this device, indices are the same and other results differ by rounding alone. Only
where scores are equal, ``nms`` keeps the first box and the compiled one any of them.
Any other operator of mmcv can be imported from here, and raises NotImplementedError when called.
"""

from collections.abc import Callable
from importlib import import_module

import numpy as np
import torch
import torchvision
from torch import Tensor
from torch.nn import functional as F

operators = torch.ops.torchvision  # the functions with gradients of their own


def __getattr__(name: str) -> Callable:
    """An operator that is not here."""
    if name.startswith('_'):
        raise AttributeError(f"module {__name__!r} has no attribute '{name}'")

    def missing(*args, **options):
        raise not_here(name)

    return missing


def not_here(what: str) -> NotImplementedError:
    return NotImplementedError(
        f"mmcv's operator {what} has no form in torchvision or PyTorch here; it needs the compiled "
        'mmcv: run `make detection-compiled` (a C++ compiler and minutes, once)'
    )


def get_compiler_version() -> str:
    return 'none: operators of torchvision, by restorelab'


get_compiling_cuda_version = get_compiler_version


def wide(given: Tensor) -> Tensor:
    """``given`` in float32, or in float64 if it is."""
    return given if given.dtype == torch.float64 else given.float()


def single(value: float) -> float:
    """``value`` rounded to float32: the compiled operators compare in that precision."""
    return float(np.float32(value))


def gradients(function: Callable, inputs: list[Tensor], grad_output: Tensor) -> tuple[Tensor, ...]:
    """The gradients of ``function(*inputs)``, which is computed once more."""
    inputs = [wide(given.detach()).requires_grad_() for given in inputs]
    with torch.enable_grad():
        output = function(*inputs)
    return torch.autograd.grad(output, inputs, grad_output.to(output.dtype))


def write(targets: list[Tensor], values: list[Tensor]) -> None:
    for target, value in zip(targets, values, strict=True):
        target.copy_(value)


# Boxes: (N, 4) as left, top, right, bottom; scores (N,). With offset 1 a box includes its right
# and bottom pixels.


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """The indices of the boxes that are kept, best first."""
    grown = wide(boxes) + boxes.new_tensor([0, 0, offset, offset])
    return torchvision.ops.nms(grown, scores.to(grown.dtype), single(iou_threshold))


def overlap(one: np.ndarray, others: np.ndarray, offset: int) -> np.ndarray:
    """IoU of a box (4,) with each of ``others`` (N, 4), all float32."""
    offset = np.float32(offset)
    start, end = np.maximum(one[:2], others[:, :2]), np.minimum(one[2:], others[:, 2:])
    inner = np.maximum(end - start + offset, 0).prod(1)
    area = (one[2:] - one[:2] + offset).prod()
    areas = (others[:, 2:] - others[:, :2] + offset).prod(1)
    with np.errstate(invalid='ignore', divide='ignore'):  # two boxes of no area
        return inner / (area + areas - inner)


def softnms(
    boxes: Tensor,
    scores: Tensor,
    dets: Tensor,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    offset: int,
) -> Tensor:
    """Lowers the scores of boxes that overlap better ones. Returns the indices of those kept.

    ``dets`` (N, 5) gets their boxes and new scores. ``method``: 0 removes, 1 lowers linearly, 2 by
    a Gaussian. Boxes of equal scores are taken in the order of the compiled operator.
    """
    rows = torch.cat([boxes, scores[:, None]], 1).detach().float().numpy().copy()
    indices = np.arange(len(rows))
    left = len(rows)
    iou_threshold, sigma, min_score = np.float32([iou_threshold, sigma, min_score])
    taken = 0
    while taken < left:
        best = taken + rows[taken:left, 4].argmax()
        for table in (rows, indices):
            table[[taken, best]] = table[[best, taken]]
        taken += 1
        rest = rows[taken:left]
        iou = overlap(rows[taken - 1, :4], rest[:, :4], offset)
        if method == 2:
            rest[:, 4] *= np.exp(-(iou * iou) / sigma)
        else:
            lowered = 1 - iou if method == 1 else np.zeros_like(iou)
            rest[:, 4] *= np.where(iou >= iou_threshold, lowered, 1)
        stays = ~(rest[:, 4] < min_score)
        count = stays.sum()
        # the last ones that stay fill the gaps, so that ties are broken as in the compiled operator
        gaps = taken + np.flatnonzero(~stays[:count])
        movers = taken + count + np.flatnonzero(stays[count:])[::-1]
        for table in (rows, indices):
            table[gaps] = table[movers]
        left = taken + count
    dets[:left] = torch.from_numpy(rows[:left])
    return torch.from_numpy(indices[:left])


def nms_match(dets: Tensor, iou_threshold: float) -> list[list[int]]:
    """Groups of indices: a box that is kept, then those it suppresses. ``dets`` (N, 5)."""
    rows = dets.detach().float().numpy()
    waiting = dets[:, 4].sort(descending=True, stable=True).indices.numpy()
    groups = []
    while len(waiting):
        best, waiting = waiting[0], waiting[1:]
        near = overlap(rows[best, :4], rows[waiting, :4], 0) >= np.float32(iou_threshold)
        groups.append([int(best), *waiting[near].tolist()])
        waiting = waiting[~near]
    return groups


def bbox_overlaps(
    bboxes1: Tensor, bboxes2: Tensor, ious: Tensor, mode: int, aligned: bool, offset: int
) -> None:
    """IoU (mode 0), or the share of the first box (mode 1); of pairs if ``aligned``."""
    first, second = wide(bboxes1), wide(bboxes2)
    area1 = (first[:, 2:] - first[:, :2] + offset).prod(1)
    area2 = (second[:, 2:] - second[:, :2] + offset).prod(1)
    if not aligned:
        first, area1 = first[:, None], area1[:, None]
    start = torch.maximum(first[..., :2], second[:, :2])
    end = torch.minimum(first[..., 2:], second[:, 2:])
    inner = (end - start + offset).clamp(min=0).prod(-1)
    ious.copy_(inner / (area1 + area2 - inner if mode == 0 else area1))


# Regions: (K, 5) as index of the image, left, top, right, bottom.


def roi_align_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    if pool_mode == 0:
        raise not_here("roi_align with pool_mode='max'")
    size = aligned_height, aligned_width
    image = wide(input)
    output.copy_(
        operators.roi_align(
            image, rois.to(image.dtype), spatial_scale, *size, sampling_ratio, aligned
        )
    )


def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    size = aligned_height, aligned_width
    grad = wide(grad_output)
    grad_input.copy_(
        operators._roi_align_backward(
            grad,
            rois.to(grad.dtype),
            spatial_scale,
            *size,
            *grad_input.shape,
            sampling_ratio,
            aligned,
        )
    )


# Deformable convolution: offsets (B, 2 * groups * kernel, H, W) as y, x; masks half as many.


def deform_conv_arguments(given: dict) -> tuple[int, ...]:
    """What torchvision takes after the tensors; mmcv has other names for it in the second form."""
    names = ('dH', 'dW', 'padH', 'padW', 'dilationH', 'dilationW')
    if 'stride_h' in given:
        names = ('stride_h', 'stride_w', 'pad_h', 'pad_w', 'dilation_h', 'dilation_w')
    return *(given[name] for name in names), given['group'], given['deformable_group']


def unmasked(input: Tensor, weight: Tensor, offset: Tensor) -> list[Tensor]:
    """The tensors of a convolution without masks and bias."""
    image = wide(input)
    return [
        image,
        weight.to(image.dtype),
        offset.to(image.dtype),
        image.new_zeros(len(image), 1),
        image.new_zeros(len(weight)),
    ]


def deform_conv_forward(
    input: Tensor, weight: Tensor, offset: Tensor, output: Tensor, *buffers: Tensor, **options
) -> None:
    tensors = unmasked(input, weight, offset)
    output.copy_(operators.deform_conv2d(*tensors, *deform_conv_arguments(options), False))


def deform_conv_backward_input(
    input: Tensor,
    offset: Tensor,
    grad_output: Tensor,
    grad_input: Tensor,
    grad_offset: Tensor,
    weight: Tensor,
    *buffers: Tensor,
    **options,
) -> None:
    tensors = unmasked(input, weight, offset)
    grads = operators._deform_conv2d_backward(
        grad_output.to(tensors[0].dtype), *tensors, *deform_conv_arguments(options), False
    )
    write([grad_input, grad_offset], [grads[0], grads[2]])


def deform_conv_backward_parameters(
    input: Tensor,
    offset: Tensor,
    grad_output: Tensor,
    grad_weight: Tensor,
    *buffers: Tensor,
    scale: float,
    **options,
) -> None:
    # the gradient of the weight does not depend on the weight
    tensors = unmasked(input, grad_weight, offset)
    grads = operators._deform_conv2d_backward(
        grad_output.to(tensors[0].dtype), *tensors, *deform_conv_arguments(options), False
    )
    grad_weight.add_(grads[1], alpha=scale)


def masked(input: Tensor, weight: Tensor, bias: Tensor, offset: Tensor, mask: Tensor):
    """The tensors of a convolution with masks; ``bias`` is empty where there is none."""
    image, kernel, moved, _, no_bias = unmasked(input, weight, offset)
    bias = bias.to(image.dtype) if bias.numel() else no_bias
    return image, kernel, moved, mask.to(image.dtype), bias


def modulated_deform_conv_forward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    output: Tensor,
    columns: Tensor,
    **options,
) -> None:
    tensors = masked(input, weight, bias, offset, mask)
    output.copy_(operators.deform_conv2d(*tensors, *deform_conv_arguments(options), True))


def modulated_deform_conv_backward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    columns: Tensor,
    grad_input: Tensor,
    grad_weight: Tensor,
    grad_bias: Tensor,
    grad_offset: Tensor,
    grad_mask: Tensor,
    grad_output: Tensor,
    **options,
) -> None:
    tensors = masked(input, weight, bias, offset, mask)
    grads = operators._deform_conv2d_backward(
        grad_output.to(tensors[0].dtype), *tensors, *deform_conv_arguments(options), True
    )
    write([grad_input, grad_weight, grad_offset, grad_mask], grads[:4])
    if options['with_bias']:
        grad_bias.copy_(grads[4])


def attend(
    value: Tensor, shapes: Tensor, starts: Tensor, locations: Tensor, weights: Tensor
) -> Tensor:
    """Deformable attention in plain PyTorch: mmcv has that, and uses it on the CPU alone."""
    module = import_module('mmcv.ops.multi_scale_deform_attn')
    return module.multi_scale_deformable_attn_pytorch(value, shapes, locations, weights)


def ms_deform_attn_forward(*tensors: Tensor, im2col_step: int) -> Tensor:
    return attend(*tensors)


def ms_deform_attn_backward(
    value: Tensor,
    shapes: Tensor,
    starts: Tensor,
    locations: Tensor,
    weights: Tensor,
    grad_output: Tensor,
    *grads: Tensor,
    im2col_step: int,
) -> None:
    def function(value, locations, weights):
        return attend(value, shapes, starts, locations, weights)

    write(list(grads), gradients(function, [value, locations, weights], grad_output))


def focal_loss(input: Tensor, target: Tensor, weight: Tensor, gamma: float, alpha: float) -> Tensor:
    """Loss of each class of each row: ``input`` (N, C) logits, ``target`` (N,) with C for none."""
    classes = torch.arange(input.shape[1], device=input.device)
    hit = (target[:, None] == classes).to(input.dtype)
    loss = torchvision.ops.sigmoid_focal_loss(input, hit, alpha, gamma)
    return loss * weight.to(loss.dtype)[target][:, None] if weight.numel() else loss


def sigmoid_focal_loss_forward(
    input: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    output.copy_(focal_loss(wide(input), target, weight, gamma, alpha))


def sigmoid_focal_loss_backward(
    input: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, gamma: float, alpha: float
) -> None:
    def function(logits):
        return focal_loss(logits, target, weight, gamma, alpha)

    write([grad_input], gradients(function, [input], torch.ones_like(input)))


# A convolution at some pixels alone (guided anchors): their patches, and back to their places.


def masked_im2col_forward(
    im: Tensor,
    mask_h_idx: Tensor,
    mask_w_idx: Tensor,
    col: Tensor,
    kernel_h: int,
    kernel_w: int,
    pad_h: int,
    pad_w: int,
) -> None:
    patches = F.unfold(im, (kernel_h, kernel_w), padding=(pad_h, pad_w))[0]
    columns = im.shape[3] + 2 * pad_w - kernel_w + 1
    col.copy_(patches[:, mask_h_idx * columns + mask_w_idx])


def masked_col2im_forward(
    col: Tensor,
    mask_h_idx: Tensor,
    mask_w_idx: Tensor,
    im: Tensor,
    height: int,
    width: int,
    channels: int,
) -> None:
    im[0, :, mask_h_idx, mask_w_idx] = col


def reassemble(features: Tensor, masks: Tensor, kernel: int, groups: int, scale: int) -> Tensor:
    """CARAFE (arXiv 1905.02188): each new pixel is a weighted sum of a patch of ``features``.

    ``features`` (B, C, H, W), ``masks`` (B, groups * kernel^2, scale * H, scale * W).
    """
    batch, channels, height, width = features.shape
    size = scale * height, scale * width
    patches = F.unfold(features, kernel, padding=kernel // 2).view(batch, -1, height, width)
    patches = F.interpolate(patches, scale_factor=scale, mode='nearest')
    patches = patches.view(batch, groups, channels // groups, kernel**2, *size)
    weights = masks.view(batch, groups, 1, kernel**2, *size)
    return (patches * weights).sum(3).view(batch, channels, *size)


def carafe_forward(
    features: Tensor,
    masks: Tensor,
    rfeatures: Tensor,
    routput: Tensor,
    rmasks: Tensor,
    output: Tensor,
    kernel_size: int,
    group_size: int,
    scale_factor: int,
) -> None:
    rfeatures.copy_(features)  # all that mmcv keeps of them for the gradients
    output.copy_(reassemble(wide(features), wide(masks), kernel_size, group_size, scale_factor))


def carafe_backward(
    grad_output: Tensor,
    rfeatures: Tensor,
    masks: Tensor,
    rgrad_output: Tensor,
    rgrad_input_hs: Tensor,
    rgrad_input: Tensor,
    rgrad_masks: Tensor,
    grad_input: Tensor,
    grad_masks: Tensor,
    kernel_size: int,
    group_size: int,
    scale_factor: int,
) -> None:
    def function(features, masks):
        return reassemble(features, masks, kernel_size, group_size, scale_factor)

    write([grad_input, grad_masks], gradients(function, [rfeatures, masks], grad_output))
