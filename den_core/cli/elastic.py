"""`den elastic`: somebody's own pictures on a pretrained network, in one command."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from den_core.cli.parsing import Positional
from den_core.cli.train import train_and_measure


@dataclass(frozen=True)
class Elastic:
    """Make a pretrained network elastic and fine-tune it on your own images; several tasks share one network.

    Fits the heads, fine-tunes the full network, makes it elastic, trains the selector, calibrates, evaluates and writes
    galleries.
    """

    start: Positional[str]
    """Which network, such as timm:tf_efficientnet_lite0, or NAME=FILE with weights in a .safetensors or .pth file."""
    task: list[str] = field(default_factory=list)
    """Your images: NAME=SOURCE@SIZE, such as pets=folder:data/pets@96, one or several.
    SOURCE is folder:FOLDER (an ImageFolder tree) or parquet:FOLDER; SIZE is a multiple of 32, at least 64."""
    out: Path = Path("runs/elastic")
    """Folder of the run."""
    rivals: bool = False
    """Train what else could be done with the network as well, in as many image runs each, and compare: the heads alone,
    fine-tuned and static, the same on 64 pixels, a network for every task, a selector that cannot look."""
    seed: int = 0
    """Of the batches and the structures."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to train; auto takes a GPU where there is one."""
    threads: int | None = None
    """CPU threads; torch's own choice if not given."""
    resume: bool = False
    """Go on from the folder's resume point."""
    smoke: bool = False
    """A few steps on a sample, to see that everything runs."""

    def run(self) -> None:
        from den_core.cli.console import check_given
        from den_core.recipes import parse_task
        from den_core.recipes.elastic import check_images, elastic_recipe
        from den_core.recipes.smoke import smoke, smoke_images
        from den_core.recipes.starts import find_weights
        from den_core.runtime.devices import set_threads
        from den_core.runtime.processes import leaving
        from den_core.training.setup import Execution

        check_given(task=self.task)
        find_weights(self.start)  # what is wrong with them is said before any image is decoded
        set_threads(self.threads)
        tasks = [parse_task(text) for text in self.task]
        made = elastic_recipe(self.start, tasks, check_images(tasks), self.seed)
        made = smoke(made) if self.smoke else made
        execution = Execution(folder=self.out, accelerator=self.device, resume=self.resume)
        with leaving():
            train_and_measure(made, execution, self.smoke)
            if self.rivals:
                self._compare(made, smoke_images(made) if self.smoke else None)

    def _compare(self, made, limit: int | None) -> None:
        from den_core.cli.compare import tabulate
        from den_core.comparisons.comparison import Comparison

        comparison = Comparison(
            scenario=", ".join(task.name for task in made.network.tasks), made=made, out=self.out / "rivals",
            limit=limit, device=self.device, threads=self.threads,
        )  # fmt: skip
        comparison.adopt(self.out, "den", self.seed)
        tabulate(comparison, comparison.methods(), [self.seed])
