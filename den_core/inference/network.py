"""A trained deep elastic network, ready to answer: from images to a structure, a prediction and its cost."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub import ModelHubMixin, snapshot_download
from torch import Tensor, nn

from den_core.checkpoints.folder import CONFIG, CheckpointInfo, read_config
from den_core.checkpoints.weights import load_weights, save_checkpoint
from den_core.config import NetworkConfig, TaskConfig
from den_core.data.images import decode_image, fit_image
from den_core.data.transforms import normalise
from den_core.errors import CheckpointError, ConfigError, unknown
from den_core.inference.calibration import Calibration, read_calibration, write_calibration
from den_core.inference.choice import Answer, Choice, drawn_to
from den_core.inference.early import EarlyRule
from den_core.models.accounting import Cost, cost_table
from den_core.models.estimator import Estimator
from den_core.models.selector import Selector
from den_core.models.static import ExtractedNetwork, Look, StaticEstimator, StaticSelector
from den_core.policy import NEVER, OWN, Policy
from den_core.runtime.devices import check_device
from den_core.structures import check_structure, full_structure, weighed

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
"Number types in which a network can run."


class DeepElasticNetwork(ModelHubMixin):
    """Estimator and selector for inference. It holds no state between calls, so that threads may share it.

    Args:
        estimator, selector: trained networks of one configuration; they are put into evaluation mode.
        info: their configuration and where they come from.
        device: where to compute.
        precision: "float32", or "bfloat16" to run faster and less exactly where the hardware has it.
        calibration: when its head answers early, and the stops of its dial; None for a network without either.
    """

    def __init__(
        self,
        estimator: Estimator,
        selector: Selector,
        info: CheckpointInfo,
        device: str = "cpu",
        precision: str = "float32",
        calibration: Calibration | None = None,
    ):
        if precision not in PRECISIONS:
            raise ConfigError(unknown("precisions", precision, PRECISIONS))
        self.info, self.calibration = info, calibration
        self.device, self.dtype = torch.device(device), PRECISIONS[precision]
        self.estimator = estimator.to(self.device).eval().requires_grad_(False)
        self.selector = selector.to(self.device).eval().requires_grad_(False)
        self.table = cost_table(estimator, selector)
        self._static_estimator = StaticEstimator(self.estimator).to(self.dtype).fuse()
        self._static_selector = StaticSelector(self.selector).to(self.dtype).fuse()

    @property
    def config(self) -> NetworkConfig:
        return self.info.network

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks, in the order of the configuration."""
        return tuple(task.name for task in self.config.tasks)

    @property
    def num_blocks(self) -> int:
        return self.estimator.num_blocks

    @property
    def num_levels(self) -> int:
        return self.estimator.num_levels

    @property
    def has_head(self) -> bool:
        """Whether the selector has a head that can answer."""
        return self.selector.classifiers is not None

    @property
    def early_rule(self) -> EarlyRule | None:
        """When the head answers; None where it never does."""
        return None if self.calibration is None or not self.has_head else self.calibration.early

    def calibrated(self, calibration: Calibration | None) -> DeepElasticNetwork:
        """The same network, its weights shared, under another calibration."""
        other = copy.copy(self)
        other.calibration = calibration
        return other

    @property
    def num_features(self) -> int:
        """D, the width of `features`."""
        return next(iter(self.estimator.heads.values())).linear.in_features

    def task(self, name: str) -> TaskConfig:
        """The task of that name. ConfigError with the names there are."""
        return self.config.task(name)

    def preprocess(self, images: Any, task: str) -> Tensor:
        """Any images as an input of a task.

        Args:
            images: one or several of: a PIL image, a path, encoded bytes, a uint8 array (H, W), (H, W, 3) or (H, W, 4).

        Returns:
            float32, (B, 3, size, size).

        Raises:
            ImageError: one of them cannot be read, or is too large.
            ConfigError: no such task.
        """
        config = self.task(task)
        if isinstance(images, (str, bytes, Path, np.ndarray)) or not isinstance(images, Iterable):
            images = [images]
        fitted = np.stack([fit_image(decode_image(image), config) for image in images])
        return normalise(torch.from_numpy(fitted).to(self.device), config)

    def model_distribution(self, x: Tensor, task: str) -> Tensor:
        """C: for every image and block a distribution over levels, (B, n, h) (Eq. 3)."""
        return self.look(x, task).distribution

    def look(self, x: Tensor, task: str) -> Look:
        """Everything that the selector says of images of a task, (B, 3, size, size)."""
        self._check_input(x, task)
        with torch.inference_mode():
            return self._static_selector.look(x.to(self.device), task)

    def answer(
        self, x: Tensor, task: str, cost_weight: float = 0.0, threshold: float | None = None,
        policy: Policy | None = None,
    ) -> Answer:  # fmt: skip
        """The whole choice and its answers: images that the head answers early leave the batch.

        Args:
            x: (B, 3, size, size), from `preprocess`.
            cost_weight: as `choose` takes it.
            threshold: probability of being right that the head must exceed to answer, in [0, 1]; 1 turns early answers
                off; None takes the network's own rule, which a calibration holds.
            policy: both in one, or a stop of the dial (`calibration.within`); the other two are then not looked at.

        Raises:
            ConfigError: no such task, a cost weight that is not finite, a threshold outside [0, 1], or early answers
                asked of a network that has no head or no calibration for it.
        """
        policy = policy or Policy(cost_weight, threshold)
        look = self.look(x, task) if policy.looks else None
        choice = self.decide(look, task, policy, len(x))
        return self.run(x, task, choice, look)

    def run(self, x: Tensor, task: str, choice: Choice, look: Look | None) -> Answer:
        """The answers of images (B, 3, size, size) under a choice, from which images that are answered early leave.

        Args:
            look: what the selector said; needed where an answer is early.
        """
        cost = self.cost(choice.structure, task, choice.early)
        early = choice.early.to(self.device)
        if not early.any():
            logits = self.classify(x, task, choice.structure)
        else:
            assert look is not None and look.class_logits is not None  # or there is no early answer
            logits = look.class_logits.float().clone()
            late = (~early).nonzero().squeeze(1)
            if len(late):
                logits[late] = self.classify(x.to(self.device)[late], task, choice.structure.to(self.device)[late])
        return Answer(choice.structure, choice.early, logits, cost.total_macs if look else cost.macs, look)

    def decide(self, look: Look | None, task: str, policy: Policy = OWN, images: int = 0) -> Choice:
        """Structures and early answers under a policy; nothing is run.

        Args:
            look: what the selector said of B images; None for a policy that does not look.
            images: B, where `look` is None.

        Raises:
            ConfigError: as `answer`.
        """
        if look is None:
            static = self._static(policy, task)
            return Choice(static.expand(images, -1), torch.zeros(images, dtype=torch.bool))
        C = look.distribution
        if policy.pull:
            C = drawn_to(C, self._static(policy, task).to(C.device), policy.pull)
        return Choice(self.choose(C, policy.cost_weight), self._answers_early(look, task, policy))

    def _static(self, policy: Policy, task: str) -> Tensor:
        return torch.from_numpy(policy.levels_of(task, self.num_blocks, self.num_levels))

    def _answers_early(self, look: Look, task: str, policy: Policy) -> Tensor:
        rule, asked = self.early_rule, policy.threshold is not None and policy.threshold < NEVER
        if asked and rule is None:
            lacks = "calibration of early answers" if self.has_head else "auxiliary head in the selector"
            do = "`den evaluate CHECKPOINT --write` makes it" if self.has_head else "train with selector.auxiliary"
            raise ConfigError(f"expected a network with a {lacks} for a threshold, found none; {do}")
        if rule is None:
            return torch.zeros(len(look.distribution), dtype=torch.bool, device=look.distribution.device)
        threshold = rule.threshold_at(task, policy.cost_weight) if policy.threshold is None else policy.threshold
        return self.head_probability(look, task) > threshold

    def head_probability(self, look: Look, task: str) -> Tensor:
        """The calibrated probability that the head is right, float64 (B,); of a network with an early rule."""
        assert self.early_rule is not None and look.class_logits is not None
        return self.early_rule.confidence[self.task(task).name].probability(look.class_logits)

    def choose(self, C: Tensor, cost_weight: float = 0.0) -> Tensor:
        """The structure for every image: per block the level with the largest log C - cost_weight · relative MACs.

        Args:
            C: (B, n, h).
            cost_weight: nats per full block's MACs. 0 takes the most probable level of every block, as the paper does;
                more saves MACs, less than 0 spends them.

        Returns:
            int64, (B, n).
        """
        if not np.isfinite(cost_weight):
            raise ConfigError(f"expected a finite cost weight, found {cost_weight}")
        return weighed(C, self.table.relative_macs, cost_weight).argmax(-1)

    def classify(self, x: Tensor, task: str, structure: Tensor | None = None) -> Tensor:
        """Logits of images, each run through its own structure and doing no more work than that.

        Args:
            x: (B, 3, size, size), from `preprocess`.
            structure: int64, (B, n); None takes the selector's choice.

        Returns:
            (B, classes).

        Raises:
            StructureError: a structure of another shape or with a level out of range.
        """
        self._check_input(x, task)
        if structure is None:
            structure = self.choose(self.model_distribution(x, task))
        if len(structure) == 1 and len(x) > 1:
            structure = structure.expand(len(x), -1)
        with torch.inference_mode():
            return self._static_estimator(x.to(self.device), structure.to(self.device), task)

    def features(self, x: Tensor, task: str, structure: Tensor) -> Tensor:
        """What the task's linear layer sees of images under structures (B, n): float32 (B, D), not negative.

        Raises:
            StructureError: a structure of another shape or with a level out of range.
        """
        self._check_input(x, task)
        with torch.inference_mode():
            return self._static_estimator.features(x.to(self.device), structure.to(self.device), task)

    def cost(self, z: Tensor, task: str, early: Tensor | None = None) -> Cost:
        """MACs and parameters of structures (B, n), without and with the selector.

        Args:
            early: which of the images the selector's head answers, bool (B,): there the estimator does not run.
        """
        self.task(task)
        check_structure(z, self.num_blocks, self.num_levels)
        return self.table.cost(z, task, early)

    def full_cost(self, task: str) -> Cost:
        """Cost of the full model, (1,). It needs no selector: compare others' totals with its `macs`."""
        return self.cost(full_structure(1, self.num_blocks, self.num_levels), task)

    def extract(self, z: Tensor, task: str) -> nn.Module:
        """One structure (n,) of one task as a plain torch module: (B, 3, size, size) -> the same logits."""
        self.task(task)
        return ExtractedNetwork(self.estimator, z.to(self.device), task)

    def _check_input(self, x: Tensor, task: str) -> None:
        size = self.task(task).size
        if x.dim() != 4 or tuple(x.shape[1:]) != (3, size, size):
            raise ConfigError(
                f"expected images of shape (B, 3, {size}, {size}) for task {task}, found {tuple(x.shape)}; "
                "call preprocess first"
            )

    # --- huggingface_hub's mixin: save_pretrained, from_pretrained, push_to_hub

    def _save_pretrained(self, save_directory: Path) -> None:
        save_checkpoint(save_directory, self.info, {"estimator": self.estimator, "selector": self.selector}, half=False)
        if self.calibration is not None:
            write_calibration(save_directory, self.calibration)

    @classmethod
    def _from_pretrained(cls, *, model_id: str, revision=None, cache_dir=None, force_download=False, token=None,
                         local_files_only=False, device: str = "cpu", **_) -> DeepElasticNetwork:  # fmt: skip
        folder = Path(model_id)
        if not folder.is_dir():
            folder = Path(
                snapshot_download(
                    model_id, revision=revision, cache_dir=cache_dir, force_download=force_download, token=token,
                    local_files_only=local_files_only, allow_patterns=["*.json", "*.safetensors", "*.csv"],
                )
            )  # fmt: skip
        return load(folder, device)


def load(folder: Path | str, device: str = "cpu", precision: str = "float32") -> DeepElasticNetwork:
    """The network of a checkpoint folder, in evaluation mode. Nothing is unpickled.

    Args:
        device: where to compute, as torch names it.
        precision: of PRECISIONS.

    Raises:
        CheckpointError: the folder is missing, incomplete, from a newer schema, or its tensors do not fit.
        ConfigError: a device that is not there, or no such precision.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CheckpointError(f"expected a checkpoint folder at {folder}, found none; `den train` makes one")
    check_device(device)
    info = read_config(folder)
    try:
        with torch.device("meta"):
            estimator, selector = Estimator(info.network), Selector(info.network)
    except ConfigError as error:
        raise CheckpointError(f"{folder / CONFIG}: {error}") from error
    estimator, selector = estimator.to_empty(device="cpu"), selector.to_empty(device="cpu")
    load_weights(folder, {"estimator": estimator, "selector": selector})
    return DeepElasticNetwork(estimator, selector, info, device, precision, read_calibration(folder))
