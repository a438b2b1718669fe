"""Parquet files as the Hugging Face `datasets` library writes them, whole and broken."""

import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from image_samples import encode, solid, write_parquet

from den_core.data.sources import open_source
from den_core.errors import ConfigError, DataError, ImageError

RED, GREEN, BLUE = (encode(solid(color)) for color in ((255, 0, 0), (0, 255, 0), (0, 0, 255)))
FEATURES = {
    "info": {
        "features": {
            "image": {"_type": "Image"},
            "label": {"_type": "ClassLabel", "names": ["cold", "warm"]},
        }
    }
}


def test_single_file(tmp_path):
    write_parquet(tmp_path / "train.parquet", [RED, GREEN, BLUE], [1, 0, 0], {"class_names": ["cold", "warm"]})

    source = open_source(f"parquet:{tmp_path}", "train")

    assert len(source) == 3
    assert source.labels.tolist() == [1, 0, 0] and source.labels.dtype == "int64"
    assert source.class_names == ("cold", "warm")
    assert source.ids == ["image0.png", "image1.png", "image2.png"]
    assert source.groups.tolist() == [0, 1, 2]
    assert source.encoded(1) == GREEN
    assert source.image(2).getpixel((0, 0)) == (0, 0, 255)
    assert source.fingerprint == hashlib.sha256((tmp_path / "train.parquet").read_bytes()).hexdigest()


@pytest.mark.parametrize("folder", [".", "data"])
def test_shards_are_joined_in_order(tmp_path, folder):
    for i, (image, label) in enumerate([(RED, 1), (GREEN, 0), (BLUE, 0)]):
        path = tmp_path / folder / f"test-{i:05d}-of-00003.parquet"
        write_parquet(path, [image], [label], {"huggingface": FEATURES})

    source = open_source(f"parquet:{tmp_path}", "test")

    assert [source.encoded(i) for i in range(3)] == [RED, GREEN, BLUE]
    assert source.labels.tolist() == [1, 0, 0]


def test_missing_shard_is_named(tmp_path):
    write_parquet(tmp_path / "train-00000-of-00002.parquet", [RED], [0], {"class_names": ["a", "b"]})

    with pytest.raises(DataError, match="train-00001-of-00002.parquet"):
        open_source(f"parquet:{tmp_path}", "train")


@pytest.mark.parametrize(
    ("metadata", "labels", "names", "indices"),
    [
        ({"class_names": ["cold", "warm"]}, [1, 0], ("cold", "warm"), [1, 0]),
        ({"huggingface": FEATURES}, [1, 0], ("cold", "warm"), [1, 0]),
        ({"class_names": ["b", "a"], "huggingface": FEATURES}, [1, 0], ("b", "a"), [1, 0]),
        ({"class_names": ["cold", "warm"]}, ["warm", "cold"], ("cold", "warm"), [1, 0]),
        ({}, ["warm", "cold"], ("cold", "warm"), [1, 0]),
        ({}, [30, 4], ("4", "30"), [1, 0]),
    ],
)
def test_class_names_from_each_of_the_three_places(tmp_path, metadata, labels, names, indices):
    write_parquet(tmp_path / "train.parquet", [RED, BLUE], labels, metadata)

    source = open_source(f"parquet:{tmp_path}", "train")

    assert source.class_names == names
    assert source.labels.tolist() == indices


def test_distinct_training_labels_decide_the_classes_of_the_test_split(tmp_path):
    write_parquet(tmp_path / "train.parquet", [RED, GREEN, BLUE], ["a", "b", "c"])
    write_parquet(tmp_path / "test.parquet", [BLUE], ["c"])

    source = open_source(f"parquet:{tmp_path}", "test")

    assert source.class_names == ("a", "b", "c") and source.labels.tolist() == [2]


def test_columns_of_other_names_are_found_by_their_feature_type(tmp_path):
    features = {"img": {"_type": "Image"}, "fine": {"_type": "ClassLabel", "names": ["x", "y"]}}
    metadata = {"huggingface": {"info": {"features": features}}}
    write_parquet(tmp_path / "train.parquet", [RED], [1], metadata, names=("img", "fine"))

    source = open_source(f"parquet:{tmp_path}", "train")

    assert source.class_names == ("x", "y") and source.labels.tolist() == [1]


