"""Processes that share the images of a measurement: those that torchrun started, or those of a training before it.

Each runs its part of the images and gets the results of all, so that all take the same decisions after it.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable

import torch
from torch import Tensor, distributed


def join() -> None:
    """Work with the processes that torchrun started, if it did; all but the first of them print no more."""
    if distributed.is_torchelastic_launched() and not distributed.is_initialized():
        distributed.init_process_group("gloo")
    if not is_first():
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for the rest of the process


def is_first() -> bool:
    """Whether this process is the one that prints and writes."""
    return _place()[0] == 0


def gathered(count: int, run: Callable[[slice], Tensor]) -> Tensor:
    """What `run` gives for `count` rows, each process running its share of them: (count, ...) on the CPU, in all.

    Args:
        run: the results of a slice of the rows, (rows, ...), of one shape and type in all processes.
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
    distributed.all_gather(parts, padded, group=_group())
    return torch.cat(parts)[:count].to(mine.dtype)


def _place() -> tuple[int, int]:
    if not distributed.is_available() or not distributed.is_initialized():
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


@functools.lru_cache(maxsize=1)
def _group() -> distributed.ProcessGroup:
    """Results are gathered in main memory, also where a training's processes speak through their GPUs."""
    return distributed.new_group(backend="gloo")
