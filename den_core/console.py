"""How a command ends: deliberate errors in one line on standard error, never a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable

from den_core.errors import DenError


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
