"""Policies: how a network picks structures and early answers, as the stops of a dial name it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from den_core.errors import ConfigError
from den_core.fields import Range, check_fields
from den_core.structure_keys import structure_levels

NEVER = 1.0
"The threshold that no probability exceeds."


def threshold_at(threshold: float, fall: float, cost_weight: float) -> float:
    """What the head's probability of being right must exceed at a cost weight, in [0, 1].

    Args:
        threshold: at cost weight 0.
        fall: by how much it falls per unit of cost weight.
    """
    return min(max(threshold - fall * cost_weight, 0.0), NEVER)


@dataclass(frozen=True)
class Policy:
    """How structures and early answers are picked. The default is the network's own choice.

    Args:
        cost_weight: nats per full block's MACs, see `DeepElasticNetwork.choose`.
        threshold: of early answers, in [0, 1]: the probability of being right that the selector's head must exceed to
            answer; 1 turns them off; None takes what the network's own rule has at the cost weight.
        static: a structure by task, one digit per block.
        pull: nats by which every block's level in `static` is favoured: the choice is drawn towards it.
        looks: False runs `static` as it is: no selector runs, so that none is paid for, and nothing is answered early.
    """

    cost_weight: Annotated[float, Range(-math.inf, above=True)] = 0.0
    threshold: Annotated[float, Range(-math.inf, above=True)] | None = None
    static: dict[str, str] | None = None
    pull: Annotated[float, Range(0)] = 0.0
    looks: bool = True

    def __post_init__(self) -> None:
        check_fields(self)
        if self.threshold is not None:
            _check_threshold(self.threshold)
        if self.static is None and (self.pull or not self.looks):
            raise ConfigError(
                "expected static structures for a policy with a pull, or one that does not look; give static"
            )

    @property
    def words(self) -> str:
        """For people, such as "own choice at cost weight 3.1"."""
        if not self.looks:
            return "static structure"
        picked = f"choice drawn to a static structure by {self.pull:g} nats" if self.pull else "own choice"
        return f"{picked} at cost weight {self.cost_weight:.3g}" if self.cost_weight else picked

    def levels_of(self, task: str, num_blocks: int, num_levels: int) -> np.ndarray:
        """Its static structure of a task: int64 (n,).

        Raises:
            ConfigError: it has none for the task.
            StructureError: a structure that does not fit the network.
        """
        found = (self.static or {}).get(task)
        if found is None:
            known = ", ".join(sorted(self.static or {})) or "none"
            raise ConfigError(f"expected a static structure for task {task}, found {known}")
        return structure_levels([found], num_blocks, num_levels)[0].astype(np.int64)


def _check_threshold(threshold: float) -> None:
    if not 0 <= threshold <= 1:
        raise ConfigError(
            f"expected a threshold of early answers from 0 to 1, found {threshold:g}; it is the probability of being "
            "right that the head must exceed, and 1 turns early answers off"
        )


OWN = Policy()
"The network's own choice."
