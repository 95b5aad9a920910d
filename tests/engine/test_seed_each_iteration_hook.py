import random
from types import SimpleNamespace

import numpy as np
import torch

from restorelab.engine.seed_each_iteration_hook import SeedEachIterationHook, iteration_seed


def draws(iteration: int, seed: int = 0) -> tuple[float, float, float]:
    SeedEachIterationHook().before_train_iter(SimpleNamespace(seed=seed, iter=iteration), iteration)
    return torch.rand(()).item(), np.random.random(), random.random()  # noqa: NPY002


def test_an_iteration_draws_the_same_whatever_came_before():
    first = draws(5)
    torch.rand(10)
    assert draws(5) == first


def test_iterations_and_seeds_have_streams_of_their_own():
    places = [(seed, iteration) for seed in range(10) for iteration in range(100)]
    assert len({iteration_seed(*place) for place in places}) == len(places)
