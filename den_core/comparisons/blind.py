"""A selector that cannot look: Eq. 7 on a distribution per task, whatever the image.

It sees the same grey picture in place of every image of a task, so that what it says is a table of logits per task.
(In a black one, stems without biases would find all tasks alike.) In the end it names a structure for each and runs no
more.
"""

from __future__ import annotations

import dataclasses

import torch

from den_core.comparisons.method import Method, one
from den_core.config import Recipe
from den_core.inference.network import DeepElasticNetwork
from den_core.policy import Policy
from den_core.structure_keys import structure_key
from den_core.training.openings import Openings


def blind(base: Recipe) -> Recipe:
    """The same training without the head that classifies, which would have nothing to look at."""
    steps = base.training.selector.steps + base.training.selector.label_steps
    selector = dataclasses.replace(base.training.selector, label_steps=0, steps=steps)
    network = dataclasses.replace(base.network, selector=dataclasses.replace(base.network.selector, auxiliary=False))
    return dataclasses.replace(base, network=network, training=dataclasses.replace(base.training, selector=selector))


def policy(net: DeepElasticNetwork) -> Policy:
    """The structure that it has for every task."""
    keys = {}
    for task in net.config.tasks:
        grey = torch.ones(1, 3, task.size, task.size)
        keys[task.name] = structure_key(net.choose(net.model_distribution(grey, task.name))[0])
    return Policy(static=keys, looks=False)


BLIND = Method(
    title="A selector that cannot look",
    source="",
    recipes=one("blind", blind),
    pretrained=True,
    policy=policy,
    openings=lambda training: Openings(seen=torch.ones_like),
    rate=0.5,
)
