"""Tiny-ImageNet in its published layout, a small one."""

import pytest
from image_samples import encode, solid
from published_samples import write_tiny_imagenet

from den_core.data.listing import prepare_dataset
from den_core.data.sources import open_source
from den_core.errors import DataError, ImageError

WNIDS = ["n01443537", "n02124075", "n03126707"]


@pytest.fixture
def tiny(tmp_path):
    """The folder that holds the set, and its files by split."""
    return tmp_path, write_tiny_imagenet(tmp_path)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("inside", ["", "tiny-imagenet-200"])
def test_every_image_has_its_label(tiny, split, inside):
    folder, made = tiny

    source = open_source(f"tiny_imagenet:{folder / inside}", split)

    assert source.class_names == ("goldfish", "Egyptian cat", "crane")
    assert sorted(source.ids) == sorted(made[split])
    for i, name in enumerate(source.ids):
        wnid, shade = made[split][name]
        assert source.labels[i] == WNIDS.index(wnid)
        assert source.image(i).getpixel((0, 0)) == pytest.approx((shade,) * 3, abs=1)


def test_test_images_come_in_the_order_of_the_annotations(tiny):
    folder, _ = tiny
    path = folder / "tiny-imagenet-200" / "val" / "val_annotations.txt"
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))

    source = open_source(f"tiny_imagenet:{folder}", "test")

    assert source.ids == [f"val/images/val_{i}.JPEG" for i in (2, 1, 0)]


def test_training_images_are_mixed_the_same_way_every_time(tiny):
    folder, _ = tiny
    first = open_source(f"tiny_imagenet:{folder}", "train")

    assert first.ids != sorted(first.ids) and first.ids == open_source(f"tiny_imagenet:{folder}", "train").ids


@pytest.mark.parametrize("split", ["train", "test"])
def test_classes_are_chosen_and_others_need_no_training_images(tiny, split):
    folder, made = tiny
    (folder / "tiny-imagenet-200" / "train" / WNIDS[1] / "images").rename(folder / "moved")

    source = open_source(f"tiny_imagenet:{folder}#crane,0", split)

    assert source.class_names == ("crane", "goldfish")
    assert sorted(source.ids) == sorted(name for name, (wnid, _) in made[split].items() if wnid != WNIDS[1])
    assert [made[split][name][0] for name in source.ids] == [(WNIDS[2], WNIDS[0])[label] for label in source.labels]


def test_classes_of_the_same_name_are_told_apart(tiny):
    folder, _ = tiny
    with (folder / "tiny-imagenet-200" / "wnids.txt").open("a") as stream:
        stream.write("n02012849\n")
    (folder / "tiny-imagenet-200" / "train" / "n02012849" / "images").mkdir(parents=True)
    (folder / "tiny-imagenet-200" / "train" / "n02012849" / "images" / "a.JPEG").write_bytes(encode(solid(0, mode="L")))

    source = open_source(f"tiny_imagenet:{folder}", "train")

    assert source.class_names == ("goldfish", "crane (n02012849)", "Egyptian cat", "crane (n03126707)")


def test_fingerprint_follows_the_contents(tiny):
    folder, made = tiny
    before = open_source(f"tiny_imagenet:{folder}", "test").fingerprint
    assert open_source(f"tiny_imagenet:{folder}", "test").fingerprint == before

    (folder / "tiny-imagenet-200" / min(made["test"])).write_bytes(encode(solid((9, 9, 9)), "JPEG"))

    assert open_source(f"tiny_imagenet:{folder}", "test").fingerprint != before


@pytest.mark.parametrize("name", ["wnids.txt", "words.txt", "train", "val"])
def test_missing_part_is_named(tiny, name, offline):
    folder, _ = tiny
    place = folder / "tiny-imagenet-200"
    (place / name).rename(folder / "moved")

    with pytest.raises(DataError, match=f"expected tiny_imagenet in {place}, missing: {name}; .*cs231n.stanford.edu"):
        open_source(f"tiny_imagenet:{folder}", "test")
    assert not offline


def test_class_folder_without_images_is_named(tiny):
    folder, _ = tiny
    images = folder / "tiny-imagenet-200" / "train" / WNIDS[1] / "images"
    for path in images.iterdir():
        path.unlink()

    with pytest.raises(DataError, match=f"expected images in {images}, found none"):
        prepare_dataset(f"tiny_imagenet:{folder}", progress=False)


@pytest.mark.parametrize("split", ["train", "test"])
def test_class_folder_that_wnids_does_not_list_is_named(tiny, split):
    folder, _ = tiny
    path = folder / "tiny-imagenet-200" / "wnids.txt"
    path.write_text(f"{WNIDS[0]}\n{WNIDS[0]}\n{WNIDS[1]}\n")

    with pytest.raises(DataError, match=f"train/{WNIDS[2]}: expected a folder named by one of the 2 wnids in {path}"):
        open_source(f"tiny_imagenet:{folder}", split)

    path.write_text("")
    with pytest.raises(DataError, match=f"train/{WNIDS[0]}: .* the 0 wnids in {path}, found 3 of other names"):
        open_source(f"tiny_imagenet:{folder}", split)


@pytest.mark.parametrize("line", ["val_9.JPEG\tn99999999\t0\t0\t1\t1", "val_9.JPEG", ""])
def test_label_outside_the_classes_is_named_by_file_and_line(tiny, line):
    folder, _ = tiny
    path = folder / "tiny-imagenet-200" / "val" / "val_annotations.txt"
    path.write_text(path.read_text() + line + "\n" + "more\n")

    with pytest.raises(DataError, match=f"{path}, line 4: expected .*wnids.txt, found {line[:5]!r}"[:-1]):
        open_source(f"tiny_imagenet:{folder}", "test")


def test_images_and_annotations_must_agree(tiny):
    folder, _ = tiny
    images = folder / "tiny-imagenet-200" / "val" / "images"
    (images / "val_1.JPEG").rename(images / "val_7.JPEG")
    with pytest.raises(DataError, match=f"{images / 'val_1.JPEG'}: .*no such file"):
        open_source(f"tiny_imagenet:{folder}", "test")

    (images / "val_1.JPEG").write_bytes((images / "val_7.JPEG").read_bytes())
    with pytest.raises(DataError, match=f"{images / 'val_7.JPEG'}: .*no label in"):
        open_source(f"tiny_imagenet:{folder}", "test")


def test_class_without_words_and_broken_text(tiny):
    folder, _ = tiny
    path = folder / "tiny-imagenet-200" / "words.txt"
    path.write_text("n01443537\tgoldfish\n")
    with pytest.raises(DataError, match="words.txt: .*found none for n02124075, n03126707"):
        open_source(f"tiny_imagenet:{folder}", "train")

    path.write_bytes(b"n01443537\t\xff\xfe")
    with pytest.raises(DataError, match=f"expected a text file at {path}"):
        open_source(f"tiny_imagenet:{folder}", "train")


def test_damaged_images_are_named_and_counted(tiny):
    folder, made = tiny
    for name in made["train"]:
        (folder / "tiny-imagenet-200" / name).write_bytes(b"nothing")

    first = open_source(f"tiny_imagenet:{folder}", "train").ids[0]
    path = folder / "tiny-imagenet-200" / first
    with pytest.raises(ImageError, match=rf"^{path}: .*\(images that cannot be used: 6 of 6\)$"):
        prepare_dataset(f"tiny_imagenet:{folder}", progress=False)
