"""What a network does within a budget of MACs: by its own choices, or as one fixed structure."""

from __future__ import annotations

import pandas as pd

from den_core.errors import ConfigError
from den_core.evaluation import TRIALS
from den_core.inference.calibration import calibrate
from den_core.inference.network import DeepElasticNetwork
from den_core.latency import calibrate_latency
from den_core.measuring import EvaluationSet, measure
from den_core.static_search import Budget, best_statics
from den_core.structure_keys import structure_key


def within_share(
    net: DeepElasticNetwork, validation: dict[str, EvaluationSet], data: dict[str, EvaluationSet], share: float
) -> pd.DataFrame:
    """What a network does at a share of the full model's MACs, selector included; see `at_cost_weight`.

    Args:
        validation: images on which the cost weight is found.

    Raises:
        ConfigError: a share out of reach; the message names the reachable range.
    """
    return at_cost_weight(net, data, calibrate(net, validation).cost_weight(share))


def within_latency(
    net: DeepElasticNetwork,
    validation: dict[str, EvaluationSet],
    data: dict[str, EvaluationSet],
    milliseconds: float,
    batch: int,
) -> pd.DataFrame:
    """What a network does when an image may take so long on this machine, selector included; see `at_cost_weight`.

    Args:
        validation: images on which the cost weight is found.
        batch: images that run together.

    Raises:
        ConfigError: a time out of reach; the message names the reachable range.
    """
    dial = calibrate_latency(net, validation, calibrate(net, validation), batch)
    return at_cost_weight(net, data, dial.cost_weight(milliseconds))


def at_cost_weight(net: DeepElasticNetwork, data: dict[str, EvaluationSet], weight: float) -> pd.DataFrame:
    """A row per task and their average: accuracy, class_accuracy, share of the full MACs (fractions), cost_weight."""
    rows = {}
    for name, images in data.items():
        found = measure(net, images, net.choose(images.distribution, weight), with_selector=True)
        full = float(net.full_cost(name).macs[0])
        rows[name] = {
            "accuracy": found.accuracy, "class_accuracy": found.class_accuracy, "share": found.mean_macs / full
        }  # fmt: skip
    frame = pd.DataFrame(rows).T
    return pd.concat([frame, frame.mean().rename("average").to_frame().T]).assign(cost_weight=weight)


def best_static(net: DeepElasticNetwork, validation: EvaluationSet, share: float, seed: int = 0) -> str:
    """The best single structure of a task within a share of the full model's MACs, one digit per block.

    Raises:
        ConfigError: a share below the cheapest structure's or above 1; the message names the reachable range.
    """
    name = validation.task.name
    full = float(net.full_cost(name).macs[0])
    if not 0 < share <= 1:
        raise ConfigError(f"expected a budget above 0 and up to 1 of the full model's MACs, found {share:g}")
    return structure_key(best_statics(net, validation, [Budget(share * full, TRIALS)], seed)[0])
