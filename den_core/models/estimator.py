"""The estimator f(x; z, t): per-task stems and heads around shared elastic blocks."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from den_core.config import NetworkConfig
from den_core.errors import ConfigError, unknown
from den_core.models.backbones import backbone_of
from den_core.models.containers import ModuleDictOf, ModuleListOf
from den_core.models.dispatch import plan_dispatch, reorder_images
from den_core.models.stems import make_stems, run_together, xavier_start
from den_core.structures import check_structure


class Estimator(nn.Module):
    """The elastic backbone (Section 3 of the paper). The structure is an argument, never a state.

    Args:
        config: backbone and tasks.
    """

    def __init__(self, config: NetworkConfig):
        super().__init__()
        backbone, chosen = backbone_of(config.backbone), config.backbone
        self.num_levels = chosen.num_levels
        self.image_tasks = config.image_tasks
        self.stems, self.map_side = make_stems(config.tasks, backbone.stem, backbone.any_side)
        self.blocks = ModuleListOf(backbone.blocks(chosen.level_fractions, chosen.norm_statistics, self.map_side))
        self.heads = ModuleDictOf({t.name: backbone.head(i, t.num_classes) for i, t in enumerate(config.tasks)})
        xavier_start(self)

    @property
    def num_blocks(self) -> int:
        return len(self.blocks)

    def forward(
        self, images: dict[str, Tensor], structures: dict[str, Tensor], execution: str = "masked"
    ) -> dict[str, Tensor]:
        """Logits of a batch of every task; the shared blocks see all images whose maps have one size together.

        Args:
            images: by task that has images of its own, float (B_t, 3, size_t, size_t), normalised.
            structures: by the same, int64 (B_t, n).
            execution: "masked" computes all channels and masks; "dispatched" computes what each image's levels need.
                Both give the same values and gradients to floating-point tolerance, in training too, if the running
                statistics are kept per level; shared ones need the whole batch, and "masked", to train.

        Returns:
            By task, those with the images of another included, (B_t, classes_t).

        Raises:
            StructureError: a structure of another shape or with a level out of range.
            ConfigError: another execution.
        """
        for z in structures.values():
            check_structure(z, self.num_blocks, self.num_levels)
        runs = {"masked": self._run_masked, "dispatched": self._run_dispatched}
        if execution not in runs:
            raise ConfigError(unknown("executions", execution, runs))
        maps = {task: self.stems[task](batch) for task, batch in images.items()}
        parts = run_together(maps, lambda tasks, x: runs[execution](x, torch.cat([structures[t] for t in tasks])))
        answers = [(task, parts[shown]) for task, shown in self.image_tasks.items() if shown in parts]
        return {task: self.heads[task](part).float() for task, part in answers}

    def _run_masked(self, x: Tensor, z: Tensor) -> Tensor:
        for block, levels in zip(self.blocks, z.unbind(1), strict=True):
            x = block(x, levels)
        return x

    def _run_dispatched(self, x: Tensor, z: Tensor) -> Tensor:
        plan = plan_dispatch(z)
        for block, step in zip(self.blocks, plan.blocks, strict=True):
            x = block.forward_runs(reorder_images(x, step.reorder), step.runs)
        return reorder_images(x, plan.restore)

    def classify(self, x: Tensor, z: Tensor, task: str, execution: str = "masked") -> Tensor:
        """`forward` for one task: (B, 3, size, size), (B, n) -> logits (B, classes)."""
        shown = self.image_tasks[task]
        return self({shown: x}, {shown: z}, execution)[task]
