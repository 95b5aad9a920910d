"""The small stages in order, each interrupted and resumed; CFRM and TFA on shipped networks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from restorelab.apis.training import train
from restorelab.config import load_config
from restorelab.registry import MODELS
from restorelab.utils.checkpoint import load_known_weights, read_checkpoint
from restorelab.utils.weights import read_published, resolve_weights
from tests.engine.toys import Interrupted, recorded

CONFIGS = Path(__file__).parents[2] / 'configs' / 'unirestore'
STAGES = ('stage1', 'stage2', 'stage3_add_task')

pytestmark = pytest.mark.slow


def shapes_in(node: object, root: Path) -> None:
    """Few small sets of shapes, written below ``root``."""
    if isinstance(node, dict) and node.get('type') == 'ComposedObjects':
        node.update(root=str(root / node['split']), num_images=8)
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list | tuple) else ()
    ):
        shapes_in(child, root)


def three_iterations(name: str, folder: Path, work_dir: Path) -> Config:
    """The config of a stage, cut to three iterations of four images, in ``folder``."""
    cfg = load_config(
        CONFIGS / f'{name}.py',
        {
            'train_cfg.max_iters': 3,
            'default_hooks.checkpoint.interval': 1,
            'train_dataloader.batch_size': 4,
            'train_dataloader.num_workers': 0,
            'train_dataloader.persistent_workers': False,
            'work_dir': str(work_dir),
        },
    )
    if name != 'stage1':
        before = STAGES[STAGES.index(name) - 1]
        cfg.model.restorer.init_cfg.checkpoint = str(folder / before / 'iter_3.pth')
    shapes_in(cfg._cfg_dict, folder / 'data')
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.custom_hooks = [dict(type='RecordHook')]
    return cfg


@pytest.fixture(scope='module')
def stages(tmp_path_factory) -> Callable[[str], Path]:
    """Trains a stage, and what it starts from, once; gives the folder of all."""
    folder = tmp_path_factory.mktemp('unirestore')
    losses = {}

    def trained(name: str) -> tuple[Path, list[float]]:
        if name not in losses:
            if name != 'stage1':
                trained(STAGES[STAGES.index(name) - 1])
            losses[name] = recorded(train(three_iterations(name, folder, folder / name)))
        return folder, losses[name]

    return trained


@pytest.mark.parametrize('name', STAGES)
def test_a_stage_that_was_interrupted_goes_on_as_if_nothing_had_happened(name, stages, tmp_path):
    if name == 'stage3_add_task':
        pytest.importorskip('mmdet')
    folder, losses = stages(name)
    cfg = three_iterations(name, folder, tmp_path)
    cfg.custom_hooks.append(dict(type='StopHook', at=2))
    with pytest.raises(Interrupted):
        train(cfg)
    rest = train(three_iterations(name, folder, tmp_path), resume=True)
    np.testing.assert_array_equal(recorded(rest), losses[len(losses) - len(recorded(rest)) :])
    assert len(recorded(rest)) < 3
    whole, parts = (read_checkpoint(path / 'iter_3.pth') for path in (folder / name, tmp_path))
    for part in ('state_dict', 'optimizer'):
        torch.testing.assert_close(parts[part], whole[part], rtol=0, atol=0)


def test_the_new_prompt_is_all_that_stage_3_changes(stages):
    pytest.importorskip('mmdet')
    folder, _ = stages('stage3_add_task')
    before, after = (
        read_checkpoint(folder / name / 'iter_3.pth')['state_dict'] for name in STAGES[1:]
    )
    kept = {name: value for name, value in after.items() if name.startswith('restorer.')}
    assert kept.pop('restorer.adapters.tfa.prompts.det').abs().sum() > 0
    torch.testing.assert_close(
        kept,
        {name: value for name, value in before.items() if name.startswith('restorer.')},
        rtol=0,
        atol=0,
    )


@pytest.mark.parametrize(
    ('name', 'weights'),
    [('cfrm_tfa_diffuir', 'diffuir-tiny'), ('cfrm_tfa_tpgdiff', 'tpgdiff-small')],
)
def test_at_step_0_a_trunk_that_ships_restores_as_without_cfrm_and_tfa(name, weights):
    pytest.importorskip('mmdet')
    state, plain_cfg, _ = read_published(resolve_weights(f'restorelab:{weights}'))
    adapted_cfg = load_config(CONFIGS / f'{name}.py').model.restorer
    with DefaultScope.overwrite_default_scope('restorelab'):
        plain = MODELS.build(
            {**plain_cfg, 'sampler': adapted_cfg.sampler, 'process': adapted_cfg.process}
        ).eval()
        adapted = MODELS.build(adapted_cfg).eval()
        adapted.init_weights()
    load_known_weights(plain, state, weights)
    for model in (plain, adapted):
        model.load_pretrained()
    lq = torch.rand(2, 3, 40, 56, generator=torch.Generator().manual_seed(0))
    assert torch.equal(adapted.restore(lq, tasks=['ir', 'det']), plain.restore(lq))
