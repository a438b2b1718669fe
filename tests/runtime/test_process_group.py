"""The process group is left when the work is done, and when it failed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from torch import distributed

from den_core.cli.console import exit_code
from den_core.errors import ConfigError
from den_core.runtime import processes
from den_core.runtime.processes import joined, leaving


def free_port() -> str:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return str(server.getsockname()[1])


def environment(rank: int, world: int, port: str) -> dict[str, str]:
    """What torchrun says to the processes that it starts."""
    place = {"RANK": str(rank), "WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return place | {"TORCHELASTIC_RUN_ID": "test", "OMP_NUM_THREADS": "1"}


def gloo_threads() -> list[str]:
    """Threads of process groups in this process, where the system tells their names."""
    names = [file.read_text().strip() for file in Path("/proc/self/task").glob("*/comm")]
    return [name for name in names if "gloo" in name or "store" in name]


@pytest.fixture
def as_by_torchrun(monkeypatch):
    """This process as the only one that torchrun started."""
    for name, value in environment(0, 1, free_port()).items():
        monkeypatch.setenv(name, value)


def test_after_success_the_group_is_left(as_by_torchrun):
    with joined():
        assert distributed.is_initialized()
        assert gloo_threads() or sys.platform != "linux", "the test does not know the names of the threads"

    assert not distributed.is_initialized()
    assert gloo_threads() == []


def test_after_an_error_the_group_is_left(as_by_torchrun):
    def fails() -> None:
        with joined():
            raise ConfigError("expected 1, found 2")

    assert exit_code(fails) == 2
    assert not distributed.is_initialized()
    assert gloo_threads() == []


def test_a_process_that_left_joins_again(as_by_torchrun):
    """Nothing of the group that was left is taken for the new one's."""
    for _ in range(2):
        with joined():
            distributed.barrier(group=processes._group())


@pytest.mark.parametrize("error", [None, ConfigError("expected 1, found 2")])
def test_all_but_the_first_print_nothing_until_they_leave(as_by_torchrun, monkeypatch, capsys, error):
    monkeypatch.setattr(processes, "is_first", lambda: False)

    def prints() -> None:
        with joined():
            print("within")
            if error:
                raise error

    exit_code(prints)
    print("after")

    assert capsys.readouterr().out == "after\n"


def test_within_another_nothing_is_left(as_by_torchrun):
    with leaving():
        for _ in range(2):
            with joined():
                world = distributed.group.WORLD
            assert distributed.group.WORLD is world is not None

    assert not distributed.is_initialized()


def test_a_group_made_before_is_not_left(as_by_torchrun):
    distributed.init_process_group("gloo")
    try:
        with joined():
            pass
        assert distributed.is_initialized()
    finally:
        distributed.destroy_process_group()


def test_without_torchrun_no_group_is_joined():
    with joined():
        assert not distributed.is_initialized()


SCRIPT = """
import sys
import torch
from den_core.cli.console import exit_code
from den_core.errors import DataError
from den_core.runtime.processes import gathered, is_first, joined

def work():
    with joined():
        gathered(4, lambda rows: torch.arange(4)[rows])
        if not is_first():
            raise DataError("expected an image, found none")
        if sys.argv[1] == "waits":
            gathered(4, lambda rows: torch.arange(4)[rows])

sys.exit(exit_code(work))
"""


@pytest.mark.parametrize("first", ["waits", "is done"])
def test_where_one_process_fails_no_other_waits_or_succeeds(first):
    port = free_port()
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, first],
            env=os.environ | environment(rank, 2, port),
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        errors = [process.communicate(timeout=120)[1] for process in started]
    finally:
        for process in started:
            process.kill()

    assert [process.returncode for process in started] == [2, 2]
    assert errors[1] == "error: expected an image, found none\n"
    assert errors[0].startswith("error: expected all processes to go on, found one that ended")
    assert errors[0].count("\n") == 1
