"""A running app, a real browser, and a folder for what was seen."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.tools import browsing

SHIPPED = browsing.REPOSITORY / "checkpoints" / "open3-wrn"
ARTEFACTS = browsing.REPOSITORY / "artefacts"
"Screenshots of the last run, to be looked at; not tracked."


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder, and skip it where it cannot run."""
    reason = None
    if browsing.find_chromium() is None:
        reason = "needs a `chromium` on the path"
    elif not SHIPPED.is_dir():
        reason = "needs the shipped checkpoint checkpoints/open3-wrn"
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory) -> Path:
    """A folder with the shipped checkpoint, and its copy with fewer images under another name."""
    root = tmp_path_factory.mktemp("browser-checkpoints")
    shutil.copytree(SHIPPED, root / "open3-wrn")
    shutil.copytree(SHIPPED, root / "second", ignore=shutil.ignore_patterns("emoji.parquet"))
    return root


@pytest.fixture(scope="session")
def url(checkpoints) -> Iterator[str]:
    """The address of the running app."""
    with browsing.running_app(checkpoints) as server:
        yield server.url


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
    with browsing.open_browser() as chromium:
        yield chromium


def _new_context(browser, **settings):
    """Windows in English. Nothing in them moves, which is quicker."""
    viewport = {"width": browsing.WIDTH, "height": browsing.HEIGHT}
    return browser.new_context(viewport=viewport, locale="en-US", reduced_motion="reduce", **settings)


@pytest.fixture
def new_window(browser) -> Iterator[Callable]:
    """Opens windows with settings and an empty cache of their own, and closes them."""
    contexts = []

    def new_window(**settings):
        contexts.append(_new_context(browser, **settings))
        return contexts[-1].new_page()

    yield new_window
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def _window(browser) -> Iterator:
    """One window for all tests: in a new one the browser would compile Streamlit's and Plotly's scripts again."""
    context = _new_context(browser)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(_window) -> Iterator:
    """A window wide enough for the menu, as a visitor finds it who comes for the first time."""
    _window.set_viewport_size({"width": browsing.WIDTH, "height": browsing.HEIGHT})
    _window.mouse.move(0, 0)
    yield _window
    _window.evaluate("localStorage.clear(), sessionStorage.clear()")
    _window.goto("about:blank")


@pytest.fixture
def keep(request) -> Callable:
    """Keeps a screenshot under the name of the test."""
    ARTEFACTS.mkdir(exist_ok=True)

    def keep(page, step: str = "") -> None:
        name = request.node.name.removeprefix("test_") + (f"-{step}" if step else "")
        page.screenshot(path=ARTEFACTS / f"{name.replace('[', '-').replace(']', '')}.png")

    return keep


@pytest.fixture
def picture(tmp_path) -> Path:
    """An image file that no data set holds."""
    pixels = np.random.default_rng(7).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    pixels[12:36, 16:48] = (200, 40, 30)
    Image.fromarray(pixels).resize((320, 240)).save(tmp_path / "visitor.png")
    return tmp_path / "visitor.png"
