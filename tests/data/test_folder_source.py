"""Folders of images, one per class; and the digits of scikit-learn."""

import numpy as np
import pytest
from image_samples import encode, solid

from den_core.cli.main import main
from den_core.data.images import decode_image
from den_core.data.listing import prepare_dataset
from den_core.data.sources import open_source
from den_core.errors import DataError, ImageError


def fill(root, **files):
    """Write files given as path__with__slashes=bytes."""
    for name, data in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.with_suffix(".png") if not path.suffix else path).write_bytes(data)


@pytest.fixture
def folder(tmp_path):
    """Two classes, three training images and one test image, and things that are no images."""
    red, blue = encode(solid((255, 0, 0))), encode(solid((0, 0, 255)))
    fill(tmp_path, train__warm__a=red, train__warm__deep__b=red, train__cold__a=blue, test__cold__c=blue)
    (tmp_path / "train" / "warm" / "notes.txt").write_text("no image")
    (tmp_path / "train" / ".cache").mkdir()
    return tmp_path


def test_folders_name_the_classes(folder):
    source = open_source(f"folder:{folder}", "train")

    assert source.class_names == ("cold", "warm")
    assert sorted(zip(source.ids, source.labels.tolist(), strict=True)) == [
        ("cold/a.png", 0),
        ("warm/a.png", 1),
        ("warm/deep/b.png", 1),
    ]
    for i, label in enumerate(source.labels):
        assert source.image(i).getpixel((0, 0)) == [(0, 0, 255), (255, 0, 0)][label]


def test_class_without_test_images_keeps_its_number(folder):
    (folder / "test" / "warm").mkdir()
    (folder / "test" / "cold" / "c.png").rename(folder / "test" / "warm" / "c.png")
    (folder / "test" / "cold").rmdir()

    assert open_source(f"folder:{folder}", "test").labels.tolist() == [1]


def test_val_is_accepted_for_test(folder):
    (folder / "test").rename(folder / "val")

    assert len(open_source(f"folder:{folder}", "test")) == 1


def test_fingerprint_follows_the_contents(folder):
    before = open_source(f"folder:{folder}", "train").fingerprint
    assert open_source(f"folder:{folder}", "train").fingerprint == before

    (folder / "train" / "cold" / "a.png").write_bytes(encode(solid((0, 255, 0))))

    assert open_source(f"folder:{folder}", "train").fingerprint != before


def test_missing_split_is_named(folder, tmp_path):
    with pytest.raises(DataError, match="none/train"):
        open_source(f"folder:{tmp_path}/none", "train")
    (folder / "test").rename(folder / "other")
    with pytest.raises(DataError, match=r"/test with one folder per class, found other, train"):
        open_source(f"folder:{folder}", "test")


@pytest.mark.parametrize("split", ["train", "test"])
def test_empty_class_folder_is_named(folder, split):
    for name in ("train", "test"):
        fill(folder, **{f"{name}__empty__a": encode(solid(0, mode="L"))})
    (folder / split / "empty" / "a.png").rename(folder / split / "empty" / "a.txt")

    with pytest.raises(DataError, match=f"{folder}/{split}/empty, found none"):
        open_source(f"folder:{folder}", split)
    with pytest.raises(DataError, match=f"{folder}/{split}/empty, found none"):
        prepare_dataset(f"folder:{folder}", progress=False)


def test_folders_of_classes_that_are_not_asked_for_are_not_looked_into(folder):
    (folder / "train" / "empty").mkdir()

    source = open_source(f"folder:{folder}#warm,cold", "train")

    assert source.class_names == ("warm", "cold")
    assert sorted(source.ids) == ["cold/a.png", "warm/a.png", "warm/deep/b.png"]
    assert [name.split("/")[0] for name in source.ids] == [source.class_names[label] for label in source.labels]


