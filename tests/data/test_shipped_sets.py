"""The sets of this repository, and larger ones where a folder beside the checkout holds them."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

import den_core
from den_core.data.arrays import load_task
from den_core.data.coarse import COARSE
from den_core.data.images import fit_image
from den_core.data.listing import list_datasets, prepare_dataset
from den_core.data.sources import open_source
from den_core.data.sources import parquet as parquet_source
from den_core.data.splits import split_validation
from den_core.data.tasks import PUBLISHED, SCENARIOS, TASKS, measure_statistics
from den_core.errors import DataError

ROOT = Path(den_core.__file__).resolve().parent.parent
SHARED = Path(os.environ.get("DEN_SHARED_DATA", ROOT.parent / "shared" / "data"))
COUNTS = {
    ("fashion", "train"): [2000] * 10,
    ("fashion", "test"): [1000] * 10,
    ("emoji", "train"): [494, 668, 470, 386, 608, 252, 782, 663],
    ("emoji", "test"): [178, 250, 160, 135, 208, 88, 271, 224],
    ("clipart", "train"): [151, 31, 59, 180, 180, 180, 37, 125, 38, 178, 59, 41],
    ("clipart", "test"): [100, 21, 39, 120, 120, 120, 26, 84, 26, 118, 40, 28],
}


@pytest.mark.parametrize(("name", "split"), COUNTS)
def test_shipped_counts_are_those_of_the_readme(name, split):
    source = open_source(f"open:{name}", split)

    assert np.bincount(source.labels).tolist() == COUNTS[name, split]
    assert source.class_names == TASKS[name].class_names
    assert source.license


def test_readme_of_the_sets_states_the_shipped_files():
    text = (ROOT / "assets" / "datasets" / "README.md").read_text()

    for name, split in COUNTS:
        source = open_source(f"open:{name}", split)
        row = next(line for line in text.splitlines() if re.match(rf"\| {name} \| {split} \|", line))
        assert f"{len(source):,}" in row and source.fingerprint in row


@pytest.mark.parametrize("name", TASKS)
def test_every_image_decodes_and_statistics_are_the_measured_ones(name):
    task = TASKS[name]
    arrays = load_task(task, "train", progress=False)

    assert arrays.images.shape == (len(arrays), task.size, task.size, 3) and arrays.images.dtype == np.uint8
    assert measure_statistics(arrays.images) == (task.mean, task.std)
    assert arrays.fingerprint == open_source(task.source, "train").fingerprint


def test_rows_of_arrays_are_rows_of_the_source():
    task = TASKS["clipart"]
    source = open_source(task.source, "test")

    arrays = load_task(task, "test", limit=5, progress=False)

    assert len(arrays) == len(arrays.groups) == 5
    assert arrays.ids == source.ids[:5] and arrays.labels.tolist() == source.labels[:5].tolist()
    assert np.array_equal(arrays.images[4], fit_image(source.image(4), task))


def test_fashion_border_is_black():
    images = load_task(TASKS["fashion"], "test", limit=50, progress=False).images.copy()

    assert images[:, 2:30, 2:30].any(axis=(1, 2, 3)).all()
    images[:, 2:30, 2:30] = 0
    assert not images.any()


@pytest.mark.parametrize(
    ("name", "together", "apart"),
    [
        ("emoji", ["noto/1f44b-1f3ff.webp", "fluent/1f44b.webp"], ["noto/1f600.webp"]),
        (
            "clipart",
            ["a/cat_01.webp", "a/cat_2.webp", "a/cat.webp"],
            ["b/cat_01.webp", "a/dog_01.webp", "a/1.webp"],
        ),
    ],
)
def test_what_stays_together(name, together, apart):
    group = parquet_source.GROUPING[name]

    assert len({group(path) for path in together}) == 1
    assert len({group(path) for path in together + apart}) == 1 + len(apart)


@pytest.mark.parametrize("name", ["emoji", "clipart"])
def test_validation_split_of_grouped_sets_has_every_class_and_about_its_share(name):
    source = open_source(f"open:{name}", "train")

    train, val = split_validation(source.labels, source.groups, 0.1, seed=0)

    shares = np.bincount(source.labels[val]) / np.bincount(source.labels)
    assert 0.05 < shares.min() and shares.max() < 0.2
    assert not set(source.groups[train]) & set(source.groups[val])


def test_other_classes_than_the_tasks_are_refused():
    import dataclasses

    task = dataclasses.replace(TASKS["emoji"], source="open:clipart")

    with pytest.raises(DataError, match="task emoji: expected the 8 classes.*found 12"):
        load_task(task, "test", progress=False)


def test_unknown_shipped_set_names_those_present():
    with pytest.raises(DataError, match="clipart, emoji, fashion"):
        open_source("open:none", "train")
    with pytest.raises(DataError, match="expected a shipped data set"):
        open_source("open:../datasets/emoji", "train")


def test_scenarios_name_tasks():
    assert all(name in TASKS or name in PUBLISHED for names in SCENARIOS.values() for name in names)
    assert all(TASKS[name].name == name for name in TASKS) and not TASKS.keys() & PUBLISHED.keys()


def test_the_coarse_classes_share_out_cifar100():
    assert sorted(label for labels in COARSE.values() for label in labels) == list(range(100))
    assert all(len(labels) == 5 and name.isidentifier() for name, labels in COARSE.items())
    assert len(SCENARIOS["cifar100-20x5"]) == len(COARSE) == 20


@pytest.mark.skipif(not (SHARED / "cifar100").is_dir(), reason="needs CIFAR-100 beside the repository")
def test_the_coarse_classes_are_those_of_the_set(monkeypatch):
    monkeypatch.setenv("DEN_DATA", str(SHARED))
    fine, coarse = (open_source(source, "train") for source in ("cifar100:", "cifar100_coarse:"))

    for label, classes in enumerate(COARSE.values()):
        assert set(coarse.labels[np.isin(fine.labels, classes)]) == {label}


# ------------------------------------------------------------------ listing


def test_listing_shows_every_split(monkeypatch, tmp_path):
    monkeypatch.setenv("DEN_DATA", str(tmp_path))
    listed = list_datasets()

    whole = {name for name, task in PUBLISHED.items() if not {"#", "?"} & set(task.source)}
    assert whole >= {"cifar10", "cifar100"} and sorted(listed.name) == sorted([*TASKS, *whole] * 2)
    assert (listed.present == listed.name.isin(TASKS.keys())).all() and (listed.classes >= 8).all()
    row = listed[(listed.name == "emoji") & (listed.split == "test")].iloc[0]
    assert (row.images, row.classes, row["size"]) == (1514, 8, 64)
    assert "MIT" in row.license and row.location.endswith("emoji/test.parquet")


def test_listing_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_source, "SHIPPED_FOLDER", tmp_path)

    listed = list_datasets().set_index(["name", "split"])

    assert listed.images["emoji", "test"] == 0
    assert not listed.present["emoji", "test"] and str(tmp_path) in listed.location["emoji", "test"]
    assert listed.present["digits", "test"]


def test_prepare_counts_what_it_decoded():
    prepared = prepare_dataset("clipart", progress=False).set_index("split")

    assert prepared.images.to_dict() == {"train": 1259, "test": 842}
    assert prepared.smallest_class["train"] == 31 and prepared.largest_class["test"] == 120
    assert prepared.width["test"] == prepared.height["test"] == 96


def test_prepare_needs_a_known_name():
    with pytest.raises(DataError, match="found .*there are cifar10, .*or a source"):
        prepare_dataset("mnist", progress=False)


# ------------------------------------------------------------------ sets that are not shipped


@pytest.mark.parametrize(
    ("name", "images", "classes", "side"),
    [
        ("cifar100", (50_000, 10_000), 100, 32),
        ("tiny_imagenet", (60_000, 10_000), 200, 64),
        ("imagenette", (5_000, 3_925), 10, 96),
    ],
)
def test_sets_beside_the_checkout(name, images, classes, side):
    if not (SHARED / name).is_dir():
        pytest.skip(f"no {name} in {SHARED}; set DEN_SHARED_DATA to a folder that has it")

    for split, count in zip(("train", "test"), images, strict=True):
        source = open_source(f"parquet:{SHARED / name}", split)
        assert len(source) == count and len(source.class_names) == classes
        assert len(set(source.labels.tolist())) == classes
        assert {source.image(i).size for i in range(0, count, count // 20)} == {(side, side)}


def test_superclasses_of_cifar100_beside_the_checkout():
    if not (SHARED / "cifar100").is_dir():
        pytest.skip(f"no cifar100 in {SHARED}; set DEN_SHARED_DATA to a folder that has it")

    fine = open_source(f"parquet:{SHARED / 'cifar100'}", "test")
    coarse = open_source(f"parquet:{SHARED / 'cifar100'}?label=coarse_label", "test")
    trees = open_source(f"parquet:{SHARED / 'cifar100'}?label=coarse_label#trees", "test")

    assert coarse.ids == fine.ids and coarse.fingerprint != fine.fingerprint
    assert len(coarse.class_names) == 20 and np.bincount(coarse.labels).tolist() == [500] * 20
    pairs = {(fine.class_names[a], coarse.class_names[b]) for a, b in zip(fine.labels, coarse.labels, strict=True)}
    assert len(pairs) == 100, "every class is in one superclass"
    in_trees = {name for name, above in pairs if above == "trees"}
    assert in_trees == {"maple_tree", "oak_tree", "palm_tree", "pine_tree", "willow_tree"}
    assert trees.ids == [name for name, label in zip(fine.ids, fine.labels, strict=True)
                         if fine.class_names[label] in in_trees]  # fmt: skip


def test_some_classes_of_tiny_imagenet_beside_the_checkout():
    if not (SHARED / "tiny_imagenet").is_dir():
        pytest.skip(f"no tiny_imagenet in {SHARED}; set DEN_SHARED_DATA to a folder that has it")

    source = open_source(f"parquet:{SHARED / 'tiny_imagenet'}#koala,goldfish", "train")

    assert source.class_names == ("koala", "goldfish") and np.bincount(source.labels).tolist() == [300, 300]
    assert {Path(source.ids[i]).name.split("_")[0] for i in np.flatnonzero(source.labels == 1)} == {"n01443537"}
    assert "tiny_imagenet/train-0000" in source.where(0) and "-of-00002.parquet, row " in source.where(0)


def test_wrong_class_of_a_set_is_named_with_the_nearest():
    with pytest.raises(DataError, match="fashion/test.parquet: .*found 'sneakers'; did you mean Sneaker"):
        open_source("open:fashion#sneakers", "test")
