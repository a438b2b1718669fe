"""A gallery holds what the network said, and is refused where it is damaged."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from den_core.data.arrays import load_task
from den_core.errors import CheckpointError
from den_core.gallery import COLUMNS, gallery_path, read_gallery
from den_core.structures import parse_structure

TASKS = ("fashion", "emoji", "clipart")


@pytest.mark.parametrize("task", TASKS)
def test_a_gallery_holds_the_networks_answers(task, tiny_checkpoint, tiny_net):
    gallery = read_gallery(tiny_checkpoint, task)
    n, h = tiny_net.num_blocks, tiny_net.num_levels

    assert tuple(gallery.columns) == COLUMNS and gallery["row"].tolist() == list(range(120))
    assert gallery.attrs["num_blocks"] == n and gallery.attrs["num_levels"] == h
    assert gallery.attrs["source"] == f"open:{task}" and gallery.attrs["split"] == "test"
    C = gallery.attrs["distribution"]
    assert C.shape == (120, n * h) and C.dtype == np.float32 and not C.flags.writeable
    np.testing.assert_allclose(C.reshape(120, n, h).sum(-1), 1, atol=2e-3)
    assert ((gallery["prediction"] == gallery["label"]) == gallery["correct"]).all()
    z = torch.cat([parse_structure(key, n, h) for key in gallery["structure"]])
    cost = tiny_net.cost(z, task)
    assert gallery["macs"].tolist() == cost.total_macs.tolist()
    assert gallery["params"].tolist() == cost.total_params.tolist()


def test_a_row_is_the_image_of_its_data_set(tiny_checkpoint, tiny_net):
    arrays = load_task(tiny_net.task("emoji"), "test", limit=120, progress=False)
    gallery = read_gallery(tiny_checkpoint, "emoji")

    assert gallery["image_id"].tolist() == arrays.ids and gallery["label"].tolist() == arrays.labels.tolist()
    x = tiny_net.preprocess([arrays.images[5]], "emoji")
    z = parse_structure(gallery["structure"][5], tiny_net.num_blocks, tiny_net.num_levels)
    probability = tiny_net.classify(x, "emoji", z).softmax(1)[0]
    assert int(probability.argmax()) == gallery["prediction"][5]
    assert float(probability.max()) == pytest.approx(gallery["confidence"][5], abs=1e-4)
    np.testing.assert_allclose(
        tiny_net.model_distribution(x, "emoji").flatten().numpy(), gallery.attrs["distribution"][5], atol=1e-3
    )


def rewrite(path, about=None, drop=None) -> None:
    table = pq.read_table(path)
    metadata = json.loads(table.schema.metadata[b"den"]) | (about or {})
    table = table.drop_columns([drop]) if drop else table
    pq.write_table(table.replace_schema_metadata({"den": json.dumps(metadata)}), path)


DAMAGE = {
    "no file": lambda path: path.unlink(),
    "no parquet": lambda path: path.write_bytes(b"nothing of the kind"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "empty": lambda path: path.write_bytes(b""),
    "another table": lambda path: pd.DataFrame({"a": [1]}).to_parquet(path),
    "no metadata": lambda path: pq.write_table(pq.read_table(path).replace_schema_metadata(None), path),
    "missing column": lambda path: rewrite(path, drop="confidence"),
    "no distribution": lambda path: rewrite(path, drop="distribution"),
    "wrong shape": lambda path: rewrite(path, {"num_blocks": 7}),
    "newer schema": lambda path: rewrite(path, {"schema_version": 2}),
    "odd schema": lambda path: rewrite(path, {"schema_version": "one"}),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_gallery_is_refused_in_one_line(name, tiny_checkpoint, tmp_path):
    path = gallery_path(tmp_path, "emoji")
    path.parent.mkdir()
    shutil.copy(gallery_path(tiny_checkpoint, "emoji"), path)
    DAMAGE[name](path)

    with pytest.raises(CheckpointError) as caught:
        read_gallery(tmp_path, "emoji")

    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_gallery_is_a_plain_parquet_file(tiny_checkpoint):
    """Others read it without this library."""
    table = pq.read_table(gallery_path(tiny_checkpoint, "fashion"))

    assert pa.types.is_fixed_size_list(table.schema.field("distribution").type)
    assert table.schema.field("distribution").type.value_type == pa.float16()
