"""The classes of M2: the authors' fifty of ImageNet in ten tasks, and a seeded choice for other sets."""

from __future__ import annotations

import numpy as np

from den_core.errors import DataError

# fmt: off
M2_TASKS: tuple[tuple[str, ...], ...] = (
    ("n01978455", "n04493381", "n04548280", "n02979186", "n04081281"),
    ("n02123045", "n03461385", "n02704792", "n03393912", "n02120079"),
    ("n01829413", "n03888257", "n04371774", "n02100877", "n02837789"),
    ("n01770081", "n04515003", "n02102973", "n03662601", "n03532672"),
    ("n01685808", "n03825788", "n01739381", "n03692522", "n02356798"),
    ("n01667114", "n01751748", "n01740131", "n04525038", "n01753488"),
    ("n03018349", "n04344873", "n02168699", "n04149813", "n02951585"),
    ("n02442845", "n02777292", "n02834397", "n03325584", "n02481823"),
    ("n03218198", "n03791053", "n01697457", "n03991062", "n01819313"),
    ("n04070727", "n04467665", "n02229544", "n07802026", "n02110627"),
)
# fmt: on
"""Mini-ImageNet as Table 3 uses it: wnids, task by task, in the order of their labels 0 to 4.

The authors' repository has two such lists in its history. This is the one whose files are the 40,000 images for
training (800 per class) and 2,500 for testing (50 per class) that the paper gives.
"""


def m2_sources(folder: str = "") -> tuple[str, ...]:
    """Sources of the ten tasks, from an ImageNet-style folder; without one, from the default folder."""
    return tuple(f"imagenet:{folder}#{','.join(wnids)}" for wnids in M2_TASKS)


def draw_tasks(num_classes: int, tasks: int = 10, size: int = 5, seed: int = 0) -> tuple[tuple[int, ...], ...]:
    """Disjoint groups of classes of a set, by index, drawn without looking at the set: M2 from something else.

    Returns:
        `tasks` groups of `size` indices below `num_classes`, in drawn order; the same seed draws the same ones.

    Raises:
        DataError: the set has too few classes, or there is nothing to draw.
    """
    if tasks < 1 or size < 1 or tasks * size > num_classes:
        raise DataError(
            f"expected at least {max(tasks, 1)} x {max(size, 1)} classes to draw from, found {num_classes}; "
            "draw fewer tasks or classes"
        )
    drawn = np.random.default_rng(seed).permutation(num_classes)[: tasks * size].reshape(tasks, size)
    return tuple(tuple(group) for group in drawn.tolist())
