"""What a compared method is: which networks it trains, how, and how they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from den_core.config import Recipe
from den_core.inference.network import DeepElasticNetwork
from den_core.policy import Policy
from den_core.structure_keys import structure_key
from den_core.structures import uniform_structure
from den_core.training.openings import ALGORITHM_1, Openings


@dataclass(frozen=True, kw_only=True)
class Training:
    """What a method's loop is opened for.

    Args:
        recipe: of the network.
        share: of the full MACs, that narrow networks have.
        teacher: the network that was trained before it; None where there is none, or where it is the one to train.
    """

    recipe: Recipe
    share: float
    teacher: DeepElasticNetwork | None = None


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method on the loop, the data and the evaluation that all of them share.

    Args:
        title: in tables.
        source: the paper that it is from; empty where it is nobody's.
        recipes: (recipe of a deep elastic network, share of its full MACs that narrow networks have) -> recipes of the
            networks to train, by name. Together they have every task once; methods that name a network alike share it.
        policy: how a trained network picks its structures.
        teacher: the recipe of a network that is trained before, from the deep elastic network's; None where none is.
        openings: of the training loop, for one of the recipes.
        prepare: what is done with a trained network before it answers, on validation images.
        rate: factor of all learning rates that a sweep of 0.5, 1 and 2 found best on validation images, for networks
            that start anew.
        cannot: what it expects of a recipe and does not find, for an error line; empty where it can be trained.
        pretrained: whether its networks have the shape that weights of a pretrained network fit.
    """

    title: str
    source: str
    recipes: Callable[[Recipe, float], dict[str, Recipe]]
    policy: Callable[[DeepElasticNetwork], Policy]
    teacher: Callable[[Recipe], Recipe] | None = None
    openings: Callable[[Training], Openings] = lambda training: ALGORITHM_1
    prepare: Callable[[DeepElasticNetwork], DeepElasticNetwork] = lambda net: net
    rate: float = 1.0
    cannot: Callable[[Recipe], str] = lambda recipe: ""
    pretrained: bool = False

    def lacks(self, recipe: Recipe) -> str:
        """What keeps it from being trained by a recipe; empty where nothing does."""
        if recipe.start and not self.pretrained:
            return "a recipe without a pretrained network"
        return self.cannot(recipe)


def one(name: str, change: Callable[[Recipe], Recipe]) -> Callable[[Recipe, float], dict[str, Recipe]]:
    """The recipes of a method with one network for all tasks, whatever the share."""
    return lambda base, share: {name: change(base)}


def at_levels(levels: Mapping[str, int], num_blocks: int) -> Policy:
    """Every image of a task in all blocks at the task's level; no selector runs."""
    keys = {task: structure_key(uniform_structure(1, num_blocks, level)[0]) for task, level in levels.items()}
    return Policy(static=keys, looks=False)


def in_full(net: DeepElasticNetwork) -> Policy:
    """Every image in full."""
    return at_levels(dict.fromkeys(net.tasks, net.num_levels - 1), net.num_blocks)