COARSE = {"class_names": ["a", "b"], "coarse_class_names": ["x", "y", "z"]}
HUB = {
    "info": {
        "features": {
            "img": {"_type": "Image"},
            "fine_label": {"_type": "ClassLabel", "names": ["a", "b"]},
            "coarse_label": {"_type": "ClassLabel", "names": ["x", "y", "z"]},
        }
    }
}


@pytest.mark.parametrize(
    ("image", "fine", "metadata"),
    [("image", "label", COARSE), ("image", "label", {}), ("img", "fine_label", {"huggingface": HUB})],
)
def test_another_label_column_is_chosen(tmp_path, image, fine, metadata):
    path = tmp_path / "train.parquet"
    write_parquet(path, [RED, GREEN, BLUE], [1, 0, 1], metadata, names=(image, fine))
    table = pq.read_table(path).append_column("coarse_label", pa.array([2, 0, 1]))
    pq.write_table(table, path)

    whole = open_source(f"parquet:{tmp_path}", "train")
    source = open_source(f"parquet:{tmp_path}?label=coarse_label", "train")

    assert source.class_names == (("x", "y", "z") if metadata else ("0", "1", "2"))
    assert whole.class_names == (("a", "b") if metadata else ("0", "1"))
    assert source.labels.tolist() == [2, 0, 1] and whole.labels.tolist() == [1, 0, 1]
    assert source.ids == whole.ids and source.encoded(2) == BLUE
    named = open_source(f"parquet:{tmp_path}?label={fine}", "train")
    assert named.labels.tolist() == whole.labels.tolist()
    assert len({source.fingerprint, whole.fingerprint, named.fingerprint}) == 3
    if metadata:
        assert open_source(f"parquet:{tmp_path}?label=coarse_label#z,1", "train").labels.tolist() == [0, 1]


def test_label_column_that_is_not_there(tmp_path):
    write_parquet(tmp_path / "train.parquet", [RED], [0], {"huggingface": FEATURES})

    with pytest.raises(DataError, match="expected a column `coarse_label`, found image, label; choose"):
        open_source(f"parquet:{tmp_path}?label=coarse_label", "train")
    with pytest.raises(DataError, match="expected the column `image` as integers or text"):
        open_source(f"parquet:{tmp_path}?label=image", "train")


@pytest.mark.parametrize("name", ["val", "validation"])
def test_validation_split_serves_as_test_where_there_is_none(tmp_path, name):
    write_parquet(tmp_path / f"{name}.parquet", [RED], [1], {"class_names": ["a", "b"]})

    source = open_source(f"parquet:{tmp_path}", "test")

    assert source.location.endswith(f"{name}.parquet")


def test_undecodable_row_is_named(tmp_path):
    write_parquet(tmp_path / "train.parquet", [RED, b"no image", None], [0, 1, 0], {"class_names": ["a", "b"]})
    source = open_source(f"parquet:{tmp_path}", "train")

    with pytest.raises(ImageError, match=r"train.parquet, row 1 \(image1.png\)"):
        source.image(1)
    with pytest.raises(ImageError, match="row 2.*embed"):
        source.image(2)


def test_missing_folder_and_file_are_named(tmp_path):
    with pytest.raises(DataError, match=f"{tmp_path}/none"):
        open_source(f"parquet:{tmp_path}/none", "train")

    write_parquet(tmp_path / "train.parquet", [RED], [0], {"class_names": ["a", "b"]})
    with pytest.raises(DataError, match="expected test.parquet.*found train.parquet"):
        open_source(f"parquet:{tmp_path}", "test")


def test_file_that_is_no_parquet(tmp_path):
    (tmp_path / "train.parquet").write_bytes(b"PAR1 and nothing else")

    with pytest.raises(DataError, match="expected a Parquet file"):
        open_source(f"parquet:{tmp_path}", "train")


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"label": [0]}, "expected a column `image`"),
        ({"image": [{"bytes": RED, "path": "a"}]}, "expected a column `label`"),
        ({"image": ["text"], "label": [0]}, "expected the column `image` as struct"),
        ({"image": [{"bytes": "text"}], "label": [0]}, "expected the column `image` as struct"),
        ({"image": [{"bytes": RED}], "label": [0.5]}, "expected the column `label` as integers or text"),
        ({"image": [], "label": []}, "at least one image"),
    ],
)
def test_malformed_columns(tmp_path, columns, match):
    pq.write_table(pa.table(columns), tmp_path / "train.parquet")

    with pytest.raises(DataError, match=match):
        open_source(f"parquet:{tmp_path}", "train")


