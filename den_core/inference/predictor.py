"""Answers for lists of images of any tasks and sizes: what a service calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from den_core.errors import ConfigError
from den_core.inference.network import DeepElasticNetwork, load
from den_core.policy import Policy
from den_core.structure_keys import structure_key


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a network says of one image.

    Args:
        task, class_name, confidence: of the answer; the confidence is its probability.
        probabilities: of all classes of the task, in the order of its `class_names`.
        distribution: C, over the levels of every block, float32 (n, h); None where the selector did not run.
        structure: that ran, one digit per block; of an early answer, that would have run.
        early: whether the selector's head answered and the estimator did not run.
        macs: of everything that ran.
        share: of the full model's MACs.
    """

    task: str
    class_name: str
    confidence: float
    probabilities: tuple[float, ...]
    distribution: np.ndarray | None
    structure: str
    early: bool
    macs: int
    share: float


class Predictor:
    """A network as a service: it holds nothing between calls, so that threads may share one.

    Args:
        net: the network.
        cost_weight: as `DeepElasticNetwork.choose` takes it; 0 is the network's own choice.
        batch: the most images that run together, which bounds the memory of a call.
        policy: another way to pick than a cost weight, which is then not looked at.
    """

    def __init__(
        self, net: DeepElasticNetwork, cost_weight: float = 0.0, batch: int = 64, policy: Policy | None = None
    ):
        if batch < 1:
            raise ConfigError(f"expected a batch of at least one image, found {batch}")
        self.net, self.batch, self.policy = net, batch, policy or Policy(cost_weight)

    @classmethod
    def load(cls, folder: Path | str, budget: float | None = None, batch: int = 64, device: str = "cpu") -> Predictor:
        """A checkpoint as a service.

        Args:
            budget: share of the full model's MACs to spend at most, on average; None takes the network's own choice.

        Raises:
            CheckpointError: as `network.load`.
            ConfigError: a budget out of reach, or of a checkpoint without calibration.
        """
        net = load(folder, device)
        if budget is None:
            return cls(net, batch=batch)
        if net.calibration is None:
            raise ConfigError(
                f"expected a calibration in {folder}, found none; `den evaluate {folder} --write` makes it"
            )
        return cls(net, batch=batch, policy=net.calibration.within(budget))

    def __call__(self, images: Sequence[Any], tasks: str | Sequence[str]) -> list[Prediction]:
        """Predictions for images, in their order.

        Args:
            images: each a PIL image, a path, encoded bytes or a uint8 array, of any size.
            tasks: one for all images, or one for each.

        Raises:
            ImageError: one of the images cannot be read.
            ConfigError: no such task, or not as many tasks as images.
        """
        named = [tasks] * len(images) if isinstance(tasks, str) else list(tasks)
        if len(named) != len(images):
            raise ConfigError(f"expected a task for each of {len(images)} images, found {len(named)}")
        found: dict[int, Prediction] = {}
        for task in dict.fromkeys(named):
            rows = [i for i, name in enumerate(named) if name == task]
            for start in range(0, len(rows), self.batch):
                part = rows[start : start + self.batch]
                x = self.net.preprocess([images[i] for i in part], task)
                for i, prediction in zip(part, self.predict(x, task), strict=True):
                    found[i] = prediction
        return [found[i] for i in range(len(images))]

    def predict(self, x: Tensor, task: str) -> list[Prediction]:
        """Predictions for prepared images of one task, (B, 3, size, size)."""
        found = self.net.answer(x, task, policy=self.policy)
        probabilities = found.logits.softmax(1).cpu()
        C = [None] * len(x) if found.look is None else list(found.look.distribution.float().cpu().numpy())
        full, names = int(self.net.full_cost(task).macs[0]), self.net.task(task).class_names
        return [
            Prediction(
                task=task,
                class_name=names[int(p.argmax())],
                confidence=float(p.max()),
                probabilities=tuple(p.tolist()),
                distribution=c,
                structure=structure_key(levels),
                early=early,
                macs=m,
                share=m / full,
            )
            for p, c, levels, early, m in zip(
                probabilities, C, found.structure.cpu(), found.early.tolist(), found.total_macs.tolist(), strict=True
            )
        ]
