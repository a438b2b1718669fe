"""How long a visitor waits: `python -m app.tools.measure` drives the app in Chromium and prints seconds as JSON.

Every figure is a median with the largest value beside it, of `--repeats` rounds after one that only warms the server.
"""

from __future__ import annotations

import functools
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from app.pages import HOME, PAGES
from app.tools.browsing import HEIGHT, PATIENCE, REPOSITORY, WIDTH, open_browser, open_page, running_app, settled, visit
from app.tools.synthesise import synthesise
from den_core.analysis.neighbours import nearest
from den_core.cli.parsing import command_line

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SHIPPED = REPOSITORY / "checkpoints" / "open3-wrn"
ANSWERS = "[...document.querySelectorAll('[class*=st-key-prediction-]')].map(e => e.innerText)"
LARGE_PAGES = ("level_usage", "chosen_models", "hard_images", "right_and_wrong", "map", "similar_images", "looking")


def summary(values: list[float]) -> dict[str, float]:
    """Median and largest of some seconds."""
    return {"median": round(statistics.median(values), 3), "max": round(max(values), 3), "n": len(values)}


def new_page(browser: Browser) -> Page:
    """A window of its own, with nothing in its cache."""
    return browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}).new_page()


def cold_start(browser: Browser, repeats: int) -> list[float]:
    """From the start of the server process to the first page ready to use, in a fresh browser window."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        with running_app() as server:
            page = new_page(browser)
            open_page(page, server.url)
            times.append(time.perf_counter() - start)
            page.context.close()
    return times


def page_changes(page: Page) -> list[float]:
    """Every page of the menu once."""
    visit(page, HOME)
    return [visit(page, name) for name in [*PAGES][1:]]


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
    page.locator(".st-key-picture").get_by_text(file.name).wait_for(timeout=PATIENCE)
    settled(page)
    return answered, time.perf_counter() - start


CLICK_AND_WAIT = """([button, heading]) => new Promise(done => {
    const text = () => [...document.querySelectorAll('[data-testid=stMarkdownContainer]')]
        .map(element => element.innerText).find(text => text.startsWith(heading));
    const before = text(), start = performance.now();
    const look = () => text() && text() != before ? done(performance.now() - start) : requestAnimationFrame(look);
    button.click();
    look();
})"""
"Milliseconds from a click to another text under that heading, measured in the page: a driver's own time is left out."


def change_filter(page: Page, task: str) -> float:
    """Choose another task on the page Right and wrong: seconds until the number of images is that of the task."""
    button = page.get_by_test_id("stMain").get_by_role("radio", name=task, exact=True).first.element_handle()
    seconds = page.evaluate(CLICK_AND_WAIT, [button, "Images · "]) / 1000
    settled(page)
    return seconds


def hover(page: Page) -> float:
    """Move the mouse over a cell of the page Level usage: seconds until its text is there."""
    box = page.locator("[data-testid=stPlotlyChart] .nsewdrag").first.bounding_box()
    assert box is not None  # the chart is on the page
    page.mouse.move(0, 0)
    page.locator(".hoverlayer .hovertext").first.wait_for(state="detached", timeout=PATIENCE)
    start = time.perf_counter()
    page.mouse.move(box["x"] + 0.37 * box["width"], box["y"] + 0.37 * box["height"])
    page.locator(".hoverlayer .hovertext").first.wait_for(timeout=PATIENCE)
    return time.perf_counter() - start


def warm(url: str, browser: Browser, file: Path, repeats: int) -> dict[str, dict[str, float]]:
    """Everything that a visitor does on a server that others have used before."""
    times: dict[str, list[float]] = {
        name: []
        for name in ("first_paint", "page_change", "filter", "hover", "upload_to_answer", "upload_to_whole_page")
    }
    for round_ in range(repeats + 1):
        page = new_page(browser)
        paint = open_page(page, url)
        page_changes(page)
        # The second round has every script of the browser loaded, as any visitor has after a minute.
        changes = page_changes(page)
        visit(page, "inspect_image")
        answer, whole = upload(page, file)
        visit(page, "level_usage")
        hovers = [hover(page) for _ in range(3)]
        visit(page, "right_and_wrong")
        filters = [change_filter(page, title) for title in ("Emoji", "Clip art", "Fashion", "All tasks")]
        page.context.close()
        if round_:  # the first only warms the server: it imports, loads the network and fills the caches
            times["first_paint"].append(paint)
            times["page_change"] += changes
            times["filter"] += filters
            times["hover"] += hovers
            times["upload_to_answer"].append(answer)
            times["upload_to_whole_page"].append(whole)
    return {name: summary(values) for name, values in times.items()}


def neighbours(rows: int, repeats: int = 20, width: int = 60) -> dict[str, float]:
    """An exact search over that many model distributions."""
    generator = np.random.default_rng(0)
    gallery = generator.random((rows, width), dtype=np.float32)
    return summary([_timed(functools.partial(nearest, gallery[i], gallery, 8)) for i in range(repeats)])


def large_gallery(browser: Browser, rows: int, repeats: int) -> dict[str, object]:
    """Each page opened with a synthesised gallery that nobody has opened before, and the most memory the server held.

    Server and browser have shown the same page of the shipped checkpoint, so that imports and scripts are not counted.
    """
    found: dict[str, list[float]] = {name: [] for name in LARGE_PAGES}
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(SHIPPED, Path(folder) / SHIPPED.name)
        synthesise(SHIPPED, Path(folder) / "large", rows)
        for _ in range(repeats):
            for name in LARGE_PAGES:
                with running_app(Path(folder)) as server:
                    page = new_page(browser)
                    open_page(page, server.url, name)
                    found[name].append(open_page(page, server.url, name, "checkpoint=large"))
                    page_changes(page)
                    peaks.append(server.peak_memory() / 1e9)
                    page.context.close()
    return {"rows": rows, "opens": {k: summary(v) for k, v in found.items()}, "peak_memory_gb": round(max(peaks), 2)}


def _timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


@dataclass(frozen=True)
class Measure:
    """Print how long a visitor of the app waits, in seconds, as JSON."""

    repeats: int = 3
    """Rounds that count, after one that only warms the server."""
    rows: int = 100_000
    """Of the large gallery; 0 leaves it out."""

    def run(self) -> None:
        result: dict[str, object] = {"machine": platform.machine(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
        with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
            file = Path(folder) / "visitor.png"
            Image.effect_mandelbrot((320, 240), (-2, -1, 1, 1), 60).convert("RGB").save(file)
            result["cold_start"] = summary(cold_start(browser, self.repeats))
            with running_app() as server:
                result |= warm(server.url, browser, file, self.repeats)
            result["neighbours_of_30000"] = neighbours(30_000)
            if self.rows:
                result["large_gallery"] = large_gallery(browser, self.rows, self.repeats)
        print(json.dumps(result, indent=1))


if __name__ == "__main__":
    sys.exit(command_line(Measure, "python -m app.tools.measure"))
