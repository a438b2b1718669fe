"""A recipe before its tasks are looked up: published data sets need not be there to list it or to replace them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from den_core.config import BackboneConfig, NetworkConfig, Recipe, SelectorConfig, TaskConfig, TrainingConfig
from den_core.data.tasks import SCENARIOS, find_task
from den_core.models.registry import find_backbone
from den_core.recipes.starts import enlarged, prepared


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table of recipes."""

    description: str
    scenario: str
    "Which tasks, by their name in SCENARIOS."
    backbone: str
    training: TrainingConfig
    "Its batch sizes are of the scenario's tasks, or one for all."
    selector: SelectorConfig = SelectorConfig()
    start: str = ""
    "A pretrained network, see `Recipe.start`, of which the backbone is."
    level_fractions: tuple[float, ...] = ()
    "Of the backbone's blocks; the paper's for it if empty."

    def recipe(self, name: str, tasks: tuple[TaskConfig, ...] = (), backbone: str = "") -> Recipe:
        """The recipe.

        Args:
            backbone: another than the row's.
            tasks: other tasks than the scenario's; a step then has as many images as before, shared out evenly.

        Raises:
            DataError: a published set of the scenario is not where it is expected.
        """
        training, sizes = self.training, self.training.batch_size
        if tasks and isinstance(sizes, dict):
            training = dataclasses.replace(training, batch_size=max(1, sum(sizes.values()) // len(tasks)))
        start = self.start if backbone in ("", self.backbone) else ""
        if not tasks:
            tasks = tuple(find_task(task) for task in SCENARIOS[self.scenario])
            tasks = tuple(enlarged(task) for task in tasks) if start else tasks
        if start:
            tasks = tuple(prepared(task, start) for task in tasks)
        levels = paper_levels(backbone or self.backbone)
        if self.level_fractions:
            levels = dataclasses.replace(levels, level_fractions=self.level_fractions)
        network = NetworkConfig(backbone=levels, tasks=tasks, selector=self.selector)
        return Recipe(name=name, description=self.description, network=network, training=training, start=start)


def paper_levels(backbone: str) -> BackboneConfig:
    """A backbone with the levels that the paper gives it. ConfigError with similar names."""
    return BackboneConfig(name=backbone, level_fractions=find_backbone(backbone).level_fractions)
