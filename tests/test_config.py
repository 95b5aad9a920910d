"""Configs are checked whole: a slip anywhere fails at once, with its place and the right word."""

import copy
import importlib.util
import re

import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

from restorelab.config import load_config

needs_mmdet = pytest.mark.skipif(
    importlib.util.find_spec('mmdet') is None, reason='the detection extra is missing'
)

GOOD = dict(
    model=dict(
        type='DiffusionRestorer',
        priors=dict(structure=dict(type='StructurePrior', cues=[dict(type='SobelCue')], width=4)),
        backbone=dict(type='IRSDEUNet', width=4, channel_mults=[1, 2]),
        process=dict(type='MeanRevertingProcess', steps=10),
        loss=dict(type='L1Loss'),
        sampler=dict(type='DDIM', steps=5),
    ),
    train_dataloader=dict(
        batch_size=2,
        sampler=dict(type='InfiniteSampler', shuffle=True),
        dataset=dict(
            type='OnTheFlyDataset', pipeline=[dict(type='RandomCrop', size=8), dict(type='Degrade')]
        ),
    ),
    train_cfg=dict(type='IterBasedTrainLoop', max_iters=5),
    optim_wrapper=dict(
        type='OptimWrapper',
        optimizer=dict(type='AdamW', lr=1e-3),
        paramwise_cfg=dict(bias_lr_mult=2),
    ),
    param_scheduler=[dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=3)],
    default_hooks=dict(
        checkpoint=dict(type='CheckpointHook', interval=5, by_epoch=False, save_optimizer=False)
    ),
    custom_hooks=[dict(type='EMAHook', momentum=0.01, priority='NORMAL')],
    visualizer=dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')]),
)


def good(**top_level) -> Config:
    return Config(copy.deepcopy({**GOOD, **top_level}))


def changed(path: str, value) -> Config:
    """GOOD with one entry set, by MMEngine, which checks nothing."""
    cfg = good()
    cfg.merge_from_dict({path: value})
    return cfg


def test_a_good_config_passes_and_is_not_changed():
    cfg = good()
    load_config(cfg)
    assert cfg.to_dict() == good().to_dict()


def test_the_default_scope_is_set():
    assert load_config(good()).default_scope == 'restorelab'


@needs_mmdet
def test_the_scope_that_another_runner_left_does_not_matter():
    wanted = good().train_dataloader.dataset.pipeline
    with DefaultScope.overwrite_default_scope('mmdet'):  # it has a RandomCrop too
        assert (
            load_config('configs/tpgdiff/allinone.py').train_dataloader.dataset.pipeline[0].type
            == 'RandomCrop'
        )
        assert load_config(good()).train_dataloader.dataset.pipeline == wanted


def test_another_default_scope_is_refused():
    with pytest.raises(ValueError, match=r"default_scope is 'mmdet'.*type='mmdet.Name'"):
        load_config(good(default_scope='mmdet'))


def test_a_missing_file_names_its_neighbor(tmp_path):
    (tmp_path / 'allinone.py').write_text('')
    with pytest.raises(
        FileNotFoundError, match=r"allinon\.py; nearest in its folder: \['allinone\.py'\]"
    ):
        load_config(tmp_path / 'allinon.py')


def test_a_file_that_does_not_run_is_named_with_its_cause(tmp_path):
    path = tmp_path / 'broken.py'
    path.write_text('model = dict(width=undefined)')
    with pytest.raises(ValueError, match=r"broken\.py does not load: NameError: name 'undefined'"):
        load_config(path)


def test_misspelt_top_level_keys_are_named():
    with pytest.raises(
        KeyError,
        match=r"\['param_schedulerr'\] \('param_schedulerr': nearest \['param_scheduler'\]",
    ):
        load_config(good(param_schedulerr=[]))


def test_a_variable_of_the_config_starts_with_an_underscore(tmp_path):
    path = tmp_path / 'own.py'
    path.write_text(
        "_steps = 7\nmodel = dict(type='DiffusionRestorer', "
        "process=dict(type='MeanRevertingProcess', steps=_steps))\n"
    )
    cfg = load_config(path)
    assert cfg.model.process.steps == 7
    assert '_steps' not in cfg


