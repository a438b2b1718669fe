"""What the app knows about folders, without a browser."""

from __future__ import annotations

import os

from app import cache, widgets


def test_only_folders_that_look_like_checkpoints_are_listed(tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("DEN_CHECKPOINTS", str(tmp_path))
    for name in ("b", "a", "empty"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "config.json").touch()
    (tmp_path / "b" / "model.safetensors").touch()
    (tmp_path / "file").touch()
    outside = tmp_path_factory.mktemp("outside")
    (outside / "config.json").touch()
    (tmp_path / "link").symlink_to(outside)
    assert cache.checkpoint_names() == ["a", "b"]


def test_a_changed_file_changes_the_identity_of_the_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setenv("DEN_CHECKPOINTS", str(tmp_path))
    gallery = tmp_path / "net" / "gallery" / "toy.parquet"
    gallery.parent.mkdir(parents=True)
    gallery.touch()
    before = cache.identify("net")
    assert before == cache.identify("net")
    os.utime(gallery, ns=(10, 10))
    older = cache.identify("net")
    gallery.rename(gallery.with_name("other.parquet"))
    assert len({before, older, cache.identify("net")}) == 3


def test_names_from_outside_are_escaped():
    assert widgets.literal("a*b_[c](d)<e>$") == r"a\*b\_\[c\]\(d\)\<e\>\$"


def test_numbers_for_people():
    assert [widgets.millions(n) for n in (1_234_567, 45_600_000, 1_066_000_000)] == [
        "1.23 M",
        "45.6 M",
        "1,066 M",
    ]
    assert widgets.percent(0.6123) == "61.2 %"
