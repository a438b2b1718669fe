"""CIFAR in its published files, small ones; see `published_samples` for what is changed of torchvision."""

import os

import numpy as np
import pytest
from image_samples import encode
from PIL import Image
from published_samples import pickled, publish, write_cifar10, write_cifar100
from torchvision import datasets

from den_core.data.images import decode_image
from den_core.data.sources import KINDS, cifar, open_source, stl10
from den_core.errors import DataError


def assert_same_pictures(source, images):
    assert len(source) == len(images)
    for i, image in enumerate(images):
        assert np.array_equal(np.asarray(source.image(i)), image)


@pytest.mark.parametrize("split", ["train", "test"])
def test_cifar10(cifar10, split):
    folder, made = cifar10
    images, labels = made[split]

    source = open_source(f"cifar10:{folder}", split)

    assert_same_pictures(source, images)
    assert source.labels.tolist() == labels and source.labels.dtype == np.int64
    assert source.class_names[:3] == ("airplane", "automobile", "bird") and len(source.class_names) == 10
    assert len(set(source.ids)) == len(source) and source.location == str(folder / "cifar-10-batches-py")


@pytest.mark.parametrize("split", ["train", "test"])
def test_cifar100_fine_and_coarse_are_the_same_rows(cifar100, split):
    folder, made = cifar100
    images, fine_labels, coarse_labels = made[split]

    fine, coarse = open_source(f"cifar100:{folder}", split), open_source(f"cifar100_coarse:{folder}", split)

    assert_same_pictures(fine, images)
    assert_same_pictures(coarse, images)
    assert fine.ids == coarse.ids
    assert fine.labels.tolist() == fine_labels and coarse.labels.tolist() == coarse_labels
    assert fine.class_names == tuple(f"fine {i}" for i in range(100))
    assert coarse.class_names == tuple(f"coarse {i}" for i in range(20))
    assert fine.fingerprint != coarse.fingerprint


def test_picture_is_stored_as_png_where_bytes_are_needed(cifar10):
    folder, made = cifar10

    data = open_source(f"cifar10:{folder}", "test").encoded(2)

    assert data == encode(Image.fromarray(made["test"][0][2]))
    assert np.array_equal(np.asarray(decode_image(data)), made["test"][0][2])


def test_classes_are_chosen(cifar10):
    folder, made = cifar10

    source = open_source(f"cifar10:{folder}#dog,3", "train")

    labels = np.array(made["train"][1])
    assert source.class_names == ("dog", "cat")
    assert_same_pictures(source, made["train"][0][np.isin(labels, [3, 5])])


def test_fingerprint_follows_the_pixels(cifar10, monkeypatch, tmp_path):
    folder, _ = cifar10
    before = open_source(f"cifar10:{folder}", "test").fingerprint
    assert open_source(f"cifar10:{folder}", "test").fingerprint == before

    write_cifar10(tmp_path / "other", per_batch=2)
    publish(monkeypatch, datasets.CIFAR10, tmp_path / "other" / "cifar-10-batches-py")

    assert open_source(f"cifar10:{tmp_path}/other", "test").fingerprint != before


# ------------------------------------------------------------------ where it lies


def test_folder_may_be_the_set_itself_even_under_another_name(cifar100):
    folder, _ = cifar100
    place = folder / "cifar-100-python"

    assert len(open_source(f"cifar100:{place}", "test")) == 4
    place.rename(folder / "renamed")
    assert len(open_source(f"cifar100_coarse:{folder / 'renamed'}", "test")) == 4


@pytest.mark.parametrize("source", ["cifar100", "cifar100:", "cifar100_coarse:"])
def test_default_folder(cifar100, source, monkeypatch, tmp_path):
    folder, _ = cifar100
    os.renames(folder / "cifar-100-python", tmp_path / "sets" / "cifar100" / "cifar-100-python")
    monkeypatch.setenv("DEN_DATA", str(tmp_path / "sets"))
    assert len(open_source(source, "train")) == 7

    (tmp_path / "sets").rename(tmp_path / "data")
    monkeypatch.delenv("DEN_DATA")
    monkeypatch.chdir(tmp_path)
    assert len(open_source(source, "train")) == 7


