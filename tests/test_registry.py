"""Look-ups name the nearest right thing, scopes hold for what is inside, options are checked."""

import importlib.util
import subprocess
import sys

import pytest
from mmengine.registry import DefaultScope, Registry
from torch import nn

from restorelab import registry as rl
from restorelab.models.contracts import RegressionBackbone
from restorelab.registry import build_part, find_part
from restorelab.utils.options import is_slip, named_options, nearest

needs_mmdet = pytest.mark.skipif(
    importlib.util.find_spec('mmdet') is None, reason='the detection extra is missing'
)


@pytest.fixture
def table():
    """An empty table of our kind."""
    return Registry('toy part', build_func=build_part, scope='restorelab')


@pytest.fixture
def toy_package(tmp_path, monkeypatch):
    """An importable package ``toyscope`` with a scope under MODELS and BLOCKS."""
    package = tmp_path / 'toyscope'
    package.mkdir()
    (package / '__init__.py').write_text('')
    (package / 'registry.py').write_text(
        'from mmengine.registry import MODELS as ROOT, Registry\n'
        'from restorelab.registry import BLOCKS as OURS\n'
        "MODELS = Registry('model', parent=ROOT, scope='toyscope', locations=['toyscope.parts'])\n"
        "BLOCKS = Registry('block', parent=OURS, scope='toyscope', "
        "locations=['toyscope.parts'])\n"
    )
    (package / 'parts.py').write_text(
        'from mmengine.registry import MODELS as ANY\n'
        'from torch import nn\n'
        'from restorelab.models.contracts import AttentionBlock\n'
        'from restorelab.registry import BLOCKS as OURS\n'
        'from toyscope.registry import BLOCKS, MODELS\n'
        '@MODELS.register_module()\n'
        'class Outer(nn.Module):\n'
        '    def __init__(self, inner):\n'
        '        super().__init__()\n'
        '        self.inner = ANY.build(inner)\n'
        '@MODELS.register_module()\n'
        'class Inner(nn.Module):\n'
        '    def __init__(self, width=1):\n'
        '        super().__init__()\n'
        '@BLOCKS.register_module()\n'
        'class Trunk(AttentionBlock):\n'
        '    def __init__(self, head):\n'
        '        super().__init__()\n'
        '        self.head = OURS.build(head)\n'
        '    def forward(self, x, tap=None):\n'
        '        return x\n'
        '@BLOCKS.register_module()\n'
        'class Head(AttentionBlock):\n'
        '    def forward(self, x, tap=None):\n'
        '        return x\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield 'toyscope'
    for name in [name for name in sys.modules if name.split('.')[0] == 'toyscope']:
        del sys.modules[name]
    for root in (rl.MODELS.root, rl.BLOCKS):
        root.children.pop('toyscope', None)


def test_unknown_name_gives_the_table_and_the_nearest_names(table):
    table.register_module(name='PlainNet')(nn.Identity)
    with pytest.raises(
        KeyError, match=r"no toy part is called 'PlainNett'; nearest: \['PlainNet'\]"
    ):
        table.build(dict(type='PlainNett'))


def test_a_name_of_another_table_is_said_to_be_one():
    with pytest.raises(KeyError, match=r"no backbone is called 'L1Loss'.*it is the name of a loss"):
        rl.BACKBONES.build(dict(type='L1Loss'))


def test_the_name_of_an_installed_module_is_no_part():
    with pytest.raises(KeyError, match="no loss is called 'json'"):
        rl.LOSSES.build(dict(type='json'))


def test_unknown_option_names_the_nearest_one():
    with pytest.raises(
        TypeError, match=r"loss L1Loss has no option \['wieght'\]; 'wieght': did you mean weight\?"
    ):
        rl.LOSSES.build(dict(type='L1Loss', wieght=2.0))


def test_option_of_a_part_without_a_constructor_is_refused(table):
    @table.register_module()
    class Bare:
        pass

    with pytest.raises(TypeError, match=r"Bare has no option \['width'\]"):
        table.build(dict(type='Bare', width=2))


def test_missing_option_is_named(table):
    @table.register_module()
    class Needy:
        def __init__(self, width):
            self.width = width

    with pytest.raises(TypeError, match=r"toy part Needy needs the option \['width'\]"):
        table.build(dict(type='Needy'))


def test_a_part_that_breaks_the_contract_of_its_table_is_refused():
    class Net(RegressionBackbone):
        def forward(self, lq):
            return lq

    with pytest.raises(TypeError, match=r"backbone Net: forward lacks the argument \['ctx'\]"):
        rl.BACKBONES.build(dict(type=Net))
    with pytest.raises(TypeError, match='loss Identity does not derive from Loss or StepLoss'):
        rl.LOSSES.build(dict(type='torch.nn.Identity'))


@pytest.mark.parametrize('cfg', ['PlainNet', dict(width=3), None])
def test_only_a_dict_with_a_type_is_built(cfg):
    with pytest.raises(TypeError, match="a backbone is built from a dict with the key 'type'"):
        rl.BACKBONES.build(cfg)


def test_a_type_that_is_no_name_and_no_class_is_refused():
    with pytest.raises(TypeError, match="'type' is the name of a backbone or a class, not 3"):
        rl.BACKBONES.build(dict(type=3))


def test_a_class_or_its_import_path_needs_no_registration(table):
    assert isinstance(table.build(dict(type=nn.Identity)), nn.Identity)
    assert isinstance(table.build(dict(type='torch.nn.Identity')), nn.Identity)


def test_a_missing_package_is_named():
    with pytest.raises(ImportError, match="the package 'nosuchpkg' is not installed"):
        find_part('nosuchpkg.nets.Net', rl.BACKBONES)


@pytest.mark.parametrize('kind', ['mmdet.RetinaNet', 'mmdet.models.RetinaNet'])
def test_a_missing_detection_extra_gives_the_line_that_installs_it(monkeypatch, kind):
    for name in [name for name in sys.modules if name.split('.')[0] == 'mmdet']:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, 'meta_path', [Absent('mmdet'), *sys.meta_path])
    with pytest.raises(ImportError, match='run `make detection`'):
        find_part(kind, rl.MODELS)


