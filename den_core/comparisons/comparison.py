"""`den compare SCENARIO`: methods trained on the same images, as many image runs and one loop, and measured alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from den_core.checkpoints.folder import CONFIG, HISTORY, WEIGHTS, read_history
from den_core.checkpoints.metrics import TaskResult
from den_core.comparisons import METHODS
from den_core.comparisons.measured import Measured, packed, read_measured, write_measured
from den_core.comparisons.method import Training
from den_core.comparisons.options import Options, claim
from den_core.comparisons.timing import Answering, take_times, write_times
from den_core.config import Recipe, TrainingConfig
from den_core.data.arrays import open_task
from den_core.data.tasks import SCENARIOS
from den_core.errors import CheckpointError, ConfigError, unknown
from den_core.evaluation.operating_points import measure_points, policy_point
from den_core.evaluation.sets import test_sets, validation_sets
from den_core.inference.network import DeepElasticNetwork, load
from den_core.policy import Policy
from den_core.recipes import ROWS, recipe_with
from den_core.recipes.training import faster
from den_core.runtime.devices import set_threads
from den_core.runtime.files import write_atomically
from den_core.training.resume import FILE
from den_core.training.run import train
from den_core.training.setup import Execution


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is compared, and where it happens.

    Args:
        scenario: of `SCENARIOS`, or words for the tasks of `made`.
        out: folder with a folder per network and seed, and a file of figures per method and seed.
        recipe: of the scenario, that ours is trained by and all others are made from; this project's first if empty.
        backbone, steps: as `recipe_with` takes them.
        share: of the full MACs, that narrow networks have.
        rate: factor of all learning rates, on top of each method's own; to look for the latter.
        split: "test", or "validation" for the images that training held out.
        limit: at most so many images per task, in training and after it, for a trial.
        device, threads: where and how networks are trained.
        made: the recipe of the deep elastic network, where it is none of a scenario's.
    """

    scenario: str
    out: Path
    recipe: str = ""
    backbone: str | None = None
    steps: int | None = None
    share: float = 0.4
    rate: float = 1.0
    split: str = "test"
    limit: int | None = None
    device: str = "auto"
    threads: int | None = None
    made: Recipe | None = None

    def base(self, seed: int = 0) -> Recipe:
        """The recipe of the deep elastic network, from which those of all methods are made.

        Raises:
            ConfigError: no such scenario or backbone, or a scenario without a training of this project's.
            DataError: a set of the scenario is not where it is expected.
        """
        if self.made is not None:
            return dataclasses.replace(self.made, seed=seed)
        if self.scenario not in SCENARIOS:
            raise ConfigError(unknown("scenarios", self.scenario, SCENARIOS))
        ours = {name: row.scenario for name, row in ROWS.items() if row.selector.critic}
        if self.scenario not in ours.values():
            known = ", ".join(dict.fromkeys(ours.values()))
            raise ConfigError(f"expected a scenario with a training of ours, {known}; found {self.scenario}")
        fitting = [name for name, scenario in ours.items() if scenario == self.scenario]
        if self.recipe and self.recipe not in fitting:
            raise ConfigError(unknown(f"recipes of ours for {self.scenario}", self.recipe, fitting))
        return recipe_with(self.recipe or fitting[0], backbone=self.backbone, seed=seed, steps=self.steps)

    def check(self, methods: Sequence[str]) -> None:
        """ConfigError for a method that is unknown, or that the scenario cannot have; the line names others."""
        base = self.base()
        for name in methods:
            if name not in METHODS:
                raise ConfigError(unknown("methods", name, METHODS))
            if missing := METHODS[name].lacks(base):
                able = ", ".join(self.methods())
                raise ConfigError(f"{name} on {self.scenario}: expected {missing}; it can have {able}")

    def methods(self) -> list[str]:
        """All that the scenario can have."""
        base = self.base()
        return [name for name, method in METHODS.items() if not method.lacks(base)]

    def begin(self) -> None:
        """Write down in the folder what is compared, once. ConfigError where another comparison is in it."""
        base = self.base()
        asked = Options(
            scenario=self.scenario,
            recipe=self.recipe,
            backbone=base.network.backbone.name,
            steps=base.training.estimator.first_steps,
            share=self.share,
            rate=self.rate,
            limit=self.limit,
        )
        claim(self.out, asked)

    def figures(self, method: str, seed: int) -> Path:
        """The file of a method's figures."""
        return self.out / f"{method}-seed{seed}.{self.split}.json"

    def networks(self, method: str, seed: int) -> dict[Path, Recipe]:
        """A method's recipes by the folders of their networks."""
        return self._by_folder(METHODS[method].recipes(self.base(seed), self.share), method, seed)

    def teachers(self, method: str, seed: int) -> dict[Path, Recipe]:
        """The recipe of the network that a method trains before its own, by its folder; none for most."""
        teacher = METHODS[method].teacher
        made = {} if teacher is None else {f"{method}-teacher": teacher(self.base(seed))}
        return self._by_folder(made, method, seed)

    def _by_folder(self, recipes: Mapping[str, Recipe], method: str, seed: int) -> dict[Path, Recipe]:
        def trained(recipe: Recipe) -> TrainingConfig:
            # the methods' own rates are for networks that start anew
            return faster(recipe.training, self.rate if recipe.start else self.rate * METHODS[method].rate)

        return {
            self.out / f"{name}-seed{seed}": dataclasses.replace(
                recipe, name=f"{recipe.name}/{name}", training=trained(recipe)
            )
            for name, recipe in recipes.items()
        }

    def adopt(self, folder: Path, method: str, seed: int) -> None:
        """Take a network that was trained elsewhere, by the recipe that all others are made from, for a method's."""
        (own,) = self.networks(method, seed)
        own.mkdir(parents=True, exist_ok=True)
        for name in (HISTORY, WEIGHTS, CONFIG):  # the last one says that the others are there
            write_atomically(own / name, (folder / name).read_bytes())

    def perform(self, method: str, seed: int, report: Callable[[str], None] = print) -> Measured:
        """Train what is missing of a method, or go on with it, and measure it; what was done is not done again."""
        path = self.figures(method, seed)
        if path.is_file():
            return read_measured(path)
        set_threads(self.threads)
        teacher = None
        for folder, recipe in self.teachers(method, seed).items():
            self._train(method, folder, recipe, None, report)
            teacher = load(folder)
        for folder, recipe in self.networks(method, seed).items():
            self._train(method, folder, recipe, teacher, report)
        report(f"measuring {method}, seed {seed}")
        measured = self._measured(method, seed)
        write_measured(path, measured)
        return measured

    def _train(
        self, method: str, folder: Path, recipe: Recipe, teacher: DeepElasticNetwork | None, report: Callable
    ) -> None:
        if (folder / CONFIG).is_file():
            return
        report(f"training {folder}")
        where = Execution(folder, accelerator=self.device, resume=(folder / FILE).is_file())
        training = Training(recipe=recipe, share=self.share, teacher=teacher)
        train(recipe, where, self.limit, METHODS[method].openings(training))

    def _measured(self, method: str, seed: int) -> Measured:
        results: dict[str, TaskResult] = {}
        right: dict[str, str] = {}
        weights, work, runs, seconds = 0, 0.0, 0, 0.0
        for folder in self.networks(method, seed):
            net = METHODS[method].prepare(load(folder))
            policy = METHODS[method].policy(net)
            sets = validation_sets if self.split == "validation" else test_sets
            data = sets(net, self.limit, progress=False)
            outcome = measure_points(net, data, {method: policy_point(net, data, policy, method)})[method]
            results |= outcome.results
            right |= {task: packed(hits.numpy() > 0.5) for task, hits in outcome.hits.items()}
            weights += weights_in_use(net, policy)
        for folder in [*self.teachers(method, seed), *self.networks(method, seed)]:
            last = _last_row(folder)
            work, runs = work + float(last["training_macs"]), runs + int(last["image_runs"])
            seconds += float(last["seconds"])
        order = [task.name for task in self.base(seed).network.tasks]
        return Measured(
            method=method,
            seed=seed,
            split=self.split,
            tasks={task: results[task] for task in order},
            right={task: right[task] for task in order},
            weights=weights,
            training_macs=work,
            image_runs=runs,
            minutes=seconds / 60,
        )

    def take_times(self, methods: Sequence[str], seed: int) -> None:
        """Time methods that are trained, taking turns; nothing else should run on the machine meanwhile."""
        answering: dict[str, Answering] = {}
        for method in methods:
            nets = [METHODS[method].prepare(load(folder)) for folder in self.networks(method, seed)]
            answering[method] = {task: (net, METHODS[method].policy(net)) for net in nets for task in net.tasks}
        write_times(self.out, take_times(answering))

    def groups(self) -> dict[str, np.ndarray]:
        """Which test images of every task show one thing; none for validation images, whose order is another."""
        if self.split == "validation":
            return {}
        return {task.name: open_task(task, "test").groups[: self.limit] for task in self.base().network.tasks}


def _last_row(folder: Path) -> pd.Series:
    """Of a network's history. CheckpointError where that does not say what the training cost."""
    history = read_history(folder)
    missing = [name for name in ("training_macs", "image_runs", "seconds") if name not in history]
    if missing or history.empty:
        raise CheckpointError(
            f"{folder / HISTORY}: expected a column {(missing or ['training_macs'])[0]} with values, found none; "
            "an older version trained this network, train it again"
        )
    return history.iloc[-1]


def weights_in_use(net: DeepElasticNetwork, policy: Policy) -> int:
    """Weights of a network that any answer needs: of the selector where it looks, of the levels that are in use."""
    if policy.looks:
        return sum(p.numel() for part in (net.estimator, net.selector) for p in part.parameters())
    assert policy.static is not None  # as it does not look
    ends = (net.estimator.stems, net.estimator.heads)
    total, side = sum(p.numel() for part in ends for p in part.parameters()), net.estimator.map_side
    for block, levels in zip(net.estimator.blocks, zip(*policy.static.values(), strict=True), strict=True):
        total += block.params({int(level) for level in levels}, side)
        side = block.side(side)
    return total
