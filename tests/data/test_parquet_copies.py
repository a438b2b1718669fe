"""Published sets that lie in Parquet files instead of as they are published."""

import pytest
from image_samples import encode, solid, write_parquet

from den_core.data.listing import list_datasets
from den_core.data.sources import open_source

LABELS, COARSE = [0, 1, 2, 1], [1, 0, 0, 0]


@pytest.fixture
def data(tmp_path, monkeypatch):
    """$DEN_DATA with a small CIFAR-100 in Parquet files."""
    monkeypatch.setenv("DEN_DATA", str(tmp_path))
    (tmp_path / "cifar100").mkdir()
    images = [encode(solid((60 * label, 0, 0), (32, 32))) for label in LABELS]
    names = {"class_names": ["bee", "cat", "dog"], "coarse_class_names": ["mammals", "insects"]}
    for split in ("train", "test"):
        write_parquet(
            tmp_path / "cifar100" / f"{split}.parquet", images, LABELS, names, further={"coarse_label": COARSE}
        )
    return tmp_path


@pytest.mark.parametrize("where", ["", "{}/cifar100"])
def test_a_parquet_copy_is_the_set(data, offline, where):
    source = open_source(f"cifar100:{where.format(data)}", "train")

    assert source.labels.tolist() == LABELS and source.class_names == ("bee", "cat", "dog")
    assert not offline  # nothing was asked for


def test_coarse_labels_come_from_their_column(data):
    coarse, fine = (open_source(f"{kind}:", "test") for kind in ("cifar100_coarse", "cifar100"))

    assert coarse.class_names == ("mammals", "insects") and coarse.labels.tolist() == COARSE
    assert coarse.ids == fine.ids and coarse.fingerprint != fine.fingerprint


def test_classes_of_a_copy_can_be_chosen(data):
    assert open_source("cifar100:#dog,bee", "train").labels.tolist() == [1, 0]


def test_the_list_counts_what_lies_there(data):
    rows = list_datasets().set_index(["name", "split"])

    assert rows.loc[("cifar100", "train"), "images"] == len(LABELS)
    assert not rows.loc[("tiny", "train"), "present"]