class Absent:
    """An import finder that behaves as if a package were not installed."""

    def __init__(self, package: str):
        self.package = package

    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] == self.package:
            raise ModuleNotFoundError(f'No module named {name!r}', name=self.package)


def test_kwargs_that_only_go_to_the_base_take_the_options_of_the_base():
    class Base:
        def __init__(self, width=1):
            self.width = width

    class Derived(Base):
        def __init__(self, depth=1, **kwargs):
            super().__init__(**kwargs)
            self.depth = depth

    assert named_options(Derived) == (['depth', 'width'], False)


def test_kwargs_that_are_used_otherwise_take_anything():
    class Open:
        def __init__(self, **kwargs):
            self.kwargs = kwargs

    assert named_options(Open) == ([], True)


def test_a_module_without_a_constructor_takes_no_options():
    class Plain(nn.Module):
        pass

    assert named_options(Plain) == ([], False)


def test_the_base_may_be_named_in_super():
    class Base:
        def __init__(self, width=1):
            self.width = width

    class Derived(Base):
        def __init__(self, depth=(1, 2), **kwargs):
            super(Derived, self).__init__(width=max(1, 2), **kwargs)  # noqa: UP008

    assert named_options(Derived) == (['depth', 'width'], False)


@pytest.mark.parametrize(
    ('word', 'slip'),
    [
        ('widht', True),
        ('width', False),
        ('widths', True),
        ('wdth', True),
        ('max_per_image', True),
        ('noise15', False),
        ('depth', False),
        ('w', False),
    ],
)
def test_a_slip_is_one_letter_away_or_very_alike(word, slip):
    assert is_slip(word, ['width', 'max_per_img', 'noise', 'lr']) is slip


def test_nearest_looks_past_the_case():
    assert nearest('irsdeunet', ['IRSDEUNet', 'RestormerUNet'])[0] == 'IRSDEUNet'


def test_a_scope_holds_for_what_its_part_builds_through_mmengine(toy_package):
    net = rl.MODELS.build(
        dict(type='toyscope.Outer', inner=dict(type='Outer', inner=dict(type='Inner')))
    )
    assert type(net.inner.inner).__name__ == 'Inner'


def test_a_scope_holds_for_what_its_part_builds_through_our_own_tables(toy_package):
    net = rl.BLOCKS.build(dict(type='toyscope.Trunk', head=dict(type='Head')))
    assert type(net.head).__module__ == 'toyscope.parts'


