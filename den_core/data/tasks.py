"""The tasks that ship with the project, and tasks made from users' own images."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from den_core.config import TaskConfig
from den_core.data.arrays import load_task
from den_core.data.coarse import COARSE
from den_core.data.sources import open_source
from den_core.data.wnids import draw_tasks, m2_sources
from den_core.errors import ConfigError, unknown

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


@dataclass(frozen=True)
class PublishedTask:
    """A task on a set that others publish; its classes are read from the set.

    Args:
        source: as `open_source` takes it; without a folder, where `$DEN_DATA` says.
        size: pixels along one side.
        title: for people.
        mean, std: of the training images, per channel.
        image_of, crop_from: see `TaskConfig`.
    """

    source: str
    size: int
    title: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    image_of: str = ""
    crop_from: int = 0


CIFAR10 = ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
CIFAR100 = ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762))
TINY = ((0.4802, 0.4481, 0.3975), (0.2770, 0.2691, 0.2821))
STL10 = ((0.4467, 0.4398, 0.4066), (0.2603, 0.2566, 0.2713))
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

PUBLISHED: dict[str, PublishedTask] = {
    "cifar10": PublishedTask("cifar10:", 32, "CIFAR-10", *CIFAR10),
    "cifar100": PublishedTask("cifar100:", 32, "CIFAR-100", *CIFAR100),
    "coarse": PublishedTask("cifar100_coarse:", 32, "CIFAR-100, coarse", *CIFAR100, image_of="cifar100"),
    "tiny": PublishedTask("tiny_imagenet:", 64, "Tiny-ImageNet", *TINY),
    "stl10": PublishedTask("stl10:", 96, "STL-10", *STL10),
    "imagenette": PublishedTask("imagenette:", 96, "Imagenette", *IMAGENET),
}
"Table 1 of the paper, and a set of STL-10's size in its place."
PUBLISHED |= {
    # the paper scales to 256 pixels and cuts out 224; at 84 pixels as much of the image is seen
    f"m2_{size}_{i}": PublishedTask(source, size, f"Mini-ImageNet {i}", *IMAGENET, crop_from=size * 256 // 224)
    for size in (84, 224)
    for i, source in enumerate(m2_sources())
}
PUBLISHED |= {
    f"m2_tiny_{i}": PublishedTask(f"tiny_imagenet:#{','.join(map(str, classes))}", 64, f"Tiny-ImageNet {i}", *TINY)
    for i, classes in enumerate(draw_tasks(200))
}
PUBLISHED |= {
    "tiny_32": PublishedTask("tiny_imagenet:", 32, "Tiny-ImageNet at 32 pixels", *TINY),
    "stl10_32": PublishedTask("stl10:", 32, "STL-10 at 32 pixels", *STL10),
}
PUBLISHED |= {
    f"imagenette_{count}": PublishedTask(
        f"imagenette:?train={count}", 96, f"Imagenette, {count} images a class", *IMAGENET
    )
    for count in (50, 500)
}
PUBLISHED |= {
    f"coarse_{name}": PublishedTask(
        f"cifar100:#{','.join(map(str, classes))}", 32, name.replace("_", " ").capitalize(), *CIFAR100
    )
    for name, classes in COARSE.items()
}

SCENARIOS: dict[str, tuple[str, ...]] = {
    "open3": ("fashion", "emoji", "clipart"),
    "digits": ("digits",),
    "m1": ("cifar100", "tiny", "stl10"),
    "m1-imagenette": ("cifar100", "tiny", "imagenette"),
    "m1-32": ("cifar100", "tiny_32", "stl10_32"),
    "m1-few-50": ("cifar100", "tiny", "imagenette_50"),
    "m1-few-500": ("cifar100", "tiny", "imagenette_500"),
    "m2": tuple(f"m2_84_{i}" for i in range(10)),
    "m2-224": tuple(f"m2_224_{i}" for i in range(10)),
    "m2-tiny": tuple(f"m2_tiny_{i}" for i in range(10)),
    "m3": ("cifar100", "coarse"),
    "cifar100-20x5": tuple(f"coarse_{name}" for name in COARSE),
    "c1-cifar10": ("cifar10",),
    "c1-cifar100": ("cifar100",),
}
"Tasks that are learned together, by name: of TASKS and PUBLISHED."


def find_task(name: str) -> TaskConfig:
    """A task of TASKS or PUBLISHED.

    Raises:
        ConfigError: no such task.
        DataError: the set is not where it is expected; the message says what is missing.
    """
    if name in TASKS:
        return TASKS[name]
    if name not in PUBLISHED:
        raise ConfigError(unknown("tasks", name, [*TASKS, *PUBLISHED]))
    row = PUBLISHED[name]
    return TaskConfig(
        name=name,
        title=row.title,
        source=row.source,
        size=row.size,
        content_size=row.size,
        class_names=open_source(row.source, "train").class_names,
        mean=row.mean,
        std=row.std,
        background=0,
        image_of=row.image_of,
        crop_from=row.crop_from,
    )


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
        counts = np.sum([np.bincount(image[..., channel].ravel(), minlength=256) for image in images], axis=0)
        shares = counts / counts.sum()
        mean = float(shares @ values)
        means.append(round(mean, 4))
        stds.append(round(max(float(shares @ (values - mean) ** 2) ** 0.5, 1 / 255), 4))
    return (means[0], means[1], means[2]), (stds[0], stds[1], stds[2])
