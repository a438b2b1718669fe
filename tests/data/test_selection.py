"""#CLASS,CLASS after a source: these classes, in this order."""

import numpy as np
import pytest
from image_samples import encode, solid, write_parquet

from den_core.data.sources import open_source
from den_core.data.sources.selection import find_classes
from den_core.errors import DataError, ImageError

COLORS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
LABELS = [2, 0, 1, 2, 0, 1, 1]
NAMES = tuple(COLORS)


@pytest.fixture
def table(tmp_path):
    """Seven images of three colours, whose class is their colour."""
    images = [encode(solid(COLORS[NAMES[label]], (4 + i, 4))) for i, label in enumerate(LABELS)]
    for split in ("train", "test"):
        write_parquet(tmp_path / f"{split}.parquet", images, LABELS, {"class_names": list(NAMES)})
    return f"parquet:{tmp_path}"


@pytest.mark.parametrize(
    ("classes", "names", "rows"),
    [
        ("red,blue", ("red", "blue"), [0, 1, 3, 4]),
        ("blue,red", ("blue", "red"), [0, 1, 3, 4]),
        ("2,0", ("blue", "red"), [0, 1, 3, 4]),
        ("green", ("green",), [2, 5, 6]),
        ("green,2,red", ("green", "blue", "red"), [0, 1, 2, 3, 4, 5, 6]),
    ],
)
@pytest.mark.parametrize("split", ["train", "test"])
def test_rows_of_the_chosen_classes(table, classes, names, rows, split):
    whole = open_source(table, split)

    source = open_source(f"{table}#{classes}", split)

    assert source.class_names == names and source.name == f"{table}#{classes}" and len(source) == len(rows)
    assert source.ids == [whole.ids[row] for row in rows]
    assert source.groups.tolist() == whole.groups[rows].tolist()
    assert source.labels.dtype == np.int64
    for i, row in enumerate(rows):
        assert source.image(i).size == (4 + row, 4)
        assert source.image(i).getpixel((0, 0)) == COLORS[names[source.labels[i]]]
        assert source.encoded(i) == whole.encoded(row)


def test_fingerprint_covers_the_classes_and_their_order(table):
    ends = ("", "#red,blue", "#blue,red", "#red,green,blue")
    prints = [open_source(table + end, "train").fingerprint for end in ends]

    assert len(set(prints)) == 4
    assert open_source(f"{table}#0,2", "train").fingerprint == prints[1]


def test_unknown_class_names_similar_ones(table):
    with pytest.raises(
        DataError, match="train.parquet: expected one of 3 classes after #, found 'Rad'; did you mean red"
    ):
        open_source(f"{table}#Rad", "train")
    with pytest.raises(DataError, match="found '3'; it has red, green, blue"):
        open_source(f"{table}#3", "train")
    with pytest.raises(DataError, match="found '-1'"):
        open_source(f"{table}#-1", "train")


def test_same_class_twice_is_refused(table):
    with pytest.raises(DataError, match="once after #, found '0' again"):
        open_source(f"{table}#red,0", "train")


def test_numbers_that_are_names():
    assert find_classes(("0", "1", "2"), ("2", "0"), "") == [2, 0]
    assert find_classes(("10", "30"), ("30", "0"), "") == [1, 0]
    with pytest.raises(DataError, match=r"here: expected one class, but '1' may be 0 \(1\) and 1 \(0\)"):
        find_classes(("1", "0"), ("1",), "here")


def test_name_that_two_classes_share_needs_the_index():
    assert find_classes(("crane", "crane"), ("1",), "") == [1]
    with pytest.raises(DataError, match="use an index"):
        find_classes(("crane", "crane"), ("crane",), "")


def test_class_without_images_to_train_on(tmp_path):
    write_parquet(tmp_path / "train.parquet", [encode(solid(0, mode="L"))], [0], {"class_names": ["full", "empty"]})

    with pytest.raises(DataError, match="expected images of empty, found none"):
        open_source(f"parquet:{tmp_path}#full,empty", "train")


def test_damaged_image_is_named_by_its_row_in_the_file(tmp_path):
    good = encode(solid((1, 2, 3)))
    metadata = {"class_names": ["a", "b"]}
    write_parquet(tmp_path / "train.parquet", [good, good, b"no image"], [0, 1, 1], metadata)

    with pytest.raises(ImageError, match=r"train.parquet, row 2 \(image2.png\)"):
        open_source(f"parquet:{tmp_path}#b", "train").image(1)


def test_every_kind_takes_classes():
    digits = open_source("digits#7,1", "test")

    assert digits.class_names == ("7", "1") and set(digits.labels.tolist()) == {0, 1}
    whole = open_source("digits", "test")
    assert len(digits) == np.isin(whole.labels, [1, 7]).sum()
    assert open_source("open:fashion#T-shirt/top,Ankle boot", "test").class_names == ("T-shirt/top", "Ankle boot")


def test_a_few_training_images_of_every_class_are_its_first_ones():
    whole, few = open_source("digits", "train"), open_source("digits?train=5", "train")

    assert (np.bincount(few.labels) == 5).all()
    for label in range(10):
        assert [i for i, y in zip(few.ids, few.labels, strict=True) if y == label] == [
            i for i, y in zip(whole.ids, whole.labels, strict=True) if y == label
        ][:5]
    assert few.read(3) is not None and np.array_equal(few.read(3), whole.read(whole.ids.index(few.ids[3])))
    assert few.fingerprint not in (whole.fingerprint, open_source("digits?train=6", "train").fingerprint)
    assert len(open_source("digits?train=5", "test")) == len(open_source("digits", "test"))
    assert len(open_source("digits?train=5#3,1", "train")) == 10
    assert len(open_source("digits?train=9999", "train")) == len(whole)
