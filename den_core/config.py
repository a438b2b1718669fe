"""What a network and a training run are made of: frozen value objects, checked when they are built.

They go to `config.json` and back with `to_json` and `from_json`. An unknown field is an error, and so is a missing one
that has no default.
"""

from __future__ import annotations

import dataclasses
import itertools
import types
import typing
from dataclasses import dataclass
from typing import Any, Literal

from den_core.errors import ConfigError


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


def _check_matrix_learning_rate(value: float) -> None:
    _require(0 <= value < 1, f"expected matrix_learning_rate in [0, 1), found {value}")


@dataclass(frozen=True, kw_only=True)
class TaskConfig:
    """A labelled image set with its size, its classes and the way its images are prepared.

    How any image becomes an input of the task (an upload as much as a data set row): flattened on
    `background`, made grey if `grayscale`, scaled to fit `content_size`, centred on a `size` × `size` square of
    `background`, scaled to [0, 1], normalised with `mean` and `std`.
    """

    name: str
    "Short and lower case; it names the task everywhere."
    source: str
    'Where the images are: "open:fashion", "parquet:FOLDER", "folder:FOLDER" or "digits".'
    size: int
    "Pixels along one side of the input."
    content_size: int
    "Pixels along the longer side of what is drawn; equal to `size` unless a border is added."
    class_names: tuple[str, ...]
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.25, 0.25, 0.25)
    background: int = 255
    "Grey level, 0 to 255, of borders and of what lies behind a transparent image."
    grayscale: bool = False
    title: str = ""
    "The task's name for people."
    image_of: str = ""
    "Another task with the same images: an image then has one structure and a head for each of the two."

    def __post_init__(self) -> None:
        _require(self.name.isidentifier(), f"expected a task name made of letters, digits and _, found {self.name!r}")
        _require(8 <= self.size <= 1024, f"task {self.name}: expected a size of 8 to 1024 pixels, found {self.size}")
        _require(
            1 <= self.content_size <= self.size,
            f"task {self.name}: expected content_size from 1 to size={self.size}, found {self.content_size}",
        )
        _require(
            len(self.class_names) >= 2,
            f"task {self.name}: expected at least two classes, found {len(self.class_names)}",
        )
        _require(
            len(set(self.class_names)) == len(self.class_names),
            f"task {self.name}: expected class names that differ from each other, found repeated ones",
        )
        _require(0 <= self.background <= 255, f"task {self.name}: background must be 0 to 255, is {self.background}")
        _require(
            len(self.mean) == len(self.std) == 3 and all(s > 0 for s in self.std),
            f"task {self.name}: expected three means and three positive standard deviations",
        )

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def label(self) -> str:
        return self.title or self.name


@dataclass(frozen=True, kw_only=True)
class BackboneConfig:
    """Which elastic network: a row of the backbone registry, and how its levels are made."""

    name: str = "wrn-20-2"
    level_fractions: tuple[float, ...] = (0.0, 0.25, 0.5, 1.0)
    "Share of a block's hidden channels at each level, rising, the last one 1; 0 means the block is skipped."
    norm_statistics: Literal["per_level", "shared"] = "per_level"
    """Whether running statistics inside blocks are kept per level or once. Neither is more accurate (see
    `ElasticNorm`); per level lets training run only what each image's levels need."""

    def __post_init__(self) -> None:
        f = self.level_fractions
        _require(
            len(f) >= 2 and f[0] >= 0 and f[-1] == 1 and all(a < b for a, b in itertools.pairwise(f)),
            f"expected rising level fractions that end in 1, such as (0, 0.25, 0.5, 1), found {f}",
        )
        _require(
            self.norm_statistics in ("per_level", "shared"),
            f'expected norm_statistics "per_level" or "shared", found {self.norm_statistics!r}',
        )

    @property
    def num_levels(self) -> int:
        return len(self.level_fractions)


