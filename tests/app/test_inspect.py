"""The page Inspect an image: samples, uploads, files that are no images, and the tools below the answers."""

from __future__ import annotations

import io
import shutil

import numpy as np
import pytest
from PIL import Image

import den_core
from app.state import UNDO
from app.views.inspect_image import bring
from app.widgets import literal
from den_core.analysis.inspection import inspect_image
from den_core.checkpoints.gallery import read_gallery


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


def _looked_at(app) -> str:
    """The line that names the picture."""
    return next(text.value for text in app.markdown if "the selector looks at" in text.value)


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
    assert "Camel" in _looked_at(app)


def test_the_url_names_a_sample(open_trained):
    app = open_trained("inspect_image", picture="sample:3-clipart-turtle.png")
    assert any("Turtle" in text.value and "Sample" in text.value for text in app.markdown)


def test_the_url_names_an_image_of_a_gallery(open_trained, tiny_checkpoint):
    task = den_core.load(tiny_checkpoint).tasks[0]
    app = open_trained("inspect_image", picture=f"{task}:4")
    assert any("test image 4" in text.value for text in app.markdown)
    assert not app.error


def _upload(app, **files: bytes):
    values = [(name.replace("__", "."), data, "image/png") for name, data in files.items()]
    return app.file_uploader(key="inspect_uploader").set_value(values).run()


def test_of_several_files_the_bad_ones_are_reported_and_the_others_work(open_trained, tiny_checkpoint, component_data):
    net = den_core.load(tiny_checkpoint)
    files = {name: data for name, data in {**UNREADABLE, **READABLE}.items()} | {"bomb.png": _bomb()}
    values = [(name, data, "image/png") for name, data in files.items()]
    app = open_trained("inspect_image")
    app.file_uploader(key="inspect_uploader").set_value(values).run()

    assert not app.exception
    assert len(app.error) == len(UNREADABLE) + 1
    for line, name in zip(app.error, [*UNREADABLE, "bomb.png"], strict=True):
        assert name.split(".")[0] in line.value
        assert "\n" not in line.value
    tiles = component_data(app, bring.STRIP)["items"]
    assert [tile["lines"][0] for tile in tiles] == list(READABLE)
    assert [tile["current"] for tile in tiles] == [True] + [False] * (len(READABLE) - 1)
    first = next(iter(READABLE))
    assert first.split(".")[0] in _looked_at(app)
    expected = {task: inspect_image(net, READABLE[first], task).structure for task in net.tasks}
    assert _structures(app, net.tasks) == expected


def test_a_file_that_is_added_is_looked_at_and_one_that_is_taken_away_is_not(open_trained):
    app = open_trained("inspect_image")
    _upload(app, one__png=_encoded())
    _upload(app, one__png=_encoded(), two__png=_encoded(size=(9, 9)))
    assert "two" in _looked_at(app)
    _upload(app, one__png=_encoded())
    assert "one" in _looked_at(app)
    _upload(app)
    assert "Sample" in _looked_at(app)


def test_more_files_than_are_kept_are_reported(open_trained, component_data):
    values = [(f"{i}.png", _encoded(size=(2 + i, 3)), "image/png") for i in range(bring.MOST + 2)]
    app = open_trained("inspect_image")
    app.file_uploader(key="inspect_uploader").set_value(values).run()
    assert len(app.error) == 2
    assert str(bring.MOST) in app.error[0].value
    assert len(component_data(app, bring.STRIP)["items"]) == bring.MOST


def test_a_pasted_image_stays_beside_uploaded_ones(open_trained, component_data):
    app = open_trained("inspect_image")
    _upload(app, one__png=_encoded())
    app.chat_input(key="inspect_paste").upload("clip.png", _encoded(size=(8, 8)), "image/png").set_value("").run()
    assert "Pasted" in _looked_at(app)
    assert len(component_data(app, bring.STRIP)["items"]) == 2


def test_the_camera_opens_on_demand_only(open_trained):
    app = open_trained("inspect_image")
    assert not app.camera_input
    app.toggle(key="inspect_camera_on").set_value(True).run()
    app.camera_input(key="inspect_camera").upload("photo.jpg", _encoded(kind="JPEG"), "image/jpeg").run()
    assert not app.exception
    assert "Camera" in _looked_at(app)


TOOLS = ("Path editor", "Accuracy and cost", "Cost weight", "Stability", "Similar images")


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("picture", ["sample:2-emoji-camel.png", "emoji:3"])
def test_every_tool_shows_a_result(tool, picture, open_trained):
    app = open_trained("inspect_image", look=tool, picture=picture)
    assert not app.exception
    assert not app.error and not app.warning
    assert app.segmented_control(key="look").value is not None