def test_path_is_optional(tmp_path):
    pq.write_table(pa.table({"image": [{"bytes": RED}], "label": ["a"]}), tmp_path / "train.parquet")

    assert open_source(f"parquet:{tmp_path}", "train").ids == ["train/0"]


@pytest.mark.parametrize("labels", [[0, 2], [0, -1], [0, None], ["cold", "hot"]])
def test_label_outside_the_classes_is_named(tmp_path, labels):
    write_parquet(tmp_path / "train.parquet", [RED, BLUE], labels, {"class_names": ["cold", "warm"]})

    with pytest.raises(DataError, match=rf"train.parquet, row 1 \(image1.png\): .*, found {labels[1]!r};"):
        open_source(f"parquet:{tmp_path}", "train")


def test_faults_are_named_by_their_shard_and_the_row_in_it(tmp_path):
    metadata = {"class_names": ["cold", "warm"]}
    for i, (images, labels) in enumerate([([RED], [0]), ([], []), ([b"no image", RED, BLUE], [0, 1, 1])]):
        write_parquet(tmp_path / f"train-{i}-of-3.parquet", images, labels, metadata, label_type=pa.int64())
    source = open_source(f"parquet:{tmp_path}", "train")

    with pytest.raises(ImageError, match=r"train-2-of-3.parquet, row 0 \(image0.png\)"):
        source.image(1)
    assert [source.where(i).split("train-")[1].split(" (")[0] for i in (0, 3)] == [
        "0-of-3.parquet, row 0",
        "2-of-3.parquet, row 2",
    ]

    write_parquet(tmp_path / "train-2-of-3.parquet", [RED, BLUE], [0, 2], metadata, label_type=pa.int64())
    with pytest.raises(DataError, match=r"train-2-of-3.parquet, row 1 \(image1.png\): .*found 2"):
        open_source(f"parquet:{tmp_path}", "train")


@pytest.mark.parametrize("metadata", [{"class_names": "not json"}, {"class_names": {"a": 1}}, {"huggingface": "[]"}])
def test_malformed_metadata(tmp_path, metadata):
    write_parquet(tmp_path / "train.parquet", [RED], [0], metadata)

    with pytest.raises(DataError, match="metadata"):
        open_source(f"parquet:{tmp_path}", "train")


def test_shards_with_other_columns_are_refused(tmp_path):
    write_parquet(tmp_path / "train-00000-of-00002.parquet", [RED], [0], {"class_names": ["a", "b"]})
    write_parquet(tmp_path / "train-00001-of-00002.parquet", [RED], ["a"])

    with pytest.raises(DataError, match="expected the columns"):
        open_source(f"parquet:{tmp_path}", "train")


@pytest.mark.parametrize("source", ["", "open", "ftp:here", "fashion", "digits:x", "parquet:"])
def test_unknown_source(source):
    with pytest.raises(DataError, match="expected a source such as"):
        open_source(source, "train")


def test_unknown_split(tmp_path):
    with pytest.raises(DataError, match='"train" or "test"'):
        open_source("digits", "validation")


def test_task_from_parquet_measures_classes_and_statistics(tmp_path):
    from den_core.data.tasks import task_from_source

    images = [encode(solid((255, 0, 0))), encode(solid((0, 0, 0)))]
    write_parquet(tmp_path / "train.parquet", images, ["b", "a"])

    task = task_from_source("mine", f"parquet:{tmp_path}", size=8)

    assert task.class_names == ("a", "b") and task.size == task.content_size == 8
    assert task.mean == (0.5, 0.0, 0.0)
    assert task.std == (0.5, 0.0039, 0.0039)


def test_task_needs_two_classes(tmp_path):
    from den_core.data.tasks import task_from_source

    write_parquet(tmp_path / "train.parquet", [RED], ["only"])

    with pytest.raises(ConfigError, match="two classes"):
        task_from_source("mine", f"parquet:{tmp_path}", size=8)


def test_written_metadata_is_json(tmp_path):
    """The helper writes what the `datasets` library writes."""
    write_parquet(tmp_path / "train.parquet", [RED], [0], {"huggingface": FEATURES})

    assert json.loads(pq.read_schema(tmp_path / "train.parquet").metadata[b"huggingface"]) == FEATURES
