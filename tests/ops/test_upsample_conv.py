import torch
import torch.nn.functional as F

from restorelab.models.layers.hourglass import UpConv


def test_one_transposed_convolution_is_upsampling_and_convolution():
    torch.manual_seed(0)
    layer, x = UpConv(6, 5, bias=True).double(), torch.randn(2, 6, 7, 9, dtype=torch.float64)
    wanted = F.conv2d(
        F.interpolate(x, scale_factor=2, mode='nearest'), layer[1].weight, layer[1].bias, padding=1
    )
    found = layer(x)
    torch.testing.assert_close(found, wanted)
    with torch.no_grad():
        torch.testing.assert_close(layer(x), wanted)
    weigh = torch.randn_like(wanted)
    grads = [
        torch.autograd.grad((out * weigh).sum(), layer[1].weight)[0] for out in (found, wanted)
    ]
    torch.testing.assert_close(*grads)


@torch.no_grad()
def test_the_kernel_follows_the_weights():
    layer, x = UpConv(2, 2, bias=False), torch.ones(1, 2, 3, 3)
    before = layer(x)
    layer[1].weight.mul_(2)
    torch.testing.assert_close(layer(x), 2 * before)
