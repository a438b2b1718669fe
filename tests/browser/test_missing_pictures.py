"""What a part of a page that runs alone finds missing is said where the whole page says it."""

from __future__ import annotations

from app.tools.browsing import PATIENCE, open_page, running_app, settled


def test_pictures_that_a_tool_misses_are_said_once_above_the_page(page, monkeypatch, tmp_path):
    monkeypatch.setenv("DEN_DATA", str(tmp_path))
    notice = page.get_by_text("Pictures are missing on this page")
    with running_app() as server:
        open_page(page, server.url, "inspect_image", "checkpoint=m1-imagenette-wrn")
        assert notice.count() == 0

        page.get_by_text("Similar images", exact=True).last.click()
        notice.wait_for(timeout=PATIENCE)
        settled(page)

        assert notice.count() == 1 and page.get_by_text("no picture").count() == 12
        assert page.get_by_text(f"expected imagenette in {tmp_path}/imagenette/imagenette2").count() == 1
