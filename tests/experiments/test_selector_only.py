"""A selector trained on an estimator that stands still."""

import dataclasses

import pytest
import torch

from den_core.config import Recipe, from_json
from den_core.experiments.selector_only import labelled_selector, train_selector
from den_core.inference.network import load
from den_core.training.run import load_training_data


@pytest.fixture(scope="module")
def net(tiny_checkpoint):
    return load(tiny_checkpoint)


@pytest.fixture(scope="module")
def short(net) -> Recipe:
    """The network's recipe with four steps on labels and three of choices."""
    base = from_json(Recipe, net.info.recipe, "recipe")
    turn = dataclasses.replace(base.training.selector, label_steps=4, steps=3)
    return dataclasses.replace(base, training=dataclasses.replace(base.training, selector=turn))


@pytest.fixture(scope="module")
def data(short):
    return load_training_data(short, 80, progress=False).data


def test_a_part_done_before_leads_to_the_same_selector(net, short, data):
    whole = train_selector(short, net, data).state_dict()

    labelled = labelled_selector(short, net, data)
    before = {name: tensor.clone() for name, tensor in labelled.state_dict().items()}
    again = train_selector(short, net, data, labelled).state_dict()

    assert all(torch.equal(whole[name], again[name]) for name in whole)
    assert all(torch.equal(before[name], tensor) for name, tensor in labelled.state_dict().items()), "may serve again"


def test_training_moves_the_choice_and_not_the_estimator(net, short, data):
    estimator = {name: tensor.clone() for name, tensor in net.estimator.state_dict().items()}

    labelled, trained = labelled_selector(short, net, data), train_selector(short, net, data)

    assert not torch.equal(labelled.head.linear.weight, trained.head.linear.weight)
    assert all(torch.equal(estimator[name], tensor) for name, tensor in net.estimator.state_dict().items())
