"""Galleries: for every test image what the network chose and said, in one Parquet file per task.

`den_core.evaluation.indexing` writes them; reading them needs no torch, which takes seconds to import.

The images themselves are not copied: a row names the data set's row, and the data set is shipped or installed. Where it
is neither, and its licence allows it, the file can carry thumbnails.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from den_core.costs import CostModel
from den_core.errors import CheckpointError, DataError, StructureError
from den_core.structure_keys import structure_levels

SCHEMA_VERSION = 2
COLUMNS = (
    "row",
    "image_id",
    "label",
    "prediction",
    "confidence",
    "label_probability",
    "correct",
    "structure",
    "macs",
    "params",
)


@dataclass(frozen=True)
class Gallery:
    """What a network did with the N images of one task's test split. Arrays are read-only.

    Args:
        task, split, source: which images these are.
        num_blocks, num_levels: n and h.
        frame: one row per image, `COLUMNS`; macs and params with the selector; probabilities are fractions.
        distribution: model distributions C, float32 (N, n, h).
        levels: the structures as levels, uint8 (N, n).
        costs: MACs of every block and level.
        features: what the head sees under the chosen structure, float32 (N, D); None where it was left out.
        tried: structures that every image was also run through, cheapest first; the uniform ones and the most chosen.
        tried_macs: their MACs without the selector, int64 (T,).
        tried_probability: probability of the true class under each of them, float32 (N, T).
        tried_correct: whether the answer is right, bool (N, T).
        thumbnails: encoded pictures, N of them; None where the data set itself is at hand.
    """

    task: str
    split: str
    source: str
    num_blocks: int
    num_levels: int
    frame: pd.DataFrame
    distribution: np.ndarray
    levels: np.ndarray
    costs: CostModel
    features: np.ndarray | None
    tried: tuple[str, ...]
    tried_macs: np.ndarray
    tried_probability: np.ndarray
    tried_correct: np.ndarray
    thumbnails: tuple[bytes, ...] | None = None

    def __len__(self) -> int:
        return len(self.frame)


def gallery_path(folder: Path | str, task: str) -> Path:
    """Where a checkpoint keeps a task's gallery."""
    return Path(folder) / "gallery" / f"{task}.parquet"


def encode_gallery(table: pa.Table, about: dict) -> bytes:
    """A gallery's file: the table as Parquet, `about` in its metadata."""
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"den": json.dumps(about)}), buffer, compression="zstd")
    return buffer.getvalue()


def list_column(values: np.ndarray) -> pa.FixedSizeListArray:
    """Rows of an array (N, width) as a column of equally long lists."""
    return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])


def read_gallery(folder: Path | str, task: str) -> Gallery:
    """A gallery as it was written.

    Raises:
        CheckpointError: there is no gallery, it is damaged, or of another schema.
    """
    path = gallery_path(folder, task)
    if not path.is_file():
        raise CheckpointError(f"expected a gallery {path}, found none; `den index {folder}` writes it")
    try:
        table = pq.read_table(path)
        about = json.loads(table.schema.metadata[b"den"])
        version = about["schema_version"]
        if version == SCHEMA_VERSION:
            return _gallery(table, about)
    except (pa.ArrowException, StructureError, KeyError, TypeError, ValueError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path}: expected a gallery, found a damaged file ({reason}); index again") from error
    raise CheckpointError(
        f"{path}: expected a gallery of schema_version {SCHEMA_VERSION}, found {version}; "
        f"`den index {folder}` writes it anew"
    )


def _gallery(table: pa.Table, about: dict) -> Gallery:
    n, h, tried = about["num_blocks"], about["num_levels"], tuple(about["tried"])
    costs = CostModel(np.array(about["block_macs"], dtype=np.int64), about["task_macs"], about["selector_macs"])
    frame = table.select(COLUMNS).to_pandas()
    keys = frame["structure"].astype("category")
    frame["structure"] = frame["structure"].astype(str)
    known = structure_levels(keys.cat.categories, n, h)
    tried_levels = structure_levels(tried, n, h)
    if costs.block_macs.shape != (n, h):
        raise ValueError(f"block_macs of shape {costs.block_macs.shape}, not ({n}, {h})")
    scale = np.array(about["features_scale"], dtype=np.float32)
    features = _array(table, "features", np.float32, scale.size) * scale if "features" in table.column_names else None
    return Gallery(
        task=about["task"],
        split=about["split"],
        source=about["source"],
        num_blocks=n,
        num_levels=h,
        frame=frame,
        distribution=_frozen(_array(table, "distribution", np.float32, n * h).reshape(-1, n, h)),
        levels=_frozen(known[keys.cat.codes.to_numpy()]),
        costs=costs,
        features=None if features is None else _frozen(features),
        tried=tried,
        tried_macs=_frozen(costs.macs(tried_levels, with_selector=False)),
        tried_probability=_frozen(_array(table, "tried_probability", np.float32, len(tried))),
        tried_correct=_frozen(_array(table, "tried_correct", np.bool_, len(tried))),
        thumbnails=tuple(table.column("thumbnail").to_pylist()) if "thumbnail" in table.column_names else None,
    )


def _array(table: pa.Table, column: str, dtype: type, width: int) -> np.ndarray:
    """A column of equally long lists as an array (N, width)."""
    flat = table.column(column).combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return flat.astype(dtype).reshape(len(table), width)


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


def require_tried(gallery: Gallery) -> None:
    """Raise DataError unless every image was run through some structures beside its own."""
    if not gallery.tried:
        raise DataError(
            "expected structures that every image was run through, found none; write the gallery again with `den index`"
        )
