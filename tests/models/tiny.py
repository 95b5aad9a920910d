"""The smallest sensible options of every registered model part: one entry a part, by table."""

import torch
from torch import Tensor, nn

from restorelab.registry import BACKBONES, MODELS
from restorelab.structures import Condition, TapSpec

TOWER = dict(image_size=16, patch_size=8, width=16, layers=1, head_width=8, embed_dim=6)

CLIP = dict(
    embed_dim=6,
    vision_cfg=dict(image_size=16, patch_size=8, width=16, layers=1, head_width=8),
    text_cfg=dict(context_length=6, vocab_size=6, width=8, heads=2, layers=1),
)
DINO = dict(hidden_size=6, num_hidden_layers=2, num_attention_heads=1, image_size=28, patch_size=14)

STAGE = dict(
    kinds=['noise', 'jpeg'], backbone=dict(type='ResidualUNet', widths=[4, 6], blocks=[1, 1])
)

DENOISERS = ['IRSDEUNet', 'ResidualDiffusionUNet']  # state, degraded image, time -> prediction

TINY_BACKBONES = dict(
    DiffusersUNet2D=dict(
        unet=dict(
            block_out_channels=[8, 8],
            layers_per_block=1,
            norm_num_groups=4,
            attention_head_dim=4,
            down_block_types=['DownBlock2D'] * 2,
            up_block_types=['UpBlock2D'] * 2,
        )
    ),
    IRSDEUNet=dict(
        width=8,
        channel_mults=[4, 4],
        attention=[dict(type='LinearAttentionBlock'), dict(type='SpatialTransformerBlock')],
        mid_attention=dict(type='SpatialTransformerBlock'),
    ),
    OneStepBackbone=dict(
        backbone=dict(type='ResidualDiffusionUNet', width=8, channel_mults=[1, 2])
    ),
    ResidualDiffusionUNet=dict(width=8, channel_mults=[1, 2]),
    ResidualUNet=dict(widths=[4, 6], blocks=[1, 1]),
    RestormerUNet=dict(
        dim=4,
        blocks=[1, 1],
        heads=[1, 2],
        refinement=1,
        expansion=2.0,
        decoder_block=dict(type='EnhancedBlock'),
    ),
    SDTurboUNet=dict(
        unet=dict(
            block_out_channels=[8, 8],
            layers_per_block=1,
            attention_head_dim=2,
            cross_attention_dim=8,
            norm_num_groups=4,
            down_block_types=['CrossAttnDownBlock2D', 'DownBlock2D'],
            up_block_types=['UpBlock2D', 'CrossAttnUpBlock2D'],
        )
    ),
    Stage=STAGE,
    StagedNetwork=dict(
        stages=dict(
            grain=dict(type='Stage', **STAGE),
            haze=dict(type='Stage', kinds=['haze'], backbone=dict(type='ToneCurve', name='haze')),
        )
    ),
    TimedBackbone=dict(
        backbone=dict(type='RestormerUNet', dim=4, blocks=[1, 1], heads=[1, 2], refinement=1),
        width=8,
    ),
    ToneCurve=dict(name='haze'),
)

TINY_PRIORS = dict(  # relative folders: those of the fixture `hub`
    CLIPDegradationPrior=dict(tower=TOWER),
    CLIPQualityPerceiver=dict(clip=CLIP, num_context=4),
    CLIPSemanticPrior=dict(tower=TOWER),
    CompactDegradationEncoder=dict(widths=[4, 6], dim=6),
    CueMaps=dict(cues=[dict(type='SobelCue'), dict(type='DarkChannelCue')]),
    DINOv2ClassTokens=dict(layers=[1, 2], size=28, network=DINO),
    DegradationVerdict=dict(kinds=['noise', 'jpeg', 'haze'], widths=[4, 6, 8]),
    StructurePrior=dict(
        cues=[dict(type='SobelCue'), dict(type='BoxDoGCue')],
        image_size=16,
        width=4,
        num_blocks=2,
        token_dim=8,
        num_tokens=2,
        num_heads=2,
    ),
    TonePrior=dict(name='haze', widths=[4, 6, 8, 8]),
)

