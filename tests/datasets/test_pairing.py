import pytest

from restorelab.datasets import pairing
from restorelab.datasets.pairing import identify, pair_folders, read_list
from tests.datasets.pictures import save_all
from tests.io.image_cases import fifo


def names(pairs):
    return [(lq.name, gt.name) for lq, gt in pairs]


def test_equal_names_pair_whatever_the_extension(tmp_path):
    save_all(tmp_path / 'lq', ['b.jpg', 'a.png'])
    save_all(tmp_path / 'gt', ['a.bmp', 'b.png'])
    assert names(pair_folders(tmp_path / 'lq', tmp_path / 'gt').pairs) == [
        ('a.png', 'a.bmp'),
        ('b.jpg', 'b.png'),
    ]


def test_several_hazy_images_share_one_clean_one_as_in_reside(tmp_path):
    save_all(tmp_path / 'lq', ['0005_0.8_0.04.jpg', '0005_1_0.2.jpg', '0006_0.9_0.1.jpg'])
    save_all(tmp_path / 'gt', ['0005.png', '0006.png'])
    found = pair_folders(tmp_path / 'lq', tmp_path / 'gt', lq_name='([^_]*)_.*')
    assert names(found.pairs) == [
        ('0005_0.8_0.04.jpg', '0005.png'),
        ('0005_1_0.2.jpg', '0005.png'),
        ('0006_0.9_0.1.jpg', '0006.png'),
    ]
    assert (found.num_lq, found.num_gt) == (3, 2)


def test_scene_folders_pair_within_one_folder_as_in_gopro(tmp_path):
    save_all(tmp_path, [f'{scene}/{kind}/1.png' for scene in 'AB' for kind in ('blur', 'sharp')])
    found = pair_folders(tmp_path, tmp_path, '(.*)/blur/(.*)', '(.*)/sharp/(.*)')
    assert [lq.parts[-3] == gt.parts[-3] for lq, gt in found.pairs] == [True, True]
    assert found.ignored == []


def test_what_has_no_partner_or_fits_no_pattern_is_listed(tmp_path):
    save_all(tmp_path / 'lq', ['rain-1.png', 'rain-2.png', 'cover.png'])
    save_all(tmp_path / 'gt', ['norain-1.png', 'norain-3.png'])
    found = pair_folders(tmp_path / 'lq', tmp_path / 'gt', r'rain-(\d+)', r'norain-(\d+)')
    assert [path.name for path in found.lonely] == ['rain-2.png']
    assert [path.name for path in found.unused] == ['norain-3.png']
    assert [path.name for path in found.ignored] == ['cover.png']


def test_two_clean_images_of_one_identity_are_refused(tmp_path):
    save_all(tmp_path, ['lq/a.png', 'gt/a.png', 'gt/a.jpg'])
    with pytest.raises(ValueError, match=r'a\.jpg.*a\.png have the same identity'):
        pair_folders(tmp_path / 'lq', tmp_path / 'gt')


@pytest.mark.parametrize(
    ('pattern', 'message'),
    [
        ('rain.*', 'has no group'),
        (r'(\d+)', 'the names are a'),
        ('(.*', r"pattern '\(\.\*' is no regular expression: missing \)"),
    ],
)
def test_a_pattern_that_cannot_pair_is_refused(tmp_path, pattern, message):
    save_all(tmp_path, ['lq/a.png', 'gt/a.png'])
    with pytest.raises(ValueError, match=message):
        pair_folders(tmp_path / 'lq', tmp_path / 'gt', lq_name=pattern)


def write(tmp_path, text):
    path = tmp_path / 'list.txt'
    path.write_text(text)
    return path


def test_list_columns_are_lq_gt_and_degradation(tmp_path):
    save_all(tmp_path, ['a.png', 'b.png', 'c d.png'])
    rows = read_list(
        write(tmp_path, '# lq gt degradation\na.png b.png\n\nc d.png\ta.png\train\nb.png\n'),
        tmp_path,
    )
    assert [(lq.name, gt and gt.name, degradation) for lq, gt, degradation in rows] == [
        ('a.png', 'b.png', None),
        ('c d.png', 'a.png', 'rain'),
        ('b.png', None, None),
    ]


@pytest.mark.parametrize(
    ('text', 'error', 'message'),
    [
        ('a.png b.png rain 4', ValueError, r'list\.txt, line 1: .* has 4 columns'),
        ('a.png\t\train', ValueError, 'line 1'),
        ('\n# nothing\n', ValueError, 'no line in it'),
        ('a.png x.png', FileNotFoundError, r'1 file\(s\) that do not exist: .*x\.png'),
    ],
)
def test_a_bad_list_is_refused(tmp_path, text, error, message):
    save_all(tmp_path, ['a.png', 'b.png'])
    with pytest.raises(error, match=message):
        read_list(write(tmp_path, text), tmp_path)


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none\.txt: no such file'):
        read_list(tmp_path / 'none.txt', tmp_path)


@pytest.mark.parametrize('pattern', ['(a+)+$', '(a|a)*$', '(a|aa)+$', '(.*)*x(.*)*y', '(a*)*'])
def test_a_pattern_is_answered_in_bounded_time(tmp_path, monkeypatch, pattern):
    monkeypatch.setattr(pairing, 'SECONDS', 0.05)
    save_all(tmp_path, [f'{"a" * 60}b.png'])
    with pytest.raises(ValueError, match=r'does not come to an end|no name matches'):
        identify(tmp_path, pattern)


LISTS = [
    ('a.png ../b.png', r"list\.txt: 1 fault.*\n  line 1: '\.\./b\.png' leads out"),
    ('a.png\n/etc/b.png\n..', r"2 fault.*\n  line 2: '/etc/b\.png' is an absolute.*\n  line 3"),
    ('sub/../../b.png', 'leads out of its folder'),
    ('..\\b.png', 'leads out of its folder'),
    ('C:/b.png', 'is an absolute path'),
    ('.', 'is no name of a file'),
    (b'\xe4\xff.png', r'list\.txt: not a text in UTF-8'),
]


@pytest.mark.parametrize(('content', 'message'), LISTS, ids=[str(case[0]) for case in LISTS])
def test_a_list_that_leads_out_of_its_folder_is_refused(tmp_path, content, message):
    save_all(tmp_path, ['root/a.png', 'b.png'])
    data = content if isinstance(content, bytes) else content.encode()
    (tmp_path / 'list.txt').write_bytes(data)
    with pytest.raises(ValueError, match=message):
        read_list(tmp_path / 'list.txt', tmp_path / 'root')


def test_a_list_that_is_a_fifo_is_not_waited_for(tmp_path):
    with pytest.raises(FileNotFoundError, match='is a FIFO'):
        read_list(fifo(tmp_path), tmp_path)
