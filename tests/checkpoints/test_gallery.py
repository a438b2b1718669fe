"""A gallery holds what the network said, and is refused where it is damaged."""

from __future__ import annotations

import io
import json
import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from den_core.checkpoints.gallery import COLUMNS, gallery_path, read_gallery
from den_core.data.arrays import load_task
from den_core.errors import CheckpointError, ConfigError
from den_core.evaluation.indexing import write_gallery
from den_core.structures import parse_structure

TASKS = ("fashion", "emoji", "clipart")


@pytest.mark.parametrize("task", TASKS)
def test_a_gallery_holds_the_networks_answers(task, tiny_checkpoint, tiny_net):
    gallery = read_gallery(tiny_checkpoint, task)
    n, h = tiny_net.num_blocks, tiny_net.num_levels
    frame = gallery.frame

    assert tuple(frame.columns) == COLUMNS and frame["row"].tolist() == list(range(120)) and len(gallery) == 120
    assert (gallery.task, gallery.num_blocks, gallery.num_levels) == (task, n, h)
    assert (gallery.source, gallery.split) == (f"open:{task}", "test")
    assert gallery.distribution.shape == (120, n, h) and gallery.distribution.dtype == np.float32
    np.testing.assert_allclose(gallery.distribution.sum(-1), 1, atol=2e-3)
    assert ((frame["prediction"] == frame["label"]) == frame["correct"]).all()
    z = torch.cat([parse_structure(key, n, h) for key in frame["structure"]])
    assert (torch.from_numpy(gallery.levels.astype(np.int64)) == z).all()
    cost = tiny_net.cost(z, task)
    assert frame["macs"].tolist() == cost.total_macs.tolist()
    assert frame["params"].tolist() == cost.total_params.tolist()


def test_arrays_cannot_be_written_to(tiny_checkpoint):
    gallery = read_gallery(tiny_checkpoint, "emoji")

    for name in ("distribution", "levels", "features", "tried_macs", "tried_probability", "tried_correct"):
        assert not getattr(gallery, name).flags.writeable, name


def test_a_row_is_the_image_of_its_data_set(tiny_checkpoint, tiny_net):
    arrays = load_task(tiny_net.task("emoji"), "test", limit=120, progress=False)
    gallery = read_gallery(tiny_checkpoint, "emoji")
    entry = gallery.frame.iloc[5]

    assert gallery.frame["image_id"].tolist() == arrays.ids
    assert gallery.frame["label"].tolist() == arrays.labels.tolist()
    x = tiny_net.preprocess([arrays.images[5]], "emoji")
    z = parse_structure(entry["structure"], tiny_net.num_blocks, tiny_net.num_levels)
    probability = tiny_net.classify(x, "emoji", z).softmax(1)[0]
    assert int(probability.argmax()) == entry["prediction"]
    assert float(probability.max()) == pytest.approx(entry["confidence"], abs=1e-4)
    assert float(probability[entry["label"]]) == pytest.approx(entry["label_probability"], abs=1e-4)
    C = tiny_net.model_distribution(x, "emoji")[0].numpy()
    np.testing.assert_allclose(C, gallery.distribution[5], atol=1e-3)
    features = tiny_net.features(x, "emoji", z)[0].numpy()
    np.testing.assert_allclose(features, gallery.features[5], atol=gallery.features.max() / 255)


def test_every_image_was_run_through_the_tried_structures(tiny_checkpoint, tiny_net):
    arrays = load_task(tiny_net.task("emoji"), "test", limit=120, progress=False)
    gallery = read_gallery(tiny_checkpoint, "emoji")
    n, h = tiny_net.num_blocks, tiny_net.num_levels
    label = arrays.labels[7]
    x = tiny_net.preprocess([arrays.images[7]], "emoji")

    assert {str(level) * n for level in range(1, h)} <= set(gallery.tried)
    assert gallery.frame["structure"].mode()[0] in gallery.tried
    assert (np.diff(gallery.tried_macs) >= 0).all()
    for place, key in enumerate(gallery.tried):
        z = parse_structure(key, n, h)
        probability = tiny_net.classify(x, "emoji", z).softmax(1)[0]
        assert int(tiny_net.cost(z, "emoji").macs[0]) == gallery.tried_macs[place]
        assert float(probability[label]) == pytest.approx(gallery.tried_probability[7, place], abs=1e-3)
        assert bool(probability.argmax() == label) == gallery.tried_correct[7, place]


