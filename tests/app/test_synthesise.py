"""A grown gallery is a gallery, with other distributions and the same pictures."""

from __future__ import annotations

import numpy as np
import pytest

from app.tools.synthesise import synthesise
from den_core.checkpoints.gallery import read_gallery
from den_core.errors import CheckpointError, DataError


def test_a_gallery_grows_to_the_rows_that_were_asked_for(tiny_checkpoint, tmp_path):
    written = synthesise(tiny_checkpoint, tmp_path / "big", rows=3000)
    real, grown = read_gallery(tiny_checkpoint, "emoji"), read_gallery(tmp_path / "big", "emoji")

    assert [path.stem for path in written] == ["fashion", "emoji", "clipart"]
    assert len(grown) == 1000 and grown.frame["image_id"].is_unique
    assert (tmp_path / "big" / "model.safetensors").is_file()
    np.testing.assert_allclose(grown.distribution.sum(-1), 1, atol=5e-3)
    row = int(grown.frame["row"][0])
    assert grown.frame["structure"][0] == real.frame["structure"][row]
    np.testing.assert_allclose(grown.distribution[0], real.distribution[row], atol=0.05)
    assert not np.array_equal(grown.distribution[0], real.distribution[row])


def test_it_is_the_same_with_the_same_seed(tiny_checkpoint, tmp_path):
    for name in ("a", "b"):
        synthesise(tiny_checkpoint, tmp_path / name, rows=60)

    first, second = (read_gallery(tmp_path / name, "fashion") for name in ("a", "b"))
    assert first.frame.equals(second.frame) and np.array_equal(first.distribution, second.distribution)


def test_what_cannot_be_done_is_said_before_anything_is_written(tiny_checkpoint, tmp_path):
    with pytest.raises(DataError, match="one per task"):
        synthesise(tiny_checkpoint, tmp_path / "few", rows=2)
    with pytest.raises(CheckpointError):
        synthesise(tmp_path / "nothing", tmp_path / "new", rows=10)
    assert not (tmp_path / "few").exists() and not (tmp_path / "new").exists()
    with pytest.raises(DataError, match="expected no folder"):
        synthesise(tiny_checkpoint, tmp_path, rows=10)
