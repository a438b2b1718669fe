"""Small copies of the published sets, with all their classes, as Parquet files and, for ImageNet, as folders."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from den_core.data.wnids import M2_TASKS

CLASSES = {"cifar10": 10, "cifar100": 100, "tiny_imagenet": 200, "stl10": 10, "imagenette": 10}
SIZES = {"cifar10": 32, "cifar100": 32, "tiny_imagenet": 64, "stl10": 96, "imagenette": 96}


def write_published_copies(folder: Path, per_class: int = 2) -> None:
    """Every set of CLASSES, and the classes of M2, in FOLDER/KIND."""
    rng = np.random.default_rng(0)
    for kind, classes in CLASSES.items():
        labels = list(range(classes)) * per_class
        images = [{"bytes": _picture(rng, SIZES[kind]), "path": f"{i}.png"} for i in range(len(labels))]
        struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        columns = {"image": pa.array(images, struct), "label": labels}
        names = {"class_names": [f"class {i}" for i in range(classes)]}
        if kind == "cifar100":
            columns["coarse_label"] = [label % 20 for label in labels]
            names["coarse_class_names"] = [f"coarse {i}" for i in range(20)]
        table = pa.table(columns).replace_schema_metadata({k: json.dumps(v) for k, v in names.items()})
        (folder / kind).mkdir(parents=True)
        for split in ("train", "test"):
            pq.write_table(table, folder / kind / f"{split}.parquet")
    for wnid in (wnid for task in M2_TASKS for wnid in task):
        for split in ("train", "val"):
            place = folder / "imagenet" / split / wnid
            place.mkdir(parents=True)
            for i in range(per_class):
                (place / f"{wnid}_{i}.png").write_bytes(_picture(rng, 84))


def _picture(rng: np.random.Generator, size: int) -> bytes:
    small = Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8))
    out = io.BytesIO()
    small.resize((size, size)).save(out, "PNG")
    return out.getvalue()
