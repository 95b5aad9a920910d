"""The groups of parameters that a config names."""

import pytest
from mmengine.config import ConfigDict
from torch import nn

from restorelab.engine.parameter_groups import check_custom_keys

MODEL = nn.Sequential()
MODEL.add_module('backbone', nn.Linear(2, 2))
MODEL.add_module('head', nn.Sequential(nn.Linear(2, 2)))


def wrapper(*keys, **options):
    custom = {key: dict(lr_mult=0.1) for key in keys}
    return ConfigDict(paramwise_cfg=dict(custom_keys=custom), **options)


@pytest.mark.parametrize('key', ['backbone', 'head.0', 'bone.weight', 'bias'])
def test_a_key_that_is_in_the_name_of_a_parameter_is_taken(key):
    check_custom_keys(wrapper(key), MODEL)


@pytest.mark.parametrize(
    ('key', 'nearest'), [('bakbone', 'backbone'), ('head.O', 'head.0'), ('biass', 'bias')]
)
def test_a_key_that_is_in_no_name_is_refused(key, nearest):
    message = rf"custom_keys\['{key}'\] is in the name of no parameter; nearest: \['{nearest}'"
    with pytest.raises(KeyError, match=message):
        check_custom_keys(wrapper('head', key), MODEL)


def test_groups_of_another_constructor_are_not_judged():
    check_custom_keys(wrapper('x', constructor='Mine'), MODEL)
    check_custom_keys(ConfigDict(optimizer=dict(type='SGD')), MODEL)