@pytest.mark.parametrize(
    ('key', 'nearest'),
    [
        ('_net.sampler.steps', "'model.sampler.steps'"),
        ('_net.samplr.steps', "'model.sampler.steps'"),
        ('_log_level', "'log_level'"),
    ],
)
def test_a_cfg_option_of_a_variable_is_refused_with_the_entry_to_set(key, nearest):
    cfg = good(_net=dict(sampler=dict(steps=3)), log_level='INFO')
    with pytest.raises(KeyError, match=rf'--cfg-options {key}: .*no effect.*nearest: .*{nearest}'):
        load_config(cfg, {key: 10})


@pytest.mark.parametrize(
    ('path', 'value', 'message'),
    [
        (
            'model.backbone.type',
            'IRSDEUNett',
            r"model\.backbone: no backbone .*nearest: \['IRSDEUNet'",
        ),
        (
            'model.backbone.type',
            'StructurePrior',
            r'model\.backbone: no backbone .* \(it is the name of a prior\)',
        ),
        (
            'model.priors.structure.cues.0.type',
            'SobellCue',
            r"model\.priors\.structure\.cues\.0: .*nearest: \['SobelCue'",
        ),
        (
            'train_dataloader.dataset.pipeline.0.type',
            'RandomCropp',
            r"pipeline\.0: no transform .*\['RandomCrop'",
        ),
        (
            'train_dataloader.sampler.type',
            'InfinitSampler',
            r"sampler: no data sampler .*'InfiniteSampler'",
        ),
        (
            'optim_wrapper.optimizer.type',
            'AdmW',
            r"optim_wrapper\.optimizer: no optimizer .*\['AdamW'",
        ),
        (
            'param_scheduler.0.type',
            'LinerLR',
            r"param_scheduler\.0: no parameter scheduler .*'LinearLR'",
        ),
        (
            'default_hooks.checkpoint.type',
            'ChekpointHook',
            r"default_hooks\.checkpoint: no hook .*'CheckpointHook'",
        ),
        (
            'visualizer.vis_backends.0.type',
            'Tensorboard',
            r"vis_backends\.0: no vis_backend .*'TensorboardVisBackend'",
        ),
    ],
)
def test_a_misspelt_part_is_named_with_its_place(path, value, message):
    with pytest.raises(KeyError, match=message):
        load_config(changed(path, value))


@pytest.mark.parametrize(
    ('path', 'place', 'nearest'),
    [
        ('model.backbone.widht', 'model.backbone', 'width'),
        ('model.sampler.step', 'model.sampler', 'steps'),
        ('train_dataloader.num_worker', 'train_dataloader', 'num_workers'),
        ('train_dataloader.dataset.pipeline.0.sise', 'train_dataloader.dataset.pipeline.0', 'size'),
        ('train_cfg.max_iter', 'train_cfg', 'max_iters'),
        ('optim_wrapper.accumulative_count', 'optim_wrapper', 'accumulative_counts'),
        ('optim_wrapper.optimizer.weight_decy', 'optim_wrapper.optimizer', 'weight_decay'),
        ('param_scheduler.0.start_facto', 'param_scheduler.0', 'start_factor'),
        ('default_hooks.checkpoint.intervall', 'default_hooks.checkpoint', 'interval'),
        ('custom_hooks.0.momentun', 'custom_hooks.0', 'momentum'),
        ('visualizer.vis_backend', 'visualizer', 'vis_backends'),
        ('optim_wrapper.clip_grad.max_nrm', 'optim_wrapper.clip_grad', 'max_norm'),
        (
            'optim_wrapper.paramwise_cfg.bias_decay_mlt',
            'optim_wrapper.paramwise_cfg',
            'bias_decay_mult',
        ),
        (
            'optim_wrapper.paramwise_cfg.custom_keys.backbone.lr_mul',
            'optim_wrapper.paramwise_cfg.custom_keys.backbone',
            'lr_mult',
        ),
        ('env_cfg.dist_cfg.backnd', 'env_cfg.dist_cfg', 'backend'),
        ('env_cfg.mp_cfg.opencv_num_thread', 'env_cfg.mp_cfg', 'opencv_num_threads'),
    ],
)
def test_a_misspelt_option_is_named_with_its_place(path, place, nearest):
    with pytest.raises(TypeError, match=rf'^{re.escape(place)}: .* did you mean {nearest}\b'):
        load_config(changed(path, 1))


