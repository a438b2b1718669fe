"""What a network and a training run are made of: frozen value objects, checked when they are built.

Every field's annotation says what it may hold (see `den_core.fields`), and the string below it what it is for. What the
parts of a training bought when they were measured stands in `assets/study/README.md`.

They go to `config.json` and back with `to_json` and `from_json`. An unknown field is an error, and so is a missing one
that has no default.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from den_core import typed_json
from den_core.errors import ConfigError
from den_core.fields import Range, check_fields

AtLeastOne = Annotated[int, Range(1)]
Count = Annotated[int, Range(0)]
NotNegative = Annotated[float, Range(0)]
Positive = Annotated[float, Range(0, above=True)]
Share = Annotated[float, Range(0, 1)]
BelowOne = Annotated[float, Range(0, 1, below=True)]
AboveZeroToOne = Annotated[float, Range(0, 1, above=True)]
BetweenZeroAndOne = Annotated[float, Range(0, 1, above=True, below=True)]
Seed = Annotated[int, Range(0, 2**32 - 1)]

Schedule = Literal["steps", "whole_run", "one_cycle"]
Precision = Literal["32-true", "bf16-mixed"]


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


@dataclass(frozen=True, kw_only=True)
class TaskConfig:
    """A labelled image set with its size, its classes and the way its images are prepared.

    How any image becomes an input of the task (an upload as much as a data set row): flattened on
    `background`, made grey if `grayscale`, scaled to fit `content_size`, centred on a `size` × `size` square of
    `background` (or cut to that square, see `crop_from`), scaled to [0, 1], normalised with `mean` and `std`.
    """

    name: str
    "Short and lower case; it names the task everywhere."
    source: str
    'Where the images are: "open:fashion", "parquet:FOLDER", "folder:FOLDER" or "digits".'
    size: Annotated[int, Range(8, 1024)]
    "Pixels along one side of the input."
    content_size: AtLeastOne
    "Pixels along the longer side of what is drawn; equal to `size` unless a border is added, and never larger."
    crop_from: Count = 0
    "Pixels along the shorter side, out of whose centre the square is cut; 0 shows all of the image instead."
    class_names: tuple[str, ...]
    "By label; at least two, and all different."
    mean: tuple[Share, Share, Share] = (0.5, 0.5, 0.5)
    "By channel, of values scaled to [0, 1]."
    std: tuple[Positive, Positive, Positive] = (0.25, 0.25, 0.25)
    "Standard deviation by channel, of the same values."
    background: Annotated[int, Range(0, 255)] = 255
    "Grey level of borders and of what lies behind a transparent image."
    grayscale: bool = False
    title: str = ""
    "The task's name for people."
    image_of: str = ""
    "Another task with the same images: an image then has one structure and a head for each of the two."

    def __post_init__(self) -> None:
        check_fields(self)
        _require(self.name.isidentifier(), f"expected a task name made of letters, digits and _, found {self.name!r}")
        _require(
            self.content_size <= self.size,
            f"task {self.name}: expected content_size at most size={self.size}, found {self.content_size}",
        )
        _require(
            not self.crop_from or self.size <= self.crop_from,
            f"task {self.name}: expected crop_from 0 or at least size={self.size}, found {self.crop_from}",
        )
        _require(
            len(self.class_names) >= 2,
            f"task {self.name}: expected at least two classes, found {len(self.class_names)}",
        )
        _require(
            len(set(self.class_names)) == len(self.class_names),
            f"task {self.name}: expected class names that differ from each other, found repeated ones",
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
    "Of the registry, see `den_core.models.registry`."
    level_fractions: tuple[Share, ...] = (0.0, 0.25, 0.5, 1.0)
    "Share of a block's hidden channels at each level, rising, the last one 1; 0 means the block is skipped."
    width: Positive = 1.0
    "All channels of the blocks, relative to the backbone's own."
    networks: AtLeastOne = 1
    "How many run side by side, a task on each, joined by cross-stitch units (see `models.cross_stitch`)."
    modules: AtLeastOne = 1
    "How many a router picks from in place of every fully connected layer; its levels are these (see `models.routed`)."
    norm_statistics: Literal["per_level", "shared"] = "per_level"
    """Whether running statistics inside blocks are kept per level or once, for all of them (see `ElasticNorm`). Kept
    per level, training may run only what each image's levels need."""

    def __post_init__(self) -> None:
        check_fields(self)
        f = self.level_fractions
        _require(
            len(f) >= 2 and f[-1] == 1 and all(a < b for a, b in itertools.pairwise(f)),
            f"expected rising level fractions that end in 1, such as (0, 0.25, 0.5, 1), found {f}",
        )
        _require(
            1 in (self.modules, self.networks),
            f"expected modules or networks, found {self.modules} modules and {self.networks} networks",
        )

    @property
    def num_levels(self) -> int:
        return self.modules if self.modules > 1 else len(self.level_fractions)