def test_the_path_editor_starts_from_the_models_own_choice(open_trained, tiny_checkpoint, component_data):
    net = den_core.load(tiny_checkpoint)
    app = open_trained("inspect_image", picture="emoji:3")
    own = read_gallery(tiny_checkpoint, "emoji").frame["structure"][3]
    data = component_data(app, "path_editor")
    assert data["chosen"] == data["current"] == [int(level) for level in own]
    assert np.shape([[cell["share"] for cell in row] for row in data["cells"]]) == (net.num_blocks, net.num_levels)
    assert app.button(key="path_reset").disabled and app.button(key="path_undo").disabled


def test_a_forced_structure_comes_from_the_url_and_can_be_taken_back(open_trained, tiny_checkpoint, component_data):
    net = den_core.load(tiny_checkpoint)
    forced = str(net.num_levels - 1) * net.num_blocks
    app = open_trained("inspect_image", picture="emoji:3", forced=forced)
    assert "".join(map(str, component_data(app, "path_editor")["current"])) == forced
    macs = float(net.full_cost("emoji").macs[0]) / 1e6
    assert f"{macs:.2f}"[:4] in component_data(app, "path_editor")["status"]

    app.button(key="path_reset").click().run()
    assert "forced" not in app.query_params
    data = component_data(app, "path_editor")
    assert data["current"] == data["chosen"]

    app.button(key="path_undo").click().run()
    assert forced in app.query_params["forced"]
    assert not app.session_state[UNDO]


@pytest.mark.parametrize("nonsense", ["9", "x" * 500, "999", "-1", "٣٣٣", "<b>"])
@pytest.mark.parametrize("tool", ["Path editor", "Accuracy and cost"])
def test_a_forced_structure_that_makes_no_sense_is_one_clear_line(nonsense, tool, open_trained, component_data):
    app = open_trained("inspect_image", forced=nonsense, look=tool)
    assert not app.exception and not app.error
    if tool == "Path editor":
        assert len(app.warning) == 1
        assert "ignored" in app.warning[0].value and len(app.warning[0].value) < 400
        data = component_data(app, "path_editor")
        assert data["current"] == data["chosen"]


def test_the_cost_weight_of_the_url_gives_the_structure_of_the_library(open_trained, tiny_checkpoint):
    net = den_core.load(tiny_checkpoint)
    data = READABLE["plain.png"]
    app = open_trained("inspect_image", look="Cost weight")
    app.file_uploader(key="inspect_uploader").set_value([("plain.png", data, "image/png")]).run()
    app.select_slider(key="weight").set_value(5.0).run()
    expected = inspect_image(net, data, net.tasks[0], cost_weight=5.0)
    assert any("At cost weight **5**" in text.value and expected.structure in text.value for text in app.markdown)


def test_a_cost_weight_of_another_page_is_no_error(open_trained):
    app = open_trained("inspect_image", look="Cost weight", weight="0.123")
    assert not app.exception and not app.error
    app.session_state["weight"] = 0.123
    app.run()
    assert not app.exception
    assert app.select_slider(key="weight").value == 0


def test_the_true_class_is_known_for_a_test_image_of_that_task_only(open_trained, tiny_checkpoint):
    label = read_gallery(tiny_checkpoint, "emoji").frame["label"][3]
    name = den_core.load(tiny_checkpoint).task("emoji").class_names[label]
    app = open_trained("inspect_image", picture="emoji:3")
    assert f"true class is **{literal(name)}**" in _looked_at(app)
    answers = [text.value for text in app.markdown if text.value.startswith("Answer")]
    assert [answer[-1] in "✓✗" for answer in answers] == [False, True, False]
    sample = open_trained("inspect_image", picture="sample:2-emoji-camel.png")
    assert "true class" not in _looked_at(sample)


def test_without_galleries_an_upload_still_gets_its_answers_and_tools(open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy", ignore=shutil.ignore_patterns("gallery"))
    app = open_page("inspect_image", tmp_path, picture="emoji:3", look="Similar images")
    assert not app.exception and not app.error
    assert len(app.segmented_control(key="look").options) == len(TOOLS) - 1


def test_a_test_image_whose_data_set_is_missing_is_one_line(open_trained, tiny_checkpoint, monkeypatch):
    from den_core.errors import DataError

    def missing(source: str, split: str):
        raise DataError(f"expected the data set {source}, found none; install it")

    monkeypatch.setattr("den_core.data.sources.open_source", missing)
    monkeypatch.setattr("app.cache.pictures._source", missing)
    app = open_trained("inspect_image", picture="emoji:3")
    assert not app.exception
    assert len(app.error) == 1
    assert "data set" in app.error[0].value


NOWHERE = ("emoji:-1", "emoji:²", "emoji:" + "9" * 400, "emoji:", ":", "sample:../x", "none:3")


@pytest.mark.parametrize("reference", NOWHERE)
def test_a_picture_that_is_not_there_is_the_first_sample(reference, open_trained):
    app = open_trained("inspect_image", picture=reference)
    assert not app.exception and not app.error
    assert "Sample" in _looked_at(app)
