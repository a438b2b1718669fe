"""How a command ends: deliberate errors in one line on standard error, never a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from den_core.errors import ConfigError, DenError
from den_core.runtime.files import write_atomically

if TYPE_CHECKING:
    import pandas as pd


def exit_code(command: Callable[[], object]) -> int:
    """Run a command. Returns 0, 2 after a deliberate error or one of the system's, 130 after an interruption."""
    try:
        command()
    except (DenError, OSError) as error:  # the system names a folder that cannot be written, too, in one line
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; --resume goes on from the last resume point", file=sys.stderr)
        return 130
    return 0


Positional = tyro.conf.Positional


def check_limit(limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise ConfigError(f"expected a limit of at least one image, found {limit}")


def print_frame(frame: pd.DataFrame, out: Path | None) -> None:
    print(frame.to_string(float_format=lambda v: f"{v:.4g}"))
    if out:
        write_atomically(out, frame.to_csv().encode())
