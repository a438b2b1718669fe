"""Deep elastic networks: as this project trains them, with and without early answers, and in the paper's plain form."""

from __future__ import annotations

import dataclasses

from den_core.comparisons.method import Method, one
from den_core.config import Recipe, SelectorConfig
from den_core.evaluation.dial import with_early_answers
from den_core.evaluation.sets import validation_sets
from den_core.policy import OWN
from den_core.recipes.training import plain_training


def plain(base: Recipe) -> Recipe:
    """Eq. 4 to 8 and Algorithm 1 as they stand, on as many image runs."""
    network = dataclasses.replace(base.network, selector=SelectorConfig())
    return dataclasses.replace(base, network=network, training=plain_training(base.training))


DEN_LATE = Method(
    title="Deep elastic network without early answers",
    source="the paper, trained as this project does",
    recipes=one("den", lambda base: base),
    policy=lambda net: OWN,
    rate=2.0,
    pretrained=True,
)
DEN = dataclasses.replace(
    DEN_LATE,
    title="Deep elastic network",
    prepare=lambda net: with_early_answers(net, validation_sets(net, progress=False)),
)
DEN_PLAIN = dataclasses.replace(
    DEN_LATE,
    title="Deep elastic network, plain form",
    source="the paper",
    recipes=one("den-plain", plain),
    pretrained=False,
)