@pytest.mark.parametrize('word', ['tye', 'tyype', 'tpye', 'typo'])
@pytest.mark.parametrize('part', ['backbone', 'process', 'loss'])
def test_a_misspelt_type_is_named_with_its_place(part, word):
    cfg = good()
    cfg.model[part][word] = cfg.model[part].pop('type')
    message = rf"^model\.{part}: '{word}' is no option; did you mean type"
    with pytest.raises(TypeError, match=message):
        load_config(cfg)


@pytest.mark.parametrize(
    ('part', 'option', 'inner', 'nearest'),
    [
        (dict(type='DINOv2ClassTokens'), 'network', dict(num_hiden_layers=3), 'num_hidden_layers'),
        (dict(type='CLIPSemanticPrior'), 'tower', dict(embed_dm=3), 'embed_dim'),
        (dict(type='CLIPQualityPerceiver'), 'clip', dict(vision_cg={}), 'vision_cfg'),
        (
            dict(type='CLIPQualityPerceiver'),
            'clip',
            dict(text_cfg=dict(vocab_sise=9)),
            'vocab_size',
        ),
    ],
)
def test_a_misspelt_option_of_a_network_of_another_library_is_named(part, option, inner, nearest):
    prior = {**part, option: inner}
    with pytest.raises(TypeError, match=rf'^model\.priors\.x\.{option}.*did you mean {nearest}\b'):
        load_config(changed('model.priors', dict(x=prior)))


@pytest.mark.parametrize(
    ('part', 'key', 'kind', 'option', 'nearest'),
    [
        ('backbone', 'unet', 'DiffusersUNet2D', 'block_out_chanels', 'block_out_channels'),
        ('backbone', 'unet', 'SDTurboUNet', 'cross_atention_dim', 'cross_attention_dim'),
        ('codec', 'vae', 'LatentAutoencoder', 'latent_chanels', 'latent_channels'),
        ('sampler', 'options', 'DiffusersSampler', 'solver_ordr', 'solver_order'),
    ],
)
def test_a_misspelt_option_of_diffusers_is_named(part, key, kind, option, nearest):
    cfg = good()
    cfg.model[part] = dict(type=kind, **{key: {option: 1}})
    with pytest.raises(TypeError, match=rf'^model\.{part}\.{key} .*did you mean {nearest}\b'):
        load_config(cfg)


@pytest.mark.parametrize(
    ('name', 'hook', 'near'),
    [
        ('chekpoint', dict(type='CheckpointHook'), 'checkpoint'),
        ('loger', dict(type='LoggerHook'), 'logger'),
        ('samplerseed_', None, None),
        ('tmer', None, 'timer'),
        ('panel', None, 'panels'),
        ('panels', dict(type='PanelHook'), None),
        ('mine', dict(type='PanelHook'), None),
        ('panels', None, None),
    ],
)
def test_the_name_of_a_hook_is_free_unless_it_is_a_slip(name, hook, near):
    cfg = good()
    if near == 'panels':
        cfg.default_hooks[near] = dict(type='PanelHook')
    cfg.default_hooks[name] = hook
    if near is None:
        load_config(cfg)
    else:
        with pytest.raises(KeyError, match=rf'default_hooks\.{name}: did you mean {near}\?'):
            load_config(cfg)


@pytest.mark.parametrize('name', ['strcture', 'sstructure', 'structure_prio'])
def test_the_name_of_a_part_is_free_unless_it_is_a_slip_of_its_type(name):
    prior = GOOD['model']['priors']['structure']
    with pytest.raises(KeyError, match=rf'model\.priors\.{name}: did you mean structure'):
        load_config(changed('model.priors', {name: prior}))
    load_config(changed('model.priors', {name: prior}), allow_unknown=True)
    load_config(changed('model.priors', dict(edges=prior)))


@pytest.mark.parametrize(
    ('kinds', 'message'),
    [
        (dict(noize=dict(type='gaussian_noise', sigma=0.1)), "kinds names 'noize'; did .* noise"),
        (dict(noise=dict(sigm=0.1)), r"has no option \['sigm'\]"),
        (dict(noise=dict(sigma=dict(choise=[1]))), 'sigma=.*; wanted is a number'),
    ],
)
def test_a_slip_in_the_kinds_of_degrade_is_named_with_its_place(kinds, message):
    path = 'train_dataloader.dataset.pipeline.1.kinds'
    message = rf'train_dataloader\.dataset\.pipeline\.1: .*{message}'
    with pytest.raises((KeyError, TypeError, ValueError), match=message):
        load_config(changed(path, kinds))


