"""`den app` starts Streamlit on the installed app, and says where it looks."""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
from pathlib import Path

import pytest

from den_core.cli.main import main


@pytest.fixture
def started(monkeypatch, tmp_path) -> list[list[str]]:
    """The commands that took the place of this process, had it not been kept; run in an empty folder."""
    commands: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda program, command: commands.append(command))
    monkeypatch.setenv("DEN_CHECKPOINTS", "")  # monkeypatch restores what the verb sets
    monkeypatch.chdir(tmp_path)
    return commands


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("localhost", 0)) as probe:
        return probe.getsockname()[1]


def test_streamlit_runs_the_installed_app(started, free_port, tmp_path, capsys):
    assert main(["app", "--checkpoints", str(tmp_path), "--port", str(free_port)]) == 0

    (command,) = started
    assert command[:5] == [sys.executable, "-P", "-m", "streamlit", "run"]
    assert Path(command[5]).samefile(Path(__file__).parents[2] / "app" / "main.py")
    assert command[6:] == [f"--server.port={free_port}"]
    assert os.environ["DEN_CHECKPOINTS"] == str(tmp_path)
    assert f"Looking for checkpoints in {tmp_path};" in capsys.readouterr().out


def test_without_a_folder_it_looks_where_the_environment_says(started, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DEN_CHECKPOINTS", str(tmp_path / "there"))

    assert main(["app"]) == 0

    assert f"Looking for checkpoints in {tmp_path / 'there'}, which does not exist;" in capsys.readouterr().out


def test_without_anything_it_looks_below_the_working_directory(started, tmp_path, capsys):
    (tmp_path / "checkpoints").mkdir()

    assert main(["app"]) == 0

    assert os.environ["DEN_CHECKPOINTS"] == str(tmp_path / "checkpoints")
    assert f"Looking for checkpoints in {tmp_path / 'checkpoints'};" in capsys.readouterr().out


@pytest.mark.parametrize("missing", ["streamlit", "plotly"])
def test_without_its_packages_one_line_names_the_extra(missing, started, monkeypatch, capsys):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == missing else find(name, *more))

    assert main(["app"]) == 2

    error = capsys.readouterr().err
    assert error.count("\n") == 1 and f"expected {missing}" in error
    assert 'pip install "deep-elastic-networks[app]"' in error
    assert not started


def test_what_cannot_be_started_is_refused(started, tmp_path, capsys):
    assert main(["app", "--checkpoints", str(tmp_path / "nowhere")]) == 2
    assert f"expected a folder of checkpoints at {tmp_path / 'nowhere'}" in capsys.readouterr().err

    with socket.create_server(("localhost", 0)) as taken:
        assert main(["app", "--port", str(taken.getsockname()[1])]) == 2
    assert "expected a free port" in capsys.readouterr().err
    assert not started
