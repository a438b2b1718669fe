"""How much memory a run needs beside what was there before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def peak_memory(run: Callable[[], object], device: torch.device) -> int:
    """The most bytes of tensors that are alive at once while something runs, those from before it left out.

    On a GPU as its allocator counts them. Elsewhere counted after every operation of torch, so that what an operation
    allocates and frees inside itself is missing.
    """
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        run()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    with _Ledger() as ledger:
        run()
    return ledger.peak


class _Ledger(TorchDispatchMode):
    """The memory of every tensor that operations return, as long as something holds it."""

    def __init__(self):
        super().__init__()
        self.live: dict[int, tuple[StorageWeakRef, int]] = {}
        self.peak = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None) -> Any:
        given = {_address(tensor) for tensor in _in_memory((args, kwargs))}
        out = func(*args, **(kwargs or {}))
        self.live = {address: (ref, size) for address, (ref, size) in self.live.items() if not ref.expired()}
        for tensor in _in_memory(out):
            if _address(tensor) not in given:  # a view or the input itself is not new
                storage = tensor.untyped_storage()
                self.live[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
        self.peak = max(self.peak, sum(size for _, size in self.live.values()))
        return out


def _in_memory(values: Any) -> list[Tensor]:
    """The tensors somewhere in values; weights in oneDNN's own form, which has no address, are left out."""
    return [t for t in tree_leaves(values) if isinstance(t, Tensor) and t.layout == torch.strided]


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata
