"""Screenshots of the running app: `python -m app.tools.capture` opens every page of it in Chromium, light and dark."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from app.pages import PAGES
from app.tools.browsing import HEIGHT, REPOSITORY, WIDTH, open_browser, open_page, running_app
from den_core.cli.parsing import command_line

if TYPE_CHECKING:
    from playwright.sync_api import Browser


class Shot(NamedTuple):
    """A view of a page: its query, and the key of the element that is scrolled to the middle of the window."""

    page: str
    query: str = ""
    element: str = ""


SHOTS = {name: Shot(name) for name in PAGES} | {
    "guide": Shot("guide", "step=2"),
    "path_editor": Shot("inspect_image", "picture=emoji:919&as=Emoji&forced=111100330", "path-result"),
    "accuracy_and_cost": Shot("inspect_image", "picture=clipart:7&as=Clip+art&look=Accuracy+and+cost", "image_costs"),
    "map": Shot("map", "lasso=1.05_-0.45~1.6_-0.45~1.6_0.05~1.05_0.05", "map"),
    "level_usage": Shot("level_usage", element="usage_maps"),
    "hard_images": Shot("hard_images", "task=Clip+art", "hard_spending"),
    "right_and_wrong": Shot("right_and_wrong", "scope=Fashion&class=Shirt&predicted=T-shirt/top", "right_confusion"),
    "trade_off": Shot("trade_off", element="trade_off"),
    "looking": Shot("looking", element="looking_differences"),
    "compare": Shot("compare", "other=open3-wrn-lean", "two_by_two"),
}
"By name of the picture."


def take_screenshots(url: str, browser: Browser, folder: Path) -> list[Path]:
    """Every view in light and in dark, as PNG files in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for scheme in ("light", "dark"):
        context = browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme, reduced_motion="reduce"
        )
        page = context.new_page()
        for name, shot in SHOTS.items():
            open_page(page, url, shot.page, shot.query)
            if shot.element:
                element = page.locator(f".st-key-{shot.element}").first
                element.evaluate("element => element.scrollIntoView({block: 'center'})")
            page.wait_for_timeout(1500)
            path = folder / f"{name}-{scheme}.png"
            page.screenshot(path=path)
            written.append(path)
        context.close()
    return written


@dataclass(frozen=True)
class Capture:
    """Take screenshots of every page of the app, light and dark."""

    out: Path = REPOSITORY / "assets" / "screenshots"
    """Folder to write them to."""
    checkpoints: Path | None = None
    """Another folder of checkpoints."""

    def run(self) -> None:
        with running_app(self.checkpoints) as server, open_browser() as browser:
            for path in take_screenshots(server.url, browser, self.out):
                print(path)


if __name__ == "__main__":
    sys.exit(command_line(Capture, "python -m app.tools.capture"))