@pytest.mark.parametrize(
    ('transform', 'error'),
    [
        (dict(type='Resize', size=160), r'size of Resize is 160; wanted is \(height, width\)'),
        (dict(type='Resize', size=(160, 0)), 'size of Resize is 0; it must be a whole number'),
        (dict(type='RandomCrop', size=(64, 64)), r'size of RandomCrop is \(64, 64\)'),
        (dict(type='CenterCrop', size='64'), "size of CenterCrop is '64'"),
        (dict(type='ModCrop', divisor=0), 'divisor of ModCrop is 0'),
    ],
)
def test_a_size_of_a_transform_is_checked_before_a_worker_stumbles_over_it(transform, error):
    cfg = good()
    cfg.train_dataloader.dataset.pipeline.insert(0, transform)
    with pytest.raises((TypeError, ValueError), match=rf'pipeline\.0: {error}'):
        load_config(cfg)


def test_a_slip_in_a_quota_is_named():
    sampler = dict(type='BalancedBatchSampler', quota=dict(noise=1, haaze=1))
    with pytest.raises(KeyError, match=r"batch_sampler: quota names 'haaze'; did you mean haze"):
        load_config(changed('train_dataloader.batch_sampler', sampler))


@pytest.mark.parametrize(
    ('key', 'nearest'),
    [
        ('model.backbone.widht', 'model.backbone.width'),
        ('model.bakbone.width', 'model.backbone'),
        ('train_cfg.max_iter', 'train_cfg.max_iters'),
        ('trian_cfg.max_iters', 'train_cfg'),
        ('model.priors.structure.widht', 'model.priors.structure.width'),
        ('default_hooks.chekpoint.interval', 'default_hooks.checkpoint'),
    ],
)
def test_a_cfg_option_that_invents_an_entry_is_refused(key, nearest):
    with pytest.raises(
        KeyError, match=rf"--cfg-options {re.escape(key)}: .*nearest: \['{re.escape(nearest)}'"
    ):
        load_config(good(), {key: 1})


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('model.backbone.width', 8),  # there already
        ('model.init_cfg', None),  # not there, but the part takes it
        ('model.priors.structure.width', 8),
        ('train_dataloader.dataset.pipeline.0.size', 4),
        ('train_dataloader.num_workers', 2),
        ('optim_wrapper.clip_grad.max_norm', 1.0),  # opens a dict that the part takes
        ('log_level', 'DEBUG'),
    ],
)
def test_a_cfg_option_that_something_reads_is_set(key, value):
    entry = load_config(good(), {key: value})
    for name in key.split('.'):
        entry = entry[int(name) if name.isdigit() else name]
    assert entry == value


def test_cfg_options_may_fill_a_dict_that_they_opened():
    options = {'optim_wrapper.clip_grad.max_norm': 1.0, 'optim_wrapper.clip_grad.norm_type': 1.0}
    assert load_config(good(), options).optim_wrapper.clip_grad == dict(max_norm=1.0, norm_type=1.0)


def test_a_type_is_set_before_its_options():
    cfg = load_config(good(), {'model.loss.weight': 2.0, 'model.loss.type': 'MSELoss'})
    assert cfg.model.loss == dict(type='MSELoss', weight=2.0)


def test_a_dict_with_a_type_replaces_the_part():
    cfg = load_config(good(), {'model.sampler': dict(type='EulerSDE')})
    assert cfg.model.sampler == dict(type='EulerSDE')


def test_a_list_index_out_of_range_is_named():
    with pytest.raises(KeyError, match=r'model\.priors\.structure\.cues is a list of 1'):
        load_config(good(), {'model.priors.structure.cues.1.width': 8})


def test_a_value_has_no_entries():
    with pytest.raises(KeyError, match=r'model\.backbone\.width is 4, which has no entries'):
        load_config(good(), {'model.backbone.width.x': 8})


def test_allow_unknown_lets_keys_pass_and_is_remembered():
    cfg = load_config(good(mine=1), {'model.backbone.mine': 2}, allow_unknown=True)
    assert load_config(cfg).model.backbone.mine == 2


