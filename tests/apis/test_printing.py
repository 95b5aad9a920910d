"""A printed config is complete, and loads as the same config."""

import sys

import pytest
from mmengine.config import Config
from torch import nn

from restorelab.apis import train
from restorelab.apis.printing import as_source, print_config
from restorelab.cli import main
from restorelab.config import load_config
from tests.engine.toys import recorded, toy_config
from tests.test_configs import CONFIGS, ROOT, marked


@pytest.mark.parametrize('path', marked(CONFIGS))
def test_every_config_comes_back_as_it_was(path, tmp_path):
    cfg = load_config(ROOT / path)
    print_config(cfg, tmp_path / 'out.py')
    again = load_config(tmp_path / 'out.py')
    assert again.to_dict() == cfg.to_dict()
    assert not any(key.startswith('_') for key in again)
    assert max(map(len, (tmp_path / 'out.py').read_text().splitlines())) <= 120


@pytest.mark.parametrize(
    'value',
    [
        None,
        dict(a=1, **{'class': 2, 'b c': 3}),
        (1,),
        (),
        [],
        {},
        [dict(x=(1, 2.5), y=[None, True])],
        {3: 'three'},
        float('inf'),
        "it's",
        'line\nbreak',
        [list(range(40)), 'x' * 90],
    ],
)
def test_plain_values_come_back_as_they_were(value, tmp_path):
    (tmp_path / 'a.py').write_text(as_source(Config(dict(value=value))))
    assert Config.fromfile(tmp_path / 'a.py').to_dict() == Config(dict(value=value)).to_dict()


def test_a_class_is_printed_by_its_import_path():
    text = as_source(Config(dict(act=dict(type=nn.GELU))))
    assert text == "act = dict(type='torch.nn.modules.activation.GELU')\n"


def test_a_value_without_a_text_is_named():
    with pytest.raises(TypeError, match=r'hooks\.0\.fn is <function .*no text'):
        as_source(Config(dict(hooks=[dict(fn=lambda: 1)])))


def test_type_comes_first_and_a_short_dict_stays_in_one_line():
    text = as_source(Config(dict(loss=dict(weight=2.0, type='L1Loss'))))
    assert text == "loss = dict(type='L1Loss', weight=2.0)\n"


def test_the_command_prints_plain_text_into_a_pipe(capsys):
    path = str(ROOT / 'configs/tpgdiff/allinone.py')
    assert main(['config', path, '--cfg-options', 'model.sampler.steps=7']) == 0
    out = capsys.readouterr().out
    assert '\x1b' not in out
    assert "sampler=dict(type='MultistepDPM', steps=7, noise_scale=0.0)" in out


def test_the_command_highlights_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv('TERM', 'xterm-256color')
    monkeypatch.delenv('NO_COLOR', raising=False)
    monkeypatch.setattr(sys.stdout, 'isatty', lambda: True)
    assert main(['config', str(ROOT / 'configs/tpgdiff/allinone.py')]) == 0
    assert '\x1b[' in capsys.readouterr().out


def test_the_command_replaces_no_file_unless_asked(tmp_path, capsys):
    command = ['config', str(ROOT / 'configs/tpgdiff/allinone.py'), '--out', str(tmp_path / 'a.py')]
    assert main(command) == 0
    (tmp_path / 'a.py').write_text('mine = 1')
    assert main(command) == 1
    assert (
        'a.py exists already; choose another file, or pass --overwrite' in capsys.readouterr().err
    )
    assert (tmp_path / 'a.py').read_text() == 'mine = 1'
    assert main([*command, '--overwrite']) == 0
    assert load_config(tmp_path / 'a.py').model.type == 'DiffusionRestorer'


def test_the_file_is_a_python_file(tmp_path):
    with pytest.raises(ValueError, match=r'a\.yaml: a config is a Python file'):
        print_config(Config(dict(a=1)), tmp_path / 'a.yaml')


def test_the_printed_file_trains_to_the_same_losses(tmp_path):
    cfg = toy_config(tmp_path / 'first', max_iters=3)
    print_config(load_config(cfg), tmp_path / 'out.py')
    first = recorded(train(cfg))
    assert recorded(train(str(tmp_path / 'out.py'), work_dir=str(tmp_path / 'second'))) == first
