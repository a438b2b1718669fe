"""The paper's own systems: every backbone and scenario of its tables, by our training and by its own.

A row says which tasks a network learns, on which backbone, and for how long. What differs from task to task – sizes,
classes, means – stands in `data/tasks.py`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from den_core.config import SelectorConfig, TrainingConfig
from den_core.recipes.row import Row
from den_core.recipes.training import TEMPERATURE, fast_selector, fast_training, paper_training, scaled


@dataclass(frozen=True, kw_only=True)
class System:
    """A network of the paper's tables, or a smaller one on the same tasks."""

    title: str
    scenario: str
    backbone: str
    steps: int
    "Of our first turn; the other turns keep their proportion to it."
    batch: int = 32
    "Images of every task in a step of our training, each of which runs twice."
    paper_batch: int = 128
    "The same in the paper's training, where each runs once."
    paper_backbone: str = ""
    "Of the paper's training, where its selector is another; the same if empty."
    cropped: bool = True
    "Whether images are cropped at random; the paper does not crop Mini-ImageNet so."
    turned: bool = True
    "Whether images are turned, zoomed and painted over in our training; not in one that sees each a few times only."

    def rows(self, name: str) -> dict[str, Row]:
        """Our training under the system's name, and the paper's under NAME-paper."""
        ours = Row(
            description=self.title,
            scenario=self.scenario,
            backbone=self.backbone,
            training=self.fast(),
            selector=fast_selector(TEMPERATURE),
        )
        paper = dataclasses.replace(
            ours,
            description=f"{self.title}, with the paper's hyper-parameters",
            backbone=self.paper_backbone or self.backbone,
            training=dataclasses.replace(
                paper_training(), batch_size=self.paper_batch, crop_pixels=4 if self.cropped else 0, crop_padding=0.0
            ),
            selector=SelectorConfig(),
        )
        return {name: ours, f"{name}-paper": paper}

    def fast(self) -> TrainingConfig:
        """`fast_training`, as long as this system needs it."""
        made = dataclasses.replace(
            scaled(fast_training(), self.steps),
            batch_size=self.batch,
            crop_padding=0.125 if self.cropped else 0.0,
            class_balanced=False,
        )
        return made if self.turned else dataclasses.replace(made, rotation=0.0, zoom=0.0, erase=0.0)


SYSTEMS = {
    # Table 2: three image sizes
    "m1-wrn32-4": System(title="M1 on WRN-32-4", scenario="m1", backbone="wrn-32-4", steps=24_000),
    "m1-resnet42": System(title="M1 on ResNet-42", scenario="m1", backbone="resnet-42", steps=24_000),
    "m1-wrn20-2": System(
        title="M1 on WRN-20-2, for CPUs", scenario="m1", backbone="wrn-20-2", steps=12_000, batch=16, turned=False
    ),
    "m1-imagenette-wrn32-4": System(
        title="M1 with Imagenette for STL-10, on WRN-32-4", scenario="m1-imagenette", backbone="wrn-32-4", steps=24_000
    ),
    "m1-imagenette-wrn20-2": System(
        title="M1 with Imagenette for STL-10, on WRN-20-2, for CPUs",
        scenario="m1-imagenette",
        backbone="wrn-20-2",
        steps=12_000,
        batch=16,
        turned=False,
    ),
    "m1-32-wrn32-4": System(
        title="M1 with all images at 32 pixels (Figure 3), on WRN-32-4",
        scenario="m1-32",
        backbone="wrn-32-4",
        steps=24_000,
    ),
    **{
        f"m1-few-{count}": System(
            title=f"M1 with {count} images a class of Imagenette for STL-10, on WRN-14-1",
            scenario=f"m1-few-{count}",
            backbone="wrn-14-1",
            steps=6_000,
            batch=16,
            turned=False,
        )
        for count in (50, 500)
    },
    # Table 3: ten tasks of five labels
    "m2-simpleconvnet": System(
        title="M2 on SimpleConvNet at 84 pixels",
        scenario="m2",
        backbone="simple-convnet",
        steps=12_000,
        batch=16,
        paper_batch=26,
        paper_backbone="simple-convnet-0.4m-selector",
        cropped=False,
    ),
    "m2-simpleconvnet-224": System(
        title="M2 on SimpleConvNet at 224 pixels",
        scenario="m2-224",
        backbone="simple-convnet",
        steps=12_000,
        batch=16,
        paper_batch=26,
        paper_backbone="simple-convnet-0.4m-selector",
        cropped=False,
    ),
    "m2-tiny": System(
        title="Ten tasks of five labels of Tiny-ImageNet, on SimpleConvNet",
        scenario="m2-tiny",
        backbone="simple-convnet",
        steps=6_000,
        batch=8,
        paper_batch=26,
        paper_backbone="simple-convnet-0.4m-selector",
    ),
    "cifar100-20x5": System(
        title="CIFAR-100's coarse classes as twenty tasks of five labels, on WRN-14-1",
        scenario="cifar100-20x5",
        backbone="wrn-14-1",
        steps=6_000,
        batch=4,
        paper_batch=16,
    ),
    # Table 4: one image, two heads
    "m3-wrn32-4": System(
        title="M3 (coarse and fine labels) on WRN-32-4", scenario="m3", backbone="wrn-32-4", steps=24_000, batch=64
    ),
}
"By the name of the recipe."

# Table 5: one task
for _set in ("cifar10", "cifar100"):
    for _name, _backbone in {
        "vgg16": "vgg-16",
        "resnet50": "resnet-50",
        "resnext29-8x64": "resnext-29-8x64",
        "resnext29-4x64": "resnext-29-4x64",
        "resnext29-2x64": "resnext-29-2x64",
    }.items():
        SYSTEMS[f"c1-{_set}-{_name}"] = System(
            title=f"C1, {_set} on {_backbone}", scenario=f"c1-{_set}", backbone=_backbone, steps=24_000, batch=64
        )

ROWS: dict[str, Row] = {}
for _name, _system in SYSTEMS.items():
    ROWS |= _system.rows(_name)
