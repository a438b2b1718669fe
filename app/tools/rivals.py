"""The picture of a comparison: `python -m app.tools.rivals FOLDER` writes comparison.png beside its table."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.rivals import chart
from app.tools.browsing import open_browser
from den_core.cli.parsing import Positional, command_line
from den_core.comparisons.options import read_options
from den_core.comparisons.table import read_table

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WIDTH, HEIGHT = 1100, 620


@dataclass(frozen=True)
class Rivals:
    """Draw accuracy against MACs of the methods that den compare put side by side."""

    folders: Positional[list[Path]]
    """Folders of comparisons."""

    def run(self) -> None:
        with open_browser() as browser:
            for folder in self.folders:
                print(draw(folder, browser))


def draw(folder: Path, browser: Browser) -> Path:
    """Write the picture of one folder; where it is.

    Raises:
        CheckpointError: it is no folder of comparisons.
    """
    figure = chart(read_table(folder))
    title = {"text": str(read_options(folder)), "font": {"size": 15}}
    figure.update_layout(width=WIDTH, height=HEIGHT, title=title, margin={"t": 60}, template="plotly_white")
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.set_content(figure.to_html(include_plotlyjs=True, config={"displayModeBar": False}))
    page.locator(".main-svg").first.wait_for()
    path = folder / "comparison.png"
    page.screenshot(path=path)
    page.close()
    return path


if __name__ == "__main__":
    sys.exit(command_line(Rivals, "python -m app.tools.rivals"))
