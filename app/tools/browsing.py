"""A running app and a browser to look at it with, for screenshots, timings and tests.

Needs Playwright (the `test` extra) and a `chromium` on the path.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.pages import HOME, PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

REPOSITORY = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = ["--no-sandbox", "--use-gl=swiftshader", "--enable-unsafe-swiftshader"]
WIDTH, HEIGHT = 1280, 860
PATIENCE = 60_000
"Milliseconds after which something that should appear counts as missing."


@dataclass(frozen=True)
class Server:
    """The app as a process of its own."""

    url: str
    pid: int

    def peak_memory(self) -> int:
        """The most memory that the process held so far, in bytes; Linux only."""
        status = Path(f"/proc/{self.pid}/status").read_text("utf-8")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024


@contextmanager
def running_app(checkpoints: Path | None = None) -> Iterator[Server]:
    """The app on a free port of this machine, stopped at the end.

    Args:
        checkpoints: another folder of checkpoints than the repository's.

    Raises:
        RuntimeError: the app did not answer at its health endpoint within a minute.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | ({"DEN_CHECKPOINTS": str(checkpoints)} if checkpoints else {})
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py", f"--server.port={port}"]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [*command, "--server.headless=true"],
            cwd=REPOSITORY,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        url = f"http://localhost:{port}"
        try:
            if not _is_healthy(url, process):
                log.seek(0)
                raise RuntimeError(f"expected the app to answer at {url}, it did not: {log.read()[-2000:]}")
            yield Server(url, process.pid)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _is_healthy(url: str, process: subprocess.Popen, patience: float = 60) -> bool:
    end = time.monotonic() + patience
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    return False


def find_chromium() -> str | None:
    """The system's Chromium, or None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


def settled(page: Page) -> None:
    """Wait until the script has run and every chart that is visible is drawn."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=PATIENCE)
    page.locator("[data-testid=stSkeleton]").first.wait_for(state="detached", timeout=PATIENCE)
    for chart in page.locator("[data-testid=stPlotlyChart]").all():
        if chart.is_visible():
            chart.locator(".main-svg").first.wait_for(timeout=PATIENCE)


def open_page(page: Page, url: str, name: str = HOME, query: str = "") -> float:
    """Open a page by its address; seconds until its heading is there and the script has run."""
    start = time.perf_counter()
    path = "" if name == HOME else name
    page.goto(f"{url}/{path}{'?' if query else ''}{query}")
    page.get_by_role("heading", name=PAGES[name].question, exact=True).wait_for(timeout=PATIENCE)
    settled(page)
    return time.perf_counter() - start


def visit(page: Page, name: str) -> float:
    """Choose a page in the menu; seconds until its heading is there and the script has run."""
    start = time.perf_counter()
    page.get_by_test_id("stSidebarNav").get_by_text(PAGES[name].title, exact=True).click()
    page.get_by_role("heading", name=PAGES[name].question, exact=True).wait_for(timeout=PATIENCE)
    settled(page)
    return time.perf_counter() - start
