"""How a command ends: deliberate errors in one line on standard error, never a traceback."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from den_core.errors import ConfigError, DenError
from den_core.runtime.files import write_atomically

if TYPE_CHECKING:
    import pandas as pd


def exit_code(command: Callable[[], object]) -> int:
    """Run a command. Returns 0, 2 after a deliberate error or one of the system's, 130 after an interruption."""
    try:
        command()
        sys.stdout.flush()
    except BrokenPipeError:  # who reads has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (DenError, OSError) as error:  # the system names a folder that cannot be written, too, in one line
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; a training goes on with --resume, a sweep when its command is given again", file=sys.stderr)
        return 130
    return 0


def check_limit(limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise ConfigError(f"expected a limit of at least one image, found {limit}")


def check_given(**lists: Sequence[object]) -> None:
    """ConfigError where one of the lists is empty, named by the argument."""
    for name, given in lists.items():
        if not given:
            raise ConfigError(f"expected at least one of the {name}, found none")


def print_frame(frame: pd.DataFrame, out: Path | None) -> None:
    print(frame.to_string(float_format=lambda v: f"{v:.4g}"))
    if out:
        write_atomically(out, frame.to_csv().encode())


def write_csv(frame: pd.DataFrame, out: Path | None) -> None:
    """Write the rows, if they are asked for."""
    if out:
        write_atomically(out, frame.to_csv(index=False).encode())


def write_json(record: dict[str, Any], out: Path | None) -> None:
    """Write a record, if it is asked for."""
    if out:
        write_atomically(out, (json.dumps(record, indent=1) + "\n").encode())
