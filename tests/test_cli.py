"""The command line: quick help, usage errors, and errors as messages rather than tracebacks."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from restorelab import apis, cli

ROOT = Path(__file__).resolve().parents[1]
TOOLS = sorted((ROOT / 'tools').glob('*.py'))


def config_file(folder: Path, text: str = 'train_cfg = dict(by_epoch=False, max_iters=1)\n') -> str:
    path = folder / 'toy.py'
    path.write_text(text)
    return str(path)


def record_calls(monkeypatch, name: str, result=None) -> list:
    """Put a recorder in the place of ``restorelab.apis.<name>``."""
    calls = []
    monkeypatch.setattr(
        apis, name, lambda *args, **kwargs: calls.append((args, kwargs)) or result, raising=False
    )
    return calls


@pytest.mark.parametrize('verb', cli.VERBS)
def test_help_of_every_verb(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([verb, '--help'])
    assert stop.value.code == 0
    assert cli.VERBS[verb].help.capitalize() in ' '.join(capsys.readouterr().out.split())


@pytest.mark.slow
@pytest.mark.parametrize('tool', TOOLS, ids=lambda tool: tool.name)
def test_help_of_every_tool_does_not_load_torch(tool):
    script = (
        'import atexit, runpy, sys\n'
        f'sys.argv = [{str(tool)!r}, "--help"]\n'
        'atexit.register(lambda: print("torch" in sys.modules))\n'
        'runpy.run_path(sys.argv[0], run_name="__main__")'
    )
    done = subprocess.run(
        [sys.executable, '-c', script], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == 'False'


def test_no_tool_hides_a_module_of_python():
    """The folder of a script is searched first. So `inspect` has no tool; nobody imports `test`."""
    names = {tool.stem for tool in TOOLS}
    assert names & (set(sys.stdlib_module_names) - {'test'}) == set()


def test_train_hands_its_arguments_on(monkeypatch, tmp_path):
    calls = record_calls(monkeypatch, 'train')
    code = cli.main(
        [
            'train',
            config_file(tmp_path),
            '--work-dir',
            'out',
            '--resume',
            'a.pth',
            '--amp',
            '--seed',
            '3',
            '--cfg-options',
            'train_cfg.max_iters=7',
            'env_cfg.cudnn_benchmark=true',
        ]
    )
    (cfg,), options = calls[0]
    assert code == 0
    assert options == dict(
        work_dir='out', resume='a.pth', amp=True, launcher='none', channels_last=False
    )
    assert (cfg.train_cfg.max_iters, cfg.randomness.seed, cfg.env_cfg.cudnn_benchmark) == (
        7,
        3,
        True,
    )


def test_a_cfg_option_may_be_a_dict_that_replaces_a_part(monkeypatch):
    calls = record_calls(monkeypatch, 'test')
    cli.main(
        [
            'test',
            str(ROOT / 'configs/tpgdiff/allinone.py'),
            'a.pth',
            '--cfg-options',
            "model.sampler={'type': 'Posterior', 'steps': 100}",
            'model.objective=None',
        ]
    )
    model = calls[0][0][0].model
    assert (model.sampler, model.objective) == (dict(type='Posterior', steps=100), None)


def test_resume_without_a_path_means_the_last_checkpoint(monkeypatch, tmp_path):
    calls = record_calls(monkeypatch, 'train')
    cli.main(['train', config_file(tmp_path), '--resume'])
    assert calls[0][1]['resume'] is True


def test_test_hands_its_arguments_on(monkeypatch, tmp_path):
    calls = record_calls(monkeypatch, 'test')
    cli.main(
        ['test', config_file(tmp_path), 'a.pth', '--show-dir', 'panels', '--launcher', 'pytorch']
    )
    args, options = calls[0]
    assert args[1] == 'a.pth'
    assert options == dict(work_dir=None, show_dir='panels', launcher='pytorch')


def test_restore_hands_its_arguments_on_and_its_code_back(monkeypatch):
    calls = record_calls(monkeypatch, 'restore_files', result=1)
    assert cli.main(['restore', 'in', 'out', '--tile', '256', '--steps', '5', '--panel']) == 1
    args, options = calls[0]
    assert args == ('in', 'out')
    wishes = options['wishes']
    assert (wishes.tile, wishes.steps, options['panel'], wishes.seed) == (256, 5, True, 0)


@pytest.mark.parametrize(
    ('words', 'existing'),
    [([], 'refuse'), (['--skip-existing'], 'skip'), (['--overwrite'], 'overwrite')],
)
def test_restore_hands_on_what_becomes_of_results_that_are_there(monkeypatch, words, existing):
    calls = record_calls(monkeypatch, 'restore_files', result=0)
    cli.main(['restore', 'in', 'out', *words, '--report', 'r.csv', '--reference', 'clean'])
    options = calls[0][1]
    assert options['existing'] == existing
    assert (options['report'], options['reference']) == ('r.csv', 'clean')


def test_restore_hands_on_how_much_is_done_and_against_what(monkeypatch):
    calls = record_calls(monkeypatch, 'restore_files', result=0)
    cli.main(['restore', 'in', 'out', '--strength', '0.5', '--only', 'noise, jpeg'])
    cli.main(['restore', 'in', 'out', '--except', 'lowlight'])
    cli.main(['restore', 'in', 'out'])
    steering = []
    for _, options in calls:
        wishes = options['wishes']
        steering.append([wishes.strength, wishes.only, list(wishes.excepted)])
    assert steering == [
        [0.5, ['noise', 'jpeg'], []],
        [1.0, None, ['lowlight']],
        [1.0, None, []],
    ]


@pytest.mark.parametrize('text', ['', 'noise,', ',', 'noise,,jpeg'])
def test_names_of_degradations_are_not_empty(text, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(['restore', 'in', 'out', f'--only={text}'])
    assert stop.value.code == 2
    assert f"'{text}' is no KIND,KIND" in capsys.readouterr().err


def test_list_prints_names_with_their_packages(capsys):
    assert cli.main(['list', 'loss']) == 0
    assert ['L1Loss', 'restorelab'] in [
        line.split() for line in capsys.readouterr().out.splitlines()
    ]


@pytest.mark.parametrize(
    ('pair', 'complaint'),
    [
        ('train_cfg.max_iters', 'takes KEY=VALUE pairs'),
        ('=3', 'takes KEY=VALUE pairs'),
        ('a=[1,2', 'do not close'),
        ("a={'type'", 'no dict of plain values'),
    ],
)
def test_a_malformed_cfg_option_is_a_usage_error(pair, complaint, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(['train', config_file(tmp_path), '--cfg-options', pair])
    assert stop.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['train', 'nosuch.py'], 'error: there is no config nosuch.py'),
        (
            ['list', 'bakbone'],
            "error: no table and no part is called 'bakbone'; nearest: ['backbone'",
        ),
    ],
)
def test_an_expected_error_is_a_message_without_quotes_or_traceback(arguments, message, capsys):
    assert cli.main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith(message)
    assert 'Traceback' not in error


def test_a_slip_in_a_config_is_a_message(tmp_path, capsys):
    path = config_file(tmp_path, 'param_schedulerr = []\n')
    assert cli.main(['train', path]) == 1
    assert "'param_schedulerr': nearest ['param_scheduler']" in capsys.readouterr().err


def test_debug_raises(tmp_path):
    with pytest.raises(KeyError, match='param_schedulerr'):
        cli.main(['train', config_file(tmp_path, 'param_schedulerr = []\n'), '--debug'])


def test_an_error_from_elsewhere_keeps_its_traceback(monkeypatch, tmp_path):
    monkeypatch.setattr(apis, 'train', lambda *args, **kwargs: int('x'), raising=False)
    with pytest.raises(ValueError, match='invalid literal'):
        cli.main(['train', config_file(tmp_path)])


def test_allow_unknown_lets_an_unknown_key_through(monkeypatch, tmp_path):
    calls = record_calls(monkeypatch, 'train')
    assert cli.main(['train', config_file(tmp_path, 'mine = 1\n'), '--allow-unknown']) == 0
    assert calls[0][0][0].mine == 1


def test_dist_train_without_arguments_says_how_to_call_it():
    done = subprocess.run([str(ROOT / 'tools' / 'dist_train.sh')], capture_output=True, text=True)
    assert done.returncode == 2
    assert 'CONFIG PROCESSES' in done.stderr


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['restore', 'a.png', 'b.png', '--pannel'], r'--pannel \(did you mean --panel'),
        (['train', 'c.py', '--wrk-dir=x'], r'--wrk-dir=x \(did you mean --work-dir'),
        (['restore', 'a.png', 'b.png', 'c.png'], 'unrecognized arguments: c.png$'),
    ],
)
def test_an_unknown_argument_is_answered_with_the_nearest(arguments, message, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert re.search(message, capsys.readouterr().err, re.MULTILINE)
