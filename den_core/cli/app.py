"""`den app`: the app, from where it is installed."""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import den_core
from den_core.errors import ConfigError

CHECKPOINTS = "DEN_CHECKPOINTS"
"The environment variable that tells the app where to look."


@dataclass(frozen=True)
class App:
    """Open the app in the browser, to look at checkpoints; Ctrl-C stops it."""

    checkpoints: Path | None = None
    """Folder that holds checkpoint folders; DEN_CHECKPOINTS if that is set, else ./checkpoints."""
    port: int | None = None
    """Of this machine; the first free one from 8501 on if not given."""

    def run(self) -> None:
        check_installed()
        if self.checkpoints is not None and not self.checkpoints.is_dir():
            raise ConfigError(f"expected a folder of checkpoints at {self.checkpoints}, found none")
        folder = Path(self.checkpoints or os.environ.get(CHECKPOINTS) or "checkpoints").resolve()
        command = [sys.executable, "-P", "-m", "streamlit", "run", str(installed_app())]
        if self.port is not None:
            check_port(self.port)
            command.append(f"--server.port={self.port}")
        missing = "" if folder.is_dir() else ", which does not exist"
        print(f"Looking for checkpoints in {folder}{missing}; --checkpoints names another folder", flush=True)
        os.environ[CHECKPOINTS] = str(folder)
        os.execv(sys.executable, command)  # signals reach the server itself


def check_installed() -> None:
    """ConfigError where a package that only the app needs is missing."""
    for package in ("streamlit", "plotly"):
        if importlib.util.find_spec(package) is None:
            raise ConfigError(
                f'expected {package}, which the app needs, found none; pip install "deep-elastic-networks[app]"'
            )


def installed_app() -> Path:
    """The app's entry file, which is installed beside this package. ConfigError if it is not."""
    entry = Path(den_core.__file__).parents[1] / "app" / "main.py"
    if not entry.is_file():
        raise ConfigError(f"expected the app at {entry}, found none; install deep-elastic-networks again")
    return entry


def check_port(port: int) -> None:
    """ConfigError where nothing can listen on that port of this machine."""
    if not 1 <= port <= 65535:
        raise ConfigError(f"expected a port from 1 to 65535, found {port}")
    try:
        socket.create_server(("localhost", port)).close()
    except OSError as error:
        raise ConfigError(
            f"expected a free port, found {port}: {os.strerror(error.errno or 0)}; name another"
        ) from error
