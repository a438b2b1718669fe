"""Files are whole or not there, and random numbers belong to their purpose."""

import os

import pytest
import torch

from den_core.runtime import files
from den_core.runtime.files import write_atomically
from den_core.seeding import step_generator


def test_a_write_replaces_the_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "new" / "file.json"
    write_atomically(path, b"first")
    write_atomically(path, b"second")

    assert path.read_bytes() == b"second"
    assert os.listdir(path.parent) == ["file.json"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file.json"
    write_atomically(path, b"old")

    def fail(descriptor):
        raise OSError("disk full")

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, b"new")

    assert path.read_bytes() == b"old"


def test_random_numbers_are_a_function_of_seed_stream_step_and_process():
    def draw(*key):
        return torch.rand(4, generator=step_generator(*key))

    first = draw(0, "augment", 5)
    assert torch.equal(first, draw(0, "augment", 5, 0))
    for other in ((1, "augment", 5), (0, "order", 5), (0, "augment", 6), (0, "augment", 5, 1)):
        assert not torch.equal(first, draw(*other))
