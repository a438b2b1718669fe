"""Processes that share the images of a measurement: those that torchrun started, or those of a training before it.

Each runs its part of the images and gets the results of all, so that all take the same decisions after it.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, distributed

from den_core.errors import ProcessError


@contextlib.contextmanager
def joined() -> Iterator[None]:
    """Work with the processes that torchrun started, if it did; all but the first of them print nothing meanwhile.

    Raises:
        ProcessError: as `leaving`.
    """
    with leaving():
        if distributed.is_torchelastic_launched() and not distributed.is_initialized():
            distributed.init_process_group("gloo")
        with contextlib.nullcontext() if is_first() else _silence():
            yield


@contextlib.contextmanager
def leaving() -> Iterator[None]:
    """Leave at the end, also after an error, the process group that was made inside, by `joined` or by Fabric.

    A thread of the group that lets go of a tensor while Python shuts down aborts the process: no group lives so long.
    Inside another of these, or in a group that was there before, nothing is left: what follows may need the group.

    Raises:
        ProcessError: the work was done here, but another process did not reach its end.
    """
    global _left_further_out
    if _left_further_out or _in_group():
        yield
        return
    _left_further_out = True
    try:
        yield
        if _in_group():
            with _plain_errors():
                distributed.barrier(group=_group())
    finally:
        _left_further_out = False
        _group.cache_clear()
        if _in_group():
            distributed.destroy_process_group()


_left_further_out = False
"Whether a `leaving` has begun and not ended: the group belongs to the whole process, and so does this."


def is_first() -> bool:
    """Whether this process is the one that prints and writes."""
    return _place()[0] == 0


def gathered(count: int, run: Callable[[slice], Tensor]) -> Tensor:
    """What `run` gives for `count` rows, each process running its share of them: (count, ...) on the CPU, in all.

    Args:
        run: the results of a slice of the rows, (rows, ...), of one shape and type in all processes.

    Raises:
        ProcessError: another process ended before it had run its share.
    """
    rank, processes = _place()
    if processes == 1:
        return run(slice(0, count))
    share = -(-count // processes)
    part = slice(min(rank * share, count), min((rank + 1) * share, count))
    # a process without rows must know their shape all the same
    mine = run(part) if part.start < part.stop else run(slice(0, 1))[:0]
    padded = mine.new_zeros(share, *mine.shape[1:], dtype=torch.uint8 if mine.dtype == torch.bool else mine.dtype)
    padded[: len(mine)] = mine
    parts = [torch.empty_like(padded) for _ in range(processes)]
    with _plain_errors():
        distributed.all_gather(parts, padded, group=_group())
    return torch.cat(parts)[:count].to(mine.dtype)


def _place() -> tuple[int, int]:
    return (distributed.get_rank(), distributed.get_world_size()) if _in_group() else (0, 1)


def _in_group() -> bool:
    return distributed.is_available() and distributed.is_initialized()


@functools.lru_cache(maxsize=1)
def _group() -> distributed.ProcessGroup:
    """Results are gathered in main memory, also where a training's processes speak through their GPUs."""
    found = distributed.group.WORLD if distributed.get_backend() == "gloo" else distributed.new_group(backend="gloo")
    assert isinstance(found, distributed.ProcessGroup)  # this process is in it
    return found


@contextlib.contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # the type of all of gloo's
        found = f"found one that ended; see what it says ({error})"
        raise ProcessError(f"expected all processes to go on, {found}") from error


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield
