"""Screenshots and timings of the running app: `python -m app.capture` opens every page of it in Chromium.

Writes PNG files to assets/screenshots and prints how long a visitor waits, in seconds, as JSON. Needs
Playwright (the `test` extra) and a `chromium` on the path.
"""

from __future__ import annotations

import argparse
import json
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
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

REPOSITORY = Path(__file__).resolve().parent.parent
CHROMIUM_FLAGS = ["--no-sandbox", "--use-gl=swiftshader", "--enable-unsafe-swiftshader"]
PAGES = {
    "Overview": "overview",
    "Inspect an image": "inspect_image",
    "Similar images": "similar_images",
    "Level usage": "level_usage",
    "Chosen models": "chosen_models",
    "Trade-off": "trade_off",
}
"The pages by the title in the menu, with the name of their file and of their screenshot."
WIDTH, HEIGHT = 1280, 860


@contextmanager
def running_app(checkpoints: Path | None = None) -> Iterator[str]:
    """The app on a free port of this machine; yields its address and stops it at the end.

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
        server = subprocess.Popen(
            [*command, "--server.headless=true"],
            cwd=REPOSITORY,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        url = f"http://localhost:{port}"
        try:
            if not _is_healthy(url, server):
                log.seek(0)
                raise RuntimeError(f"expected the app to answer at {url}, it did not: {log.read()[-2000:]}")
            yield url
        finally:
            server.terminate()
            server.wait(timeout=20)


def _is_healthy(url: str, server: subprocess.Popen, patience: float = 60) -> bool:
    end = time.monotonic() + patience
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
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
    """Wait until the script has run and every chart is drawn."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=60_000)
    page.locator("[data-testid=stSkeleton]").first.wait_for(state="detached", timeout=60_000)
    for chart in page.locator("[data-testid=stPlotlyChart]").all():
        if chart.is_visible():
            chart.locator(".main-svg").first.wait_for(timeout=60_000)


def visit(page: Page, title: str) -> float:
    """Choose a page in the menu; seconds until its heading is there and the script has run."""
    start = time.perf_counter()
    page.get_by_test_id("stSidebarNav").get_by_text(title, exact=True).click()
    heading = "Deep elastic networks" if title == "Overview" else title
    page.get_by_role("heading", name=heading, exact=True).wait_for(timeout=60_000)
    settled(page)
    return time.perf_counter() - start


ANSWERS = "[...document.querySelectorAll('[class*=st-key-prediction-]')].map(e => e.innerText)"


def upload(page: Page, file: Path) -> tuple[float, float]:
    """Upload a file on the page Inspect an image.

    Returns:
        Seconds until every task's answer is that of the new image, and until the whole page is drawn.
    """
    before = page.evaluate(ANSWERS)
    start = time.perf_counter()
    page.locator("input[type=file]").first.set_input_files(file)
    page.wait_for_function(f"old => {ANSWERS}.every((text, i) => text != old[i])", arg=before)
    answered = time.perf_counter() - start
    page.locator(".st-key-picture").get_by_text(file.name).wait_for(timeout=60_000)
    settled(page)
    return answered, time.perf_counter() - start


def measure(url: str, browser: Browser, file: Path, repeats: int = 3) -> dict[str, float | list[float]]:
    """First paint, page change and upload to answer on a warm server, in seconds."""
    names = ("first_paint", "page_change", "upload_to_answer", "upload_to_whole_page")
    times: dict[str, list[float]] = {name: [] for name in names}
    for repeat in range(repeats + 1):
        context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
        page = context.new_page()
        start = time.perf_counter()
        page.goto(url)
        page.get_by_role("heading", name="Deep elastic networks", exact=True).wait_for(timeout=60_000)
        settled(page)
        paint = time.perf_counter() - start
        changes = [visit(page, title) for title in PAGES if title != "Overview"]
        # The second round has every script of the browser loaded, as any visitor has after a minute.
        changes = [visit(page, title) for title in PAGES]
        visit(page, "Inspect an image")
        answer, whole = upload(page, file)
        context.close()
        # The first round only warms the server: it imports, loads the network and fills the caches.
        if repeat:
            times["first_paint"].append(paint)
            times["page_change"].extend(changes)
            times["upload_to_answer"].append(answer)
            times["upload_to_whole_page"].append(whole)
    return {f"{name}_{kind}": round(f(values), 3) for name, values in times.items() for kind, f in _SUMMARY}


_SUMMARY = (("median", lambda values: sorted(values)[len(values) // 2]), ("max", max))


def take_screenshots(url: str, browser: Browser, folder: Path) -> list[Path]:
    """Every page in light, and in dark, as PNG files in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for scheme in ("light", "dark"):
        context = browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme, reduced_motion="reduce"
        )
        page = context.new_page()
        page.goto(url)
        settled(page)
        for title, name in PAGES.items():
            visit(page, title)
            _grow_to_content(page)
            page.wait_for_timeout(1500)
            path = folder / f"{name}-{scheme}.png"
            page.screenshot(path=path)
            written.append(path)
            page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        context.close()
    return written


def _grow_to_content(page: Page) -> None:
    """Streamlit scrolls inside the page: make the window as high as what is in it, within reason."""
    page.wait_for_timeout(700)
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": WIDTH, "height": int(min(max(height, HEIGHT), 2400))})


def main() -> None:
    """Take the screenshots and print the timings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=REPOSITORY / "assets" / "screenshots")
    parser.add_argument("--checkpoints", type=Path, default=None, help="another folder of checkpoints")
    parser.add_argument("--no-screenshots", action="store_true")
    parser.add_argument("--no-timings", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "visitor.png"
        Image.effect_mandelbrot((320, 240), (-2, -1, 1, 1), 60).convert("RGB").save(file)
        with running_app(arguments.checkpoints) as url, open_browser() as browser:
            if not arguments.no_timings:
                print(json.dumps(measure(url, browser, file), indent=1))
            if not arguments.no_screenshots:
                files = take_screenshots(url, browser, arguments.out)
                print(f"{len(files)} screenshots, {sum(f.stat().st_size for f in files) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
