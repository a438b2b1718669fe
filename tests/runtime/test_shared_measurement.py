"""Two processes that torchrun started measure and index as one does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
import torch

from den_core.checkpoints.gallery import gallery_path
from den_core.cli.main import main
from den_core.runtime.processes import gathered, is_first

TWO = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone", "-m"]
TASKS = ("fashion", "emoji", "clipart")


def two(*arguments: str) -> str:
    """What a command line prints in two processes."""
    done = subprocess.run(
        [*TWO, "den_core", *arguments],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def one(capsys):
    """What a command line prints in this process."""

    def one(*arguments: str) -> str:
        assert main(list(arguments)) == 0
        return capsys.readouterr().out

    return one


def test_two_processes_measure_what_one_measures(tiny_checkpoint, one, tmp_path):
    found = {}
    for name, run in (("one", one), ("two", two)):
        out = tmp_path / name / "metrics.json"
        options = ["--split", "validation", "--limit", "21", "--shares", "0.6", "--out", str(out)]
        printed = run("evaluate", str(tiny_checkpoint), *options)
        found[name] = json.loads(out.read_text()), printed

    assert found["two"][0] == found["one"][0]
    assert found["two"][1].splitlines()[-12:] == found["one"][1].splitlines()[-12:]


def test_two_processes_index_what_one_indexes(tiny_checkpoint, one, tmp_path):
    galleries = []
    for name, run in (("one", one), ("two", two)):
        folder = tmp_path / name
        shutil.copytree(tiny_checkpoint, folder, ignore=shutil.ignore_patterns("gallery"))
        printed = run("index", str(folder), "--limit", "21")
        assert printed.split() == [str(gallery_path(folder, task)) for task in TASKS]
        galleries.append([gallery_path(folder, task).read_bytes() for task in TASKS])

    assert galleries[0] == galleries[1]


def test_alone_a_process_runs_all_rows():
    assert is_first()
    assert gathered(3, lambda rows: torch.arange(10)[rows]).tolist() == [0, 1, 2]


SCRIPT = """
import json, sys
from pathlib import Path
import torch
from den_core.runtime.processes import gathered, is_first, joined
found = {}
with joined():
    for rows in (1, 4, 5):
        ran = []
        got = gathered(rows, lambda part: (ran.append((part.start, part.stop)), torch.arange(10)[part, None] > 1)[1])
        found[rows] = {"ran": ran, "got": got.tolist()}
    (Path(sys.argv[1]) / f"{int(is_first())}.json").write_text(json.dumps(found))
    print("first\\n" if is_first() else "second\\n", end="")
print("left\\n", end="")
"""
"What it prints goes out in whole lines: two unbuffered processes share the pipe, and `print` writes its end apart."


def test_every_process_gets_what_all_ran(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run([*TWO[:-1], str(script), str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    second, first = (json.loads((tmp_path / f"{i}.json").read_text()) for i in range(2))

    assert sorted(done.stdout.split()) == ["first", "left", "left"]
    for rows in ("1", "4", "5"):
        assert first[rows]["got"] == second[rows]["got"] == [[i > 1] for i in range(int(rows))]
    assert first["5"]["ran"] == [[0, 3]] and second["5"]["ran"] == [[3, 5]]
    assert first["1"]["ran"] == [[0, 1]], "a process without rows runs one, to know its shape"
