"""Accuracy and cost of a network's choices, beside the controls that every result of this project carries.

An operating point is a way to choose structures: the network's own choice, a cost weight, a fixed level, or a control.
The controls run at the mean MACs of the own choice, selector included, which a control may spend on blocks instead:

- random: every image a structure drawn at random, levels weighted by their MACs so that the mean fits;
- static: one structure for all images of a task, the best that is found on the validation split;
- permuted: the chosen structures, dealt out again among the images of the same task.

Own accuracy minus permuted is the instance gain: what really comes from looking at the image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from den_core.checkpoints import Metrics
from den_core.config import Recipe, TaskConfig, from_json
from den_core.data.arrays import TaskArrays, load_task
from den_core.data.splits import split_validation
from den_core.data.transforms import normalise
from den_core.errors import ConfigError
from den_core.network import DeepElasticNetwork
from den_core.seeding import step_generator
from den_core.structures import count_distinct, full_structure, sample_structures, uniform_structure

BATCH = 256
DRAWS = 3
"How often the random and the permuted control are drawn; their figures are means."
MAC_SHARES = (0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85)
"Shares of the full model's MACs at which the cost-weight curve is measured; the weights are found on validation data."


@dataclass(frozen=True)
class EvaluationSet:
    """Images of one task: uint8 (N, S, S, 3), labels int64 (N,), and what the selector says of them, (N, n, h)."""

    task: TaskConfig
    images: Tensor
    labels: Tensor
    distribution: Tensor


@dataclass(frozen=True)
class TaskResult:
    """One task at one operating point. Accuracies are fractions; MACs and parameters are means per image."""

    images: int
    accuracy: float
    class_accuracy: float
    mean_macs: float
    mean_params: float
    distinct_structures: int


def evaluation_set(net: DeepElasticNetwork, task: TaskConfig, arrays: TaskArrays) -> EvaluationSet:
    """Bring a split to the network's device and ask the selector."""
    images = torch.from_numpy(arrays.images).to(net.device)
    parts = [net.model_distribution(normalise(part, task), task.name) for part in images.split(BATCH)]
    return EvaluationSet(task, images, torch.from_numpy(arrays.labels), torch.cat(parts).cpu())