def test_early_answers_are_the_heads_and_cost_the_selector(early_net, tmp_path):
    write_gallery(early_net, tmp_path, "emoji", limit=60)
    gallery = read_gallery(tmp_path, "emoji")

    frame, head = gallery.frame, gallery.head
    arrays = load_task(early_net.task("emoji"), "test", limit=60, progress=False)
    x = early_net.preprocess(list(arrays.images), "emoji")
    found = early_net.answer(x, "emoji")
    assert 20 < found.early.sum() < 40 and gallery.early.tolist() == found.early.tolist()
    assert frame["macs"].tolist() == found.total_macs.tolist()
    assert frame["params"].tolist() == early_net.cost(found.structure, "emoji", found.early).total_params.tolist()
    assert frame["prediction"].tolist() == found.logits.argmax(1).tolist()
    np.testing.assert_allclose(frame["confidence"], found.logits.softmax(1).max(1).values, atol=1e-4)
    np.testing.assert_allclose(head.probability, early_net.head_probability(found.look, "emoji"), atol=1e-5)
    assert head.correct.tolist() == (found.look.class_logits.argmax(1) == torch.from_numpy(arrays.labels)).tolist()
    for weight in (-20.0, 0.0, 7.5, 50.0):
        assert gallery.early_at(weight).tolist() == early_net.answer(x, "emoji", weight).early.tolist()
    np.testing.assert_array_equal(gallery.costs.macs(gallery.levels, early=gallery.early), frame["macs"])


def test_a_gallery_from_before_early_answers_is_read(tiny_checkpoint, tmp_path):
    path = gallery_path(tmp_path, "emoji")
    path.parent.mkdir()
    shutil.copy(gallery_path(tiny_checkpoint, "emoji"), path)
    rewrite(path, {"schema_version": 2}, drop="early")

    found, now = read_gallery(tmp_path, "emoji"), read_gallery(tiny_checkpoint, "emoji")

    assert found.head is None and not found.early.any() and not found.early_at(99.0).any()
    pd.testing.assert_frame_equal(found.frame, now.frame)


def test_the_cost_model_is_the_networks(tiny_checkpoint, tiny_net):
    gallery = read_gallery(tiny_checkpoint, "clipart")

    np.testing.assert_allclose(gallery.costs.relative_macs, tiny_net.table.relative_macs.numpy())
    np.testing.assert_array_equal(gallery.costs.macs(gallery.levels), gallery.frame["macs"])


def test_thumbnails_are_kept_where_they_are_asked_for(tiny_checkpoint, tiny_net, tmp_path):
    write_gallery(tiny_net, tmp_path, "emoji", limit=3, thumbnails=24)
    gallery = read_gallery(tmp_path, "emoji")

    assert read_gallery(tiny_checkpoint, "emoji").thumbnails is None
    assert [max(Image.open(io.BytesIO(data)).size) for data in gallery.thumbnails] == [24, 24, 24]
    with pytest.raises(ConfigError, match="16 to 128"):
        write_gallery(tiny_net, tmp_path, "emoji", limit=3, thumbnails=4000)


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
    "newer schema": lambda path: rewrite(path, {"schema_version": 4}),
    "older schema": lambda path: rewrite(path, {"schema_version": 1}),
    "too few costs": lambda path: rewrite(path, {"block_macs": [[1]]}),
    "other tried structures": lambda path: rewrite(path, {"tried": ["1"]}),
    "a level too high": lambda path: rewrite(path, {"num_levels": 2}),
    "no early answers": lambda path: rewrite(path, drop="early"),
    "a rule that cannot be": lambda path: rewrite(path, {"early_rule": {"threshold": 7, "fall": 0}}),
    "a rule without a head": lambda path: rewrite(path, {"early_rule": {"threshold": 0.5, "fall": 0}}),
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
