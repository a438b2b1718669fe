"""STL-10 in its published files, small ones."""

import numpy as np
import pytest
from published_samples import STL10_CLASSES

from den_core.data.sources import open_source
from den_core.errors import DataError


@pytest.mark.parametrize("split", ["train", "test"])
def test_pictures_stand_upright_and_labels_count_from_zero(stl10, split):
    folder, made = stl10
    images, labels = made[split]

    source = open_source(f"stl10:{folder}", split)

    assert source.labels.tolist() == labels and source.labels.dtype == np.int64
    assert source.class_names == tuple(STL10_CLASSES)
    assert len(source) == len(images)
    for i, image in enumerate(images):
        assert np.array_equal(np.asarray(source.image(i)), image)


def test_images_without_labels_need_not_be_there(stl10):
    folder, _ = stl10

    assert not (folder / "stl10_binary" / "unlabeled_X.bin").exists()
    assert len(open_source(f"stl10:{folder / 'stl10_binary'}", "train")) == 4


def test_changed_file_is_named(stl10):
    folder, _ = stl10
    path = folder / "stl10_binary" / "test_y.bin"
    path.write_bytes(path.read_bytes()[:-1] + b"\x0b")

    with pytest.raises(DataError, match=f"another MD5 of {path};"):
        open_source(f"stl10:{folder}", "train")


def test_missing_class_names_are_asked_for(stl10, offline):
    folder, _ = stl10
    (folder / "stl10_binary" / "class_names.txt").unlink()

    with pytest.raises(DataError, match="stl10_binary, missing: class_names.txt; .*acoates/stl10"):
        open_source(f"stl10:{folder}", "train")
    assert not offline
