"""Screenshots of the running app: `python -m app.capture` opens every page of it in Chromium, light and dark."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from app.browsing import HEIGHT, REPOSITORY, WIDTH, open_browser, open_page, running_app
from app.pages import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VIEWS = {name: "" for name in PAGES}
"By name of the page: the query that shows it from its best side."
TALLEST = 2400
"Pixels; what is below is not shown."


def take_screenshots(url: str, browser: Browser, folder: Path) -> list[Path]:
    """Every page in light, and in dark, as PNG files in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for scheme in ("light", "dark"):
        context = browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme, reduced_motion="reduce"
        )
        page = context.new_page()
        for name, query in VIEWS.items():
            open_page(page, url, name, query)
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
    page.set_viewport_size({"width": WIDTH, "height": int(min(max(height, HEIGHT), TALLEST))})


def main() -> None:
    """Take the screenshots."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=REPOSITORY / "assets" / "screenshots")
    parser.add_argument("--checkpoints", type=Path, default=None, help="another folder of checkpoints")
    arguments = parser.parse_args()
    with running_app(arguments.checkpoints) as server, open_browser() as browser:
        for path in take_screenshots(server.url, browser, arguments.out):
            print(path)


if __name__ == "__main__":
    main()