def test_allow_unknown_still_needs_the_parts():
    with pytest.raises(KeyError, match='no backbone'):
        load_config(changed('model.backbone.type', 'IRSDEUNett'), allow_unknown=True)


def test_custom_imports_come_before_the_checks(tmp_path, monkeypatch):
    (tmp_path / 'config_test_module.py').write_text(
        'from restorelab.registry import LOSSES\n'
        '@LOSSES.register_module()\nclass LossOfConfigTest:\n    pass\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    cfg = changed('model.loss.type', 'LossOfConfigTest')
    cfg.custom_imports = dict(imports=['config_test_module'])
    assert load_config(cfg).model.loss.type == 'LossOfConfigTest'


def test_custom_imports_of_cfg_options_come_before_the_checks(tmp_path, monkeypatch):
    (tmp_path / 'module_of_options.py').write_text(
        'from restorelab.registry import LOSSES\n'
        '@LOSSES.register_module()\nclass LossOfOptions:\n    pass\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    options = {
        'model.loss.type': 'LossOfOptions',
        'custom_imports.imports': ['module_of_options'],
    }
    assert load_config(good(), options).model.loss.type == 'LossOfOptions'


class TakesAnything(nn.Module):
    """Registered by its import path."""

    def __init__(self, width=1, **kwargs):
        super().__init__()
        self.width, self.more = width, kwargs


def test_what_a_part_may_take_is_named_in_a_warning(caplog):
    part = dict(type=f'{__name__}.TakesAnything', width=2, color='red')
    load_config(changed('model.loss', part))
    (record,) = caplog.records
    assert record.getMessage().startswith('model.loss: ')
    assert record.getMessage().endswith("may take anything; nothing checked ['color']")
    with pytest.raises(TypeError, match=r'model\.loss: .*did you mean width'):
        load_config(changed('model.loss', dict(part, widht=2)))
    with pytest.raises(
        KeyError, match=r"model\.loss has no 'widht'; nearest: \['model\.loss\.width'"
    ):
        load_config(changed('model.loss', part), {'model.loss.widht': 2})


def test_a_cfg_option_of_a_dict_without_type_is_checked():
    key = 'optim_wrapper.paramwise_cfg.bias_decay_mlt'
    with pytest.raises(KeyError, match=rf"{key}: .*nearest: \['optim_wrapper.*bias_decay_mult'"):
        load_config(good(), {key: 0})


@pytest.mark.parametrize(
    ('path', 'value', 'message'),
    [
        ('model.backbone', {'type': 'IRSDEUNet', 1: 2}, r'model\.backbone: .*no option \[1\]'),
        ('model.priors', {1: dict(type='StructurePrior')}, r'model\.priors\.1: .*is a word, not 1'),
        ('model.priors.structure', dict(type=5), r"model\.priors\.structure.*'type' is the name"),
        ('default_hooks.timer', dict(type=[1]), r"default_hooks\.timer.*'type' is the name of a"),
        ('model._scope_', [], r"model: '_scope_' is \[\]; wanted is the name of a package"),
        (
            'train_cfg.max_iters',
            'many',
            r"train_cfg\.max_iters is 'many'; it must be a whole number from 1",
        ),
    ],
)
def test_a_value_of_a_wrong_type_is_named_with_its_place(path, value, message):
    cfg = good()
    node = cfg._cfg_dict
    *parents, last = path.split('.')
    for name in parents:
        node = node[name]
    node[last] = value
    with pytest.raises(TypeError, match=message):
        load_config(cfg)


def test_a_custom_import_that_fails_is_named():
    with pytest.raises(ImportError, match=r"custom_imports names 'nosuchpkg\.parts'.*PYTHONPATH"):
        load_config(good(custom_imports=dict(imports=['nosuchpkg.parts'])))


def test_a_package_that_is_missing_is_named_with_its_place():
    with pytest.raises(
        ImportError, match=r"model\.backbone, type='nosuchpkg\.Net': the package 'nosuchpkg' is not"
    ):
        load_config(changed('model.backbone.type', 'nosuchpkg.Net'))


@needs_mmdet
@pytest.mark.slow
class TestDetection:
    MODEL = dict(
        type='mmdet.RetinaNet',
        backbone=dict(type='ResNet', depth=18, norm_cfg=dict(type='BN', eps=1e-5)),
        bbox_head=dict(
            type='RetinaHead',
            num_classes=2,
            in_channels=8,
            loss_bbox=dict(type='L1Loss', loss_weight=2),
        ),
        test_cfg=dict(nms=dict(type='nms', iou_threshold=0.5)),
    )

    def test_the_prefix_becomes_the_scope_of_what_is_inside(self):
        cfg = load_config(Config(dict(model=self.MODEL)))
        assert (cfg.model.type, cfg.model._scope_) == ('RetinaNet', 'mmdet')

    def test_a_data_set_of_mmdet_builds_its_transforms_from_mmdet(self):
        from mmengine.registry import DATASETS, DefaultScope

        dataset = dict(
            type='mmdet.CocoDataset', lazy_init=True, pipeline=[dict(type='PackDetInputs')]
        )
        cfg = load_config(Config(dict(train_dataloader=dict(dataset=dataset))))
        with DefaultScope.overwrite_default_scope('restorelab'):
            built = DATASETS.build(cfg.train_dataloader.dataset)
        assert type(built.pipeline.transforms[0]).__module__.startswith('mmdet.')

    @pytest.mark.parametrize(
        ('path', 'value', 'error', 'message'),
        [
            (
                'model.type',
                'mmdet.RetinaNett',
                KeyError,
                r"model: no model is called .*'mmdet\.RetinaNet'",
            ),
            ('model.backbone.type', 'ResNett', KeyError, r"model\.backbone: no model .*'ResNet'"),
            ('model.backbone.deptth', 18, TypeError, r'model\.backbone: .*did you mean depth'),
            ('model.test_cfg.score_thrr', 0, TypeError, r'model\.test_cfg: .*mean score_thr'),
            ('model.test_cfg.max_per_image', 0, TypeError, r'model\.test_cfg: .*mean max_per_img'),
            ('model.test_cfg.nms.iou_treshold', 0, TypeError, r'_cfg\.nms: .*mean iou_threshold'),
            ('model.train_cfg.pos_wieght', 0, TypeError, r'model\.train_cfg: .*mean pos_weight'),
            ('model.bbox_head.num_clases', 0, TypeError, r'bbox_head: .*did you mean num_classes'),
            ('model.backbone.norm_cfg.esp', 0, TypeError, r'norm_cfg: .*did you mean eps'),
        ],
    )
    def test_a_slip_inside_is_named(self, path, value, error, message):
        cfg = Config(dict(model=copy.deepcopy(self.MODEL)))
        cfg.merge_from_dict({path: value})
        with pytest.raises(error, match=message):
            load_config(cfg)


class TestReference:
    """``restorer='configs/...py'`` in a model stands for the restorer of that config."""

    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / 'configs').mkdir()
        (tmp_path / 'configs/alone.py').write_text(f'model = {GOOD["model"]}\n')
        (tmp_path / 'configs/joint.py').write_text(
            "_base_ = ['runtime.py']\n"
            "model = dict(type='JointRestorer', restorer='configs/alone.py', "
            "restorer_changes={'sampler.steps': 2, 'process': dict(steps=20)}, tasks=dict())\n"
        )
        (tmp_path / 'configs/runtime.py').write_text("log_level = 'INFO'\n")
        return tmp_path / 'configs'

    def test_the_loaded_config_holds_the_whole_restorer_with_the_changes(self, folder):
        model = load_config(folder / 'joint.py').model
        wanted = copy.deepcopy(GOOD['model'])
        wanted['sampler']['steps'], wanted['process']['steps'] = 2, 20
        assert model.restorer == wanted
        assert 'restorer_changes' not in model

    def test_options_of_the_command_line_reach_into_it(self, folder):
        cfg = load_config(folder / 'joint.py', {'model.restorer.sampler.steps': 3})
        assert cfg.model.restorer.sampler.steps == 3

    def test_it_may_stand_deep_inside(self, folder):
        proxy = dict(type='ProxyRestorer', restorer='configs/alone.py', pretrained='a.pth')
        loss = dict(type='DifficultyAdaptivePerceptualLoss', proxies=[proxy])
        (folder / 'deep.py').write_text(
            f'model = {dict(GOOD["model"], step_losses=dict(perceptual=loss))}\n'
        )
        (found,) = load_config(folder / 'deep.py').model.step_losses.perceptual.proxies
        assert found.restorer == GOOD['model']

    def test_a_joint_config_gives_its_restorer(self, folder):
        (folder / 'again.py').write_text(
            "model = dict(type='JointRestorer', restorer='configs/joint.py', tasks=dict())\n"
        )
        assert load_config(folder / 'again.py').model.restorer.sampler.steps == 2

    def test_it_is_found_from_the_working_directory_and_in_the_repository(
        self, folder, monkeypatch
    ):
        model = dict(type='JointRestorer', restorer='joint.py', tasks=dict())
        monkeypatch.chdir(folder)
        assert load_config(Config(dict(model=model))).model.restorer.sampler.steps == 2
        model['restorer'] = 'configs/tpgdiff/allinone.py'
        assert load_config(Config(dict(model=model))).model.restorer.type == 'DiffusionRestorer'

    def test_a_missing_file_names_its_neighbors(self, folder):
        text = (folder / 'joint.py').read_text()
        (folder / 'joint.py').write_text(text.replace('configs/alone.py', 'configs/alon.py'))
        with pytest.raises(
            FileNotFoundError,
            match=r"model\.restorer: there is no config configs/alon\.py.*\['alone\.py'",
        ):
            load_config(folder / 'joint.py')

    def test_a_change_that_nothing_reads_is_refused(self, folder):
        text = (folder / 'joint.py').read_text()
        (folder / 'joint.py').write_text(text.replace('sampler.steps', 'sampler.step'))
        with pytest.raises(
            KeyError,
            match=r"model\.restorer_changes model\.sampler\.step: .*\['model\.sampler\.steps'",
        ):
            load_config(folder / 'joint.py')

    def test_the_imports_of_its_config_come_along(self, folder, monkeypatch):
        (folder / 'module_of_reference_test.py').write_text('')
        monkeypatch.syspath_prepend(folder)
        with (folder / 'alone.py').open('a') as file:
            file.write("custom_imports = dict(imports='module_of_reference_test')\n")
        imports = load_config(folder / 'joint.py').custom_imports.imports
        assert imports == ['module_of_reference_test']


