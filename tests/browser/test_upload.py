"""A visitor's own image: from the file to its model, to a similar image, to that image's own model."""

from __future__ import annotations

import den_core
from app.tools.browsing import open_page, settled
from app.tools.measure import upload
from den_core.analysis.inspection import inspect_image
from den_core.checkpoints.gallery import read_gallery
from den_core.structure_keys import structure_key

CHECKPOINT = "checkpoint=open3-wrn"


def shown_structure(page, task: str) -> str:
    return page.locator(f".st-key-structure-{task} code").inner_text()


def test_the_structure_on_the_page_is_the_one_that_the_library_chooses(url, page, picture, checkpoints, keep):
    open_page(page, url, "inspect_image", CHECKPOINT)
    upload(page, picture)

    net = den_core.load(checkpoints / "open3-wrn")
    for task in net.tasks:
        expected = inspect_image(net, picture.read_bytes(), task)
        assert shown_structure(page, task) == expected.structure
        assert expected.predictions["class_name"][0] in page.locator(f".st-key-prediction-{task}").inner_text()
    keep(page)


def test_from_an_upload_to_a_similar_image_to_its_own_model(url, page, picture, checkpoints, keep):
    open_page(page, url, "inspect_image", CHECKPOINT)
    upload(page, picture)
    page.get_by_role("radio", name="Similar images").click()
    page.locator("button.tile").first.wait_for()
    keep(page, "neighbours")
    tile = page.locator("[class*=st-key-inspect_near-emoji] button.tile").first
    row = int(tile.get_attribute("title").split("test image ")[1].split(",")[0])
    tile.click()

    page.wait_for_url("**picture=emoji**")
    page.locator(".st-key-picture").get_by_text(f"test image {row}").wait_for()
    settled(page)
    gallery = read_gallery(checkpoints / "open3-wrn", "emoji")
    assert shown_structure(page, "emoji") == structure_key(gallery.levels[row])
    answered = page.get_by_text("Answered by the selector")
    assert answered.count() == int(gallery.early[row])
    keep(page, "its-own-model")


def test_a_file_that_is_no_image_leaves_a_message_and_a_working_page(url, page, picture, tmp_path, keep):
    bad = tmp_path / "broken.png"
    bad.write_bytes(b"this is no image")
    open_page(page, url, "inspect_image", CHECKPOINT)
    page.locator("input[type=file]").first.set_input_files([bad, picture])
    page.get_by_test_id("stAlert").first.wait_for()
    page.locator(".st-key-picture").get_by_text(picture.name).wait_for()
    assert "broken" in page.get_by_test_id("stAlert").first.inner_text()
    assert "Traceback" not in page.get_by_test_id("stMain").inner_text()
    keep(page)

    settled(page)
    page.get_by_text("… or take a sample").click()
    # The list unfolds for half a second; a click that comes sooner can miss what moves away under it.
    page.evaluate("Promise.allSettled(document.getAnimations().map(animation => animation.finished))")
    page.get_by_role("button", name="Camel", exact=True).click()
    page.locator(".st-key-picture").get_by_text("Sample: Camel").wait_for()
