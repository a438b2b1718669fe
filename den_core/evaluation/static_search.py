"""The best static structure per task, found within a budget of MACs on validation data.

Best is the lowest cross-entropy, every image counting equally, as in the accuracy that is reported. A search among many
structures on few images finds one that was lucky: what is no fixed level must lead the best so far by a standard error
of the difference (the one-standard-error rule).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from den_core.data.transforms import normalise
from den_core.errors import ConfigError
from den_core.evaluation.measuring import EvaluationSet
from den_core.inference.network import DeepElasticNetwork
from den_core.runtime.processes import gathered
from den_core.seeding import step_generator
from den_core.structures import uniform_structure, weighed

TRIALS = 40
"Random changes that the search tries within the own choice's MACs, and within a budget that somebody names."
FIRST_TRIED = 6
"How many of a pool's structures are tried first within a budget: the most expensive that fit."
BATCH = 128
"Images between two looks at whether a structure is still worth running."
A_STANDARD_ERROR = 1.0
"By how many of them a structure that is no fixed level must lead."
CLEARLY_WORSE = 3.0
"Standard errors by which a structure's loss must exceed the best one's for it to be dropped early."


@dataclass(frozen=True)
class Budget:
    """What one search may spend.

    Args:
        mean_macs: MACs per image of the structure, stem and head included.
        trials: random changes of the best structure to try; those that do not fit, or were tried before, count too.
        candidates: structures (n,) to try first, beside the pool.
    """

    mean_macs: float
    trials: int
    candidates: Sequence[Tensor] = ()


def best_statics(net: DeepElasticNetwork, data: EvaluationSet, budgets: Sequence[Budget], seed: int) -> list[Tensor]:
    """For every budget the structure (n,) of the lowest loss that was found on validation data, in their order.

    The smallest budget is searched first: all that was tried within it fits the next one too, where the search goes
    on from the best so far. So a larger budget is never worse on these images.

    Args:
        data: validation images of the task.
        seed: of the changes that are tried, and of the order of the images.

    Raises:
        ConfigError: a budget below the cheapest structure's MACs.
    """
    search = _Search(net, data, seed)
    found: dict[int, Tensor] = {}
    for place in sorted(range(len(budgets)), key=lambda i: budgets[i].mean_macs):
        found[place] = search.within(budgets[place], step_generator(seed, f"static/{data.task.name}", place))
    return [found[place] for place in range(len(budgets))]


def starting_structures(net: DeepElasticNetwork, data: EvaluationSet) -> list[Tensor]:
    """Where a search starts: fixed levels, and what the selector's mean over the images gives at any cost weight.

    Both the arithmetic and the geometric mean of C are taken. Most expensive first.
    """
    geometric = data.distribution.clamp_min(1e-12).log().mean(0, keepdim=True).softmax(-1)
    weights = torch.linspace(-80, 80, 1601)[:, None, None]
    found: set[tuple[int, ...]] = set()
    for mean in (geometric, data.distribution.mean(0, keepdim=True)):
        chosen = weighed(mean, net.table.relative_macs, weights).argmax(-1)
        found |= {tuple(z) for z in torch.unique(chosen, dim=0).tolist()}
    found |= {tuple(uniform_structure(1, net.num_blocks, level)[0].tolist()) for level in range(net.num_levels)}
    z = torch.tensor(sorted(found))
    return list(z[net.cost(z, data.task.name).macs.argsort(descending=True, stable=True)])


class _Search:
    """The best structure so far, the loss of every image under it, and what has been tried."""

    def __init__(self, net: DeepElasticNetwork, data: EvaluationSet, seed: int):
        self.net, self.data = net, data
        self.pool = starting_structures(net, data)
        order = torch.randperm(len(data.labels), generator=step_generator(seed, f"race/{data.task.name}", 0))
        self.batches = order.split(BATCH)
        self.levels = [uniform_structure(1, net.num_blocks, level)[0] for level in range(net.num_levels)]
        self.tried: set[tuple[int, ...]] = set()
        self.best: Tensor | None = None
        self.losses = torch.empty(0)

    def within(self, budget: Budget, generator: torch.Generator) -> Tensor:
        """Go on from the best so far, which fits, within a budget that does not shrink from call to call."""
        n, h = self.net.num_blocks, self.net.num_levels
        self._try(self._fitting(self.levels, budget), errors=0.0)
        self._try(self._fitting(budget.candidates, budget))
        self._try(self._fitting(self.pool, budget)[:FIRST_TRIED])
        if self.best is None:
            cheapest = int(self.net.cost(self.pool[-1][None], self.data.task.name).macs[0])
            raise ConfigError(f"expected a budget of at least {cheapest:,} MACs, found {budget.mean_macs:,.0f}")
        for _ in range(budget.trials):
            z = self.best.clone()
            for i in torch.randint(n, (2,), generator=generator):
                z[i] = int(torch.randint(h, (1,), generator=generator))
            self._try(self._fitting([z], budget))
        return self.best

    def _fitting(self, structures: Iterable[Tensor], budget: Budget) -> list[Tensor]:
        name = self.data.task.name
        return [z for z in structures if int(self.net.cost(z[None], name).macs[0]) <= budget.mean_macs]

    def _try(self, structures: Iterable[Tensor], errors: float = A_STANDARD_ERROR) -> None:
        """Keep what is better than the best so far by so many standard errors of the difference."""
        for z in structures:
            if tuple(z.tolist()) in self.tried:
                continue
            self.tried.add(tuple(z.tolist()))
            losses = self._race(z)
            if losses is not None and (self.best is None or clearly_positive(self.losses - losses, errors)):
                self.best, self.losses = z, losses

    def _race(self, z: Tensor) -> Tensor | None:
        """The loss of every image, (N,), or None as soon as it is clear that the mean will exceed the best one's."""
        losses = torch.empty(0)
        for batch in self.batches:
            losses = torch.cat([losses, self._losses(z, batch)])
            if self.best is not None and clearly_positive(losses - self.losses[: len(losses)], CLEARLY_WORSE):
                return None
        return losses

    def _losses(self, z: Tensor, rows: Tensor) -> Tensor:
        """Loss of some images under one structure, nats, (M,)."""
        task = self.data.task

        def run(part: slice) -> Tensor:
            x = normalise(self.data.images[rows[part].to(self.data.images.device)], task)
            return self.net.classify(x, task.name, z[None]).cpu()

        y = gathered(len(rows), run)
        return F.cross_entropy(y, self.data.labels[rows], reduction="none")


def clearly_positive(differences: Tensor, errors: float) -> bool:
    """Whether the mean of differences, (M,), is more than so many standard errors above 0."""
    error = float(differences.std()) / len(differences) ** 0.5 if len(differences) > 1 else float("inf")
    return float(differences.mean()) > (errors * error if errors else 0.0)
