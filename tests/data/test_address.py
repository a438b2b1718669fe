"""A source's name is taken apart as its docstring says."""

import pytest

from den_core.data.sources import open_source
from den_core.data.sources.address import parse_address
from den_core.errors import DataError


@pytest.mark.parametrize(
    ("text", "kind", "where", "label", "classes"),
    [
        ("digits", "digits", "", "", ()),
        ("digits#3,9", "digits", "", "", ("3", "9")),
        ("cifar10:", "cifar10", "", "", ()),
        ("cifar10:#cat, dog", "cifar10", "", "", ("cat", "dog")),
        ("folder:/no/such/pets", "folder", "/no/such/pets", "", ()),
        ("folder:/no/such/pets#T-shirt/top,a:b", "folder", "/no/such/pets", "", ("T-shirt/top", "a:b")),
        ("parquet:C?label=coarse_label", "parquet", "C", "coarse_label", ()),
        ("parquet:C?label=coarse_label#fish,7", "parquet", "C", "coarse_label", ("fish", "7")),
        ("folder:x#who?,c#", "folder", "x", "", ("who?", "c#")),
    ],
)
def test_parts(text, kind, where, label, classes):
    address = parse_address(text)

    assert (address.kind, address.where, address.label, address.classes) == (kind, where, label, classes)
    assert address.text == text


@pytest.mark.parametrize(
    "text, label, train, classes",
    [
        ("folder:x?train=50", "", 50, ()),
        ("cifar10:?train=7#cat,dog", "", 7, ("cat", "dog")),
        ("parquet:C?label=coarse_label?train=3#fish", "coarse_label", 3, ("fish",)),
    ],
)
def test_a_count_of_training_images_stands_before_the_classes(text, label, train, classes):
    address = parse_address(text)

    assert (address.label, address.train, address.classes) == (label, train, classes)


@pytest.mark.parametrize(("end", "classes"), [("", ()), ("#cat,dog", ("cat", "dog"))])
@pytest.mark.parametrize("name", ["c#", "c#/pets", "what?", "a?label=b", "c#?#"])
def test_signs_in_the_name_of_a_folder_that_is_there(tmp_path, name, end, classes):
    (tmp_path / name).mkdir(parents=True)
    for shorter in ("a", "c", "what"):
        (tmp_path / shorter).mkdir()

    address = parse_address(f"folder:{tmp_path / name}{end}")

    assert address.where == str(tmp_path / name) and address.classes == classes and not address.label


@pytest.mark.parametrize(
    "text",
    [
        "digits#",
        "digits#3,,4",
        "digits#3,",
        "parquet:x?label=",
        "parquet:x?lable=a",
        "digits?train=0",
        "digits?train=",
        "digits?train=-4",
        "digits#3?train=4",
    ],
)
def test_unfinished_parts_are_refused(text):
    with pytest.raises(DataError, match="expected .*found"):
        open_source(text, "train")


@pytest.mark.parametrize("text", ["digits?label=a", "folder:x?label=a", "cifar10:?label=coarse"])
def test_only_tables_have_label_columns(text):
    with pytest.raises(DataError, match=r"\?label= after open:, parquet: only"):
        open_source(text, "train")
