"""The scripts of projects/house: stages that were trained alone become one weight file."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from restorelab.apis import load
from restorelab.config import load_config
from restorelab.io.images import write_image
from restorelab.registry import MODELS
from restorelab.utils.checkpoint import CheckpointError
from restorelab.utils.weights import read_published
from tests.models.tiny import randomize
from tests.parity.fixtures import load_script

JOIN = load_script('house', 'join_stages')
MEASURE = load_script('house', 'measure')
DEMO = load_script('house', 'draw_demo')
OPEN = load_script('house', 'open_photographs')
TINY = dict(
    DegradationVerdict=dict(widths=[4, 6, 8]),
    ResidualUNet=dict(widths=[4, 6], blocks=[1, 1]),
    TonePrior=dict(widths=[4, 6, 8, 8]),
)


def shrunk(cfg: object) -> object:
    """A config with tiny parts in the place of its large ones."""
    if isinstance(cfg, list):
        return [shrunk(value) for value in cfg]
    if not isinstance(cfg, dict):
        return cfg
    return {key: shrunk(value) for key, value in cfg.items()} | TINY.get(cfg.get('type'), {})


def stage_model(stage: str):
    """The tiny model of the config of a stage."""
    config = load_config(JOIN.CONFIG.with_name(f'{stage}.py')).model.to_dict()
    return randomize(MODELS.build(shrunk(config)))


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A work dir for each stage, and the config of the whole, all tiny."""
    torch.manual_seed(0)
    whole = tmp_path / 'allinone.py'
    whole.write_text(f'model = {shrunk(load_config(JOIN.CONFIG).model.to_dict())!r}\n')
    for number, stage in enumerate(JOIN.PLACES):
        averaged, raw = stage_model(stage).state_dict(), stage_model(stage).state_dict()
        checkpoint = dict(
            state_dict=averaged,
            ema_state_dict={f'module.{key}': value for key, value in raw.items()},
            meta=dict(iter=100 + number),
        )
        folder = tmp_path / 'work' / stage
        folder.mkdir(parents=True)
        torch.save(checkpoint, folder / f'iter_{100 + number}.pth')
    monkeypatch.setattr(JOIN, 'CONFIG', whole)
    return tmp_path / 'work'


def weights_of(trained, stage):
    path = next((trained / stage).glob('*.pth'))
    return torch.load(path)['state_dict']


def test_the_averaged_weights_of_each_stage_stand_in_the_file(trained, tmp_path):
    output = tmp_path / 'house.safetensors'
    done = JOIN.join(trained, output, 'none', 'a test')
    assert done == {stage: 100 + number for number, stage in enumerate(JOIN.PLACES)}
    state, _, info = read_published(output)
    found = 0
    for stage, renames in JOIN.PLACES.items():
        for key, value in weights_of(trained, stage).items():
            for before, after in renames.items():
                if key.startswith(before):
                    joined = state[after + key.removeprefix(before)]
                    torch.testing.assert_close(joined.float(), value, atol=1e-3, rtol=1e-3)
                    found += 1
    assert found == len(state)
    assert (info['license'], info['notes']) == ('none', 'a test')


def test_the_joined_model_restores_and_inspects(trained, tmp_path):
    JOIN.join(trained, tmp_path / 'house.safetensors', 'none', '')
    model = load(tmp_path / 'house.safetensors')
    image = torch.rand(3, 40, 50)
    assert set(model.inspect(image)) == set(load_config(JOIN.CONFIG).model.priors.verdict.kinds)
    assert model(image).shape == image.shape


def test_the_last_checkpoint_of_a_stage_counts(trained, tmp_path):
    later = torch.load(next((trained / 'grain').glob('*.pth')))
    later['meta']['iter'] = 900
    torch.save(later, trained / 'grain/iter_900.pth')
    assert JOIN.join(trained, tmp_path / 'house.safetensors', '', '')['grain'] == 900


def test_a_stage_without_a_checkpoint_is_named_with_the_command_that_trains_it(trained, tmp_path):
    next((trained / 'haze').glob('*.pth')).unlink()
    with pytest.raises(FileNotFoundError, match=r'haze holds no checkpoint; .*configs/house/haze'):
        JOIN.join(trained, tmp_path / 'house.safetensors', '', '')
    assert not (tmp_path / 'house.safetensors').exists()