@dataclass(frozen=True, kw_only=True)
class SelectorConfig:
    """The selector beyond what the backbone decides. Three seeds of each part are compared in the study, section 12."""

    critic: bool = False
    """Whether it carries an additive critic, which control_variate critic needs. By itself it bought nothing: 2.6
    structures per task instead of 1.9, 54.5 instead of 54.8 % at 0.45 of the MACs. `temperature` needs it."""
    uniform_start: bool = False
    """Whether the logits of C start at exactly 0, instead of by Xavier's start. Not measured apart: with the critic's
    Boltzmann distribution every block then starts from what the critic says."""
    temperature: float = 0.0
    """Nats; if positive, C is the critic's Boltzmann distribution times a learnt correction; 0 keeps them apart. Keeps
    the choice from collapsing: 12 structures per task instead of 2.6, and 1.7 points more at the own choice, which
    became dearer at the same ρ."""
    auxiliary: bool = False
    """Whether it also classifies the image, and reads off its own answer how hard the image is. Bought variety (19
    structures per task instead of 12, 43 with `label_steps`), and no accuracy that could be told from noise."""

    def __post_init__(self) -> None:
        _require(self.temperature >= 0, f"expected a selector temperature >= 0, found {self.temperature}")
        _require(self.critic or not self.temperature, "expected a selector with a critic where temperature is set")


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Everything that decides the shapes of a deep elastic network."""

    backbone: BackboneConfig
    tasks: tuple[TaskConfig, ...]
    selector: SelectorConfig = SelectorConfig()

    def __post_init__(self) -> None:
        names = [task.name for task in self.tasks]
        _require(len(names) >= 1, "expected at least one task, found none")
        _require(len(set(names)) == len(names), f"expected task names that differ from each other, found {names}")
        for task in self.tasks:
            if task.image_of:
                self._check_image_of(task)

    def _check_image_of(self, task: TaskConfig) -> None:
        own = [other.name for other in self.tasks if not other.image_of]
        where = f"task {task.name}: expected image_of"
        _require(task.image_of in own, f"{where} to name one of {', '.join(own) or 'no task'}, found {task.image_of!r}")
        other = self.task(task.image_of)
        for field in ("size", "content_size", "background", "grayscale", "mean", "std"):
            mine, theirs = getattr(task, field), getattr(other, field)
            _require(mine == theirs, f"{where} a task with {field} {mine}, found {theirs} in {other.name}")

    @property
    def image_tasks(self) -> dict[str, str]:
        """For every task the one whose stem and choice it takes: itself, but for `image_of`."""
        return {task.name: task.image_of or task.name for task in self.tasks}

    def task(self, name: str) -> TaskConfig:
        """The task of that name, or ConfigError with the names there are."""
        for task in self.tasks:
            if task.name == name:
                return task
        raise ConfigError(f"expected one of the tasks {', '.join(t.name for t in self.tasks)}, found {name!r}")


@dataclass(frozen=True, kw_only=True)
class EstimatorStageConfig:
    """How the estimator is trained in its turns (Algorithm 1)."""

    first_steps: int
    "Optimiser steps of the first turn, with structures from Eq. 8."
    round_steps: int
    "Optimiser steps of every later turn, with structures from the selector."
    tau: float = 0.75
    "Weight of the full model in Eq. 8."
    last_steps: int = 0
    """Optimiser steps of a turn after the last selector's, on the structures that inference will take and from labels
    alone; Algorithm 1 has none and ends with the selector. With batches twice as large it bought 0.7 points at the own
    choice (75.2 instead of 74.6 %) and 3.3 at a quarter of the MACs, with `dial_share`, and cost the full model 2.0;
    with the recipe's batches nothing on average (74.6 instead of 74.8 %; fashion +1.5, emoji +0.4, clip art -2.4, which
    are three images), and cost the full model 4.3 (one seed each, validation images)."""
    shuffled: bool = False
    """Deal the choices of the last turn out at random among a task's images. That trains the twin that never looks:
    what the own choices win over it is what looking pays, free of what a network merely gets used to."""
    first_structures: Literal["eq8", "densities", "selector"] = "eq8"
    """Structures of the first turn: "eq8" (with tau 0 uniform ones), "selector", from the selector as it starts (Figure
    5's ablation), or "densities", see `sampling.varied_structures`: these bought 4.8 points at level 1 and 2.0 at level
    2, and cost 1.8 in full (three seeds)."""
    distillation: float = 0.0
    """Weight of in-place distillation; 0 is the paper's Eq. 4. If positive, every image of a step runs twice: in full
    to learn from its label, and with a drawn structure to learn from the full run's answer (Kullback–Leibler). Bought
    2.4 points in full and 1.0 at level 2 on structures of every density, for as many image runs (three seeds)."""
    distilled_share: float = 1.0
    """Share of a step's images that run twice; the others run in full only, which shows more images in the same time.
    Half of them over 4,400 steps instead of all over 2,400 bought nothing that could be told from noise (full model
    75.3 instead of 75.5 %; fashion and emoji 0.7 better on average, clip art 2.4 worse; one seed)."""
    learning_rate: float = 0.1
    matrix_learning_rate: float = 0.0
    """Radians by which Muon turns the blocks' convolutions at the peak of the schedule; 0 leaves them to SGD, as the
    paper does. See `training.muon` for what 0.02 bought: four points at every level (three seeds of a small network),
    six to seven on open3-fast's (one seed)."""
    momentum: float = 0.9
    weight_decay: float = 1e-4
    "Of weights that SGD updates, norms and biases left out. The fast recipes' 5e-4 was not measured apart."
    label_smoothing: float = 0.0
    "Share of the label that is spread over all classes; 0 is the paper's. The fast recipes' 0.1: not measured apart."
    schedule: Literal["steps", "one_cycle"] = "steps"
    """LR within a turn: "steps" divides by 10 at 1/2 and 3/4 of it, "one_cycle" warms up and anneals to 0, which suits
    runs of a few thousand steps. Not measured apart."""
    round_decay: float = 1.0
    """Factor on the LR from one turn to the next (Algorithm 1's decay). A last turn twice as long at 0.6 bought 0.4
    points over 0.35 at the own choice (75.1 instead of 74.7 %, one seed), which may be noise."""
    full_share: float = 0.0
    "Share of the batch that runs the full model in later turns, so that every level stays trained. No recipe sets it."
    uniform_share: float = 0.0
    "Share of the batch that runs uniformly drawn structures in later turns. Not measured apart."
    dial_share: float = 0.0
    """Share of the batch that runs in later turns what the selector would choose at a random cost weight. A quarter,
    with the selector's `dial_samples`, brought the dial's loss from the own choice to a quarter of the MACs from 11.6
    points to 6.6, together with Muon and turned images."""
    dial_weight: float = 30.0
    "The largest of these cost weights, in nats per full block's MACs; the smallest is 0."
    execution: Literal["masked", "dispatched"] = "masked"
    "Compute densely and mask, or run only what each image's levels need; equal results."

    def __post_init__(self) -> None:
        _require(
            self.first_steps >= 1 and self.round_steps >= 0 and self.last_steps >= 0,
            "expected first_steps >= 1, round_steps >= 0 and last_steps >= 0, "
            f"found {self.first_steps}, {self.round_steps} and {self.last_steps}",
        )
        _require(0 <= self.tau <= 1, f"expected tau from 0 to 1, found {self.tau}")
        _require(self.distillation >= 0, f"expected distillation >= 0, found {self.distillation}")
        _require(
            0 < self.distilled_share <= 1, f"expected distilled_share above 0 and up to 1, found {self.distilled_share}"
        )
        _require(self.learning_rate > 0, f"expected a positive learning rate, found {self.learning_rate}")
        _check_matrix_learning_rate(self.matrix_learning_rate)
        _require(
            self.full_share >= 0 and self.uniform_share >= 0 and self.full_share + self.uniform_share <= 1,
            "expected full_share and uniform_share of at least 0 that sum to at most 1, "
            f"found {self.full_share} and {self.uniform_share}",
        )
        _require(0 <= self.dial_share <= 1, f"expected dial_share from 0 to 1, found {self.dial_share}")


@dataclass(frozen=True, kw_only=True)
class SelectorStageConfig:
    """How the selector is trained in its turns (Eq. 5 to 7)."""

    steps: int
    "Optimiser steps of every turn; 0 leaves the selector untrained, for networks that run one structure only."
    label_steps: int = 0
    """Optimiser steps before the first turn in which the auxiliary head alone learns, from labels. One takes a fifth to
    a seventh of the time of a step with structures. Muon took the head from 60.2 to 65.0 % after 1,500 of them. They
    brought the gain over shuffling at 0.45 of the MACs from 0.2 to 1.0 points (three seeds, ± 0.5)."""
    rho: float = 0.1
    "Weight of the sparsity penalty, Eq. 5."
    samples: int = 2
    "|Z|: structures drawn per image and step. The fast recipes' 4 were not compared with 2."
    control_variate: Literal["none", "leave_one_out", "critic"] = "leave_one_out"
    """What is subtracted from R(z) in Eq. 7; none of them changes the expected gradient. Over leave-one-out, the critic
    by itself bought nothing (see `SelectorConfig.critic`)."""
    learning_rate: float = 1e-5
    matrix_learning_rate: float = 0.0
    """As the estimator's; 0 leaves all weights to Adam, as the paper does. It makes a better classifier of the
    auxiliary head (see `label_steps`), which a choice trained for 300 steps did not profit from: gain and lead at 0.45
    of the MACs were 1.1 and 0.6 points lower (three seeds, ± 0.5 each). Longer turns were not compared."""
    schedule: Literal["steps", "one_cycle"] = "steps"
    round_decay: float = 1.0
    epsilon_start: float = 1.0
    "Probability of a uniformly drawn structure at the first step of the first turn (ε-greedy)."
    epsilon_decay: float = 0.99
    "Factor on ε per step."
    entropy_weight: float = 0.0
    """Weight of a bonus on the entropy of P(z; x); 0 is the paper's objective. Together with the floor it bought 4.4
    points at 0.45 of the MACs over the bare Eq. 7 (54.8 instead of 50.4 %, three seeds); the own choice collapses all
    the same, to 1.9 structures per task."""
    probability_floor: float = 0.0
    """Share of a uniform distribution mixed into C while training, which keeps every level alive; 0 is the paper's. See
    `entropy_weight` for what both bought."""
    critic_samples: int = 1
    "Further structures per image, of random density, that only the critic is regressed on. Not measured apart."
    dial_samples: int = 0
    """Further structures per image that only the critic is regressed on: what the choice is at random cost weights, as
    large as the estimator's `dial_weight`. See its `dial_share` for what both bought."""

    def __post_init__(self) -> None:
        _require(
            self.steps >= 0 and self.label_steps >= 0,
            f"expected steps and label_steps >= 0 for the selector, found {self.steps} and {self.label_steps}",
        )
        _check_matrix_learning_rate(self.matrix_learning_rate)
        _require(self.rho >= 0, f"expected rho >= 0, found {self.rho}")
        _require(
            self.samples >= (2 if self.control_variate == "leave_one_out" else 1),
            f"expected at least 2 samples for control_variate leave_one_out and 1 otherwise, found {self.samples}",
        )
        floor = self.probability_floor
        _require(0 <= floor < 1, f"expected probability_floor in [0, 1), found {floor}")
        _require(0 <= self.epsilon_start <= 1, f"expected epsilon_start in [0, 1], found {self.epsilon_start}")
        _require(0 <= self.epsilon_decay < 1, f"expected epsilon_decay in [0, 1), found {self.epsilon_decay}")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Algorithm 1 as a whole."""

    rounds: int
    "S: how often estimator and selector take turns."
    estimator: EstimatorStageConfig
    selector: SelectorStageConfig
    batch_size: dict[str, int] | int = 128
    """Images per step: of every task, or by task name. Half of them over twice the steps bought 1.3 points in full and
    1.0 at level 2 after open3-fast's first turn (one seed)."""
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    "Of the computation, not of the weights; bf16-mixed with channels_last halves a step's time on a CPU."
    channels_last: bool = False
    "How maps lie in memory."
    class_balanced: bool = False
    "Draw classes evenly instead of images. Not measured apart."
    crop_padding: float = 0.125
    "Pad with the task's background and random-crop by this share of the image's side (4 px at 32)."
    flip: bool = True
    "Mirror half of the images, as the paper does."
    erase: float = 0.0
    "Side of the square that random erasing paints over, as a share of the image's side; 0 is none. Not measured apart."
    rotation: float = 0.0
    """Degrees to either side by which images are turned at random. 10 degrees with a zoom of 0.1 bought 2.5 points for
    the full model after open3-fast's first turn (75.5 instead of 73.0 % of the validation images, one seed)."""
    zoom: float = 0.0
    "Share of its size by which an image is made larger or smaller at random."
    validation_share: float = 0.1
    "Share of the training data held out, by class, for every choice that is made."
    report_every: int = 200
    "Steps between rows of history.csv and between validations."
    save_every: int = 200
    "Steps between resume points."

    def __post_init__(self) -> None:
        _require(self.rounds >= 1, f"expected at least one round, found {self.rounds}")
        _require(
            0 <= self.rotation <= 180 and 0 <= self.zoom < 1,
            f"expected rotation from 0 to 180 and zoom in [0, 1), found {self.rotation} and {self.zoom}",
        )
        _require(0 < self.validation_share < 1, f"expected validation_share in (0, 1), found {self.validation_share}")
        _require(self.report_every >= 1 and self.save_every >= 1, "expected report_every and save_every >= 1")

    def batch_of(self, task: str) -> int:
        """Images of that task in one step."""
        return self.batch_size if isinstance(self.batch_size, int) else self.batch_size[task]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A named, complete training configuration."""

    name: str
    description: str
    network: NetworkConfig
    training: TrainingConfig
    seed: int = 0
    data_seed: int = 0
    "Seeds the validation split, which must stay the same across runs that are compared."

    def __post_init__(self) -> None:
        _require(
            self.training.estimator.execution == "masked" or self.network.backbone.norm_statistics == "per_level",
            'expected execution "masked" with norm_statistics "shared", which need the whole batch, found "dispatched"',
        )
        _require(
            self.network.selector.auxiliary or not self.training.selector.label_steps,
            "expected a selector with an auxiliary head where label_steps is set",
        )
        names = {task.name for task in self.network.tasks if not task.image_of}
        sizes = self.training.batch_size
        _require(
            isinstance(sizes, int) or set(sizes) == names,
            f"expected a batch size for each of {sorted(names)}, found {sizes}",
        )


# ------------------------------------------------------------------ JSON

REMOVED = {"inherit": False, "final_rho": None, "risk": "cross_entropy", "residual_weight": 1.0}
"Fields that the selector's turns had in older configurations, with the only value that can still be trained."


def to_json(config: Any) -> Any:
    """A configuration as plain JSON values."""
    return dataclasses.asdict(config)


def _without_removed(training: dict[str, Any], where: str) -> dict[str, Any]:
    """A training that an older version wrote, without the fields that the selector's turns no longer have.

    Raises:
        ConfigError: one of them says something else than what is done today.
    """
    estimator, selector = training.get("estimator"), training.get("selector")
    if not (isinstance(estimator, dict) and isinstance(selector, dict)):
        return training
    # the selector's dial had a largest cost weight of its own, beside the estimator's
    today = REMOVED | {"dial_weight": estimator.get("dial_weight", EstimatorStageConfig.dial_weight)}
    for name, value in today.items():
        _require(
            selector.get(name, value) == value,
            f"{where}.selector: expected {name} {value!r}, which is all that can be trained today, "
            f"found {selector.get(name)!r}",
        )
    return training | {"selector": {name: value for name, value in selector.items() if name not in today}}


def from_json(kind: type, value: Any, where: str = "config") -> Any:
    """The configuration that `to_json` wrote.

    Raises:
        ConfigError: a field that is unknown, missing or of the wrong type; the message names it.
    """
    if dataclasses.is_dataclass(kind):
        _require(isinstance(value, dict), f"{where}: expected an object, found {type(value).__name__}")
        if kind is TrainingConfig:
            value = _without_removed(value, where)
        hints = typing.get_type_hints(kind)
        known = {f.name: f for f in dataclasses.fields(kind)}
        unknown = sorted(set(value) - set(known))
        _require(not unknown, f"{where}: unknown field {', '.join(unknown)}; written by a newer version?")
        missing = sorted(
            name
            for name, f in known.items()
            if name not in value
            and f.default is dataclasses.MISSING
            and f.default_factory is dataclasses.MISSING
        )
        _require(not missing, f"{where}: missing field {', '.join(missing)}")
        return kind(**{name: from_json(hints[name], item, f"{where}.{name}") for name, item in value.items()})
    origin = typing.get_origin(kind)
    if origin is tuple:
        _require(isinstance(value, (list, tuple)), f"{where}: expected a list, found {type(value).__name__}")
        inner = typing.get_args(kind)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(from_json(inner[0], item, f"{where}[{i}]") for i, item in enumerate(value))
        _require(len(value) == len(inner), f"{where}: expected {len(inner)} values, found {len(value)}")
        return tuple(from_json(t, item, f"{where}[{i}]") for i, (t, item) in enumerate(zip(inner, value, strict=True)))
    if origin is dict:
        _require(isinstance(value, dict), f"{where}: expected an object, found {type(value).__name__}")
        inner = typing.get_args(kind)[1]
        return {str(key): from_json(inner, item, f"{where}.{key}") for key, item in value.items()}
    if origin is Literal:
        _require(
            value in typing.get_args(kind),
            f"{where}: expected one of {', '.join(map(str, typing.get_args(kind)))}, found {value!r}",
        )
        return value
    if origin is typing.Union or origin is types.UnionType:
        for option in typing.get_args(kind):
            try:
                return from_json(option, value, where)
            except ConfigError:
                continue
        raise ConfigError(f"{where}: expected {kind}, found {value!r}")
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    _require(
        isinstance(value, kind) and not (kind is int and isinstance(value, bool)),
        f"{where}: expected {getattr(kind, '__name__', kind)}, found {value!r}",
    )
    return value
