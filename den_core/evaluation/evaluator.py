"""Accuracy and cost of a network's choices, beside the controls that every result of this project carries.

An operating point is a way to choose structures: the network's own choice, a cost weight, a fixed level, or a control.
The controls run at the mean MACs of the own choice, selector included, which a control may spend on blocks instead:

- random: every image a structure drawn at random, levels weighted by their MACs so that the mean fits;
- static: the best structure for all images of a task that is found on the validation split;
- permuted: the chosen structures and early answers, permuted at random among the images of the same task.

Own accuracy minus permuted is the instance gain: what comes from looking at the image, or from being used to the own
choices. Own minus static is the static lead: what remains of it against the best network that does not look. Both are
measured at the own choice and at every cost weight, with paired intervals. Own minus the best of static and fixed
levels within its MACs, the best on these very images, is the lead over any fixed structure. Two further points need
other checkpoints: the baseline, a separate network per task, and the twin that never looks; own minus twin is free of
habit. Points of the dial are the stops of the calibration within budgets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from den_core.checkpoints.metrics import BASELINE, NARROW, Choice, CostWeightRow, Metrics, OperatingPoint
from den_core.evaluation.baselines import baseline_point
from den_core.evaluation.controls import permutations, random_draws
from den_core.evaluation.dial import weights_for_shares
from den_core.evaluation.measuring import EvaluationSet, choice_statistics, decided, distinct_per_600, most_common
from den_core.evaluation.operating_points import (
    DIAL,
    Outcome,
    Point,
    cost_weight_row,
    difference,
    measure_points,
    policy_point,
)
from den_core.evaluation.static_search import TRIALS, Budget, best_statics
from den_core.evaluation.twins import measure_twin
from den_core.inference.network import DeepElasticNetwork
from den_core.policy import Policy
from den_core.structure_keys import structure_key
from den_core.structures import uniform_structure

DRAWS = 3
"How often the random and the permuted control are drawn; their figures are means."
WEIGHT_DRAWS = 2
"The same for the permuted control at a cost weight."
BUDGETS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8)
"Shares of the full model's MACs within which the dial is measured."
MAC_SHARES = (0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85)
"Shares of the full model's MACs at which the cost-weight curve is measured; the weights are found on validation data."
WEIGHT_TRIALS = 12
"Random changes that it tries at a cost weight, where it goes on from what smaller budgets gave."
COMMON_TRIED = 2
"How many of the structures that are most common at a cost weight on validation data that search tries as well."


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Measures every operating point of one network on one set of images.

    Args:
        net: the network, calibrated on `validation`.
        data: the images that the figures are about, by task.
        validation: images for the choices that a control or a cost weight needs, by task.
        seed: of what is drawn.
        report: called with a line when something is done.
        baselines: for every task a separate network, which always runs in full; or none.
        narrow: the same with narrower networks.
        twin: the same network trained on permuted choices; or none.
        shares: of the full model's MACs, at which the cost-weight curve is measured.
    """

    net: DeepElasticNetwork
    data: dict[str, EvaluationSet]
    validation: dict[str, EvaluationSet]
    seed: int = 0
    report: Callable[[str], None] = print
    baselines: Mapping[str, DeepElasticNetwork] = field(default_factory=dict)
    narrow: Mapping[str, DeepElasticNetwork] = field(default_factory=dict)
    twin: DeepElasticNetwork | None = None
    shares: Sequence[float] = MAC_SHARES

    def run(self, split: str) -> Metrics:
        """All operating points, what looking at the image gains, and how varied the choices are."""
        points = self._points()
        found = measure_points(self.net, self.data, points, self.report)
        own, permuted, static = found["own", 0.0], found["permuted", 0.0], found["static", 0.0]
        listed = [own, found["full", 0.0], found["random", 0.0], static, permuted]
        listed += [outcome for (role, _), outcome in found.items() if role == "level"]
        weights = [weight for role, weight in points if role == "own"]
        listed += [found["own", weight] for weight in weights if weight]
        listed += [outcome for (role, _), outcome in found.items() if role == DIAL]
        rows = [outcome.row for outcome in listed]
        separate = {BASELINE: self.baselines, NARROW: self.narrow}
        rows += [baseline_point(networks, self.data, method) for method, networks in separate.items() if networks]
        twin = self._twin(own)
        rows += [] if twin is None else [twin.row]
        for row in rows:
            self.report(_line(row))
        chosen = {name: own.point.ran(name) for name in self.data}
        rival = self._fixed_rival(own, static, found)
        return Metrics(
            split=split,
            seed=self.seed,
            operating_points=tuple(rows),
            instance_gain=difference(own, permuted, self.seed, self._groups),
            static_lead=difference(own, static, self.seed, self._groups),
            fixed_lead=difference(own, rival, self.seed, self._groups),
            fixed_rival=_name(rival.point),
            twin_lead=None if twin is None else difference(own, twin, self.seed, self._groups),
            choice=Choice({name: choice_statistics(z) for name, z in chosen.items()}),
            by_cost_weight=self._by_cost_weight(found, weights),
            distinct_per_600=distinct_per_600(chosen),
            selector_macs=self.net.table.selector_macs,
            draws=DRAWS,
            weight_draws=WEIGHT_DRAWS,
        )

    @property
    def _groups(self) -> dict[str, Tensor | None]:
        return {name: images.groups for name, images in self.data.items()}

    def _fixed_rival(self, own: Outcome, static: Outcome, found: dict[tuple[str, float], Outcome]) -> Outcome:
        """The most accurate fixed structure within the own choice's MACs, on the images that are measured."""
        levels = [outcome for (role, _), outcome in found.items() if role in ("level", "full")]
        spent = own.row.average.mean_macs
        fitting = [static, *(level for level in levels if level.row.average.mean_macs <= spent)]
        return max(fitting, key=lambda outcome: outcome.row.average.accuracy)

    def _twin(self, own: Outcome) -> Outcome | None:
        if self.twin is None:
            return None
        macs = own.row.average.mean_macs
        return measure_twin(self.twin, self.data, self.validation, macs, DRAWS, self.seed, self.report)

    def _by_cost_weight(
        self, found: dict[tuple[str, float], Outcome], weights: list[float]
    ) -> tuple[CostWeightRow, ...]:
        rows = [
            cost_weight_row(w, found["own", w], found["permuted", w], found["static", w], self.seed, self._groups)
            for w in weights
        ]
        return tuple(sorted(rows, key=lambda row: row.average.mean_macs))

    def _points(self) -> dict[tuple[str, float], Point]:
        """Everything that is run, by role and cost weight or level."""
        weights = sorted({0.0, *weights_for_shares(self.net, self.validation, self.shares)})
        own = {weight: self._own(weight) for weight in weights}
        points = {("own", weight): point for weight, point in own.items()}
        points |= {("permuted", weight): self._permuted(point) for weight, point in own.items()}
        points |= {("static", weight): point for weight, point in self._statics(own).items()}
        points["random", 0.0] = self._random(own[0.0])
        points["full", 0.0] = Point("full", None, self._uniform(self.net.num_levels - 1), False)
        for level in range(1, self.net.num_levels - 1):
            points["level", float(level)] = Point("level", float(level), self._uniform(level), False)
        return points | {(DIAL, budget): point for budget, point in self._dial().items()}

    def _own(self, weight: float) -> Point:
        named = ("cost_weight", weight) if weight else ("chosen", None)
        return policy_point(self.net, self.data, Policy(weight), *named)

    def _dial(self) -> dict[float, Point]:
        """By budget, the best stop within it; none for a budget below the cheapest one."""
        calibration = self.net.calibration
        reached = [budget for budget in BUDGETS if calibration and budget >= calibration.stops[0].spent]
        return {b: policy_point(self.net, self.data, calibration.within(b), DIAL, b) for b in reached if calibration}

    def _permuted(self, own: Point) -> Point:
        draws = DRAWS if own.method == "chosen" else WEIGHT_DRAWS

        def permuted(values: Tensor, name: str) -> Tensor:
            return torch.stack(permutations(values, name, draws, self.seed), 1)

        z = {name: permuted(z[:, 0], name) for name, z in own.draws.items()}
        early = own.early and {name: permuted(part[:, 0], name) for name, part in own.early.items()}
        return Point("permuted", own.parameter, z, True, early)

    def _statics(self, own: dict[float, Point]) -> dict[float, Point]:
        """By cost weight, the best static structures within the mean MACs of choices at it; at worst the cheapest."""
        found: dict[str, list[Tensor]] = {}
        for name, data in self.validation.items():
            budgets = []
            lowest = uniform_structure(1, self.net.num_blocks, 0)
            cheapest = float(self.net.cost(lowest, name).macs[0])  # choices may spend less, where early answers do
            for weight, point in own.items():
                common = most_common(decided(self.net, data, Policy(weight)).structure, COMMON_TRIED)
                trials = WEIGHT_TRIALS if weight else TRIALS
                budgets.append(Budget(max(self._mean_macs(point, name), cheapest), trials, common))
            found[name] = best_statics(self.net, data, budgets, self.seed)
            self.report(f"{name}: best static structures within {len(budgets)} budgets")
        points = {}
        for i, (weight, point) in enumerate(own.items()):
            best = {name: z[i] for name, z in found.items()}
            keys = {name: structure_key(z) for name, z in best.items()}
            points[weight] = Point("static", point.parameter, self._fixed(best), False, structures=keys)
        return points

    def _random(self, own: Point) -> Point:
        drawn = {
            name: random_draws(self.net, name, self._mean_macs(own, name), len(data.labels), DRAWS, self.seed)
            for name, data in self.data.items()
        }
        return Point("random", None, {name: torch.stack(z, 1) for name, z in drawn.items()}, False)

    def _uniform(self, level: int) -> dict[str, Tensor]:
        return self._fixed(dict.fromkeys(self.data, uniform_structure(1, self.net.num_blocks, level)[0]))

    def _fixed(self, structures: dict[str, Tensor]) -> dict[str, Tensor]:
        """One structure (n,) for all images of a task, as draws."""
        return {name: z.expand(len(self.data[name].labels), 1, -1) for name, z in structures.items()}

    def _mean_macs(self, own: Point, name: str) -> float:
        cost = self.net.cost(own.draws[name][:, 0], name, own.answered(name)[:, 0])
        return float(cost.total_macs.double().mean())


def _name(point: Point) -> str:
    return point.method if point.parameter is None else f"{point.method} {point.parameter:g}"


def _line(row: OperatingPoint) -> str:
    parameter, average = row.parameter, row.average
    return (
        f"{row.method}{'' if parameter is None else f' {parameter:.3g}'}: accuracy {average.accuracy:.2%}, "
        f"class-averaged {average.class_accuracy:.2%}, {average.mean_macs / 1e6:.1f} MMAC"
    )