# ------------------------------------------------------------------ refused


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("source", ["cifar100", "cifar100_coarse"])
@pytest.mark.parametrize("name", ["train", "meta"])
def test_file_that_is_not_the_published_one_is_named_and_not_unpickled(cifar100, source, name, tmp_path):
    import pickle

    folder, _ = cifar100
    path = folder / "cifar-100-python" / name
    path.write_bytes(pickle.dumps({"data": Trap(tmp_path / "sprung")}))

    with pytest.raises(DataError, match=f"another MD5 of {path};"):
        open_source(f"{source}:{folder}", "train")
    assert not (tmp_path / "sprung").exists()
    pickle.loads(path.read_bytes())
    assert (tmp_path / "sprung").exists(), "the trap must work where somebody steps into it"


def test_missing_file_is_named_and_a_folder_that_holds_something_is_left_alone(cifar10, offline):
    folder, _ = cifar10
    (folder / "cifar-10-batches-py" / "data_batch_4").unlink()
    before = sorted(folder.rglob("*"))

    with pytest.raises(DataError, match="cifar-10-batches-py, missing: data_batch_4; .*kriz/cifar.html; add the files"):
        open_source(f"cifar10:{folder}", "test")
    assert not offline and sorted(folder.rglob("*")) == before


def test_label_outside_the_classes_is_named(tmp_path, monkeypatch):
    write_cifar10(tmp_path, label_of_last=10)
    publish(monkeypatch, datasets.CIFAR10, tmp_path / "cifar-10-batches-py")

    with pytest.raises(DataError, match=r"cifar-10-batches-py, row 2 \(train/2\): .* from 0 to 9, found 10"):
        open_source(f"cifar10:{tmp_path}", "train")


def test_coarse_labels_must_be_as_many_as_images(tmp_path, monkeypatch):
    write_cifar100(tmp_path, coarse_labels_left_out=1)
    publish(monkeypatch, datasets.CIFAR100, tmp_path / "cifar-100-python")

    with pytest.raises(DataError, match="cifar-100-python/train: expected 7 coarse_labels, found 6"):
        open_source(f"cifar100_coarse:{tmp_path}", "train")


# ------------------------------------------------------------------ integers out of a pickle


@pytest.mark.parametrize("protocol", [None, 0, 2, 3, 4, 5])
@pytest.mark.parametrize("key", ["fine_labels", "coarse_labels", "last"])
def test_integers_of_a_long_list(tmp_path, protocol, key):
    import pickle

    contents = {
        "filenames": ["coarse.png", "fine.png"],
        "fine_labels": list(range(2500)),
        "coarse_labels": [i % 20 for i in range(2500)],
        "data": "x" * 1000,
        "last": [1, 0, 300, 70_000],
    }
    path = tmp_path / "batch"
    path.write_bytes(pickled(contents) if protocol is None else pickle.dumps(contents, protocol))

    assert cifar.read_integers(path, key) == contents[key]


def test_missing_key_and_what_is_no_pickle(tmp_path):
    (tmp_path / "batch").write_bytes(pickled({"labels": [1, 2]}))
    with pytest.raises(DataError, match="batch: expected an entry coarse_labels, found none"):
        cifar.read_integers(tmp_path / "batch", "coarse_labels")

    (tmp_path / "text").write_bytes(b"\xff no pickle")
    with pytest.raises(DataError, match="text: expected a pickle"):
        cifar.read_integers(tmp_path / "text", "labels")


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "stl10"])
def test_expected_files_are_those_that_torchvision_reads(name):
    published = KINDS[name].published
    archive = getattr(datasets, published.torchvision)

    listed = {entry[0] for entry in [*archive.train_list, *archive.test_list]} - {"unlabeled_X.bin"}
    listed.add(stl10.STL10.files[-1] if name == "stl10" else archive.meta["filename"])

    assert set(published.files) == listed and published.folder == archive.base_folder
    if name == "stl10":
        assert archive.class_names_file in published.files
