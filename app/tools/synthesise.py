"""A large gallery from a real one, to measure the app with: `python -m app.tools.synthesise CHECKPOINT FOLDER`.

Rows are drawn from the real ones with a seed; their model distributions are moved a little, so that they differ, and
everything else is kept: the figures on the pages then mean nothing, their speed does.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from den_core.benchmarks.search import jittered
from den_core.checkpoints.folder import read_config
from den_core.checkpoints.gallery import encode_gallery, gallery_path, list_column, read_gallery
from den_core.cli.parsing import Positional, command_line
from den_core.errors import DataError
from den_core.runtime.files import write_atomically

JITTER = 0.02
"Standard deviation of what is added to every log probability, in nats."


def synthesise(source: Path, folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """Copy a checkpoint, each of its galleries grown to its share of `rows` in all.

    Args:
        source: a checkpoint folder with galleries.
        folder: where to write; must not exist.

    Returns:
        The galleries written.

    Raises:
        CheckpointError: no checkpoint, or no gallery, at `source`.
        DataError: `folder` is there already, or `rows` is less than one per task.
    """
    tasks = [task.name for task in read_config(source).network.tasks]
    sizes = {task: len(read_gallery(source, task)) for task in tasks}
    if folder.exists():
        raise DataError(f"expected no folder at {folder}, found one; name another")
    if rows < len(tasks):
        raise DataError(f"expected at least {len(tasks)} rows, one per task, found {rows}")
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("gallery", "resume"))
    written = []
    for task, size in sizes.items():
        table = pq.read_table(gallery_path(source, task))
        grown = _grown(table, max(round(rows * size / sum(sizes.values())), 1), np.random.default_rng(seed))
        path = gallery_path(folder, task)
        write_atomically(path, encode_gallery(grown, json.loads(table.schema.metadata[b"den"])))
        written.append(path)
    return written


def _grown(table: pa.Table, rows: int, generator: np.random.Generator) -> pa.Table:
    about = json.loads(table.schema.metadata[b"den"])
    n, h = about["num_blocks"], about["num_levels"]
    grown = table.take(generator.integers(0, len(table), rows))
    flat = grown.column("distribution").combine_chunks().flatten().to_numpy(zero_copy_only=False)
    moved = jittered(flat.reshape(rows, n, h), JITTER, generator).astype(np.float16).reshape(rows, n * h)
    place = grown.schema.get_field_index("distribution")
    grown = grown.set_column(place, "distribution", list_column(moved))
    ids = pa.array([f"{image_id}/{i}" for i, image_id in enumerate(grown.column("image_id").to_pylist())])
    return grown.set_column(grown.schema.get_field_index("image_id"), "image_id", ids)


@dataclass(frozen=True)
class Synthesise:
    """Copy a checkpoint, its galleries grown, and print them."""

    checkpoint: Positional[Path]
    """Folder of the checkpoint."""
    folder: Positional[Path]
    """Folder of the copy."""
    rows: int = 100_000
    """Images of all tasks together."""
    seed: int = 0
    """Of the rows that are drawn and how far they are moved."""

    def run(self) -> None:
        for path in synthesise(self.checkpoint, self.folder, self.rows, self.seed):
            print(path)


if __name__ == "__main__":
    sys.exit(command_line(Synthesise, "python -m app.tools.synthesise"))
