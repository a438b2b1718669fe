"""Whole test sets in a browser: what is clicked in a chart is what the images below are, and what the URL says."""

from __future__ import annotations

import re

from app.tools.browsing import open_page, settled
from den_core.analysis.chosen import structures_in_use, structures_of_tasks
from den_core.analysis.hardness import OUTCOMES
from den_core.checkpoints.gallery import read_gallery

CHECKPOINT = "checkpoint=open3-wrn"
TASKS = ("fashion", "emoji", "clipart")


def click_mark(page, key: str, marks: str, trace: int, point: int) -> None:
    """Click a point or a bar of a chart; `marks` is the layer of Plotly's drawing that holds it."""
    chart = page.locator(f".st-key-{key}")
    chart.scroll_into_view_if_needed()
    chart.locator(f"{marks} .trace").first.wait_for(state="attached")
    settled(page)
    mark = chart.locator(f"{marks} .trace").nth(trace).locator("path.point, .point path").nth(point)
    box = mark.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(300)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_a_click_on_a_cell_lists_the_images_that_run_there(url, page, checkpoints, keep):
    open_page(page, url, "level_usage", CHECKPOINT)
    click_mark(page, "usage_maps", ".scatterlayer", 1, 7 * 4 + 3)
    page.wait_for_url("**task=Emoji&block=7&level=3**")
    gallery = read_gallery(checkpoints / "open3-wrn", "emoji")
    count = int(((gallery.levels[:, 7] == 3) & ~gallery.early).sum())
    page.get_by_text(f"Images that run block 7 at level 3 · {count:,} images").wait_for()
    keep(page)


def test_a_click_on_a_bar_lists_the_images_of_that_structure(url, page, checkpoints, keep):
    open_page(page, url, "chosen_models", CHECKPOINT)
    click_mark(page, "chosen_histogram", ".barlayer", 0, 2)
    folder = checkpoints / "open3-wrn"
    table = structures_of_tasks({task: structures_in_use(read_gallery(folder, task)) for task in TASKS})
    entry = table.iloc[2]
    page.wait_for_url(f"**picked={entry['structure']}**")
    page.get_by_text(f"Images that chose {entry['structure']} · {entry['images']:,} images").wait_for()
    keep(page)


def test_a_row_of_the_table_lists_the_images_of_that_structure(url, page, keep):
    open_page(page, url, "chosen_models", f"{CHECKPOINT}&structure=11*2")
    table = page.locator(".st-key-chosen_table canvas").first
    table.scroll_into_view_if_needed()
    settled(page)
    box = table.bounding_box()
    page.mouse.click(box["x"] + 18, box["y"] + 35 + 17)
    page.wait_for_url("**picked=11**")
    structure = re.search(r"picked=(\d+)", page.url)[1]
    page.get_by_text(f"Images that chose {structure}").wait_for()
    keep(page)


def test_a_click_on_an_outcome_lists_its_images(url, page, keep):
    open_page(page, url, "hard_images", CHECKPOINT)
    plot = page.locator(".st-key-hard_outcomes .nsewdrag").first
    plot.scroll_into_view_if_needed()
    settled(page)
    box = plot.bounding_box()
    row = list(OUTCOMES).index("short")  # its bar, however short, begins at the left edge
    page.mouse.click(box["x"] + 3, box["y"] + box["height"] * (row + 0.5) / len(OUTCOMES))
    page.wait_for_url("**spent=outcome**short**")
    page.get_by_text(re.compile(r"Wrong: a more expensive one is right · \d+ images")).wait_for()
    keep(page)


def test_a_cell_of_the_matrix_becomes_the_filter_and_a_picture_opens(url, page, keep):
    open_page(page, url, "right_and_wrong", f"{CHECKPOINT}&scope=Emoji")
    click_mark(page, "right_confusion", ".scatterlayer", 0, 1)
    page.wait_for_url("**predicted=**")
    settled(page)
    keep(page)
    page.locator(".st-key-right_images button.tile").first.click()
    page.wait_for_url("**picture=emoji**")
