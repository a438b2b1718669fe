"""The page Inspect an image: samples, uploads, and files that are no images."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import den_core
from den_core.analysis import inspect_image


def _encoded(mode: str = "RGB", size: tuple[int, int] = (40, 30), kind: str = "PNG", **options) -> bytes:
    values = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(values).convert(mode).save(buffer, format=kind, **options)
    return buffer.getvalue()


def _animated() -> bytes:
    frames = [Image.new("RGB", (20, 20), color) for color in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, format="GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def _rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return _encoded(kind="JPEG", exif=exif)


def _structures(app, tasks) -> dict[str, str]:
    texts = [text.value for text in app.markdown if text.value.startswith("Structure `")]
    return dict(zip(tasks, (text.split("`")[1] for text in texts), strict=True))


READABLE = {
    "plain.png": _encoded(),
    "alpha.png": _encoded("RGBA"),
    "palette.png": _encoded("P"),
    "one_bit.png": _encoded("1"),
    "sixteen_bit.png": _encoded("I;16"),
    "print.jpg": _encoded("CMYK", kind="JPEG"),
    "turned.jpg": _rotated(),
    "moving.gif": _animated(),
    "dot.png": _encoded(size=(1, 1)),
    "line.png": _encoded(size=(500, 1)),
    "a*b_[c](d)<e>$.png": _encoded(),
}
UNREADABLE = {
    "empty.png": b"",
    "text.png": b"this is no image",
    "page.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "cut.png": _encoded()[:200],
    "cut.jpg": _encoded(size=(400, 300), kind="JPEG")[:2000],
    "heavy.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 20_000_001,
}


@pytest.mark.parametrize("name", READABLE)
def test_an_unusual_image_gets_the_answer_of_the_library(name, open_trained, tiny_checkpoint):
    net = den_core.load(tiny_checkpoint)
    app = open_trained("inspect_image")
    app.file_uploader(key="inspect_uploader").upload(name, READABLE[name], "image/png").run()

    assert not app.exception
    assert not app.error
    expected = {task: inspect_image(net, READABLE[name], task).structure for task in net.tasks}
    assert _structures(app, net.tasks) == expected


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_is_no_image_is_one_clear_line(name, open_trained):
    app = open_trained("inspect_image")
    app.file_uploader(key="inspect_uploader").upload(name, UNREADABLE[name], "image/png").run()
    assert not app.exception
    assert len(app.error) == 1
    assert "\n" not in app.error[0].value


def test_a_huge_picture_in_a_small_file_is_refused(open_trained):
    app = open_trained("inspect_image")
    bomb = _bomb()
    assert len(bomb) < 1_000_000
    app.file_uploader(key="inspect_uploader").upload("bomb.png", bomb, "image/png").run()
    assert not app.exception
    assert "pixel" in app.error[0].value


def _bomb() -> bytes:
    buffer = io.BytesIO()
    Image.new("1", (9000, 7000)).save(buffer, format="PNG")
    return buffer.getvalue()


def test_after_a_bad_upload_a_sample_works_again(open_trained):
    app = open_trained("inspect_image")
    app.file_uploader(key="inspect_uploader").upload("text.png", b"no image", "image/png").run()
    assert app.error
    app.button(key="sample-2-emoji-camel.png").click().run()
    assert not app.error
    assert any("Camel" in text.value for text in app.markdown)


def test_the_url_names_a_sample(open_trained):
    app = open_trained("inspect_image", picture="sample:3-clipart-turtle.png")
    assert any("Turtle" in text.value and "Sample" in text.value for text in app.markdown)


def test_the_url_names_an_image_of_a_gallery(open_trained, tiny_checkpoint):
    task = den_core.load(tiny_checkpoint).tasks[0]
    app = open_trained("inspect_image", picture=f"{task}:4")
    assert any("test image 4" in text.value for text in app.markdown)
    assert not app.error