def _by_structure(
    data: EvaluationSet, z: Tensor, width: int, run: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    """`run` on every image under its structure, (N, width).

    Images are batched by structure, so that images that agree run together; no image's result depends on its batch.
    """
    order = torch.from_numpy(np.lexsort(z.numpy().T[::-1]).copy())
    out = torch.empty(len(z), width)
    for part in order.split(BATCH):
        x = normalise(data.images[part.to(data.images.device)], data.task)
        out[part] = run(x, z[part]).cpu()
    return out


def logits(net: DeepElasticNetwork, data: EvaluationSet, z: Tensor) -> Tensor:
    """Logits of every image under its structure, (N, K)."""
    task = data.task
    return _by_structure(data, z, task.num_classes, lambda x, part: net.classify(x, task.name, part))


def features(net: DeepElasticNetwork, data: EvaluationSet, z: Tensor) -> Tensor:
    """What the head of the task sees of every image under its structure, (N, D), not negative."""
    task = data.task.name
    return _by_structure(data, z, net.num_features, lambda x, part: net.features(x, task, part))


def class_accuracy(right: Tensor, labels: Tensor) -> float:
    """Mean over the classes that occur of the fraction right: uneven classes count equally."""
    count = torch.bincount(labels)
    hits = torch.bincount(labels, weights=right.double())
    return float((hits / count)[count > 0].mean())


def measure(net: DeepElasticNetwork, data: EvaluationSet, z: Tensor, with_selector: bool) -> TaskResult:
    """Accuracy and cost of structures z, (N, n)."""
    right = logits(net, data, z).argmax(1) == data.labels
    cost = net.cost(z, data.task.name)
    return TaskResult(
        images=len(z),
        accuracy=float(right.double().mean()),
        class_accuracy=class_accuracy(right, data.labels),
        mean_macs=float((cost.total_macs if with_selector else cost.macs).double().mean()),
        mean_params=float((cost.total_params if with_selector else cost.params).double().mean()),
        distinct_structures=count_distinct(z),
    )


def mean_result(results: list[TaskResult]) -> TaskResult:
    """The mean of repeated draws; the largest count of different structures."""
    mean = {f: float(np.mean([getattr(r, f) for r in results])) for f in TaskResult.__dataclass_fields__}
    return TaskResult(**mean | {"images": results[0].images, "distinct_structures": int(mean["distinct_structures"])})


def operating_point(method: str, parameter: float | None, results: dict[str, TaskResult], **more) -> dict:
    """A row of metrics.json; the average counts every task equally."""
    keys = ("accuracy", "class_accuracy", "mean_macs")
    average = {key: float(np.mean([getattr(result, key) for result in results.values()])) for key in keys}
    tasks = {task: dict(vars(result)) for task, result in results.items()}
    return {"method": method, "parameter": parameter, "tasks": tasks, "average": average} | more


def tilted_levels(net: DeepElasticNetwork, task: str, mean_macs: float) -> Tensor:
    """Per-block level distributions C_i(l) ∝ exp(-λ MACs_i(l)) whose mean MACs, stem and head included, fit: (n, h).

    Of all distributions with that mean these have the largest entropy. Out of reach means the nearest that there is.
    """
    relative = net.table.relative_macs.double()
    macs = net.table.block_macs.double()
    low, high = -200.0, 200.0
    for _ in range(100):
        middle = (low + high) / 2
        C = (-middle * relative).softmax(-1)
        if float((C * macs).sum()) + net.table.task_macs[task] > mean_macs:
            low = middle
        else:
            high = middle
    return (-high * relative).softmax(-1).float()


def weight_for_macs(net: DeepElasticNetwork, data: dict[str, EvaluationSet], mean_macs: float) -> float:
    """The cost weight at which the mean over tasks of the total MACs comes nearest to a goal from below."""
    low, high = -500.0, 500.0
    for _ in range(60):
        middle = (low + high) / 2
        if mean_total_macs(net, data, middle) > mean_macs:
            low = middle
        else:
            high = middle
    return high


def mean_total_macs(net: DeepElasticNetwork, data: dict[str, EvaluationSet], cost_weight: float) -> float:
    """Mean over tasks of the MACs per image, selector included, at a cost weight."""
    means = [
        float(net.cost(net.choose(d.distribution, cost_weight), name).total_macs.double().mean())
        for name, d in data.items()
    ]
    return float(np.mean(means))


def cross_entropy(net: DeepElasticNetwork, data: EvaluationSet, z: Tensor) -> float:
    """Mean loss of one structure (n,) for all images, classes counting equally, nats."""
    loss = F.cross_entropy(logits(net, data, z.expand(len(data.labels), -1)), data.labels, reduction="none")
    return class_accuracy(loss, data.labels)


def best_static(net: DeepElasticNetwork, data: EvaluationSet, mean_macs: float, seed: int, trials: int = 40) -> Tensor:
    """One structure for all images of a task within a budget: the lowest loss found on validation data, (n,).

    Starts from the structures that the selector's mean over the images gives along the cost-weight dial and from the
    fixed levels, then tries seeded single-block changes and swaps, keeping what is better.
    """
    name, n, h = data.task.name, net.num_blocks, net.num_levels
    mean_C = data.distribution.clamp_min(1e-12).log().mean(0, keepdim=True).softmax(-1)
    dial = np.linspace(-20, 20, 401)
    means = (mean_C, data.distribution.mean(0, keepdim=True))
    candidates = {tuple(net.choose(mean, w)[0].tolist()) for mean in means for w in dial}
    candidates |= {tuple(uniform_structure(1, n, level)[0].tolist()) for level in range(h)}

    def affordable(z: Tensor) -> bool:
        return float(net.cost(z[None], name).macs[0]) <= mean_macs

    fitting = [torch.tensor(z) for z in sorted(candidates) if affordable(torch.tensor(z))]
    fitting.sort(key=lambda z: -int(net.cost(z[None], name).macs[0]))
    scored = [(cross_entropy(net, data, z), z) for z in fitting[:6]]
    best_loss, best = min(scored, key=lambda pair: pair[0])
    generator = step_generator(seed, f"static/{name}", 0)
    for _ in range(trials):
        z = best.clone()
        for i in torch.randint(n, (2,), generator=generator):
            z[i] = int(torch.randint(h, (1,), generator=generator))
        if torch.equal(z, best) or not affordable(z):
            continue
        loss = cross_entropy(net, data, z)
        if loss < best_loss:
            best_loss, best = loss, z
    return best


def validation_sets(
    net: DeepElasticNetwork, limit: int | None = None, progress: bool = True
) -> dict[str, EvaluationSet]:
    """The validation images that the network's own training held out, or the first `limit` of every task's.

    Raises:
        ConfigError: the checkpoint does not say how it was trained.
    """
    if not net.info.recipe:
        raise ConfigError("expected a recipe in config.json, found none: which images were held out is not known")
    recipe = from_json(Recipe, net.info.recipe, "recipe")
    sets = {}
    for task in net.config.tasks:
        arrays = load_task(task, "train", progress=progress)
        _, rows = split_validation(arrays.labels, arrays.groups, recipe.training.validation_share, recipe.data_seed)
        sets[task.name] = evaluation_set(net, task, arrays.take(rows[:limit]))
    return sets


def test_sets(net: DeepElasticNetwork, limit: int | None = None, progress: bool = True) -> dict[str, EvaluationSet]:
    """The whole test split of every task, or its first `limit` rows."""
    return {
        task.name: evaluation_set(net, task, load_task(task, "test", limit=limit, progress=progress))
        for task in net.config.tasks
    }


test_sets.__test__ = False  # pytest collects by name; this is no test


def distinct_per_600(chosen: dict[str, Tensor]) -> int:
    """Different structures among 600 images, the first 600 / T of each of the T tasks."""
    share = 600 // len(chosen)
    return count_distinct(torch.cat([z[:share] for z in chosen.values()]))


@dataclass(frozen=True)
class Evaluator:
    """Measures every operating point of one network on one set of images.

    Args:
        net: the network.
        data: the images that the figures are about, by task.
        validation: images for the choices that a control or the dial needs, by task.
        seed: of what is drawn.
        report: called with a line when a point is done.
    """

    net: DeepElasticNetwork
    data: dict[str, EvaluationSet]
    validation: dict[str, EvaluationSet]
    seed: int = 0
    report: Callable[[str], None] = print

    def run(self, split: str) -> Metrics:
        """All operating points, the instance gain and the number of structures in use."""
        chosen = {name: self.net.choose(d.distribution) for name, d in self.data.items()}
        own = self._point("chosen", None, lambda name: [chosen[name]], with_selector=True)
        budget = {name: own["tasks"][name]["mean_macs"] for name in self.data}
        permuted = self._point("permuted", None, lambda name: self._permutations(chosen[name], name), True)
        points = [own, self._full(), self._random(budget), self._static(budget), permuted]
        points += self._levels() + self._dial()
        gain = {n: own["tasks"][n]["accuracy"] - permuted["tasks"][n]["accuracy"] for n in self.data}
        class_gain = {n: own["tasks"][n]["class_accuracy"] - permuted["tasks"][n]["class_accuracy"] for n in self.data}
        return Metrics(
            split=split,
            seed=self.seed,
            operating_points=points,
            instance_gain={
                "tasks": gain,
                "average": float(np.mean(list(gain.values()))),
                "class_tasks": class_gain,
                "class_average": float(np.mean(list(class_gain.values()))),
            },
            distinct_per_600=distinct_per_600(chosen),
            extra={"selector_macs": self.net.table.selector_macs, "draws": DRAWS},
        )

    def _point(
        self, method: str, parameter: float | None, draw: Callable[[str], list[Tensor]], with_selector: bool, **more
    ) -> dict:
        """Measure one point; `draw` gives a task's structures, once or several times."""
        results = {
            name: mean_result([measure(self.net, d, z, with_selector) for z in draw(name)])
            for name, d in self.data.items()
        }
        point = operating_point(method, parameter, results, **more)
        average = point["average"]
        self.report(
            f"{method}{'' if parameter is None else f' {parameter:.3g}'}: accuracy {average['accuracy']:.2%}, "
            f"class-averaged {average['class_accuracy']:.2%}, {average['mean_macs'] / 1e6:.1f} MMAC"
        )
        return point

    def _fixed(self, name: str, z: Tensor) -> list[Tensor]:
        return [z.expand(len(self.data[name].labels), -1)]

    def _full(self) -> dict:
        z = full_structure(1, self.net.num_blocks, self.net.num_levels)
        return self._point("full", None, lambda name: self._fixed(name, z), False)

    def _levels(self) -> list[dict]:
        points = []
        for level in range(1, self.net.num_levels - 1):
            z = uniform_structure(1, self.net.num_blocks, level)
            points.append(self._point("level", float(level), lambda name, z=z: self._fixed(name, z), False))
        return points

    def _random(self, budget: dict[str, float]) -> dict:
        def draw(name: str) -> list[Tensor]:
            C = tilted_levels(self.net, name, budget[name])
            B = len(self.data[name].labels)
            return [
                sample_structures(C.expand(B, -1, -1), 1, step_generator(self.seed, f"random/{name}", i))[:, 0]
                for i in range(DRAWS)
            ]

        return self._point("random", None, draw, False)

    def _permutations(self, z: Tensor, name: str) -> list[Tensor]:
        generators = [step_generator(self.seed, f"permuted/{name}", i) for i in range(DRAWS)]
        return [z[torch.randperm(len(z), generator=g)] for g in generators]

    def _static(self, budget: dict[str, float]) -> dict:
        best = {name: best_static(self.net, self.validation[name], budget[name], self.seed) for name in self.data}
        keys = {name: "".join(map(str, z.tolist())) for name, z in best.items()}
        return self._point("static", None, lambda name: self._fixed(name, best[name][None]), False, structures=keys)

    def _dial(self) -> list[dict]:
        full = float(np.mean([float(self.net.full_cost(name).macs[0]) for name in self.data]))
        goals = [share * full for share in MAC_SHARES]
        found = [(goal, weight_for_macs(self.net, self.validation, goal)) for goal in goals]
        # a goal below what the cheapest or above what the dearest structures need is left out
        weights = [w for goal, w in found if abs(mean_total_macs(self.net, self.validation, w) / goal - 1) < 0.1]
        points = []
        for weight in sorted({round(w, 6) for w in weights}):
            z = {name: self.net.choose(d.distribution, weight) for name, d in self.data.items()}
            points.append(self._point("cost_weight", weight, lambda name, z=z: [z[name]], True))
        return points
