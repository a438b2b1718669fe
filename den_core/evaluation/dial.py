"""The dial: what every budget is best spent on, measured on validation images.

Candidates are the network's own choices at cost weights, with early answers; choices drawn towards a static structure;
and static structures themselves, which need no selector. So that one network serves every budget without training, and
is at none of them worse than a structure that does not look.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from den_core.checkpoints.metrics import AVERAGE
from den_core.data.transforms import normalise
from den_core.errors import ConfigError
from den_core.evaluation.early_answers import Tradeoff, error_of_mean, fit_confidences
from den_core.evaluation.measuring import EvaluationSet, answers, decided
from den_core.evaluation.operating_points import DIAL, measure_points, policy_point
from den_core.evaluation.static_search import TRIALS, Budget, best_statics
from den_core.inference.calibration import Calibration, Stop, milliseconds
from den_core.inference.early import EarlyRule, log_odds
from den_core.inference.network import DeepElasticNetwork
from den_core.policy import Policy
from den_core.runtime.stopwatch import quartiles, take_turns
from den_core.seeding import step_generator
from den_core.structure_keys import structure_key
from den_core.structures import uniform_structure

STEPS = 32
"Cost weights above 0 at which the own choice is tried; below it, a quarter as many."
LIMIT = 500.0
"Nats per full block's MACs: at this cost weight, and at minus it, all images take the cheapest or most expensive one."
GRID, GRID_FROM = 64, 0.02
"How many cost weights these are found among, and the smallest of them."
STATIC_SHARES = (0.15, 0.2, 0.3, 0.4, 0.5, 0.7)
"Shares of the full model's MACs within which the dial tries static structures."
STATIC_TRIALS = 8
"Random changes that the search tries within each."
PULLS = (3.0, 1000.0)
"Nats by which choices are drawn towards a static structure; the last is all of the way, but for early answers."
PARTS = 2
"Of the validation images: static structures that are found on all but one are judged on that one."
CLEARLY = 2.0
"Standard errors by which anything but an own choice must lead to become a stop, as it is the best of many."
POINTS = 8
"Stops of the dial at which the time is taken, evenly spread."
IMAGES = 64
"Validation images of every task that a timing covers."
REPEATS = 7


def weight_for_macs(
    net: DeepElasticNetwork, data: dict[str, EvaluationSet], mean_macs: float, with_selector: bool = True
) -> float:
    """The cost weight at which the mean over tasks of the MACs comes nearest to a goal from below."""
    low, high = -LIMIT, LIMIT
    for _ in range(60):
        middle = (low + high) / 2
        if mean_total_macs(net, data, middle, with_selector) > mean_macs:
            low = middle
        else:
            high = middle
    return high


def mean_total_macs(
    net: DeepElasticNetwork, data: dict[str, EvaluationSet], cost_weight: float, with_selector: bool = True
) -> float:
    """Mean over tasks of the MACs per image at a cost weight, early answers included."""
    policy = Policy(cost_weight)
    return float(np.mean([_mean_macs(net, images, policy, with_selector) for images in data.values()]))


def _mean_macs(net: DeepElasticNetwork, images: EvaluationSet, policy: Policy, with_selector: bool) -> float:
    choice = decided(net, images, policy)
    cost = net.cost(choice.structure, images.task.name, choice.early)
    return float((cost.total_macs if with_selector else cost.macs).double().mean())


def mean_full_macs(net: DeepElasticNetwork, tasks: Iterable[str]) -> float:
    """Mean over tasks of the full model's MACs per image."""
    return float(np.mean([float(net.full_cost(name).macs[0]) for name in tasks]))


def weights_for_shares(net: DeepElasticNetwork, data: dict[str, EvaluationSet], shares: Sequence[float]) -> list[float]:
    """The cost weights, rising, at which the mean total MACs come to shares of the full model's.

    A share below what the cheapest or above what the most expensive choices need has none.
    """
    full = mean_full_macs(net, data)
    found = [(share * full, weight_for_macs(net, data, share * full)) for share in shares]
    weights = [weight for goal, weight in found if abs(mean_total_macs(net, data, weight) / goal - 1) < 0.1]
    return sorted({round(weight, 6) for weight in weights})


