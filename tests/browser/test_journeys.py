"""What visitors do on whole test sets: select, filter, share, compare, save, with mouse, keyboard and small window."""

from __future__ import annotations

import io
import re

import pandas as pd
import pytest

from app.pages import PAGES
from app.tools.browsing import open_page, settled, visit
from den_core.checkpoints.gallery import read_gallery

CHECKPOINT = "checkpoint=open3-wrn"
COUNT = re.compile(r"([\d,]+) images?$")


def count_of_images(page) -> int:
    """The number in the heading of the image grid."""
    texts = page.get_by_test_id("stMarkdownContainer").all_inner_texts()
    return int(next(found[1] for text in texts if (found := COUNT.search(text.strip()))).replace(",", ""))


def saved(page, button) -> bytes:
    """What a button saves."""
    with page.expect_download() as download:
        button.click()
    return download.value.path().read_bytes()


def drag_around(page, chart) -> None:
    """Draw a lasso around the middle of a chart."""
    plot = chart.locator(".nsewdrag").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    x, y, width, height = (box[side] for side in ("x", "y", "width", "height"))
    corners = [(0.3, 0.1), (0.9, 0.1), (0.9, 0.9), (0.3, 0.9), (0.31, 0.12)]
    page.mouse.move(x + corners[0][0] * width, y + corners[0][1] * height)
    page.mouse.down()
    for a, b in corners[1:]:
        page.mouse.move(x + a * width, y + b * height, steps=8)
    page.mouse.up()


def test_lasso_to_grid_to_export_to_link(url, page, keep):
    open_page(page, url, "map", CHECKPOINT)
    everything = count_of_images(page)
    drag_around(page, page.get_by_test_id("stPlotlyChart").first)
    page.get_by_text("Inside the outline").wait_for()
    settled(page)
    inside = count_of_images(page)
    assert 0 < inside < everything
    keep(page, "lasso")

    table = pd.read_csv(io.BytesIO(saved(page, page.locator("[class*='st-key-map-images-data'] button").first)))
    assert len(table) == inside and {"task", "row", "structure"} <= set(table.columns)

    link = page.url
    assert "lasso=" in link
    page.goto("about:blank")
    page.goto(link)
    page.get_by_text("Inside the outline").wait_for()
    settled(page)
    assert count_of_images(page) == inside


def test_a_shared_link_restores_filters(url, page, checkpoints, keep):
    open_page(page, url, "right_and_wrong", f"{CHECKPOINT}&scope=Fashion&class=Shirt&correct=%E2%9C%97+Wrong")
    frame = read_gallery(checkpoints / "open3-wrn", "fashion").frame
    shirt = 6
    expected = int(((frame["label"] == shirt) & ~frame["correct"]).sum())
    assert count_of_images(page) == expected
    keep(page)


def test_filters_travel_to_the_next_page_and_into_the_link(url, page):
    open_page(page, url, "right_and_wrong", CHECKPOINT)
    page.get_by_role("radio", name="Emoji").first.click()
    page.wait_for_url("**scope=Emoji**")
    page.get_by_text("1,514 images").first.wait_for()  # the address changes before the script has run
    settled(page)
    assert count_of_images(page) == 1514
    visit(page, "map")
    page.wait_for_url("**scope=Emoji**")
    assert count_of_images(page) == 1514


def test_a_click_on_the_confusion_matrix_shows_those_images(url, page, checkpoints, keep):
    open_page(page, url, "right_and_wrong", f"{CHECKPOINT}&scope=Fashion")
    plot = page.locator("[data-testid=stPlotlyChart] .nsewdrag").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    frame = read_gallery(checkpoints / "open3-wrn", "fashion").frame
    shirt, shirt_as = 6, 0  # taken for a T-shirt
    page.mouse.click(box["x"] + box["width"] * (shirt_as + 0.5) / 10, box["y"] + box["height"] * (shirt + 0.5) / 10)
    page.wait_for_url("**class=Shirt**")
    settled(page)
    assert count_of_images(page) == int(((frame["label"] == shirt) & (frame["prediction"] == shirt_as)).sum())
    keep(page)


def test_two_checkpoints_side_by_side(url, page, keep):
    open_page(page, url, "compare", f"{CHECKPOINT}&other=second")
    text = page.get_by_test_id("stMain").inner_text()
    assert "emoji" in text and "not indexed" in text
    assert page.get_by_test_id("stPlotlyChart").count() > 0
    keep(page)


def luminance(color: str) -> float:
    """Of a CSS colour such as rgb(18, 24, 31), 0 to 255."""
    red, green, blue = (float(part) for part in re.findall(r"[\d.]+", color)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(scheme, url, new_window, keep):
    page = new_window(color_scheme=scheme)
    open_page(page, url, "level_usage", CHECKPOINT)
    background = luminance(
        page.get_by_test_id("stApp").evaluate("element => getComputedStyle(element).backgroundColor")
    )
    ticks = luminance(page.locator(".xtick text").first.evaluate("element => getComputedStyle(element).fill"))
    tile = luminance(page.locator("button.tile").first.evaluate("element => getComputedStyle(element).color"))
    assert (background < 60) == (scheme == "dark")
    assert abs(background - ticks) > 80 and abs(background - tile) > 120
    keep(page)


def test_with_the_keyboard_alone_an_image_is_opened_and_a_level_forced(url, page, keep):
    open_page(page, url, "right_and_wrong", CHECKPOINT)
    tile = page.locator("button.tile").nth(2)
    tile.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=PAGES["inspect_image"].question).wait_for()
    settled(page)

    cell = page.locator(".cell.now").last  # of the lowest level, so that there is a higher one
    cell.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**forced=**")
    page.locator(".st-key-path-result").get_by_text("With 1 block forced").wait_for()
    keep(page)


@pytest.mark.parametrize(("kind", "start"), [("PNG", b"\x89PNG"), ("SVG", b"<svg")])
def test_a_chart_is_saved_as_a_picture(kind, start, url, page):
    open_page(page, url, "chosen_models", f"{CHECKPOINT}&save={kind}")
    chart = page.get_by_test_id("stPlotlyChart").first
    chart.hover()
    assert saved(page, chart.locator("[data-title*='ownload']").first).startswith(start)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_by_its_address_wide_and_narrow(name, url, page, keep):
    problems, asked = [], set()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: asked.add(request.url))
    open_page(page, url, name, CHECKPOINT)
    assert not problems
    assert page.get_by_test_id("stException").count() == 0
    here = (url, url.replace("http", "ws"), "data:", "blob:", "about:")
    assert not [address for address in asked if not address.startswith(here)], "asked another server"
    keep(page, "wide")

    page.set_viewport_size({"width": 420, "height": 860})
    page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollWidth <= 420")
    keep(page, "narrow")


def test_saved_data_say_how_many_rows_they_hold(url, page):
    open_page(page, url, "chosen_models", CHECKPOINT)
    with page.expect_download() as download:
        page.locator("[data-testid=stDownloadButton] button").first.click()
    rows = pd.read_csv(download.value.path())
    assert re.fullmatch(rf"open3-wrn_.*_n{len(rows)}\.csv", download.value.suggested_filename)