def test_a_stage_that_was_not_trained_again_stays_as_in_the_base(trained, tmp_path):
    JOIN.join(trained, tmp_path / 'first.safetensors', '', '')
    for stage in JOIN.PLACES:
        if stage != 'blur':
            next((trained / stage).glob('*.pth')).unlink()
    later = torch.load(next((trained / 'blur').glob('*.pth')))
    for value in later['state_dict'].values():
        value += 1
    torch.save(later, next((trained / 'blur').glob('*.pth')))
    base = str(tmp_path / 'first.safetensors')
    assert list(JOIN.join(trained, tmp_path / 'second.safetensors', '', '', base)) == ['blur']
    first, second = read_published(base)[0], read_published(tmp_path / 'second.safetensors')[0]
    changed = {key for key in first if not torch.equal(first[key], second[key])}
    assert changed == {key for key in first if key.startswith('backbone.stages.blur.')}


def test_a_stage_of_another_size_is_refused(trained, tmp_path):
    path = next((trained / 'blur').glob('*.pth'))
    checkpoint = torch.load(path)
    checkpoint['state_dict']['backbone.head.weight'] = torch.zeros(5, 12, 3, 3)
    torch.save(checkpoint, path)
    with pytest.raises(CheckpointError, match=r'backbone\.stages\.blur\.backbone\.head\.weight'):
        JOIN.join(trained, tmp_path / 'house.safetensors', '', '')


def test_a_file_that_exists_is_kept(trained, tmp_path):
    output = tmp_path / 'house.safetensors'
    output.write_text('mine')
    with pytest.raises(FileExistsError, match=r'house\.safetensors exists; remove it first'):
        JOIN.join(trained, output, '', '')
    assert output.read_text() == 'mine'


def test_every_stage_of_the_config_has_a_place():
    """No weight is left at random: what is joined is loaded strictly, in the full size."""
    config = load_config(JOIN.CONFIG).model.to_dict()
    with torch.device('meta'):
        keys = set(MODELS.build(config).state_dict())
    places = [after for renames in JOIN.PLACES.values() for after in renames.values()]
    assert {key for key in keys if not key.startswith(tuple(places))} == set()


# measure.py


def photographs(folder, count=2):
    folder.mkdir(parents=True)
    for number in range(count):
        image = np.random.default_rng(number).integers(0, 256, (20, 24, 3), dtype=np.uint8)
        write_image(folder / f'{number}.png', image)
    return folder


def test_psnr_of_equal_pictures_is_limited_and_of_others_right():
    black, gray = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 51, np.uint8)
    assert MEASURE.psnr(black, black) == MEASURE.PERFECT
    assert MEASURE.psnr(black, gray) == pytest.approx(20 * np.log10(5))


def test_a_row_names_the_picture_that_gains_least():
    gt = np.full((4, 4, 3), 100, np.uint8)
    pairs = [MEASURE.Pair('near', gt + 10, gt), MEASURE.Pair('far', gt + 40, gt)]
    row = MEASURE.measure(lambda lq: np.where(lq == 110, gt, lq + 1), iter(pairs), 'a row', False)
    assert (row['pictures'], row['worst_name']) == (2, 'far')
    assert row['worst'] == pytest.approx(20 * np.log10(40 / 41), abs=0.01)
    assert row['gain'] == pytest.approx(row['result'] - row['input'], abs=0.011)


def test_good_pictures_are_scored_against_themselves():
    gt = np.full((4, 4, 3), 100, np.uint8)
    row = MEASURE.measure(lambda lq: lq + 1, iter([MEASURE.Pair('a', gt, gt)]), 'made', False)
    assert (row['input'], row['worst']) == (MEASURE.PERFECT, pytest.approx(48.13))


def test_weak_degradations_are_weak_and_differ(tmp_path):
    folder = str(photographs(tmp_path / 'clean'))
    scores = {}
    for row in MEASURE.WEAK:
        for pair in MEASURE.weakly_degraded(folder, row, None):
            scores.setdefault(row, []).append(MEASURE.psnr(pair.lq, pair.gt))
    assert all(len(values) == 2 for values in scores.values())
    assert scores['jpeg 80'] < scores['jpeg 92']
    assert all(value > 30 for value in scores['noise 5'])