TINY_CUES = dict(
    BoxDoGCue=dict(),
    DarkChannelCue=dict(),
    DepthCue=dict(pretrained='tiny-depth'),
    SegmentationCue=dict(pretrained='tiny-segmentation'),
    SobelCue=dict(),
)

TRUNK_ADAPTERS = ['PooledFiLM', 'PromptTimeAdapter', 'TokenCrossAttention']  # those of TPGDiff

TINY_ADAPTERS = dict(
    CFRM=dict(taps=['enc.s1', 'enc.s2'], num_naf=[1, 0], loss_weights=[1.0, 1.0]),
    ControlSCTuner=dict(
        controller=dict(
            width=32, channel_mults=[1, 1], attention=[True, False], out_channels=32, num_blocks=1
        )
    ),
    FiLM=dict(taps=['enc.*', 'dec.s2+', 'mid.tokens', 'time'], hidden=4),
    MapGate=dict(taps=['dec.*'], condition='latent', hidden=4),
    PooledFiLM=dict(taps=['enc.s1.block', 'dec.s2.in']),
    PromptGuidance=dict(taps=['dec.s2.in']),
    PromptInteraction=dict(taps=['dec.s2.in'], num_prompts=2, prompt_size=2, num_heads=2),
    PromptTimeAdapter=dict(),
    TFA=dict(pairs=[('dec.s2.in', 'enc.s2'), ('dec.s1.in', 'enc.s1')], tasks=['ir', 'det']),
    TokenCrossAttention=dict(),
)

TINY_LOSSES = dict(
    CosineDistillationLoss=dict(),
    L1Loss=dict(),
    LabelSmoothedCrossEntropy=dict(),
    MSELoss=dict(),
    PSNRLoss=dict(),
)

TINY_STEP_LOSSES = dict(  # called with a TrainingStep
    CLIPAwareLoss=dict(
        perceiver=dict(type='CLIPQualityPerceiver', **TINY_PRIORS['CLIPQualityPerceiver'])
    ),
    DifficultyAdaptivePerceptualLoss=dict(widths=[4, 4, 4]),
    DegradationInfoNCE=dict(),
)

TINY_VIEWING_LOSSES = dict(  # called with a TrainingStep, too
    KeepViewingLoss=dict(loss=dict(type='L1Loss')),
    ViewingLoss=dict(loss=dict(type='L1Loss')),
)

TINY_PROCESSES = dict(
    MeanRevertingProcess=dict(steps=8),
    SharedResidualProcess=dict(steps=8),
    VariancePreservingProcess=dict(steps=8),
)

TINY_OBJECTIVES = dict(CleanMatching=dict(), ReverseMeanMatching=dict())

TINY_CODECS = dict(
    LatentAutoencoder=dict(
        vae=dict(
            block_out_channels=[8, 8, 8],
            layers_per_block=1,
            norm_num_groups=4,
            down_block_types=['DownEncoderBlock2D'] * 3,
            up_block_types=['UpDecoderBlock2D'] * 3,
        ),
        min_side=16,
    ),
    PixelCodec=dict(),
)

TINY_SAMPLERS = dict(
    DDIM=dict(steps=2),
    DiffusersSampler=dict(steps=2),
    EulerODE=dict(),
    EulerSDE=dict(),
    MultistepDPM=dict(steps=2),
    Posterior=dict(),
    SDTDDIMSampler=dict(steps=2),
)

PROCESS_OF = dict.fromkeys(TINY_SAMPLERS, 'MeanRevertingProcess') | dict(
    DiffusersSampler='VariancePreservingProcess', SDTDDIMSampler='SharedResidualProcess'
)


def part(table: dict[str, dict], name: str, **options) -> dict:
    """The config of the tiny part ``name``."""
    return dict(type=name, **{**table[name], **options})


