"""A download is asked for, and whole; or there was none."""

import dataclasses
import functools
import hashlib
import http.server
import os
import re
import shlex
import tarfile
import threading
from pathlib import Path

import pytest
from published_samples import publish, write_cifar10
from torchvision import datasets

from den_core.cli.main import main
from den_core.data.listing import list_datasets
from den_core.data.sources import download_source, open_source
from den_core.data.tasks import TASKS
from den_core.errors import DataError
from den_core.recipes import recipe_with

SHIPPED = Path(__file__).resolve().parents[2] / "checkpoints" / "m1-imagenette-wrn"


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


def test_set_is_downloaded_once(server, tmp_path, monkeypatch):
    monkeypatch.setenv("DEN_DATA", str(tmp_path / "sets"))

    download_source("cifar10:")
    assert len(open_source("cifar10:", "train")) == 15
    assert [path.name for path in (tmp_path / "sets" / "cifar10").iterdir()] == ["cifar-10-batches-py"]

    server.unlink()
    download_source("cifar10:")
    assert len(open_source("cifar10:", "test")) == 3


@pytest.mark.parametrize("where", ["", "{}/some sets", "{}/cifar-10-batches-py"])
def test_opening_downloads_nothing_and_names_the_command_that_does(where, server, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DEN_DATA", str(tmp_path / "sets"))
    source = f"cifar10:{where.format(tmp_path)}"

    with pytest.raises(DataError, match="den datasets prepare") as found:
        open_source(source, "train")
    assert len(list(tmp_path.rglob("data_batch_1"))) == 1  # the one that the server's archive was made of

    command = re.search("`den (.*)`", str(found.value))[1]
    assert main(shlex.split(command)) == 0
    assert len(open_source(source, "train")) == 15


@pytest.mark.parametrize("tasks", [None, ["mine=cifar10:@32"]])
def test_training_downloads_what_is_missing_and_making_its_recipe_does_not(tasks, server, tmp_path, monkeypatch):
    monkeypatch.setenv("DEN_DATA", str(tmp_path / "sets"))
    name = "digits-fast" if tasks else "c1-cifar10-vgg16"

    with pytest.raises(DataError, match="datasets prepare"):
        recipe_with(name, tasks)
    assert recipe_with(name, tasks, download=True).network.tasks[0].num_classes == 10


def test_train_asks_for_the_set(offline, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DEN_DATA", str(tmp_path))

    assert main(["train", "c1-cifar10-vgg16", "--out", str(tmp_path / "run")]) == 2

    assert offline == [datasets.CIFAR10.url] and "downloading failed" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate", str(SHIPPED)],
        ["index", str(SHIPPED)],
        ["benchmark", str(SHIPPED)],
        ["export", str(SHIPPED), "{}/plain.pt2", "--task", "cifar100", "--budget", "0.4"],
        ["benchmark", "c1-cifar100-vgg16"],
        ["sweep", "c1-cifar100-vgg16", "--out", "{}/sweep"],
    ],
    ids=lambda arguments: f"{arguments[0]} {Path(arguments[1]).name}",
)
def test_other_verbs_say_where_a_set_is_missing_and_download_nothing(arguments, offline, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DEN_DATA", str(tmp_path))

    assert main([argument.format(tmp_path) for argument in arguments]) == 2

    error = capsys.readouterr().err.splitlines()[-1]
    assert not offline
    assert f"expected cifar100 in {tmp_path}/cifar100/cifar-100-python" in error
    assert f"`den datasets prepare cifar100:{tmp_path}/cifar100` downloads it" in error


def test_report_needs_no_data_set(offline, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DEN_DATA", str(tmp_path))

    assert main(["report", str(SHIPPED)]) == 0 and not offline


def test_archive_that_is_cut_short_leaves_nothing(server, tmp_path):
    server.write_bytes(server.read_bytes()[:-100])

    folder = tmp_path / "new" / "sets"
    with pytest.raises(DataError, match=f"cifar10 in {folder}/cifar-10-batches-py, missing: .*downloading failed"):
        download_source(f"cifar10:{folder}")
    assert not (tmp_path / "new").exists()


def test_archive_of_another_md5_leaves_nothing(server, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", hashlib.md5(b"the published one").hexdigest())

    with pytest.raises(DataError, match="downloading failed: File not found or corrupted"):
        download_source(f"cifar10:{tmp_path}/new")
    assert not (tmp_path / "new").exists()


def test_archive_without_the_set_leaves_nothing(server, tmp_path, monkeypatch):
    with tarfile.open(server, "w:gz") as tar:
        tar.add(tmp_path / "made" / "cifar-10-batches-py" / "test_batch", "test_batch")
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", hashlib.md5(server.read_bytes()).hexdigest())

    with pytest.raises(DataError, match="downloading failed"):
        download_source(f"cifar10:{tmp_path}/new")
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
