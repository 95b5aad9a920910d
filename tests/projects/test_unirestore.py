"""UniRestore at full size, on the meta device, and the import of its official checkpoints."""

import re
import sys
from collections import Counter

import pytest
import torch
from mmengine.registry import DefaultScope

from restorelab.config import load_config
from restorelab.registry import MODELS
from restorelab.utils.checkpoint import CheckpointError
from restorelab.utils.weights import resolve_weights
from tests.models.tiny import LATENT_RESTORER
from tests.parity.fixtures import ROOT, load_converter, load_script

CONVERT = load_converter('unirestore')
CONFIGS = ROOT / 'projects' / 'unirestore' / 'configs'
TINY = {**LATENT_RESTORER, 'step_losses': None, 'loss': None, 'objective': None}


def count(module) -> int:
    return sum(weight.numel() for weight in module.parameters())


@pytest.fixture(scope='module')
def paper():
    """All parts of the paper's model; stage 1 has no TFA."""
    model = load_config(CONFIGS / 'stage1_paper.py').model
    model['adapters']['tfa'] = dict(type='TFA', tasks=['ir', 'cls', 'seg'])
    with torch.device('meta'), DefaultScope.overwrite_default_scope('restorelab'):
        return MODELS.build(model)


@pytest.mark.slow
def test_parameters_of_every_part(paper):
    cfrm, control, tfa = paper.adapters.values()
    assert [count(stage) for stage in cfrm.stages] == [543_632, 2_135_824, 23_281_168]
    assert count(control.controller) == 52_494_080
    assert count(control.tuners) == 22_147_200
    assert [count(editor) for editor in tfa.editors] == [15_602_944, 4_164_480, 1_263_232]
    assert [tuple(prompt.shape) for prompt in tfa.prompts.values()] == [(1, 512)] * 3
    assert count(paper.backbone.unet) == 865_910_724
    assert count(paper.codec.vae) == 83_653_863


@pytest.mark.slow
def test_checkpoints_hold_the_trained_parts_alone(paper):
    parts = Counter('.'.join(name.split('.')[:3]) for name in paper.state_dict())
    assert parts == {
        'adapters.cfrm.stages': 288,
        'adapters.control.controller': 228,
        'adapters.control.tuners': 72,
        'adapters.tfa.editors': 64,
        'adapters.tfa.prompts': 3,
    }


OFFICIAL = {
    'adapters.cfrm.stages.': 'ae.vae.encoder.fr_blocks.',
    'adapters.control.controller.': 'controller.',
    'adapters.control.tuners.': 'base_model.csc_editors.',
    'adapters.tfa.editors.': 'ae.vae.decoder.task_editors.',
    'adapters.tfa.prompts.': 'ae.vae.decoder.task_prompts.',
}


def official_name(name: str) -> str:
    ours = next(prefix for prefix in OFFICIAL if name.startswith(prefix))
    return 'model.' + OFFICIAL[ours] + name.removeprefix(ours)


@pytest.fixture
def checkpoints(tmp_path):
    """A tiny model whose SD-Turbo lies elsewhere, and its two checkpoints of Lightning."""
    config = {
        **TINY,
        'codec': {**TINY['codec'], 'pretrained': 'elsewhere'},
        'backbone': {**TINY['backbone'], 'pretrained': 'elsewhere'},
    }
    torch.manual_seed(0)
    source = MODELS.build(config)
    official = {official_name(name): value for name, value in source.state_dict().items()}
    stages = [
        {name: value for name, value in official.items() if ('decoder' in name) == last}
        for last in (False, True)
    ]
    for number, state in enumerate(stages, start=1):
        torch.save(dict(state_dict=state), tmp_path / f'stage{number}.ckpt')
    return tmp_path, source, config


def test_two_official_checkpoints_become_one_model(checkpoints):
    folder, source, config = checkpoints
    model, used = CONVERT.convert(folder / 'stage1.ckpt', folder / 'stage2.ckpt', config=config)
    assert used == config
    for name, value in source.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name


def test_blocks_tasks_and_prompt_length_are_read_from_the_weights():
    blocks = {
        f'model.ae.vae.encoder.fr_blocks.{stage}.{index}.conv_in.weight': None
        for stage, index in enumerate((1, 1, 9))
    }
    prompts = {
        f'model.ae.vae.decoder.task_prompts.{task}': torch.zeros(2, 512)
        for task in ('cls', 'ir', 'seg')
    }
    cfrm, _, tfa = CONVERT.assembly({**blocks, **prompts}, 'folder')['adapters'].values()
    assert cfrm['num_naf'] == [1, 1, 9]
    assert tfa == dict(type='TFA', tasks=['ir', 'cls', 'seg'], prompt_len=2)


def test_two_files_of_one_stage_are_refused(checkpoints):
    folder, _, _ = checkpoints
    with pytest.raises(CheckpointError, match=r'hold no prompts \(of stage 2\)'):
        CONVERT.convert(folder / 'stage1.ckpt', folder / 'stage1.ckpt')


def test_a_foreign_weight_is_named(checkpoints):
    with pytest.raises(CheckpointError, match=r"'model\.head\.weight' is no weight of UniRestore"):
        CONVERT.rename({'model.head.weight': None})


@pytest.mark.parametrize(
    ('script', 'arguments', 'message'),
    [
        (
            'compare_prompts',
            ['--cfg-options', 'train_cfg.max_iter=3'],
            "train_cfg has no 'max_iter'",
        ),
        ('prompt_leverage', ['nowhere.pth'], r'nowhere\.pth: no such checkpoint'),
        (
            'prompt_leverage',
            [str(resolve_weights('restorelab:diffuir-tiny'))],
            'these weights are not of this model',
        ),
    ],
)
def test_the_experiments_refuse_what_is_wrong_before_they_begin(
    monkeypatch, capsys, script, arguments, message
):
    monkeypatch.setattr(sys, 'argv', [script, *arguments])
    with pytest.raises(SystemExit):
        load_script('unirestore', script).main()
    assert re.search(message, capsys.readouterr().err)