def test_scope_key_means_the_same_as_the_prefix(toy_package):
    net = rl.MODELS.build(dict(type='Outer', _scope_='toyscope', inner=dict(type='Inner')))
    assert type(net.inner).__module__ == 'toyscope.parts'


def test_a_scope_ends_with_its_part(toy_package):
    rl.MODELS.build(dict(type='toyscope.Inner'))
    current = DefaultScope.get_current_instance()
    assert current is None or current.scope_name != 'toyscope'


def test_a_wrong_name_in_a_scope_gives_the_nearest_there(toy_package):
    with pytest.raises(
        KeyError, match=r"no model is called 'toyscope.Oter'; nearest: \['toyscope.Outer'"
    ):
        rl.MODELS.build(dict(type='toyscope.Oter'))


def test_a_scope_whose_package_breaks_raises_the_cause(toy_package, tmp_path):
    (tmp_path / 'toyscope' / 'registry.py').write_text('import nosuchdependency\n')
    with pytest.raises(
        ImportError, match="'nosuchdependency' is not installed, and 'toyscope' imports it"
    ):
        rl.MODELS.build(dict(type='toyscope.Outer'))


@needs_mmdet
@pytest.mark.slow
def test_an_mmdet_detector_builds_as_written_without_a_scope_key():
    detector = rl.MODELS.build(retinanet())
    assert type(detector.data_preprocessor).__name__ == 'DetDataPreprocessor'


@needs_mmdet
@pytest.mark.slow
def test_an_mmdet_detector_builds_under_our_default_scope():
    with DefaultScope.overwrite_default_scope('restorelab'):
        detector = rl.MODELS.build(retinanet())
    assert type(detector.bbox_head.loss_cls).__name__ == 'FocalLoss'


def retinanet() -> dict:
    """A small RetinaNet as mmdet's configs write it, inner types bare."""
    return dict(
        type='mmdet.RetinaNet',
        data_preprocessor=dict(type='DetDataPreprocessor', pad_size_divisor=32),
        backbone=dict(
            type='ResNet',
            depth=18,
            out_indices=(0, 1, 2, 3),
            norm_cfg=dict(type='BN', requires_grad=True),
        ),
        neck=dict(
            type='FPN', in_channels=[64, 128, 256, 512], out_channels=16, start_level=1, num_outs=5
        ),
        bbox_head=dict(
            type='RetinaHead',
            num_classes=2,
            in_channels=16,
            stacked_convs=1,
            feat_channels=16,
            anchor_generator=dict(
                type='AnchorGenerator',
                octave_base_scale=4,
                scales_per_octave=3,
                ratios=[0.5, 1.0, 2.0],
                strides=[8, 16, 32, 64, 128],
            ),
            bbox_coder=dict(type='DeltaXYWHBBoxCoder'),
            loss_cls=dict(type='FocalLoss', use_sigmoid=True),
            loss_bbox=dict(type='L1Loss', loss_weight=1.0),
        ),
        train_cfg=dict(
            assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0),
            allowed_border=-1,
            pos_weight=-1,
            debug=False,
        ),
        test_cfg=dict(
            nms_pre=100,
            min_bbox_size=0,
            score_thr=0.05,
            nms=dict(type='nms', iou_threshold=0.5),
            max_per_img=10,
        ),
    )


LOCATIONS = sorted({place for each in rl.TABLES for place in each._locations})


@pytest.mark.parametrize('location', LOCATIONS)
def test_a_package_of_parts_says_where_each_is(location):
    """``PARTS`` has every registered class of the package, with the module that it stands in."""
    found = {}
    for each in rl.TABLES:
        rl.known_names(each)
        for name, part in each.module_dict.items():
            if part.__module__.startswith(f'{location}.') and location in each._locations:
                found[name] = part.__module__.removeprefix(f'{location}.')
    package = importlib.import_module(location)
    assert vars(package).get('PARTS', found) == found


@pytest.mark.slow
def test_a_look_up_imports_the_module_of_that_part_alone():
    code = (
        'import sys\n'
        'from restorelab.registry import LOSSES, find_part\n'
        "print(find_part('L1Loss', LOSSES).__name__)\n"
        "print([name for name in sys.modules if name.startswith('restorelab.models.losses.')])\n"
    )
    ran = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert ran.stdout.split('\n')[:2] == ['L1Loss', "['restorelab.models.losses.l1_loss']"]
