"""`den compare`: methods side by side, trained and measured alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from den_core.cli.console import check_given, check_limit
from den_core.cli.parsing import Positional

if TYPE_CHECKING:
    from den_core.comparisons.comparison import Comparison


@dataclass(frozen=True)
class Compare:
    """Train and measure several methods on the tasks of a scenario; skips what is done, goes on with what was begun.

    Writes comparison.csv and comparison.md into the folder, differences against the first method.
    """

    scenario: Positional[str]
    """Which tasks, such as open3, m1-imagenette, m2-tiny."""
    methods: list[str] = field(default_factory=list)
    """Which methods; all that the scenario can have if none is given."""
    seeds: list[int] = field(default_factory=lambda: [0])
    """Of the start, the batches and the structures."""
    recipe: str = ""
    """Another recipe of the scenario than its first, such as open3-lite0."""
    backbone: str | None = None
    """Another backbone than the recipe's."""
    steps: int | None = None
    """Of the deep elastic network's first turn; everything else keeps its proportion to it."""
    share: float = 0.4
    """Of the full model's MACs, that narrow networks have."""
    rate: float = 1.0
    """Factor of all learning rates."""
    split: Literal["test", "validation"] = "test"
    """Which images; validation images were held out in training."""
    limit: int | None = None
    """Only the first images of every task, for a trial."""
    out: Path = Path("runs/compare")
    """Folder for networks, figures and the table."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to train; auto takes a GPU where there is one."""
    threads: int | None = None
    """CPU threads; torch's own choice if not given."""
    time: bool = False
    """Whether to measure milliseconds per image as well, all methods taking turns; leave the machine alone then."""

    def run(self) -> None:
        from den_core.comparisons.comparison import Comparison
        from den_core.errors import ConfigError

        check_given(seeds=self.seeds)
        check_limit(self.limit)
        if not 0 < self.share <= 1:
            raise ConfigError(f"expected a share of the full MACs above 0 and up to 1, found {self.share}")
        if not 0 < self.rate < float("inf"):
            raise ConfigError(f"expected a factor of learning rates above 0, found {self.rate}")
        comparison = Comparison(
            scenario=self.scenario, out=self.out, recipe=self.recipe, backbone=self.backbone, steps=self.steps,
            share=self.share, rate=self.rate, split=self.split, limit=self.limit, device=self.device,
            threads=self.threads,
        )  # fmt: skip
        tabulate(comparison, self.methods or comparison.methods(), self.seeds, self.time)


def tabulate(comparison: Comparison, methods: Sequence[str], seeds: Sequence[int], time: bool = False) -> None:
    """Train and measure what is missing, write comparison.csv and comparison.md, and print the latter.

    Raises:
        ConfigError: as `Comparison.check` and `Comparison.begin`.
    """
    from den_core.comparisons.table import markdown, table, write_table
    from den_core.comparisons.timing import read_times
    from den_core.runtime.files import write_atomically
    from den_core.runtime.processes import leaving

    comparison.check(methods)
    comparison.begin()
    with leaving():
        measured = [comparison.perform(method, seed) for seed in seeds for method in methods]
        if time:
            comparison.take_times(methods, seeds[0])
    frame = table(measured, methods[0], comparison.groups(), read_times(comparison.out))
    text = markdown(frame)
    write_table(comparison.out, frame)
    write_atomically(comparison.out / "comparison.md", text.encode())
    print(text, end="")
