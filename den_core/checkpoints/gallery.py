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
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from den_core.costs import CostModel
from den_core.errors import CheckpointError, DataError, StructureError
from den_core.policy import threshold_at
from den_core.structure_keys import early_key, structure_levels

SCHEMA_VERSION = 3
OLDEST_VERSION = 2
"From which on a gallery can be read: schema 2 has no early answers."
Split = Literal["train", "test"]
SPLITS: dict[str, Split] = {"train": "train", "test": "test"}
"What a gallery can be about; another word is no gallery's."
COLUMNS = (
    "row",
    "image_id",
    "label",
    "prediction",
    "confidence",
    "label_probability",
    "correct",
    "structure",
    "early",
    "macs",
    "params",
)


@dataclass(frozen=True)
class HeadAnswers:
    """What the selector's head said of N images. Arrays are read-only.

    Args:
        probability: calibrated, that it is right, float32 (N,).
        correct: whether it is right, bool (N,).
        threshold, fall: of the rule of early answers, see `den_core.inference.early`.
    """

    probability: np.ndarray
    correct: np.ndarray
    threshold: float
    fall: float

    def early(self, cost_weight: float) -> np.ndarray:
        """Which images it answers at a cost weight, bool (N,)."""
        return self.probability > threshold_at(self.threshold, self.fall, cost_weight)


@dataclass(frozen=True)
class Gallery:
    """What a network did with the N images of one task's test split. Arrays are read-only.

    Args:
        task, split, source: which images these are.
        num_blocks, num_levels: n and h.
        frame: one row per image, `COLUMNS`; macs and params of everything that ran; probabilities are fractions. Where
            `early`, the selector's head answered, and `structure` is `structure_keys.early_key`.
        distribution: model distributions C, float32 (N, n, h).
        levels: the structures as levels, uint8 (N, n); where an answer is early, that the estimator would have run.
        costs: MACs of every block and level.
        features: what the estimator's head sees under the structure, float32 (N, D); None where it was left out.
        tried: structures that every image was also run through, cheapest first; the uniform ones and the most chosen.
        tried_macs: their MACs without the selector, int64 (T,).
        tried_probability: probability of the true class under each of them, float32 (N, T).
        tried_correct: whether the answer is right, bool (N, T).
        thumbnails: encoded pictures, N of them; None where the data set itself is at hand.
        head: what the selector's head said; None of a network whose head answers nothing, and before schema 3.
    """

    task: str
    split: Split
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
    head: HeadAnswers | None = None

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def early(self) -> np.ndarray:
        """Which images were answered early, bool (N,)."""
        return self.frame["early"].to_numpy()

    def early_at(self, cost_weight: float) -> np.ndarray:
        """Which images are answered early at a cost weight, bool (N,)."""
        return np.zeros(len(self), dtype=bool) if self.head is None else self.head.early(cost_weight)


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
        if type(version) is int and OLDEST_VERSION <= version <= SCHEMA_VERSION:
            return _gallery(_upgraded(table) if version < SCHEMA_VERSION else table, about)
    except (pa.ArrowException, StructureError, KeyError, TypeError, ValueError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path}: expected a gallery, found a damaged file ({reason}); index again") from error
    raise CheckpointError(
        f"{path}: expected a gallery of schema_version {OLDEST_VERSION} to {SCHEMA_VERSION}, found {version}; "
        f"`den index {folder}` writes it anew"
    )


def _upgraded(table: pa.Table) -> pa.Table:
    """Before schema 3 the estimator answered every image."""
    return table.append_column("early", pa.array(np.zeros(len(table), dtype=bool)))


def _head(table: pa.Table, about: dict) -> HeadAnswers | None:
    if about.get("early_rule") is None:
        return None
    probability = table.column("head_probability").to_numpy().astype(np.float32)
    correct = table.column("head_correct").to_numpy().astype(bool)
    threshold, fall = (float(about["early_rule"][key]) for key in ("threshold", "fall"))
    if not (0 <= threshold <= 1 and 0 <= fall < np.inf):
        raise ValueError(f"a rule of early answers with threshold {threshold:g} and fall {fall:g}")
    return HeadAnswers(_frozen(probability), _frozen(correct), threshold, fall)


def _gallery(table: pa.Table, about: dict) -> Gallery:
    n, h, tried = about["num_blocks"], about["num_levels"], tuple(about["tried"])
    costs = CostModel(np.array(about["block_macs"], dtype=np.int64), about["task_macs"], about["selector_macs"])
    frame = table.select(COLUMNS).to_pandas()
    keys = frame["structure"].astype("category")
    frame["structure"] = frame["structure"].astype(str).where(~frame["early"], early_key(n))
    known = structure_levels(keys.cat.categories, n, h)
    tried_levels = structure_levels(tried, n, h)
    if costs.block_macs.shape != (n, h):
        raise ValueError(f"block_macs of shape {costs.block_macs.shape}, not ({n}, {h})")
    scale = np.array(about["features_scale"], dtype=np.float32)
    features = _array(table, "features", np.float32, scale.size) * scale if "features" in table.column_names else None
    return Gallery(
        task=about["task"],
        split=SPLITS[about["split"]],
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
        head=_head(table, about),
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
