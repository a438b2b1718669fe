"""What the dial costs: from a wished share of the full model's MACs to the cost weight that spends it.

Measured on validation images once and kept with the checkpoint, so that one network serves every budget without
training and without images at hand.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from den_core.errors import CheckpointError, ConfigError
from den_core.runtime.files import write_atomically

FILE = "calibration.json"


@dataclass(frozen=True)
class Calibration:
    """Cost weights, falling, and the mean share of the full model's MACs that they spend, rising.

    Args:
        cost_weights: as `DeepElasticNetwork.choose` takes them.
        shares: selector included, mean over tasks; they can exceed 1 by the selector's own.
        images: validation images that it was measured on.
    """

    cost_weights: tuple[float, ...]
    shares: tuple[float, ...]
    images: int

    def cost_weight(self, share: float) -> float:
        """The cost weight that spends a share of the full model's MACs, selector included, on average over tasks.

        Raises:
            ConfigError: a share that the dial does not reach; the message names what it reaches.
        """
        low, high = self.shares[0], self.shares[-1]
        if not low <= share <= high:
            raise ConfigError(
                f"expected a budget from {low:.3f} to {high:.3f} of the full model's MACs, which is what the choices "
                f"of this network reach with the selector included, found {share:g}"
            )
        return float(np.interp(share, self.shares, self.cost_weights))


def write_calibration(folder: Path, calibration: Calibration) -> None:
    """Put a calibration into a checkpoint's folder."""
    write_atomically(folder / FILE, (json.dumps(asdict(calibration), indent=1) + "\n").encode())


def read_calibration(folder: Path) -> Calibration | None:
    """The calibration of a checkpoint's folder, or None where it has none. CheckpointError if it is damaged."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text())
        made = Calibration(
            tuple(map(float, found["cost_weights"])), tuple(map(float, found["shares"])), int(found["images"])
        )
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{path} is damaged ({error}); `den evaluate {path.parent} --write` makes it again"
        ) from error
    rising = all(a < b for a, b in pairwise(made.shares))
    if not rising or len(made.shares) != len(made.cost_weights) or len(made.shares) < 2:
        raise CheckpointError(
            f"{path}: expected a cost weight for each of several rising shares; `den evaluate {path.parent} --write`"
        )
    return made
