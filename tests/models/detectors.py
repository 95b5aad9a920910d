"""The smallest detectors of MMDetection: one-stage, two-stage, with masks, query-based.

Between them they call the operators of mmcv that detectors need: nms, roi_align, deformable
convolution (``dcn``) and deformable attention.
"""

PREPROCESSOR = dict(
    type='DetDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_size_divisor=32,
)
BACKBONE = dict(
    type='ResNet',
    depth=18,
    base_channels=4,
    num_stages=4,
    out_indices=(0, 1, 2, 3),
    norm_eval=False,
    norm_cfg=dict(type='BN', requires_grad=True),
    style='pytorch',
)
CODER = dict(type='DeltaXYWHBBoxCoder', target_means=[0.0] * 4, target_stds=[1.0] * 4)
NMS = dict(type='nms', iou_threshold=0.5)


def fpn(**options) -> dict:
    return dict(type='FPN', in_channels=[4, 8, 16, 32], out_channels=8, num_outs=4, **options)


def assigner(high: float, low: float, **options) -> dict:
    return dict(
        type='MaxIoUAssigner',
        pos_iou_thr=high,
        neg_iou_thr=low,
        min_pos_iou=0,
        ignore_iof_thr=-1,
        **options,
    )


def retinanet(num_classes: int = 4) -> dict:
    return dict(
        type='mmdet.RetinaNet',
        data_preprocessor=PREPROCESSOR,
        backbone=BACKBONE,
        neck=fpn(),
        bbox_head=dict(
            type='RetinaHead',
            num_classes=num_classes,
            in_channels=8,
            stacked_convs=1,
            feat_channels=8,
            anchor_generator=dict(
                type='AnchorGenerator',
                octave_base_scale=4,
                scales_per_octave=1,
                ratios=[1.0],
                strides=[4, 8, 16, 32],
            ),
            bbox_coder=CODER,
            loss_cls=dict(type='FocalLoss', use_sigmoid=True),
            loss_bbox=dict(type='L1Loss'),
        ),
        train_cfg=dict(
            assigner=assigner(0.5, 0.4),
            sampler=dict(type='PseudoSampler'),
            allowed_border=-1,
            pos_weight=-1,
            debug=False,
        ),
        test_cfg=dict(nms_pre=50, min_bbox_size=0, score_thr=0.0, nms=NMS, max_per_img=10),
    )


def fcos() -> dict:
    return dict(
        type='mmdet.FCOS',
        data_preprocessor=PREPROCESSOR,
        backbone=BACKBONE,
        neck=fpn(),
        bbox_head=dict(
            type='FCOSHead',
            num_classes=4,
            in_channels=8,
            stacked_convs=1,
            feat_channels=8,
            strides=[4, 8, 16, 32],
            regress_ranges=((-1, 8), (8, 16), (16, 32), (32, 1e8)),
            norm_on_bbox=True,
            centerness_on_reg=True,
            center_sampling=True,
            norm_cfg=dict(type='GN', num_groups=2),
            loss_cls=dict(type='FocalLoss', use_sigmoid=True),
            loss_bbox=dict(type='GIoULoss'),
        ),
        test_cfg=dict(nms_pre=50, min_bbox_size=0, score_thr=0.0, nms=NMS, max_per_img=10),
    )