@dataclass(frozen=True, eq=False)
class _Tried:
    """A candidate for the dial: its share of the full MACs, and which validation images it gets right, by task."""

    policy: Policy
    spent: float
    right: Mapping[str, np.ndarray]

    @property
    def accuracy(self) -> float:
        return float(np.mean([part.mean() for part in self.right.values()]))

    def lead(self, other: _Tried) -> tuple[float, float]:
        """Its accuracy minus another's on the same images, mean over tasks, and the standard error of that."""
        apart = [part.astype(float) - other.right[name] for name, part in self.right.items()]
        return float(np.mean([part.mean() for part in apart])), error_of_mean(apart)


def calibrate(
    net: DeepElasticNetwork, validation: dict[str, EvaluationSet], steps: int = STEPS, seed: int = 0
) -> Calibration:
    """Fit a network's rule of early answers, and find the stops of its dial.

    Own choices are the stops, and something else only where it clearly leads all cheaper ones: with few images, the
    best of many candidates is too often one that was lucky. Static structures, which are searched for, are judged on
    images that they were not found on.

    Args:
        validation: images by task.
        steps: cost weights above 0.
        seed: of the search for static structures.
    """
    weights = _weights(net.calibrated(None), validation, steps)
    ruled = with_early_answers(net, validation, weights)
    # with early answers the MACs fall faster, so that these weights alone would leave wide gaps between the stops
    own = _tried(
        ruled, validation, [Policy(weight) for weight in sorted({*weights, *_weights(ruled, validation, steps)})]
    )
    saving = [tried for tried in own if tried.policy.cost_weight >= 0]
    spending = [tried for tried in own if tried.policy.cost_weight < 0]
    front = _front(saving, [*_static(ruled, validation, weights, seed), *spending])
    assert ruled.calibration is not None
    stops = tuple(Stop(t.policy, t.spent, t.accuracy) for t in front)
    return dataclasses.replace(ruled.calibration, stops=stops)


def with_early_answers(
    net: DeepElasticNetwork, validation: dict[str, EvaluationSet], weights: Sequence[float] | None = None
) -> DeepElasticNetwork:
    """The network with a rule of early answers that is fitted on these images, and a dial without stops.

    Args:
        weights: cost weights of which those from 0 on are tried; None takes those of `calibrate`.
    """
    blind = net.calibrated(None)
    tried = _weights(blind, validation, STEPS) if weights is None else weights
    early = _early_rule(blind, validation, [weight for weight in tried if weight >= 0]) if net.has_head else None
    images = sum(len(data.labels) for data in validation.values())
    return net.calibrated(Calibration((), images, early))


