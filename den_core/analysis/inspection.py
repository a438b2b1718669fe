"""One image through a network: the structure it chooses, what it predicts, what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from PIL import Image

from den_core.structure_keys import structure_key

if TYPE_CHECKING:
    from den_core.inference.choice import Choice
    from den_core.inference.network import DeepElasticNetwork

ImageLike = bytes | str | Path | Image.Image | np.ndarray
"What `decode_image` takes: encoded bytes, a path, a PIL image or a uint8 array."


@dataclass(frozen=True)
class Inspection:
    """What a network does with one image of one task."""

    task: str
    distribution: np.ndarray
    "Model distribution C, float32 (n, h)."
    levels: tuple[int, ...]
    "The chosen level of every block."
    structure: str
    "The same as text, one digit per block."
    predictions: pd.DataFrame
    "class_name, probability; the most probable classes first."
    costs: pd.DataFrame
    "macs, params (int64) of: structure (stem, blocks, head; 0 where the answer is early), selector, total, full "
    "(which needs no selector)."
    early: bool = False
    "Whether the selector's head answered and the estimator did not run; `structure` is then what would have run."
    head_probability: float | None = None
    "That the selector's head is right, calibrated; None of a network whose head answers nothing."
    head_predictions: pd.DataFrame | None = None
    "What the selector's head says of the most probable classes; None without a head."

    @property
    def share_of_full(self) -> float:
        """MACs with the selector, divided by the MACs of the full model, which needs none."""
        return float(self.costs.loc["total", "macs"] / self.costs.loc["full", "macs"])


def network_input(net: DeepElasticNetwork, image: ImageLike | torch.Tensor, task: str) -> torch.Tensor:
    """One image as an input of a task, (1, 3, size, size); a tensor is taken as what `net.preprocess` made before."""
    return image if isinstance(image, torch.Tensor) else net.preprocess([image], task=task)


def inspect_image(
    net: DeepElasticNetwork,
    image: ImageLike | torch.Tensor,
    task: str,
    cost_weight: float = 0.0,
    top: int = 5,
) -> Inspection:
    """Choose a structure for one image, run it, and count its cost.

    Args:
        image: anything that `net.preprocess` takes, bytes of an encoded image included; or what it made of one image.
        cost_weight: 0 takes the most probable levels; more trades accuracy for MACs.
        top: how many classes to name.

    Raises:
        ImageError: the image cannot be read.
    """
    x = network_input(net, image, task)
    found = net.answer(x, task, cost_weight)
    look, z = found.look, found.structure.cpu()
    assert look is not None  # a cost weight always looks
    C, head = look.distribution[0].float().cpu().numpy(), look.class_logits
    return Inspection(
        task=task,
        distribution=C,
        levels=tuple(z[0].tolist()),
        structure=structure_key(z[0]),
        predictions=_top(net, task, found.logits, top),
        costs=_costs(net, found, task),
        early=bool(found.early[0]),
        head_probability=None if net.early_rule is None else float(net.head_probability(look, task)[0]),
        head_predictions=None if head is None else _top(net, task, head, top),
    )


def _top(net: DeepElasticNetwork, task: str, logits: torch.Tensor, top: int) -> pd.DataFrame:
    probabilities = logits[0].float().softmax(0).cpu().numpy()
    named = pd.DataFrame({"class_name": net.task(task).class_names, "probability": probabilities})
    return named.nlargest(top, "probability").reset_index(drop=True)


def _costs(net: DeepElasticNetwork, found: Choice, task: str) -> pd.DataFrame:
    cost, full = net.cost(found.structure, task, found.early), net.full_cost(task=task)
    parts = {
        "structure": (cost.macs, cost.params),
        "selector": (cost.total_macs - cost.macs, cost.total_params - cost.params),
        "total": (cost.total_macs, cost.total_params),
        "full": (full.macs, full.params),
    }
    return pd.DataFrame(
        {name: {"macs": int(macs[0]), "params": int(params[0])} for name, (macs, params) in parts.items()}
    ).T