def faster_rcnn(masks: bool = False) -> dict:
    def extractor(side: int) -> dict:
        return dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=side, sampling_ratio=0),
            out_channels=8,
            featmap_strides=[4, 8, 16],
        )

    heads = dict(
        bbox_roi_extractor=extractor(7),
        bbox_head=dict(
            type='Shared2FCBBoxHead',
            in_channels=8,
            fc_out_channels=16,
            roi_feat_size=7,
            num_classes=4,
            bbox_coder=CODER,
            loss_cls=dict(type='CrossEntropyLoss'),
            loss_bbox=dict(type='L1Loss'),
        ),
    )
    if masks:
        heads.update(
            mask_roi_extractor=extractor(14),
            mask_head=dict(
                type='FCNMaskHead',
                num_convs=1,
                in_channels=8,
                conv_out_channels=8,
                num_classes=4,
                loss_mask=dict(type='CrossEntropyLoss', use_mask=True),
            ),
        )
    proposals = dict(
        nms_pre=50, max_per_img=20, nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0
    )
    return dict(
        type='mmdet.MaskRCNN' if masks else 'mmdet.FasterRCNN',
        data_preprocessor=dict(PREPROCESSOR, pad_mask=masks),
        backbone=BACKBONE,
        neck=fpn(),
        rpn_head=dict(
            type='RPNHead',
            in_channels=8,
            feat_channels=8,
            anchor_generator=dict(
                type='AnchorGenerator', scales=[4], ratios=[1.0], strides=[4, 8, 16, 32]
            ),
            bbox_coder=CODER,
            loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True),
            loss_bbox=dict(type='L1Loss'),
        ),
        roi_head=dict(type='StandardRoIHead', **heads),
        train_cfg=dict(
            rpn=dict(
                assigner=assigner(0.7, 0.3, match_low_quality=True),
                allowed_border=-1,
                pos_weight=-1,
                debug=False,
                sampler=dict(
                    type='RandomSampler',
                    num=32,
                    pos_fraction=0.5,
                    neg_pos_ub=-1,
                    add_gt_as_proposals=False,
                ),
            ),
            rpn_proposal=proposals,
            rcnn=dict(
                assigner=assigner(0.5, 0.5),
                mask_size=28,
                pos_weight=-1,
                debug=False,
                sampler=dict(
                    type='RandomSampler',
                    num=32,
                    pos_fraction=0.25,
                    neg_pos_ub=-1,
                    add_gt_as_proposals=True,
                ),
            ),
        ),
        test_cfg=dict(
            rpn=proposals, rcnn=dict(score_thr=0.0, nms=NMS, max_per_img=10, mask_thr_binary=0.5)
        ),
    )


def detr() -> dict:
    attention = dict(embed_dims=16, num_heads=2, dropout=0.1, batch_first=True)
    feedforward = dict(embed_dims=16, feedforward_channels=32, num_fcs=2, ffn_drop=0.1)
    return dict(
        type='mmdet.DETR',
        num_queries=5,
        data_preprocessor=PREPROCESSOR,
        backbone=dict(BACKBONE, out_indices=(3,)),
        neck=dict(
            type='ChannelMapper',
            in_channels=[32],
            kernel_size=1,
            out_channels=16,
            act_cfg=None,
            num_outs=1,
        ),
        encoder=dict(num_layers=1, layer_cfg=dict(self_attn_cfg=attention, ffn_cfg=feedforward)),
        decoder=dict(
            num_layers=1,
            return_intermediate=True,
            layer_cfg=dict(self_attn_cfg=attention, cross_attn_cfg=attention, ffn_cfg=feedforward),
        ),
        positional_encoding=dict(num_feats=8, normalize=True),
        bbox_head=dict(
            type='DETRHead',
            num_classes=4,
            embed_dims=16,
            loss_cls=dict(type='CrossEntropyLoss', bg_cls_weight=0.1, class_weight=1.0),
            loss_bbox=dict(type='L1Loss'),
            loss_iou=dict(type='GIoULoss'),
        ),
        train_cfg=dict(
            assigner=dict(
                type='HungarianAssigner',
                match_costs=[
                    dict(type='ClassificationCost', weight=1.0),
                    dict(type='BBoxL1Cost', weight=5.0, box_format='xywh'),
                    dict(type='IoUCost', iou_mode='giou', weight=2.0),
                ],
            )
        ),
        test_cfg=dict(max_per_img=5),
    )


