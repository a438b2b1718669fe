"""What a network does within a budget of MACs: by its own choices, or as one fixed structure."""

from __future__ import annotations

import pandas as pd

from den_core.calibration import calibrate
from den_core.errors import ConfigError
from den_core.evaluation import TRIALS
from den_core.measuring import EvaluationSet, measure
from den_core.network import DeepElasticNetwork
from den_core.static_search import Budget, best_statics
from den_core.structures import structure_key


def within_budget(
    net: DeepElasticNetwork, validation: dict[str, EvaluationSet], data: dict[str, EvaluationSet], share: float
) -> pd.DataFrame:
    """Accuracy at a share of the full model's MACs, selector included; the cost weight is found on validation images.

    Returns:
        A row per task and their average: accuracy, class_accuracy (fractions), share (really spent), cost_weight.

    Raises:
        ConfigError: a share out of reach; the message names the reachable range.
    """
    weight = calibrate(net, validation).cost_weight(share)
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