@dataclass(frozen=True, kw_only=True)
class SelectorConfig:
    """The selector beyond what the backbone decides."""

    critic: bool = False
    'Whether it carries an additive critic, which `temperature` and control_variate "critic" need.'
    uniform_start: bool = False
    "Whether the logits of C start at exactly 0, instead of by Xavier's start."
    temperature: NotNegative = 0.0
    "Nats; if positive, C is the critic's Boltzmann distribution times a learnt correction; 0 keeps them apart."
    auxiliary: bool = False
    "Whether it also classifies the image, and reads off its own answer how hard the image is."

    def __post_init__(self) -> None:
        check_fields(self)
        _require(self.critic or not self.temperature, "expected a selector with a critic where temperature is set")


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Everything that decides the shapes of a deep elastic network."""

    backbone: BackboneConfig
    tasks: tuple[TaskConfig, ...]
    selector: SelectorConfig = SelectorConfig()

    def __post_init__(self) -> None:
        check_fields(self)
        names = [task.name for task in self.tasks]
        _require(len(names) >= 1, "expected at least one task, found none")
        _require(len(set(names)) == len(names), f"expected task names that differ from each other, found {names}")
        networks = self.backbone.networks
        _require(
            networks in (1, len(names)),
            f"expected one network for all tasks or one for each of the {len(names)}, found {networks}",
        )
        for task in self.tasks:
            if task.image_of:
                self._check_image_of(task)

    def _check_image_of(self, task: TaskConfig) -> None:
        own = [other.name for other in self.tasks if not other.image_of]
        where = f"task {task.name}: expected image_of"
        _require(task.image_of in own, f"{where} to name one of {', '.join(own) or 'no task'}, found {task.image_of!r}")
        other = self.task(task.image_of)
        for field in ("size", "content_size", "crop_from", "background", "grayscale", "mean", "std"):
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
class EstimatorTurnConfig:
    """How the estimator is trained in its turns (Algorithm 1)."""

    full_steps: Count = 0
    "Optimiser steps before the first turn, in which every image runs in full, from labels."
    first_steps: AtLeastOne
    "Optimiser steps of the first turn, with structures from `first_structures`."
    round_steps: Count
    "Optimiser steps of every later turn, with structures from the selector."
    tau: Share = 0.75
    "Weight of the full model in Eq. 8."
    last_steps: Count = 0
    """Optimiser steps of a turn after the last selector's, on the structures that inference will take and from labels
    alone; Algorithm 1 has none and ends with the selector."""
    permuted: bool = False
    """Permute the choices of the last turn among a task's images. That trains the twin that never looks:
    what the own choices win over it is what looking pays, free of what a network merely gets used to."""
    first_structures: Literal["eq8", "densities", "selector"] = "eq8"
    """Structures of the first turn: "eq8" (with tau 0 uniform ones), "densities", see `sampling.varied_structures`, or
    "selector", from the selector as it starts (Figure 5's ablation)."""
    distillation: NotNegative = 0.0
    """Weight of in-place distillation; 0 is the paper's Eq. 4. If positive, every image of a step runs twice: in full
    to learn from its label, and with a drawn structure to learn from the full run's answer (Kullback–Leibler)."""
    distilled_share: AboveZeroToOne = 1.0
    "Share of a step's images that run twice; the others run in full only, which shows more images in the same time."
    optimizer: Literal["sgd", "adamw"] = "sgd"
    "Of what `matrix_learning_rate` leaves: SGD with Nesterov's momentum, or AdamW, for pretrained networks."
    statistics: Literal["batch", "frozen"] = "batch"
    """What norms go by in training: each batch's own statistics, or the running ones, which then stay as they are."""
    learning_rate: Positive = 0.1
    "At the peak of the first turn's schedule."
    elastic_rate: AboveZeroToOne = 1.0
    "Factor on the learning rates of all turns but the one in full."
    matrix_learning_rate: BelowOne = 0.0
    """Radians by which Muon turns the blocks' convolutions at the peak of the schedule (see `training.muon`); 0 leaves
    them to SGD, as the paper does."""
    momentum: BetweenZeroAndOne = 0.9
    "Nesterov's, of SGD and of Muon; AdamW keeps its own."
    weight_decay: NotNegative = 1e-4
    "Of weights that SGD or AdamW updates, norms and biases left out."
    label_smoothing: BelowOne = 0.0
    "Share of the label that is spread over all classes; 0 is the paper's."
    schedule: Schedule = "steps"
    """LR: "steps" divides by 10 at 1/2 and 3/4 of every turn, "whole_run" at 1/4, 1/2 and 3/4 of all turns together,
    "one_cycle" warms up and anneals to 0 in every turn, which suits runs of a few thousand steps."""
    round_decay: AboveZeroToOne = 1.0
    "Factor on the LR from one turn to the next (Algorithm 1's decay)."
    full_share: Share = 0.0
    "Share of the batch that runs the full model in later turns, so that every level stays trained."
    uniform_share: Share = 0.0
    "Share of the batch that runs uniformly drawn structures in later turns; at most what `full_share` leaves."
    dial_share: Share = 0.0
    "Share of the batch that runs in later turns what the selector would choose at a random cost weight."
    dial_weight: NotNegative = 30.0
    """The largest cost weight of `dial_share` and of the selector's `dial_samples`, in nats per full block's MACs; the
    smallest is 0."""
    execution: Literal["masked", "dispatched"] = "masked"
    "Compute densely and mask, or run only what each image's levels need; equal results."

    def __post_init__(self) -> None:
        check_fields(self)
        _require(
            self.full_share + self.uniform_share <= 1,
            "expected full_share and uniform_share that sum to at most 1, "
            f"found {self.full_share} and {self.uniform_share}",
        )

    @property
    def runs_in_full(self) -> bool:
        """Whether the first turn runs nothing but the full model."""
        return self.first_structures == "eq8" and self.tau == 1


@dataclass(frozen=True, kw_only=True)
class SelectorTurnConfig:
    """How the selector is trained in its turns (Eq. 5 to 7)."""

    steps: Count
    "Optimiser steps of every turn; 0 leaves the selector untrained, for networks that run one structure only."
    label_steps: Count = 0
    "Optimiser steps before the first turn in which the auxiliary head alone learns, from labels."
    rho: NotNegative = 0.1
    "Weight of the sparsity penalty, Eq. 5."
    samples: AtLeastOne = 2
    "|Z|: structures drawn per image and step; leave_one_out needs two."
    control_variate: Literal["none", "leave_one_out", "critic"] = "leave_one_out"
    "What is subtracted from R(z) in Eq. 7; none of them changes the expected gradient."
    learning_rate: Positive = 1e-5
    "Adam's, at the peak of the first turn's schedule."
    matrix_learning_rate: BelowOne = 0.0
    "As the estimator's, in radians; 0 leaves all weights to Adam, as the paper does."
    schedule: Schedule = "steps"
    "As the estimator's."
    round_decay: AboveZeroToOne = 1.0
    "As the estimator's."
    epsilon_start: Share = 1.0
    "Probability of a uniformly drawn structure at the first step of the first turn (ε-greedy)."
    epsilon_decay: BelowOne = 0.99
    "Factor on ε per step."
    entropy_weight: NotNegative = 0.0
    "Weight of a bonus on the entropy of P(z; x), per nat; 0 is the paper's objective."
    probability_floor: BelowOne = 0.0
    "Share of a uniform distribution mixed into C while training, which keeps every level alive; 0 is the paper's."
    critic_samples: Count = 1
    "Further structures per image, of random density, that only the critic is regressed on."
    dial_samples: Count = 0
    """Further structures per image that only the critic is regressed on: what the choice is at random cost weights, up
    to the estimator's `dial_weight`."""

    def __post_init__(self) -> None:
        check_fields(self)
        _require(
            self.samples >= 2 or self.control_variate != "leave_one_out",
            f"expected at least 2 samples for control_variate leave_one_out, found {self.samples}",
        )


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Algorithm 1 as a whole."""

    rounds: AtLeastOne
    "S: how often estimator and selector take turns."
    estimator: EstimatorTurnConfig
    selector: SelectorTurnConfig
    batch_size: dict[str, AtLeastOne] | AtLeastOne = 128
    "Images per step: of every task, or by task name."
    precision: Precision = "32-true"
    "Of the computation, not of the weights. Processors that have no bfloat16 train in float32."
    channels_last: bool = False
    "How maps lie in memory."
    class_balanced: bool = False
    "Draw classes evenly instead of images."
    crop_padding: Share = 0.125
    "Pad with the task's background and random-crop by this share of the image's side (4 px at 32)."
    crop_pixels: Count = 0
    "Pad by so many pixels at every image size instead; 0 goes by `crop_padding`."
    flip: bool = True
    "Mirror half of the images, as the paper does."
    erase: Share = 0.0
    "Side of the square that random erasing paints over, as a share of the image's side; 0 is none."
    rotation: Annotated[float, Range(0, 180)] = 0.0
    "Degrees to either side by which images are turned at random."
    zoom: BelowOne = 0.0
    "Share of its size by which an image is made larger or smaller at random."
    validation_share: BetweenZeroAndOne = 0.1
    "Share of the training data held out, by class, for every choice that is made."
    report_every: AtLeastOne = 200
    "Steps between rows of history.csv and between validations."
    save_every: AtLeastOne = 200
    "Steps between resume points."

    def __post_init__(self) -> None:
        check_fields(self)

    def padding(self, side: int) -> int:
        """Pixels by which images of so many a side are padded for random crops."""
        return self.crop_pixels or round(self.crop_padding * side)

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
    seed: Seed = 0
    "Of the start, the batches and the structures."
    start: str = ""
    'A pretrained network that both networks start from, as "LIBRARY:NAME" or "LIBRARY:NAME=FILE"; none if empty.'
    data_seed: Seed = 0
    "Seeds the validation split, which must stay the same across runs that are compared."

    def __post_init__(self) -> None:
        check_fields(self)
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

RENAMED = {"shuffled": "permuted"}
"Fields that the estimator's turns had in older configurations, and their names today."
REMOVED = {"inherit": False, "final_rho": None, "risk": "cross_entropy", "residual_weight": 1.0}
"Fields that the selector's turns had in older configurations, with the only value that can still be trained."


def _upgraded(training: dict[str, Any], where: str) -> dict[str, Any]:
    """A training that an older version wrote, with today's fields.

    Raises:
        ConfigError: a field that is no more says something else than what is done today.
    """
    estimator, selector = training.get("estimator"), training.get("selector")
    if not (isinstance(estimator, dict) and isinstance(selector, dict)):
        return training
    # the selector's dial had a largest cost weight of its own, beside the estimator's
    today = REMOVED | {"dial_weight": estimator.get("dial_weight", EstimatorTurnConfig.dial_weight)}
    for name, value in today.items():
        _require(
            selector.get(name, value) == value,
            f"{where}.selector: expected {name} {value!r}, which is all that can be trained today, "
            f"found {selector.get(name)!r}",
        )
    return training | {
        "estimator": {RENAMED.get(name, name): value for name, value in estimator.items()},
        "selector": {name: value for name, value in selector.items() if name not in today},
    }


def to_json(config: Any) -> Any:
    """A configuration as plain JSON values, every field included."""
    return dataclasses.asdict(config)


def from_json(kind: type, value: Any, where: str = "config") -> Any:
    """The configuration that `to_json` wrote, or that an older version did.

    Raises:
        ConfigError: a field that is unknown, missing, of the wrong type or out of its range; the message names it.
    """
    return typed_json.from_json(kind, value, where, upgrades={TrainingConfig: _upgraded})
