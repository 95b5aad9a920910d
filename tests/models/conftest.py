"""Pretrained networks of the transformers library, a few hundred weights each."""

from pathlib import Path

import pytest
import torch


@pytest.fixture(scope='session')
def hub_folder(tmp_path_factory) -> Path:
    from transformers import (
        DepthAnythingConfig,
        DepthAnythingForDepthEstimation,
        Dinov2Config,
        DPTImageProcessor,
        SegformerConfig,
        SegformerForSemanticSegmentation,
        SegformerImageProcessor,
    )

    folder = tmp_path_factory.mktemp('hub')
    trunk = Dinov2Config(
        hidden_size=8,
        num_hidden_layers=4,
        num_attention_heads=1,
        image_size=28,
        patch_size=14,
        out_features=['stage1', 'stage2', 'stage3', 'stage4'],
        reshape_hidden_states=False,
    )
    depth = DepthAnythingConfig(
        backbone_config=trunk,
        reassemble_hidden_size=8,
        neck_hidden_sizes=[4, 4, 4, 4],
        fusion_hidden_size=4,
        head_hidden_size=4,
    )
    segmentation = SegformerConfig(
        depths=[1] * 4,
        hidden_sizes=[4] * 4,
        num_attention_heads=[1] * 4,
        decoder_hidden_size=4,
        num_labels=5,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        DepthAnythingForDepthEstimation(depth).save_pretrained(folder / 'tiny-depth')
        SegformerForSemanticSegmentation(segmentation).save_pretrained(folder / 'tiny-segmentation')
    DPTImageProcessor(size=dict(height=28, width=28)).save_pretrained(folder / 'tiny-depth')
    SegformerImageProcessor(size=dict(height=32, width=32)).save_pretrained(
        folder / 'tiny-segmentation'
    )
    return folder


@pytest.fixture
def hub(hub_folder, monkeypatch) -> Path:
    """Makes ``tiny-depth`` and ``tiny-segmentation`` folders that ``pretrained`` may name."""
    monkeypatch.chdir(hub_folder)
    return hub_folder