def deformable_detr(dino: bool = False, num_queries: int = 8) -> dict:
    """With ``dino``, DINO, which takes its queries from the pixels of the feature maps."""
    width = 256 if dino else 16  # DINO's own code has no other
    attention = dict(embed_dims=width, num_levels=4, num_heads=2, batch_first=True)
    own_attention = dict(embed_dims=width, num_heads=2, dropout=0.0, batch_first=True)
    feedforward = dict(embed_dims=width, feedforward_channels=32, ffn_drop=0.0)
    noise = dict(
        label_noise_scale=0.5,
        box_noise_scale=1.0,
        group_cfg=dict(dynamic=True, num_groups=None, num_dn_queries=4),
    )
    return dict(
        type='mmdet.DINO' if dino else 'mmdet.DeformableDETR',
        num_queries=num_queries,
        data_preprocessor=dict(PREPROCESSOR, pad_size_divisor=1),
        backbone=dict(BACKBONE, out_indices=(1, 2, 3)),
        neck=dict(
            type='ChannelMapper',
            in_channels=[8, 16, 32],
            kernel_size=1,
            out_channels=width,
            act_cfg=None,
            norm_cfg=dict(type='GN', num_groups=4),
            num_outs=4,
        ),
        encoder=dict(num_layers=1, layer_cfg=dict(self_attn_cfg=attention, ffn_cfg=feedforward)),
        decoder=dict(
            num_layers=1,
            return_intermediate=True,
            layer_cfg=dict(
                self_attn_cfg=own_attention, cross_attn_cfg=attention, ffn_cfg=feedforward
            ),
            post_norm_cfg=None,
        ),
        positional_encoding=dict(
            num_feats=width // 2, normalize=True, offset=0.0 if dino else -0.5
        ),
        bbox_head=dict(
            type='DINOHead' if dino else 'DeformableDETRHead',
            num_classes=4,
            embed_dims=width,
            sync_cls_avg_factor=True,
            loss_cls=dict(type='FocalLoss', use_sigmoid=True),
            loss_bbox=dict(type='L1Loss'),
            loss_iou=dict(type='GIoULoss'),
        ),
        train_cfg=dict(
            assigner=dict(
                type='HungarianAssigner',
                match_costs=[
                    dict(type='FocalLossCost', weight=2.0),
                    dict(type='BBoxL1Cost', weight=5.0, box_format='xywh'),
                    dict(type='IoUCost', iou_mode='giou', weight=2.0),
                ],
            )
        ),
        test_cfg=dict(max_per_img=5),
        **(dict(dn_cfg=noise, with_box_refine=True, as_two_stage=True) if dino else {}),
    )


def rtmdet() -> dict:
    norm = dict(type='BN')
    return dict(
        type='mmdet.RTMDet',
        data_preprocessor=PREPROCESSOR,
        backbone=dict(
            type='CSPNeXt', deepen_factor=0.167, widen_factor=0.125, out_indices=(2, 3, 4)
        ),
        neck=dict(
            type='CSPNeXtPAFPN',
            in_channels=[32, 64, 128],
            out_channels=16,
            num_csp_blocks=1,
            norm_cfg=norm,
        ),
        bbox_head=dict(
            type='RTMDetSepBNHead',
            num_classes=4,
            in_channels=16,
            stacked_convs=1,
            feat_channels=16,
            anchor_generator=dict(type='MlvlPointGenerator', offset=0, strides=[8, 16, 32]),
            bbox_coder=dict(type='DistancePointBBoxCoder'),
            loss_cls=dict(type='QualityFocalLoss', use_sigmoid=True, beta=2.0),
            loss_bbox=dict(type='GIoULoss', loss_weight=2.0),
            with_objectness=False,
            pred_kernel_size=1,
            norm_cfg=norm,
        ),
        train_cfg=dict(
            assigner=dict(type='DynamicSoftLabelAssigner', topk=5),
            allowed_border=-1,
            pos_weight=-1,
            debug=False,
        ),
        # untrained, its boxes may be turned inside out; -1 keeps them
        test_cfg=dict(nms_pre=50, min_bbox_size=-1, score_thr=0.0, nms=NMS, max_per_img=10),
    )


def dcn() -> dict:
    """A RetinaNet with modulated deformable convolutions and soft NMS."""
    made = retinanet()
    made['backbone'] = dict(
        BACKBONE,
        depth=50,  # the blocks of smaller ones have none
        dcn=dict(type='DCNv2', deform_groups=1),
        stage_with_dcn=(False, False, False, True),
    )
    made['neck'] = dict(fpn(), in_channels=[16, 32, 64, 128])
    made['test_cfg'] = dict(made['test_cfg'], nms=dict(type='soft_nms', iou_threshold=0.5))
    return made


DETECTORS = dict(
    retinanet=retinanet,
    fcos=fcos,
    faster_rcnn=faster_rcnn,
    mask_rcnn=lambda: faster_rcnn(masks=True),
    detr=detr,
    deformable_detr=deformable_detr,
    dino=lambda: deformable_detr(dino=True),
    rtmdet=rtmdet,
    dcn=dcn,
)
