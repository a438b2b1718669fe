"""Which devices are there: asked-for ones are used or refused, never replaced in silence."""

from __future__ import annotations

import platform
from pathlib import Path

import torch

from den_core.errors import ConfigError


def check_device(device: str) -> None:
    """Raise ConfigError unless torch can compute there."""
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"expected a device that torch can use, found {device!r}; try --device cpu") from error


def device_name(device: torch.device) -> str:
    """The device in words that mean something on another machine."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return f"{line.split(':', 1)[1].strip()} CPU"
    return platform.processor() or device.type


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device computes in bfloat16 by itself: a CPU that has to imitate it takes many times as long."""
    return device.type != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()


def set_threads(threads: int | None) -> None:
    """Use so many CPU threads; None leaves torch's choice. ConfigError below 1."""
    if threads is None:
        return
    if threads < 1:
        raise ConfigError(f"expected at least one thread, found {threads}")
    torch.set_num_threads(threads)
