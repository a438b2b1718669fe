"""Galleries: for every test image what the network chose and said, in one Parquet file per task.

The images themselves are not copied: a row names the data set's row, and the data set is shipped or installed.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from den_core.checkpoints import SCHEMA_VERSION
from den_core.data.arrays import load_task
from den_core.errors import CheckpointError
from den_core.evaluation import evaluation_set, logits
from den_core.files import write_atomically
from den_core.network import DeepElasticNetwork
from den_core.structures import structure_key

COLUMNS = ("row", "image_id", "label", "prediction", "confidence", "correct", "structure", "macs", "params")


def gallery_path(folder: Path | str, task: str) -> Path:
    """Where a checkpoint keeps a task's gallery."""
    return Path(folder) / "gallery" / f"{task}.parquet"


def write_gallery(net: DeepElasticNetwork, folder: Path | str, task: str, limit: int | None = None) -> Path:
    """Run the network on a task's test split and write what came out.

    Args:
        limit: only the first rows, for smoke runs.

    Returns:
        The file: gallery/<task>.parquet in the checkpoint's folder.
    """
    config = net.task(task)
    arrays = load_task(config, "test", limit=limit)
    data = evaluation_set(net, config, arrays)
    z = net.choose(data.distribution)
    probability, prediction = logits(net, data, z).softmax(1).max(1)
    cost = net.cost(z, task)
    half = data.distribution.half().numpy().reshape(-1)
    table = pa.table(
        {
            "row": np.arange(len(z), dtype=np.int32),
            "image_id": arrays.ids,
            "label": arrays.labels.astype(np.int16),
            "prediction": prediction.numpy().astype(np.int16),
            "confidence": probability.numpy().astype(np.float32),
            "correct": (prediction == torch.from_numpy(arrays.labels)).numpy(),
            "structure": pa.array([structure_key(row) for row in z]).dictionary_encode(),
            "macs": cost.total_macs.numpy(),
            "params": cost.total_params.numpy(),
            "distribution": pa.FixedSizeListArray.from_arrays(pa.array(half), net.num_blocks * net.num_levels),
        }
    )
    about = {
        "schema_version": SCHEMA_VERSION,
        "task": task,
        "split": "test",
        "source": config.source,
        "source_sha256": arrays.fingerprint,
        "num_blocks": net.num_blocks,
        "num_levels": net.num_levels,
    }
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"den": json.dumps(about)}), buffer, compression="zstd")
    path = gallery_path(folder, task)
    write_atomically(path, buffer.getvalue())
    return path


def read_gallery(folder: Path | str, task: str) -> pd.DataFrame:
    """A gallery as a frame, one row per test image.

    Returns:
        The columns of `COLUMNS` (macs and params selector included); `attrs` holds `distribution`, float32 (N, n·h),
        read-only, and num_blocks, num_levels, source, split.

    Raises:
        CheckpointError: there is no gallery, it is damaged, or from a newer schema.
    """
    path = gallery_path(folder, task)
    if not path.is_file():
        raise CheckpointError(f"expected a gallery {path}, found none; `python -m den_core index {folder}` writes it")
    try:
        table = pq.read_table(path)
        about = json.loads(table.schema.metadata[b"den"])
        version = about["schema_version"]
        shape = (len(table), about["num_blocks"] * about["num_levels"])
        flat = table.column("distribution").combine_chunks().flatten().to_numpy(zero_copy_only=False)
        distribution = flat.astype(np.float32).reshape(shape)
        frame = table.select(COLUMNS).to_pandas()
    except (pa.ArrowException, KeyError, TypeError, ValueError, OSError) as error:
        raise CheckpointError(f"{path}: expected a gallery, found a damaged file ({error}); index again") from error
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise CheckpointError(
            f"{path}: expected schema_version up to {SCHEMA_VERSION}, found {version}; update den_core"
        )
    distribution.setflags(write=False)
    frame["structure"] = frame["structure"].astype(str)
    frame.attrs |= {k: about[k] for k in ("num_blocks", "num_levels", "source", "split")}
    frame.attrs["distribution"] = distribution
    return frame