class TestPartsByName:
    """``priors``, ``adapters``, ``step_losses`` and ``tasks`` are dicts of parts."""

    def cfg(self, **adapters) -> Config:
        model = dict(GOOD['model'])
        model['adapters'] = dict(time=dict(type='PromptTimeAdapter'), **adapters)
        return good(model=model)

    @pytest.mark.parametrize(
        ('path', 'value', 'message'),
        [
            (
                'model.adapters.time.type',
                'PromptTimeAdaptr',
                r"model\.adapters\.time: no adapter .*nearest: \['PromptTimeAdapter'",
            ),
            (
                'model.priors.structure.type',
                'SobelCue',
                r'model\.priors\.structure: no prior .* \(it is the name of a cue\)',
            ),
            (
                'model.step_losses',
                dict(clip=dict(type='PooledFiLM')),
                r'model\.step_losses\.clip: no loss .* \(it is the name of an adapter\)',
            ),
            (
                'default_hooks.checkpoint.type',
                'L1Loss',
                r'default_hooks\.checkpoint: no hook .* \(it is the name of a loss\)',
            ),
        ],
    )
    def test_each_is_looked_up_in_the_right_table(self, path, value, message):
        cfg = self.cfg()
        cfg.merge_from_dict({path: value})
        with pytest.raises(KeyError, match=message):
            load_config(cfg)

    @pytest.mark.parametrize('nothing', [None, {}, {'_delete_': True}])
    def test_one_that_is_nothing_is_left_out(self, nothing):
        assert load_config(self.cfg(film=nothing)).model.adapters.keys() == {'time'}

    def test_a_hook_that_is_none_stays(self):
        hooks = dict(GOOD['default_hooks'], sampler_seed=None)
        assert load_config(good(default_hooks=hooks)).default_hooks.sampler_seed is None

    def test_one_without_a_type_is_refused(self):
        with pytest.raises(
            TypeError, match=r"model\.adapters\.film: an adapter is built from a dict .*'taps'"
        ):
            load_config(self.cfg(film=dict(taps=['enc.s1'])))

    def test_a_child_config_takes_one_out(self, tmp_path):
        (tmp_path / 'base.py').write_text(f'model = {self.cfg().model.to_dict()}\n')
        (tmp_path / 'child.py').write_text(
            "_base_ = 'base.py'\nmodel = dict(adapters=dict(time=dict(_delete_=True)))\n"
        )
        assert load_config(tmp_path / 'child.py').model.adapters == {}

    def test_an_option_takes_one_out(self):
        cfg = load_config(self.cfg(), {'model.adapters.time._delete_': True})
        assert cfg.model.adapters == {}

    def test_what_is_not_there_cannot_be_taken_out(self):
        with pytest.raises(KeyError, match=r"model\.adapters has no 'tim'; nearest: .*\.time'"):
            load_config(self.cfg(), {'model.adapters.tim._delete_': True})

    def test_an_option_puts_one_in(self):
        film = dict(type='PooledFiLM', taps=['enc.s1.block'])
        assert load_config(self.cfg(), {'model.adapters.film': film}).model.adapters.film == film
        piece_by_piece = {
            'model.adapters.film.taps': film['taps'],
            'model.adapters.film.type': film['type'],
        }
        assert load_config(self.cfg(), piece_by_piece).model.adapters.film == film

    def test_a_misspelt_name_is_no_new_part(self):
        with pytest.raises(KeyError, match=r"model\.adapters has no 'tim'; nearest: .*\.time'"):
            load_config(self.cfg(), {'model.adapters.tim.width': 3})