def _weights(net: DeepElasticNetwork, validation: dict[str, EvaluationSet], steps: int) -> list[float]:
    """Cost weights, 0 among them, at which a network spends about evenly spread MACs beside those of its own choice."""
    found = {0.0}
    for sign, count in ((1, steps), (-1, steps // 4)):
        grid = sign * np.append(0.0, np.geomspace(GRID_FROM, LIMIT, GRID))
        macs = np.array([sign * mean_total_macs(net, validation, weight) for weight in grid])
        goals = np.linspace(macs[0], macs[-1], count + 1)[1:]
        # MACs fall as the weight rises, and np.interp wants them rising
        found |= {round(float(weight), 6) for weight in np.interp(-goals, -macs, grid)}
    return sorted(found)


def _early_rule(net: DeepElasticNetwork, validation: dict[str, EvaluationSet], weights: list[float]) -> EarlyRule:
    head = {name: data.head_right.numpy() for name, data in validation.items()}
    said = {name: data.class_logits for name, data in validation.items() if data.class_logits is not None}
    odds = {name: log_odds(class_logits).numpy() for name, class_logits in said.items()}
    confidence = fit_confidences(odds, head)
    estimator, macs, probability, selector = {}, {}, {}, {}
    for name, data in validation.items():
        structures = torch.stack([decided(net, data, Policy(weight)).structure for weight in weights], 1)
        full = float(net.full_cost(name).macs[0])
        total = net.cost(structures.flatten(0, 1), name).total_macs.view(structures.shape[:2])
        estimator[name] = answers(net, data, structures).numpy()
        macs[name], selector[name] = total.numpy() / full, net.table.selector_macs[name] / full
        probability[name] = confidence[name].probability(said[name]).numpy()
    return Tradeoff(probability, head, weights, estimator, macs, selector).rule(confidence)


def _tried(net: DeepElasticNetwork, data: dict[str, EvaluationSet], policies: Sequence[Policy]) -> list[_Tried]:
    points = {place: policy_point(net, data, policy, DIAL) for place, policy in enumerate(policies)}
    found = measure_points(net, data, points)
    return [
        _Tried(policy, _spent(net, data, policy), {name: hits.numpy() for name, hits in found[place].hits.items()})
        for place, policy in enumerate(policies)
    ]


def _static(
    net: DeepElasticNetwork, validation: dict[str, EvaluationSet], weights: list[float], seed: int
) -> list[_Tried]:
    """Policies with static structures: as found on all images, as accurate as others are that were found on parts."""
    policies = _static_policies(net, validation, weights, seed)
    right = [{name: np.zeros(len(data.labels)) for name, data in validation.items()} for _ in policies]
    for part in range(PARTS):
        held_out = {name: part_of(data, seed) == part for name, data in validation.items()}
        rest = {name: data.taken(~held_out[name]) for name, data in validation.items()}
        judged = {name: data.taken(held_out[name]) for name, data in validation.items()}
        if not all(len(data.labels) for data in (*rest.values(), *judged.values())):
            return []
        for place, tried in enumerate(_tried(net, judged, _static_policies(net, rest, weights, seed))):
            for name, hits in tried.right.items():
                right[place][name][held_out[name].numpy()] = hits
    spent = [_spent(net, validation, policy) for policy in policies]
    return [_Tried(*parts) for parts in zip(policies, spent, right, strict=True)]


def part_of(data: EvaluationSet, seed: int) -> Tensor:
    """Which of PARTS every image of a task is in, int64 (N,); images of one thing are together."""
    groups = torch.arange(len(data.labels)) if data.groups is None else data.groups.unique(return_inverse=True)[1]
    count = int(groups.max()) + 1 if len(groups) else 0
    order = torch.randperm(count, generator=step_generator(seed, f"parts/{data.task.name}", 0))
    return (order % PARTS)[groups]


def _spent(net: DeepElasticNetwork, data: dict[str, EvaluationSet], policy: Policy) -> float:
    """The share of the full MACs that a policy spends, mean over tasks."""
    macs = {name: _mean_macs(net, images, policy, policy.looks) for name, images in data.items()}
    return float(np.mean([part / float(net.full_cost(name).macs[0]) for name, part in macs.items()]))


def _static_policies(
    net: DeepElasticNetwork, validation: dict[str, EvaluationSet], weights: list[float], seed: int
) -> list[Policy]:
    """Static structures as they are, and choices drawn towards them at a few cost weights."""
    lowest = uniform_structure(1, net.num_blocks, 0)
    cheapest = {name: float(net.cost(lowest, name).macs[0]) for name in validation}
    full = {name: float(net.full_cost(name).macs[0]) for name in validation}
    shares = [share for share in STATIC_SHARES if all(share * full[name] >= cheapest[name] for name in validation)]
    by_task = {}
    for name, data in validation.items():
        budgets = [Budget(share * full[name], STATIC_TRIALS) for share in shares]
        by_task[name] = [structure_key(z) for z in best_statics(net, data, budgets, seed)]
    saving = [weight for weight in weights if weight >= 0]
    few = saving[:: max(1, len(saving) // 3)][:2]
    policies = []
    for place in range(len(shares)):
        static = {name: keys[place] for name, keys in by_task.items()}
        policies.append(Policy(static=static, looks=False))
        policies += [Policy(weight, static=static, pull=pull) for pull in PULLS for weight in few]
    return policies


def _front(own: list[_Tried], others: list[_Tried]) -> list[_Tried]:
    """Stops that rise in cost: own choices that are not a standard error worse than anything cheaper, and others that
    clearly lead all that is cheaper."""
    front: list[_Tried] = []
    own_first = sorted([(t, True) for t in own] + [(t, False) for t in others], key=lambda t: (t[0].spent, not t[1]))
    for tried, is_own in own_first:
        if front:
            ahead, error = tried.lead(max(front, key=lambda t: t.accuracy))
            if ahead < -error or (not is_own and ahead <= CLEARLY * error):
                continue
            if tried.spent <= front[-1].spent:
                front.pop()
        front.append(tried)
    return front


def calibrate_latency(
    net: DeepElasticNetwork, validation: dict[str, EvaluationSet], calibration: Calibration, batch: int
) -> Calibration:
    """Time the stops of a network's dial, everything that runs included.

    Args:
        validation: images by task.
        calibration: of the same network in shares.
        batch: images that run together.

    Returns:
        Milliseconds per image, median of several runs, mean over tasks.

    Raises:
        ConfigError: a batch of no image.
    """
    if batch < 1:
        raise ConfigError(f"expected a batch of at least one image, found {batch}")
    net = net.calibrated(calibration)
    places = np.linspace(0, len(calibration.stops) - 1, POINTS).round().astype(int)
    stops = [calibration.stops[place] for place in sorted(set(places.tolist()))]
    found, timed = np.zeros(len(stops)), 0
    for data in validation.values():
        x = normalise(data.images[: max(IMAGES, batch)].to(net.device), data.task)
        ways = {str(i): _runner(net, data.task.name, x, stop.policy, batch) for i, stop in enumerate(stops)}
        with torch.inference_mode():
            taken = take_turns(ways, REPEATS, net.device)
        found += [1000 * quartiles(taken[name])[1] / len(x) for name in ways]
        timed += len(x)
    spent = (found / len(validation)).tolist()
    # a stop that takes no longer than a less accurate one replaces it
    kept = [i for i in range(len(stops)) if all(spent[i] < later for later in spent[i + 1 :])]
    timed_stops = tuple(Stop(stops[i].policy, spent[i], stops[i].accuracy) for i in kept)
    return Calibration(timed_stops, timed, calibration.early, milliseconds(batch))


def _runner(net: DeepElasticNetwork, task: str, x: Tensor, policy: Policy, batch: int) -> Callable[[], None]:
    def run() -> None:
        for part in x.split(batch):
            net.answer(part, task, policy=policy)

    return run


def within_share(
    net: DeepElasticNetwork, validation: dict[str, EvaluationSet], data: dict[str, EvaluationSet], share: float
) -> pd.DataFrame:
    """What a network does within a share of the full model's MACs; see `at_policy`.

    Args:
        validation: images on which the dial is calibrated.

    Raises:
        ConfigError: a share out of reach; the message names the reachable range.
    """
    calibration = calibrate(net, validation)
    return at_policy(net.calibrated(calibration), data, calibration.within(share))


def within_latency(
    net: DeepElasticNetwork,
    validation: dict[str, EvaluationSet],
    data: dict[str, EvaluationSet],
    latency: float,
    batch: int,
) -> pd.DataFrame:
    """What a network does when an image may take so long on this machine; see `at_policy`.

    Args:
        latency: milliseconds per image.
        validation: images on which the dial is calibrated and timed.
        batch: images that run together.

    Raises:
        ConfigError: a time out of reach; the message names the reachable range.
    """
    calibration = calibrate(net, validation)
    dial = calibrate_latency(net, validation, calibration, batch)
    return at_policy(net.calibrated(calibration), data, dial.within(latency))


def at_policy(net: DeepElasticNetwork, data: dict[str, EvaluationSet], policy: Policy) -> pd.DataFrame:
    """A row per task and their average: accuracy, class_accuracy, share of the full MACs, early (fractions), picked."""
    outcome = measure_points(net, data, {DIAL: policy_point(net, data, policy, DIAL)})[DIAL]
    rows = {}
    for name, found in outcome.results.items():
        share = found.mean_macs / float(net.full_cost(name).macs[0])
        rows[name] = {
            "accuracy": found.accuracy, "class_accuracy": found.class_accuracy, "share": share, "early": found.early
        }  # fmt: skip
    frame = pd.DataFrame(rows).T
    return pd.concat([frame, frame.mean().rename(AVERAGE).to_frame().T]).assign(picked=policy.words)


def best_static(net: DeepElasticNetwork, validation: EvaluationSet, share: float, seed: int = 0) -> str:
    """The best static structure of a task within a share of the full model's MACs, one digit per block.

    Raises:
        ConfigError: a share below the cheapest structure's or above 1; the message names the reachable range.
    """
    name = validation.task.name
    full = float(net.full_cost(name).macs[0])
    if not 0 < share <= 1:
        raise ConfigError(f"expected a budget above 0 and up to 1 of the full model's MACs, found {share:g}")
    return structure_key(best_statics(net, validation, [Budget(share * full, TRIALS)], seed)[0])