TINY_RESTORERS = dict(
    DiffusionRestorer=dict(
        backbone=part(TINY_BACKBONES, 'IRSDEUNet'),
        priors=dict(
            degradation=part(TINY_PRIORS, 'CLIPDegradationPrior'),
            semantic=part(TINY_PRIORS, 'CLIPSemanticPrior'),
            structure=part(TINY_PRIORS, 'StructurePrior'),
        ),
        adapters={name.lower(): part(TINY_ADAPTERS, name) for name in TRUNK_ADAPTERS},
        process=part(TINY_PROCESSES, 'MeanRevertingProcess'),
        loss=dict(type='L1Loss'),
        sampler=part(TINY_SAMPLERS, 'DDIM'),
    ),
    JointRestorer=dict(
        restorer=dict(
            type='DiffusionRestorer',
            backbone=part(TINY_BACKBONES, 'ResidualDiffusionUNet'),
            process=part(TINY_PROCESSES, 'SharedResidualProcess'),
            loss=dict(type='L1Loss'),
            sampler=part(TINY_SAMPLERS, 'SDTDDIMSampler'),
        ),
        tasks=dict(
            cls=dict(type='ClassificationTask', network='resnet18', num_classes=3, image_size=32)
        ),
    ),
    PriorDistillation=dict(
        semantic=part(TINY_PRIORS, 'CLIPSemanticPrior', frozen=False),
        degradation=part(TINY_PRIORS, 'CLIPDegradationPrior', frozen=False),
        degradations=['haze', 'noise'],
        semantic_loss=dict(type='CosineDistillationLoss'),
        degradation_loss=dict(type='LabelSmoothedCrossEntropy'),
    ),
    PromptLearning=dict(perceiver=part(TINY_PRIORS, 'CLIPQualityPerceiver', frozen=False)),
    RegressionRestorer=dict(
        backbone=part(TINY_BACKBONES, 'RestormerUNet'),
        priors=dict(
            semantic=part(TINY_PRIORS, 'DINOv2ClassTokens'),
            degradation=part(TINY_PRIORS, 'CompactDegradationEncoder'),
        ),
        adapters=dict(
            guidance=part(
                TINY_ADAPTERS, 'PromptGuidance', taps=['dec.s1.guidance', 'dec.s2.guidance']
            )
        ),
        loss=dict(type='L1Loss'),
        step_losses={name.lower(): part(TINY_STEP_LOSSES, name) for name in TINY_STEP_LOSSES},
    ),
    RestorationDataPreprocessor=dict(),
    StrengthEstimation=dict(
        prior=part(TINY_PRIORS, 'DegradationVerdict'),
        order=['haze', 'noise', 'jpeg'],
        loss=dict(type='L1Loss'),
    ),
)

HOUSE = dict(  # the RegressionRestorer of configs/house
    type='RegressionRestorer',
    priors=dict(
        verdict=part(TINY_PRIORS, 'DegradationVerdict'), haze=part(TINY_PRIORS, 'TonePrior')
    ),
    backbone=part(TINY_BACKBONES, 'StagedNetwork'),
    loss=dict(type='L1Loss'),
)

LATENT_RESTORER = dict(  # the DiffusionRestorer of UniRestore
    type='DiffusionRestorer',
    codec=part(TINY_CODECS, 'LatentAutoencoder'),
    backbone=part(TINY_BACKBONES, 'SDTurboUNet'),
    process=dict(
        type='VariancePreservingProcess',
        schedule='scaled_linear',
        betas=(0.00085, 0.012),
        train_times=[249, 499, 749, 999],
        ends_clean=False,
    ),
    sampler=dict(type='DDIM', steps=1),
    loss=dict(type='MSELoss'),
    objective=dict(type='CleanMatching'),
    adapters=dict(
        cfrm=part(TINY_ADAPTERS, 'CFRM', taps=['enc.s2', 'enc.s4']),
        control=part(TINY_ADAPTERS, 'ControlSCTuner'),
        tfa=part(TINY_ADAPTERS, 'TFA', pairs=[('dec.s4.in', 'enc.s4'), ('dec.s2.in', 'enc.s2')]),
    ),
    step_losses=dict(
        image=part(TINY_VIEWING_LOSSES, 'ViewingLoss', loss=dict(type='L1Loss', weight=10.0)),
        keep=part(TINY_VIEWING_LOSSES, 'KeepViewingLoss'),
    ),
)

