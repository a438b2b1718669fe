"""A download is whole, or there was none."""

import dataclasses
import functools
import hashlib
import http.server
import os
import tarfile
import threading

import pytest
from published_samples import publish, write_cifar10
from torchvision import datasets

from den_core.cli.main import main
from den_core.data.listing import list_datasets
from den_core.data.sources import open_source
from den_core.data.tasks import TASKS
from den_core.errors import DataError


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A web server on this machine that publishes a small CIFAR-10. Yields the archive's path."""
    made = tmp_path / "made"
    write_cifar10(made)
    publish(monkeypatch, datasets.CIFAR10, made / "cifar-10-batches-py")
    archive = tmp_path / "public" / datasets.CIFAR10.filename
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(made / "cifar-10-batches-py", "cifar-10-batches-py")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(archive.parent))
    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{web.server_port}/{archive.name}"
        monkeypatch.setattr(datasets.CIFAR10, "url", address)
        monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", hashlib.md5(archive.read_bytes()).hexdigest())
        yield archive
        web.shutdown()


def test_set_is_downloaded_at_first_use(server, tmp_path, monkeypatch):
    monkeypatch.setenv("DEN_DATA", str(tmp_path / "sets"))

    assert len(open_source("cifar10:", "train")) == 15
    assert [path.name for path in (tmp_path / "sets" / "cifar10").iterdir()] == ["cifar-10-batches-py"]

    server.unlink()
    assert len(open_source("cifar10:", "test")) == 3


def test_archive_that_is_cut_short_leaves_nothing(server, tmp_path):
    server.write_bytes(server.read_bytes()[:-100])

    folder = tmp_path / "new" / "sets"
    with pytest.raises(DataError, match=f"cifar10 in {folder}/cifar-10-batches-py, missing: .*downloading failed"):
        open_source(f"cifar10:{folder}", "train")
    assert not (tmp_path / "new").exists()


def test_archive_of_another_md5_leaves_nothing(server, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", hashlib.md5(b"the published one").hexdigest())

    with pytest.raises(DataError, match="downloading failed: File not found or corrupted"):
        open_source(f"cifar10:{tmp_path}/new", "train")
    assert not (tmp_path / "new").exists()


def test_archive_without_the_set_leaves_nothing(server, tmp_path, monkeypatch):
    with tarfile.open(server, "w:gz") as tar:
        tar.add(tmp_path / "made" / "cifar-10-batches-py" / "test_batch", "test_batch")
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", hashlib.md5(server.read_bytes()).hexdigest())

    with pytest.raises(DataError, match="downloading failed"):
        open_source(f"cifar10:{tmp_path}/new", "train")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("kind", "folder", "files", "home"),
    [
        ("cifar10", "cifar-10-batches-py", "batches.meta, data_batch_1", "https://www.cs.toronto.edu/~kriz/cifar.html"),
        ("cifar100", "cifar-100-python", "meta, train, test", "https://www.cs.toronto.edu/~kriz/cifar.html"),
        ("cifar100_coarse", "cifar-100-python", "meta, train, test", "https://www.cs.toronto.edu/~kriz/cifar.html"),
        ("stl10", "stl10_binary", "train_X.bin, train_y.bin", "https://cs.stanford.edu/~acoates/stl10/"),
    ],
)
def test_without_a_network_one_line_says_what_is_missing(kind, folder, files, home, offline, tmp_path, capsys):
    (tmp_path / "there").mkdir()

    assert main(["datasets", "prepare", f"{kind}:{tmp_path}/there"]) == 2

    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.endswith("\n")
    for part in (str(tmp_path / "there" / folder), files, home, "downloading failed: <urlopen error no network here>"):
        assert part in error
    assert offline and not list((tmp_path / "there").iterdir())


@pytest.mark.parametrize("kind", ["tiny_imagenet", "imagenet"])
def test_sets_that_nothing_downloads_say_what_is_missing(kind, offline, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DEN_DATA", str(tmp_path / "sets"))

    assert main(["datasets", "prepare", f"{kind}:"]) == 2

    error = capsys.readouterr().err
    assert error.count("\n") == 1 and str(tmp_path / "sets" / kind) in error
    assert "missing: " in error and "train, val" in error and "published at http" in error
    assert not offline and not (tmp_path / "sets").exists()


def test_listing_downloads_nothing(offline, tmp_path, monkeypatch):
    monkeypatch.setenv("DEN_DATA", str(tmp_path))
    task = dataclasses.replace(TASKS["digits"], name="some", source="cifar10:#cat,dog")
    monkeypatch.setitem(TASKS, "some", task)

    listed = list_datasets().set_index(["name", "split"])

    for name in ("some", "cifar10"):
        assert not listed.present[name, "train"] and str(tmp_path / "cifar10") in listed.location[name, "train"]
    assert not offline


def test_listing_does_not_read_sets_that_are_always_the_same(cifar10, tmp_path, monkeypatch):
    folder, _ = cifar10
    monkeypatch.setenv("DEN_DATA", str(tmp_path / "sets"))
    place = tmp_path / "sets" / "cifar10" / "cifar-10-batches-py"
    os.renames(folder / "cifar-10-batches-py", place)
    (place / "data_batch_1").write_bytes(b"no pickle")

    listed = list_datasets().set_index(["name", "split"]).loc["cifar10"]

    assert listed.present.all() and set(listed.location) == {str(place)} and set(listed.classes) == {10}
    assert listed.images.to_dict() == {"train": 50_000, "test": 10_000}


def test_check_downloads_nothing(tmp_path, monkeypatch, offline, capsys):
    monkeypatch.setenv("DEN_DATA", str(tmp_path))

    assert main(["datasets", "check", "cifar10"]) == 2

    said = capsys.readouterr().err
    assert not offline and said.count("\n") == 1 and str(tmp_path / "cifar10") in said and "data_batch_1" in said
