"""What visitors do with one image: bring several, force levels, follow a mark of a chart, go from image to image."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import den_core
from app.tools.browsing import open_page, settled
from app.widgets.text import millions
from den_core.analysis.neighbours import nearest
from den_core.analysis.probing import probe
from den_core.checkpoints.gallery import read_gallery

CHECKPOINT = "checkpoint=open3-wrn"
ROW = 12


@pytest.fixture(scope="module")
def net(checkpoints):
    return den_core.load(checkpoints / "open3-wrn")


def cell(page, block: int, level: int):
    """A button of the path editor."""
    return page.locator(f'button[data-block="{block}"][data-level="{level}"]')


def test_forcing_a_level_shows_what_the_library_computes_and_can_be_undone(url, page, net, checkpoints, keep):
    own = read_gallery(checkpoints / "open3-wrn", "emoji").frame["structure"][ROW]
    open_page(page, url, "inspect_image", f"{CHECKPOINT}&picture=emoji:{ROW}")
    result = page.locator(".st-key-path-result")
    before = result.inner_text()
    top = net.num_levels - 1
    cell(page, 0, top).click()
    page.wait_for_url(f"**forced={top}{own[1:]}**")
    result.get_by_text("With 1 block forced").wait_for()

    from den_core.data.sources import open_source

    data = open_source("open:emoji", "test").encoded(ROW)
    expected = probe(net, data, "emoji", [f"{top}{own[1:]}"]).iloc[0]
    assert expected["class_name"] in result.inner_text()
    assert millions(expected["macs"]) in result.inner_text()
    assert cell(page, 0, top).get_attribute("aria-pressed") == "true"
    keep(page)

    link = page.url
    page.goto("about:blank")
    page.goto(link)
    result.get_by_text("With 1 block forced").wait_for()
    cell(page, 1, 0).click()
    result.get_by_text("With 2 blocks forced").wait_for()
    page.get_by_role("button", name="Undo").click()
    result.get_by_text("With 1 block forced").wait_for()
    page.get_by_role("button", name="Back to the network's own choice").click()
    result.get_by_text(before).wait_for()
    assert "forced" not in page.url


def test_a_mark_of_the_accuracy_cost_picture_opens_in_the_path_editor(url, page, keep):
    open_page(page, url, "inspect_image", f"{CHECKPOINT}&picture=emoji:{ROW}&look=Accuracy+and+cost")
    marks = page.locator(".st-key-image_costs .scatterlayer .point")
    marks.first.wait_for()
    marks.nth(20).scroll_into_view_if_needed()
    keep(page)
    box = marks.nth(20).bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator(".st-key-path-result").get_by_text("forced").wait_for()
    assert "forced=" in page.url


def test_of_several_files_one_is_looked_at_and_another_can_be_chosen(url, page, tmp_path, keep):
    files = []
    for i, color in enumerate(("red", "green", "blue")):
        files.append(tmp_path / f"visitor {i}.png")
        Image.fromarray(np.asarray(Image.new("RGB", (50 + i, 40), color))).save(files[-1])
    (tmp_path / "broken.png").write_bytes(b"no image")
    open_page(page, url, "inspect_image", CHECKPOINT)
    page.locator("input[type=file]").first.set_input_files([*files, tmp_path / "broken.png"])
    page.locator(".st-key-picture").get_by_text("visitor 0.png").wait_for()
    assert page.get_by_test_id("stAlert").count() == 1
    assert "broken" in page.get_by_test_id("stAlert").inner_text()
    keep(page)
    page.locator("button.tile").nth(2).click()
    page.locator(".st-key-picture").get_by_text("visitor 2.png").wait_for()
    settled(page)
    assert page.get_by_test_id("stAlert").count() == 0


def test_from_an_image_to_its_nearest_and_on(url, page, checkpoints):
    gallery = read_gallery(checkpoints / "open3-wrn", "fashion")
    row = int(nearest(gallery.distribution[5], gallery.distribution, 1, exclude=5)["row"][0])
    open_page(page, url, "inspect_image", f"{CHECKPOINT}&picture=fashion:5&look=Similar+images")
    page.locator("button.tile").first.click()
    page.locator(".st-key-picture").get_by_text(f"Fashion, test image {row}").wait_for()
    settled(page)
    assert f"picture=fashion%3A{row}" in page.url or f"picture=fashion:{row}" in page.url
