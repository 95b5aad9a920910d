import torch

from restorelab.utils.normalize import CLIP_MEAN, CLIP_STD, IMAGENET_MEAN, normalize


def test_an_image_of_the_mean_becomes_zero():
    image = torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1).expand(2, 3, 4, 4)
    torch.testing.assert_close(normalize(image), torch.zeros(2, 3, 4, 4))


def test_it_is_torchvisions():
    from torchvision.transforms import functional as TF

    image = torch.rand(2, 3, 8, 8)
    theirs = TF.normalize(image, CLIP_MEAN, CLIP_STD)
    torch.testing.assert_close(normalize(image, CLIP_MEAN, CLIP_STD), theirs, rtol=0, atol=0)


def test_the_numbers_of_clip_are_open_clips():
    from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD

    assert (CLIP_MEAN, CLIP_STD) == (OPENAI_DATASET_MEAN, OPENAI_DATASET_STD)
