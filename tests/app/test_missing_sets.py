"""Data sets that are not on this machine: no page asks another machine for them, and each page says so once."""

from __future__ import annotations

import collections
import shutil
import socket

import pytest

import den_core.data.sources
from app.pages import PAGES

HERE = ("localhost", "127.0.0.1", "::1")
ELSEWHERE = "m1-imagenette-wrn"
"The shipped network whose data sets are not shipped."
FOLDERS = ("cifar100", "tiny_imagenet", "imagenette")
SHIPPED = ("open3-wrn", "open3-wrn-lean", ELSEWHERE)
WITH_PICTURES = {
    "similar_images",
    "level_usage",
    "chosen_models",
    "hard_images",
    "right_and_wrong",
    "map",
    "looking",
}
"Pages that show test images of that network at once; it shares no task with another, so Compare shows none."


@pytest.fixture
def asked(monkeypatch, tmp_path) -> list[str]:
    """A machine without network and without installed data sets. Collects which other machines were asked for."""
    asked = []
    look_up, connect = socket.getaddrinfo, socket.socket.connect

    def refuse_unless_here(host: str | bytes | None) -> None:
        if host is not None and host not in HERE:
            asked.append(str(host))
            raise OSError("no network here")

    def guarded_look_up(host, *rest, **options):
        refuse_unless_here(host)
        return look_up(host, *rest, **options)

    def guarded_connect(self, address):
        refuse_unless_here(address[0] if isinstance(address, tuple) else None)
        return connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setenv("DEN_DATA", str(tmp_path / "no sets"))
    return asked


@pytest.fixture
def opened(monkeypatch) -> collections.Counter:
    """Counts how often every data set is looked for."""
    opened, original = collections.Counter(), den_core.data.sources.open_source

    def counted(source, split):
        opened[source] += 1
        return original(source, split)

    monkeypatch.setattr(den_core.data.sources, "open_source", counted)
    return opened


def _notices(app) -> list[str]:
    return [info.value for info in app.info if "Pictures are missing" in info.value]


def _lines_about_sets(app) -> list[str]:
    """Every sentence on a page that says where a data set is expected."""
    texts = [text.value for kind in (app.info, app.caption, app.error, app.warning) for text in kind]
    return [line for text in texts for line in text.splitlines() if "published at" in line]


def test_the_guard_notices_whoever_asks(asked):
    with pytest.raises(OSError, match="no network here"):
        socket.create_connection(("den.invalid", 80))
    with pytest.raises(OSError, match="no network here"), socket.socket() as direct:
        direct.connect(("192.0.2.1", 80))
    assert asked == ["den.invalid", "192.0.2.1"]


def test_a_missing_set_is_looked_for_once_per_page_and_said_once(open_page, repository, asked, opened, tmp_path):
    app = open_page("chosen_models", repository / "checkpoints", ELSEWHERE)

    assert not asked and not app.exception
    assert opened == {"cifar100:": 1, "tiny_imagenet:": 1, "imagenette:": 1}
    (notice,) = _notices(app)
    for folder in FOLDERS:
        assert notice.replace("\\", "").count(f"expected {folder} in {tmp_path}/no sets/{folder}/") == 1
    assert len(_lines_about_sets(app)) == len(FOLDERS)


@pytest.mark.parametrize("checkpoint", SHIPPED)
@pytest.mark.parametrize("page", PAGES)
def test_no_page_of_a_shipped_network_asks_another_machine(page, checkpoint, open_page, repository, asked):
    app = open_page(page, repository / "checkpoints", checkpoint)

    assert not asked
    assert not app.exception and not app.error
    assert len(_notices(app)) == (checkpoint == ELSEWHERE and page in WITH_PICTURES)
    assert len(_lines_about_sets(app)) == len(set(_lines_about_sets(app)))


@pytest.mark.parametrize(("page", "query"), [("guide", {"step": "2"}), ("inspect_image", {"look": "Similar images"})])
def test_pictures_that_a_visitor_asks_for_are_missing_in_one_notice(page, query, open_page, repository, asked):
    app = open_page(page, repository / "checkpoints", ELSEWHERE, **query)

    assert not asked
    assert not app.exception and not app.error
    assert len(_notices(app)) == 1


def test_a_test_image_that_is_inspected_is_missing_in_one_line(open_page, repository, asked):
    app = open_page("inspect_image", repository / "checkpoints", ELSEWHERE, picture="cifar100:3")

    assert not asked and not app.exception
    assert len(app.error) == 1 and len(_lines_about_sets(app)) == 1


def test_a_set_that_is_put_there_later_is_found_by_a_reload(open_page, tmp_path, rename_source, grid_tiles, repository):
    copy, others = tmp_path / "checkpoints" / "copy", shutil.ignore_patterns("fashion.*", "clipart.*")
    shutil.copytree(repository / "checkpoints" / "open3-wrn", copy, ignore=others)
    rename_source(copy, f"parquet:{tmp_path}/later")
    app = open_page("right_and_wrong", tmp_path / "checkpoints")
    assert len(_notices(app)) == 1 and not any(tile["src"] for tile in grid_tiles(app, "right_images"))

    shutil.copytree(repository / "assets" / "datasets" / "emoji", tmp_path / "later")
    app.run()

    assert not _notices(app) and all(tile["src"] for tile in grid_tiles(app, "right_images"))