def test_links_to_images_are_followed_and_links_to_folders_are_not(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    fill(elsewhere, picture=encode(solid((1, 2, 3))), more__d=encode(solid((1, 2, 3))))
    cold = folder / "test" / "cold"
    (cold / "link.png").symlink_to(elsewhere / "picture.png")
    (cold / "broken.png").symlink_to(elsewhere / "none.png")
    (cold / "more.png").symlink_to(elsewhere / "more")

    assert sorted(open_source(f"folder:{folder}", "test").ids) == ["cold/c.png", "cold/link.png"]


@pytest.mark.parametrize("split", ["train", "test"])
def test_imagenet_is_a_folder_with_train_and_val(folder, split):
    (folder / "test").rename(folder / "val")
    picture = folder / "val" / "cold" / "c.png"
    picture.write_bytes(encode(solid((0, 0, 255)), "JPEG"))
    picture.rename(picture.with_suffix(".JPEG"))

    as_folder, source = (open_source(f"{kind}:{folder}", split) for kind in ("folder", "imagenet"))

    assert source.ids == as_folder.ids and source.labels.tolist() == as_folder.labels.tolist()
    assert source.class_names == ("cold", "warm") and source.fingerprint == as_folder.fingerprint
    if split == "test":
        assert source.ids == ["cold/c.JPEG"] and source.image(0).getpixel((0, 0)) == pytest.approx((0, 0, 255), abs=3)


def test_imagenet_without_val_is_refused(folder):
    with pytest.raises(DataError, match=f"expected imagenet in {folder}, missing: val; .*image-net.org"):
        open_source(f"imagenet:{folder}", "train")


def test_no_class_folders(tmp_path):
    (tmp_path / "train").mkdir()

    with pytest.raises(DataError, match="one folder per class"):
        open_source(f"folder:{tmp_path}", "train")


def test_unknown_class_in_the_test_split(folder):
    (folder / "test" / "lukewarm").mkdir()

    with pytest.raises(DataError, match="lukewarm"):
        open_source(f"folder:{folder}", "test")


def test_damaged_file_is_named(folder):
    (folder / "test" / "cold" / "c.png").write_bytes(b"nothing")

    with pytest.raises(ImageError, match=rf"^{folder}/test/cold/c.png: .*\(images that cannot be used: 1 of 1\)"):
        prepare_dataset(f"folder:{folder}", progress=False)


def test_file_that_went_away_is_named(folder):
    source = open_source(f"folder:{folder}", "test")
    (folder / "test" / "cold" / "c.png").unlink()

    with pytest.raises(ImageError, match="No such file"):
        source.image(0)


def test_digits():
    train, test = open_source("digits", "train"), open_source("digits", "test")

    assert len(train) + len(test) == 1797 and abs(len(test) / 1797 - 0.25) < 0.005
    assert not set(train.ids) & set(test.ids)
    assert train.class_names == tuple("0123456789")
    assert np.bincount(test.labels).min() >= 40
    assert train.ids == open_source("digits", "train").ids and train.fingerprint != test.fingerprint
    assert train.image(0).size == decode_image(train.encoded(0)).size == (8, 8)


@pytest.mark.parametrize("fault", ["corrupt", "empty class"])
def test_check_names_what_training_would_stumble_over(tmp_path, fault, capsys):
    for split in ("train", "test"):
        for name in ("cat", "dog"):
            (tmp_path / split / name).mkdir(parents=True)
            (tmp_path / split / name / "1.png").write_bytes(encode(solid((0, 0, 0))))
    place = tmp_path / "train" / ("cat" if fault == "corrupt" else "fox")
    place.mkdir(exist_ok=True)
    if fault == "corrupt":
        (place / "2.png").write_bytes(b"no image")

    assert main(["datasets", "check", f"folder:{tmp_path}"]) == 2

    said = capsys.readouterr().err
    assert said.strip().count("\n") == 0 and str(place / "2.png" if fault == "corrupt" else place) in said
