"""The tasks that ship with the project, and tasks made from users' own images."""

from __future__ import annotations

import dataclasses

import numpy as np

from den_core.config import TaskConfig
from den_core.data.arrays import load_task
from den_core.data.sources import open_source

FASHION = TaskConfig(
    name="fashion",
    title="Fashion",
    source="open:fashion",
    size=32,
    content_size=28,
    background=0,
    grayscale=True,
    class_names=(
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ),
    mean=(0.2186, 0.2186, 0.2186),
    std=(0.3314, 0.3314, 0.3314),
)  # fmt: skip
EMOJI = TaskConfig(
    name="emoji",
    title="Emoji",
    source="open:emoji",
    size=64,
    content_size=64,
    class_names=(
        "Smileys & Emotion", "People & Body", "Animals & Nature", "Food & Drink",
        "Travel & Places", "Activities", "Objects", "Symbols",
    ),
    mean=(0.8161, 0.7688, 0.7232),
    std=(0.2864, 0.2923, 0.3439),
)  # fmt: skip
CLIPART = TaskConfig(
    name="clipart",
    title="Clip art",
    source="open:clipart",
    size=96,
    content_size=96,
    class_names=(
        "animals", "buildings", "computer", "flags", "food", "icons",
        "music", "people", "plants", "signs", "tools", "transportation",
    ),
    mean=(0.7919, 0.7637, 0.7326),
    std=(0.3391, 0.3502, 0.3802),
)  # fmt: skip
DIGITS = TaskConfig(
    name="digits",
    title="Digits",
    source="digits",
    size=32,
    content_size=32,
    background=0,
    grayscale=True,
    class_names=tuple("0123456789"),
    mean=(0.3128, 0.3128, 0.3128),
    std=(0.3573, 0.3573, 0.3573),
)

TASKS: dict[str, TaskConfig] = {task.name: task for task in (FASHION, EMOJI, CLIPART, DIGITS)}
"Means and standard deviations are those of the training split after `fit_image`, borders included."

SCENARIOS: dict[str, tuple[str, ...]] = {"open3": ("fashion", "emoji", "clipart"), "digits": ("digits",)}
"Tasks that are learned together, by name."


def task_from_source(name: str, source: str, size: int) -> TaskConfig:
    """A task on any data set: its classes, and statistics measured on its training split.

    Images keep their colours, fill the square as far as their shape allows and stand on white.

    Raises:
        ConfigError: a name, a size or a number of classes that no task can have.
        DataError: the training split is missing, malformed, or has an image that does not decode.
    """
    task = TaskConfig(
        name=name,
        source=source,
        size=size,
        content_size=size,
        class_names=open_source(source, "train").class_names,
    )
    mean, std = measure_statistics(load_task(task, "train").images)
    return dataclasses.replace(task, mean=mean, std=std)


def measure_statistics(images: np.ndarray) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Mean and standard deviation per channel, of values scaled to [0, 1], to four decimals.

    Args:
        images: uint8, (N, H, W, 3), N >= 1.

    A channel that never changes gets 1/255, so that dividing by it stays possible.
    """
    values = np.arange(256) / 255
    means, stds = [], []
    for channel in range(3):
        counts = sum(np.bincount(image[..., channel].ravel(), minlength=256) for image in images)
        shares = counts / counts.sum()
        mean = float(shares @ values)
        means.append(round(mean, 4))
        stds.append(round(max(float(shares @ (values - mean) ** 2) ** 0.5, 1 / 255), 4))
    return (means[0], means[1], means[2]), (stds[0], stds[1], stds[2])