TINY_TASKS = dict(
    ClassificationTask=dict(network='resnet18', num_classes=3, image_size=32),
    MMDetTask=dict(),  # tests/models/tasks/test_mmdet.py gives it a detector
    SegmentationTask=dict(network='lraspp_mobilenet_v3_large', num_classes=3),
)

TINY_ATTENTION = dict(  # of a level of an hourglass U-Net
    AutoAttentionBlock=dict(channels=32),
    ConstantAttentionBlock=dict(channels=32),
    FullAttentionBlock=dict(channels=32),
    LinearAttentionBlock=dict(channels=32),
    SpatialTransformerBlock=dict(channels=32),
)
TINY_DECODER_BLOCKS = dict(  # of a RestormerUNet
    EnhancedBlock=dict(channels=4, num_heads=2),
    TransformerBlock=dict(channels=4, num_heads=2),
)
TINY_BLOCKS = TINY_ATTENTION | TINY_DECODER_BLOCKS

TINY_PROXIES = dict(
    ProxyRestorer=dict(
        restorer=dict(
            type='RegressionRestorer',
            backbone=dict(type='RestormerUNet', dim=4, blocks=[1, 1], heads=[1, 2], refinement=1),
            loss=dict(type='L1Loss'),
        ),
        pretrained='weights.pth',
    ),
    RenderedProxy=dict(),
)

WIDTHS = {'vectors.degradation': 6, 'tokens.semantic': 6, 'tokens.structure': 8, 'maps.latent': 4}


def taps() -> list[TapSpec]:
    """Those of a tiny IRSDEUNet, features, tokens and time, and a skip of a latent U-Net."""
    return [
        *BACKBONES.build(part(TINY_BACKBONES, 'IRSDEUNet')).tap_specs,
        TapSpec('skip.0', 'skip', 1, 8),
    ]


def condition(batch: int = 2) -> Condition:
    """One entry for each of ``WIDTHS``; a single semantic token, as TPGDiff has it."""
    return Condition(
        dict(degradation=torch.randn(batch, 6)),
        dict(semantic=torch.randn(batch, 1, 6), structure=torch.randn(batch, 3, 8)),
        dict(latent=torch.randn(batch, 4, 4, 4)),
    )


def feature(spec: TapSpec, batch: int = 2, side: int = 4) -> Tensor:
    """What passes the tap of an image of ``side * stride`` pixels a side."""
    shapes = dict(time=(batch, spec.channels), tokens=(batch, side * side, spec.channels))
    return torch.randn(shapes.get(spec.side, (batch, spec.channels, side, side)))


def randomize(module: nn.Module, std: float = 0.1) -> nn.Module:
    """``module`` with no weight at zero, so that no branch is idle."""
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=std)
    return module


def restorer(**options) -> nn.Module:
    """The tiny DiffusionRestorer with all of TPGDiff's parts at work."""
    torch.manual_seed(0)
    return randomize(MODELS.build(part(TINY_RESTORERS, 'DiffusionRestorer', **options))).eval()


def house(**strengths: float) -> nn.Module:
    """The tiny ``HOUSE``; its verdict finds these strengths in every picture, and 0 of others."""
    torch.manual_seed(0)
    restorer = randomize(MODELS.build(dict(HOUSE)), std=0.05)
    verdict = restorer.priors['verdict']
    nn.init.zeros_(verdict.head[-1].weight)
    found = [strengths.get(kind, 0.0) for kind in verdict.kinds]
    verdict.head[-1].bias.data = torch.tensor(found)
    return restorer.eval()
