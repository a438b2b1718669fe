"""Algorithm 1: rounds in which the estimator and then the selector is trained."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable

import torch

from den_core.config import Recipe
from den_core.data.loaders import Batch
from den_core.errors import TrainingError
from den_core.models.accounting import cost_table
from den_core.models.sorting import by_first_order, sort_by_importance
from den_core.models.static import StaticEstimator, StaticSelector
from den_core.models.statistics import freeze_statistics, match_statistics
from den_core.recipes.starts import begin_selector
from den_core.seeding import step_generator
from den_core.structures import full_structure
from den_core.training.estimator_step import StepResult, estimator_step
from den_core.training.heads import fit_heads
from den_core.training.history import HistoryRow, Reporter
from den_core.training.openings import ALGORITHM_1, Openings
from den_core.training.optimisers import estimator_optimizer, selector_optimizer, set_learning_rate
from den_core.training.resume import (
    LAST_TURN,
    Progress,
    load_resume_point,
    restore_optimizer,
    save_resume_point,
)
from den_core.training.sampling import FIRST_STRUCTURES, dialled, most_probable, turn_structures
from den_core.training.schedule import Turn, learning_rate
from den_core.training.selector_step import label_step, selector_step
from den_core.training.setup import (
    Execution,
    TrainingData,
    build_networks,
    make_fabric,
    make_loader,
    precision_on,
    to_training_precision,
)
from den_core.training.validation import ValidationResult, validate

SORTED = 30
"Steps whose images the channels of a pretrained network are sorted by."
MATCHED = 8
"Steps whose images the statistics of lower levels are matched on."


class Trainer:
    """A run of Algorithm 1. `run` does it; the rest are its parts.

    Args:
        recipe: the configuration.
        data: training and validation images by task.
        execution: where and how.
        openings: of another method that is trained on the same loop.
    """

    def __init__(self, recipe: Recipe, data: TrainingData, execution: Execution, openings: Openings = ALGORITHM_1):
        self.recipe, self.config, self.execution, self.openings = recipe, recipe.training, execution, openings
        self.fabric = make_fabric(recipe, execution)
        self.fabric.launch()
        rank, device = self.fabric.global_rank, self.fabric.device
        self.precision = precision_on(device, self.config.precision)
        self.estimator, self.selector = build_networks(recipe)
        self.table = cost_table(self.estimator, self.selector)
        if self.config.channels_last:
            self.estimator.to(memory_format=torch.channels_last)
            self.selector.to(memory_format=torch.channels_last)
        self.loader = make_loader(recipe, data.train, rank, device, self.fabric.world_size)
        self.train, self.validation = data.train, data.validation
        self.optimizers = {
            "estimator": estimator_optimizer(self.estimator, self.config.estimator),
            "selector": selector_optimizer(self.selector, self.config.selector),
        }
        self.progress = Progress(0, 0.0, [], [])
        saved: dict[str, torch.Tensor] = {}
        if execution.resume:
            self.progress, saved = load_resume_point(execution.folder, recipe, self._networks)
        self._saved_optimizer = saved
        self.wrapped = {
            name: self.fabric.setup(network, self.optimizers[name]) for name, network in self._networks.items()
        }

    @property
    def _networks(self) -> dict[str, torch.nn.Module]:
        return {"estimator": self.estimator, "selector": self.selector}

    def run(self) -> Progress:
        """Train to the end. Resume points are written every `save_every` steps and at the end of every turn."""
        plan = self.openings.plan(self.config)
        total = plan[-1].start + plan[-1].steps
        folder = self.execution.folder if self.fabric.is_global_zero else None
        self.began = time.monotonic() - self.progress.seconds
        self.reporter = Reporter(folder, total, self.progress.rows, self.progress.step, self.execution.progress)
        self.recent = list(self.progress.recent)
        try:
            for turn in plan:
                if self.progress.step < turn.start + turn.steps:
                    self._run_turn(turn)
        finally:
            self.reporter.close()
        return self.progress

    def _run_turn(self, turn: Turn) -> None:
        _, optimizer = self.wrapped[turn.network]
        raw = self.optimizers[turn.network]
        raw.state.clear()
        first = self.progress.step - turn.start
        if turn.round == self.config.rounds and not first and self.fabric.is_global_zero:
            folder = self.execution.folder
            save_resume_point(folder, self.recipe, self._networks, raw, self.progress, LAST_TURN)
        if first:
            restore_optimizer(raw, self._saved_optimizer)
        config = self.config.estimator if turn.network == "estimator" else self.config.selector
        run_step = self._steps(turn, optimizer)
        after_step = None
        self.wrapped[turn.network][0].train()
        peak = config.learning_rate
        if turn.network == "estimator":
            after_step = self._begin_estimator(turn, not first)
            peak *= 1 if turn.in_full else self.config.estimator.elastic_rate
        for step in range(first, turn.steps):
            lr = learning_rate(peak, config.schedule, config.round_decay, turn, step)
            set_learning_rate(raw, lr)
            result = run_step(step, self.loader.batch(turn.start + step, turn.tasks))
            if after_step is not None:
                after_step()
            self._after_step(turn, step, lr, result, raw)

    def _begin_estimator(self, turn: Turn, fresh: bool) -> Callable[[], None]:
        """What comes before a turn that trains the estimator; what it returns comes after every step."""
        config, pretrained = self.config.estimator, bool(self.recipe.start) and fresh
        if pretrained and not turn.start:
            fit_heads(self.estimator, self.recipe.network.tasks, self.train)
            self._share(self.estimator)
        if pretrained and turn.round == 0 and not turn.in_full and not config.runs_in_full:
            self._make_elastic(turn)
        if config.statistics == "frozen":
            freeze_statistics(self.estimator)
        return self.openings.begin(self.estimator, turn, fresh)

    def _make_elastic(self, turn: Turn) -> None:
        """Give the lower levels of a pretrained network the most of what it knows, and the selector a part of it."""
        freeze_statistics(self.estimator)
        steps = range(turn.start, turn.start + SORTED)
        batches = ((batch.images, batch.labels) for batch in map(self.loader.batch, steps))
        sort_by_importance(self.estimator, by_first_order(self.estimator, batches))
        images = self.loader.images(steps[:MATCHED])
        match_statistics(self.estimator, images, self._structure_generator(turn, 0))
        begin_selector(self.selector, self.estimator, self.recipe.start)
        self.estimator.train()
        self._share(self.estimator)
        self._share(self.selector)

    def _share(self, network: torch.nn.Module) -> None:
        """Give all processes the first one's weights."""
        if self.fabric.world_size > 1:
            for tensor in network.state_dict().values():
                torch.distributed.broadcast(tensor, 0)

    def _steps(self, turn: Turn, optimizer) -> Callable[[int, Batch], StepResult]:
        """What one step of a turn does; the network that stands still in it is used in its static form."""
        if turn.labels_only:
            return lambda step, batch: label_step(
                self.fabric, self.wrapped["selector"][0], optimizer, batch, self.table
            )
        if turn.network == "estimator":
            selector = StaticSelector(self.selector)
            to_training_precision(selector, self.precision)
            return lambda step, batch: self._estimator_step(turn, step, batch, selector, optimizer)
        estimator = StaticEstimator(self.estimator)
        to_training_precision(estimator, self.precision)
        return lambda step, batch: self._selector_step(turn, step, batch, estimator, optimizer)

    def _estimator_step(self, turn: Turn, step: int, batch: Batch, selector: StaticSelector, optimizer) -> StepResult:
        generator = self._structure_generator(turn, step)
        n, h, config = self.estimator.num_blocks, self.estimator.num_levels, self.config.estimator
        last = turn.round == self.config.rounds
        if last or turn.in_full:
            config = dataclasses.replace(config, distillation=0.0)
        structures = {}
        for task, images in batch.images.items():
            if turn.in_full:
                z = full_structure(len(images), n, h)
            elif turn.round == 0 and self.openings.first_structures is not None:
                z = self.openings.first_structures(task, len(images), generator)
            elif turn.round == 0 and config.first_structures != "selector":
                z = FIRST_STRUCTURES[config.first_structures](len(images), n, h, config.tau, generator)
            else:
                with torch.no_grad():
                    C = selector(self.openings.seen(images), task).cpu()
                if config.dial_share:
                    C = dialled(C, self.table.relative_macs, config.dial_weight, config.dial_share, generator)
                if last:
                    C = most_probable(C)
                if last and config.permuted:
                    C = C[torch.randperm(len(C), generator=generator)]
                z = turn_structures(C, config.full_share, config.uniform_share, generator)
            structures[task] = z.to(images.device)
        return estimator_step(
            self.fabric,
            self.wrapped["estimator"][0],
            optimizer,
            batch,
            structures,
            self.table,
            config,
            self.openings.teacher,
        )

    def _selector_step(self, turn: Turn, step: int, batch: Batch, estimator: StaticEstimator, optimizer) -> StepResult:
        config, generator = self.config.selector, self._structure_generator(turn, step)
        wrapped = self.wrapped["selector"][0]
        if self.openings.selector_step is not None:
            done = step / turn.steps
            return self.openings.selector_step(
                self.fabric, wrapped, optimizer, estimator, batch, self.table, done, generator
            )
        epsilon = config.epsilon_start * config.epsilon_decay**step if turn.round == 0 else 0.0
        return selector_step(
            self.fabric,
            wrapped,
            optimizer,
            estimator,
            batch,
            self.table,
            epsilon if epsilon > 1e-4 else 0.0,
            config,
            self.config.estimator.dial_weight,
            generator,
            self.openings.seen,
        )

    def _structure_generator(self, turn: Turn, step: int) -> torch.Generator:
        return step_generator(self.recipe.seed, "structures", turn.start + step, self.fabric.global_rank)

    def _after_step(self, turn: Turn, step: int, lr: float, result: StepResult, optimizer) -> None:
        done = turn.start + step + 1
        if not math.isfinite(result.loss):
            raise TrainingError(f"the loss is {result.loss} at step {done}; lower the learning rate and --resume")
        self.recent.append((result.loss, result.accuracy, result.usage, result.work, result.image_runs))
        self.reporter.step(
            done,
            f"round {turn.round} {turn.network} loss {result.loss:.3f} accuracy {result.accuracy:.1%} "
            f"{result.mean_macs / 1e6:.0f} MMAC",
        )
        last = step + 1 == turn.steps
        if (step + 1) % self.config.report_every == 0 or last:
            self._report(turn, done, lr)
        if self.fabric.is_global_zero and (done % self.config.save_every == 0 or last):
            seconds = time.monotonic() - self.began
            self.progress = Progress(done, seconds, self.reporter.rows, self.recent)
            save_resume_point(self.execution.folder, self.recipe, self._networks, optimizer, self.progress)
        elif last:
            self.progress = Progress(done, time.monotonic() - self.began, self.reporter.rows, self.recent)

    def _report(self, turn: Turn, done: int, lr: float) -> None:
        sums = [sum(values) for values in zip(*self.recent, strict=True)]
        loss, accuracy, usage = (value / len(self.recent) for value in sums[:3])
        work, runs = (value * self.fabric.world_size for value in sums[3:])
        before = self.reporter.rows[-1] if self.reporter.rows else None
        self.recent = []
        if not self.fabric.is_global_zero:
            return
        chooses = turn.round > 0 or (turn.network == "selector" and not turn.labels_only)
        result: ValidationResult = validate(
            self.estimator, self.selector, self.recipe.network, self.validation, self.table, chooses, self.fabric.device
        )
        images = sum(loader.batch_size for loader in self.loader.loaders.values())
        self.reporter.row(
            HistoryRow(
                step=done,
                round=turn.round,
                network=turn.network,
                images_seen=done * images,
                learning_rate=lr,
                loss=loss,
                accuracy=accuracy,
                usage=usage,
                validation_accuracy=result.accuracy,
                validation_mean_macs=result.mean_macs,
                validation_distinct=result.distinct,
                seconds=time.monotonic() - self.began,
                validation_by_task=" ".join(f"{t}={a:.4f}" for t, a in result.by_task.items()),
                image_runs=int(runs) + (before.image_runs if before else 0),
                training_macs=work + (before.training_macs if before else 0.0),
            )
        )