class TestAnotherType:
    """One short override exchanges a part; the options that only the old one takes go."""

    def test_options_that_the_new_one_lacks_are_left_out_and_named(self, caplog):
        cfg = load_config(good(), {'model.sampler.type': 'EulerODE'})
        assert cfg.model.sampler == dict(type='EulerODE')
        assert caplog.messages == [
            '--cfg-options model.sampler.type=EulerODE: left out what it does not take: steps=5'
        ]

    def test_options_that_both_take_stay(self, caplog):
        cfg = load_config(good(), {'model.sampler.type': 'MultistepDPM'})
        assert cfg.model.sampler == dict(type='MultistepDPM', steps=5)
        assert caplog.messages == []

    def test_a_data_set_is_exchanged_likewise(self, caplog):
        options = {'type': 'PairedDataset', 'root': 'data/x', 'lq': 'rain', 'gt': 'norain'}
        cfg = load_config(good(), {'train_dataloader.dataset.' + k: options[k] for k in options})
        assert cfg.train_dataloader.dataset == dict(
            options, pipeline=GOOD['train_dataloader']['dataset']['pipeline']
        )

    def test_options_for_the_new_one_may_follow_in_any_order(self):
        options = {'model.loss.eps': 1e-2, 'model.loss.type': 'PSNRLoss'}
        with pytest.raises(KeyError, match=r"model\.loss has no 'eps'; nearest"):
            load_config(good(), options)
        options = {'model.loss.floor': 1e-2, 'model.loss.type': 'PSNRLoss'}
        assert load_config(good(), options).model.loss == dict(type='PSNRLoss', floor=1e-2)

    def test_a_restorer_is_exchanged_by_the_path_of_its_config(self):
        model = dict(type='JointRestorer', restorer='configs/diffuir/allinone.py', tasks=dict())
        options = {
            'model.restorer.objective': None,
            'model.restorer': 'configs/tpgdiff/allinone.py',
        }
        restorer = load_config(good(model=model), options).model.restorer
        assert (restorer.backbone.type, restorer.objective) == ('IRSDEUNet', None)


@pytest.mark.parametrize(
    ('config', 'key', 'value', 'message'),
    [
        (
            'tpgdiff/allinone',
            'model.backbone.mid_attention.type',
            'SobelCue',
            'no block .*of a cue',
        ),
        ('tpgdiff/priors', 'model.semantic.type', 'L1Loss', 'no prior .*of a loss'),
        ('tpgdiff/priors', 'model.degradation_loss.type', 'DDIM', 'no loss .*of a sampler'),
        ('perceive_ir/allinone', 'model.backbone.decoder_block.type', 'TFA', 'no block .*adapter'),
        ('unirestore/stage1', 'model.codec.type', 'EulerODE', 'no codec .*of a sampler'),
        ('diffuir/allinone', 'model.process.type', 'DDIM', 'no process .*of a sampler'),
    ],
)
def test_a_part_of_another_table_is_refused_at_every_key_that_has_one(config, key, value, message):
    with pytest.raises(KeyError, match=message):
        load_config(f'configs/{config}.py', {key: value})