def test_pairs_are_found_by_a_pattern(tmp_path):
    photographs(tmp_path / 'gt')
    photographs(tmp_path / 'lq')
    for path in (tmp_path / 'lq').iterdir():
        path.rename(path.with_name(f'{path.stem}_hazy.png'))
    pairs = list(MEASURE.paired(str(tmp_path), '([^_]*).*', None))
    assert len(pairs) == 2
    assert all(np.array_equal(pair.lq, pair.gt) for pair in pairs)
    assert len(list(MEASURE.paired(str(tmp_path), '([^_]*).*', 1))) == 1


def test_made_pictures_are_good_ones_of_other_kinds():
    names = [pair.name for pair in MEASURE.made_pictures()]
    assert {'drawn text', 'drawn screen', 'drawn stars', 'flat 128', 'brick'} <= set(names)
    assert len(names) == len(set(names))


def test_the_table_is_printed_and_written(trained, tmp_path, monkeypatch, capsys):
    JOIN.join(trained, tmp_path / 'house.safetensors', '', '')
    photographs(tmp_path / 'clean')
    words = [
        str(tmp_path / 'house.safetensors'),
        '--clean',
        str(tmp_path / 'clean'),
        '--count',
        '1',
    ]
    monkeypatch.setattr('sys.argv', ['measure.py', *words, '--weak', '--out', f'{tmp_path}/t.csv'])
    MEASURE.main()
    lines = capsys.readouterr().out.splitlines()
    rows = [*MEASURE.STRONG, 'clean', *MEASURE.WEAK]
    assert [line[:14].strip() for line in lines] == ['row', *rows, 'mean']
    table = (tmp_path / 't.csv').read_text().splitlines()
    assert [line.split(',')[0] for line in table] == ['row', *rows]


def test_the_demo_shows_every_exhibit_before_and_after():
    seen = []

    def model(picture):
        seen.append(picture.shape)
        return 255 - picture

    sheet = DEMO.draw(model)
    banks = -(-len(DEMO.EXHIBITS) // DEMO.ACROSS)
    assert len(seen) == len(DEMO.EXHIBITS)
    assert sheet.shape[0] == banks * (DEMO.LABEL + 2 * DEMO.CROP + DEMO.GAP)
    top = sheet[DEMO.LABEL :][: DEMO.CROP, : DEMO.CROP]
    below = sheet[DEMO.LABEL + DEMO.CROP + DEMO.GAP :][: DEMO.CROP, : DEMO.CROP]
    np.testing.assert_array_equal(below, 255 - top)


# open_photographs.py


def test_pictures_inside_resources_are_found_once_and_icons_left_out(tmp_path):
    files = []
    for side in (300, 260, 40):
        file = io.BytesIO()
        Image.effect_noise((side, side), 50).convert('RGB').save(file, 'WEBP', lossless=True)
        files.append(file.getvalue())
    data = b'head' + files[0] + b'between' + files[1] + files[2] + files[0]
    (tmp_path / 'game.rcc').write_bytes(data)
    (tmp_path / f'{OPEN.WITH_HOLES[0]}.rcc').write_bytes(data)
    found = dict(OPEN.photographs(tmp_path))
    assert [image.size for image in found.values()] == [(200, 200), (200, 200)]
    assert all(name.startswith('game_') for name in found)


def test_of_wallpapers_in_several_sizes_the_largest_is_taken(tmp_path):
    (tmp_path / 'Flow/images').mkdir(parents=True)
    for name, size in (('1000x900', (1000, 900)), ('1200x600', (1200, 600)), ('name', (300, 200))):
        Image.new('RGB', size).save(tmp_path / f'Flow/images/{name}.png')
    Image.new('RGB', (300, 200)).save(tmp_path / 'Flow/screenshot.png')
    found = dict(OPEN.wallpapers(tmp_path, np.random.default_rng(0)))
    whole = {name: image.size for name, image in found.items() if name[-2:] not in ('_0', '_1')}
    assert sorted(whole.values()) == [(300, 200), (1000, 900)]
    parts = [image.size for name, image in found.items() if name[-2:] in ('_0', '_1')]
    assert parts == [(400, 400)] * 2
