"""One visit with a real browser: upload an image file and read the chosen model off the page."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import den_core
from app import capture
from den_core.analysis import inspect_image

CHECKPOINTS = capture.REPOSITORY / "checkpoints"
SHIPPED = CHECKPOINTS / "open3-wrn"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(capture.find_chromium() is None, reason="needs a `chromium` on the path"),
    pytest.mark.skipif(not SHIPPED.is_dir(), reason="needs the shipped checkpoint checkpoints/open3-wrn"),
]


@pytest.fixture(scope="module")
def url():
    """The address of the running app."""
    with capture.running_app(CHECKPOINTS) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium."""
    with capture.open_browser() as chromium:
        yield chromium


@pytest.fixture
def page(browser):
    """A window in English, wide enough for the menu."""
    context = browser.new_context(viewport={"width": capture.WIDTH, "height": capture.HEIGHT}, locale="en-US")
    yield context.new_page()
    context.close()


@pytest.fixture
def picture(tmp_path):
    """An image file that no data set holds."""
    pixels = np.random.default_rng(7).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    pixels[12:36, 16:48] = (200, 40, 30)
    Image.fromarray(pixels).resize((320, 240)).save(tmp_path / "visitor.png")
    return tmp_path / "visitor.png"


def test_the_structure_on_the_page_is_the_one_that_the_library_chooses(url, page, picture):
    page.goto(f"{url}/inspect_image?checkpoint={SHIPPED.name}")
    page.get_by_role("heading", name="Inspect an image").wait_for(timeout=60_000)
    capture.settled(page)
    capture.upload(page, picture)

    net = den_core.load(SHIPPED)
    for task in net.tasks:
        expected = inspect_image(net, picture.read_bytes(), task)
        shown = page.locator(f".st-key-structure-{task} code").inner_text()
        assert shown == expected.structure
        assert (
            expected.predictions["class_name"][0] in page.locator(f".st-key-prediction-{task}").inner_text()
        )


def test_a_file_that_is_no_image_leaves_a_message_and_a_working_page(url, page, tmp_path):
    bad = tmp_path / "broken.png"
    bad.write_bytes(b"this is no image")
    page.goto(f"{url}/inspect_image?checkpoint={SHIPPED.name}")
    page.get_by_role("heading", name="Inspect an image").wait_for(timeout=60_000)
    capture.settled(page)
    page.locator("input[type=file]").first.set_input_files(bad)
    page.get_by_test_id("stAlert").wait_for(timeout=60_000)
    assert "Traceback" not in page.get_by_test_id("stMain").inner_text()

    page.get_by_role("button", name="Camel", exact=True).click()
    page.locator(".st-key-picture").get_by_text("Sample: Camel").wait_for(timeout=60_000)


def test_a_shared_link_opens_the_same_view(url, page):
    page.goto(f"{url}/level_usage?checkpoint={SHIPPED.name}")
    page.get_by_role("radio", name="Share of images").click()
    page.wait_for_url("**reading=**", timeout=60_000)
    link = page.url

    page.goto("about:blank")
    page.goto(link)
    page.get_by_role("heading", name="Level usage").wait_for(timeout=60_000)
    capture.settled(page)
    assert page.get_by_role("radio", name="Share of images").get_attribute("aria-checked") == "true"


def test_a_click_on_a_cell_shows_the_images_that_run_there(url, page):
    page.goto(f"{url}/level_usage?checkpoint={SHIPPED.name}")
    page.get_by_role("heading", name="Level usage").wait_for(timeout=60_000)
    capture.settled(page)
    map_of_second_task = page.locator("[data-testid=stPlotlyChart] .nsewdrag").nth(1).bounding_box()
    x, y, width, height = (map_of_second_task[side] for side in ("x", "y", "width", "height"))
    net = den_core.load(SHIPPED)
    page.mouse.click(x + width * 2.5 / net.num_blocks, y + height * 0.5 / net.num_levels)

    title = net.task(net.tasks[1]).label
    page.get_by_text(f"{title}, block 2, level {net.num_levels - 1}:").wait_for(timeout=60_000)
