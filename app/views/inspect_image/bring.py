"""Where the picture that is inspected comes from: uploads, the clipboard, the camera, a sample, or a gallery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from app import cache, state, widgets
from app.cache import one_image
from app.components.image_grid import Tile, image_grid, pressed

BROUGHT = "inspect_brought"
"Session: (name, bytes, way) of the readable images that the visitor brought; way is one of the next two."
BY_UPLOAD, BY_HAND = "upload", "hand"
REFUSED = "inspect_refused"
"Session: one line for every file of the last upload that is no usable image."
MOST = 24
"Images that are kept for a visitor."
STRIP = "inspect_strip"


class Picture(NamedTuple):
    """What is inspected: a title, encoded bytes, the task it comes from, and its position if it is a test image."""

    name: str
    data: bytes
    task: str | None = None
    row: int | None = None


def truth(checkpoint: cache.Checkpoint, picture: Picture, task: str) -> str | None:
    """The true class of a picture among the classes of a task; None where it is not known."""
    if picture.task != task or picture.row is None:
        return None
    label = cache.gallery(checkpoint, task).frame["label"].iat[picture.row]
    return cache.classes(checkpoint)[task][label]


def _keep(found: Sequence[tuple[str, bytes]], way: str) -> None:
    """Add images that the visitor brought just now; the first readable one is looked at, bad ones are reported."""
    old = st.session_state.get(BROUGHT, [])
    before = {(name, data) for name, data, _ in old}
    kept = [entry for entry in old if entry[2] != BY_UPLOAD] if way == BY_UPLOAD else list(old)
    refused, fresh = [], []
    for name, data in found:
        preview, problem = one_image.preview(data)
        if preview is None:
            refused.append(f"{name}: {problem}")
            continue
        if len(kept) >= MOST:
            refused.append(f"{name}: expected at most {MOST} images, found more; take some away")
            continue
        kept.append((name, data, way))
        if (name, data) not in before:
            fresh.append((name, data))
    st.session_state[BROUGHT], st.session_state[REFUSED] = kept, refused
    if fresh:
        state.show_upload(*fresh[0])
    elif state.uploaded() is not None and state.uploaded() not in [entry[:2] for entry in kept]:
        st.session_state.pop(state.UPLOAD)
        if kept:
            state.show_upload(*kept[0][:2])


def take_uploads() -> None:
    """The visitor uploaded files, or took some away again."""
    files = st.session_state.inspect_uploader or []
    _keep([(file.name, file.getvalue()) for file in files], BY_UPLOAD)


def take_paste() -> None:
    """The visitor pasted images and sent them."""
    message = st.session_state.inspect_paste
    if message is not None and message.files:
        _keep([("Pasted image", file.getvalue()) for file in message.files], BY_HAND)


def take_photo() -> None:
    """The visitor took a picture with the camera."""
    photo = st.session_state.inspect_camera
    if photo is not None:
        _keep([("Camera", photo.getvalue())], BY_HAND)


def take_from_strip() -> None:
    """The visitor chose among the images brought."""
    place = pressed(STRIP)
    brought = st.session_state.get(BROUGHT, [])
    if place is not None and int(place) < len(brought):
        st.session_state.pop(REFUSED, None)
        state.show_upload(*brought[int(place)][:2])


def take_sample(reference: str) -> None:
    """The visitor chose a sample."""
    st.session_state.pop(REFUSED, None)
    state.show_picture(reference)


def bring() -> None:
    """Ways to bring images of one's own, what was wrong with some, and a strip to choose among several."""
    upload, paste, camera = st.columns([4, 4, 3], gap="medium")
    with upload:
        st.file_uploader(
            "Upload images",
            type="image",
            accept_multiple_files=True,
            key="inspect_uploader",
            on_change=take_uploads,
            help="PNG, JPEG, WebP, GIF, BMP or TIFF, up to 20 MB and 50 megapixels each.",
        )
    with paste:
        st.markdown("… or paste one: click, Ctrl+V, Enter")
        st.chat_input(
            "Paste an image here", accept_file=True, file_type="image", key="inspect_paste", on_submit=take_paste
        )
    with camera:
        st.markdown("… or take a picture")
        wanted = st.toggle("Camera", key="inspect_camera_on", help="The browser asks before it opens the camera.")
    if wanted:
        st.camera_input("Take a picture", key="inspect_camera", on_change=take_photo, label_visibility="collapsed")
    for line in st.session_state.get(REFUSED, []):
        st.error(widgets.literal(line), icon=":material/error:")
    _strip()


def _strip() -> None:
    brought = st.session_state.get(BROUGHT, [])
    if len(brought) < 2:
        return
    looked_at = state.uploaded()
    tiles = [
        Tile(
            id=f"{place}",
            picture=one_image.preview(data)[0],
            alt=name,
            lines=(name,),
            current=looked_at is not None and looked_at == (name, data),
        )
        for place, (name, data, _) in enumerate(brought)
    ]
    st.markdown(f"Your {len(brought)} images; choose the one to look at")
    image_grid(tiles, STRIP, 64, action="Look at it", on_press=take_from_strip)


def sample_strip() -> None:
    """The last way: a sample; folded away where the visitor brought images, so that the answers stand higher."""
    folded = bool(st.session_state.get(BROUGHT))
    if not folded:
        st.markdown("… or take a sample")
    with st.expander("… or take a sample") if folded else st.container(), st.container(horizontal=True, gap="xsmall"):
        for name, data in cache.samples().items():
            with st.container(width=80, gap="xsmall"):
                title = sample_title(name)
                st.image(data, width=64, alt=title)
                st.button(title, key=f"sample-{name}", type="tertiary", on_click=take_sample, args=(f"sample:{name}",))


def sample_title(name: str) -> str:
    """The title of a sample by its file name: "2-emoji-red-apple.png" is "Red apple"."""
    return name.rsplit(".", 1)[0].split("-", 2)[2].replace("-", " ").capitalize()


def picture(checkpoint: cache.Checkpoint) -> Picture | None:
    """What is to be inspected: an image that was brought, what the URL names, or the first sample.

    Raises:
        DataError: a test image whose data set is not on this machine.
    """
    if (upload := state.uploaded()) is not None:
        return Picture(*upload)
    samples = cache.samples()
    kind, _, name = (state.picture_reference() or "").partition(":")
    if kind in cache.tasks_with_gallery(checkpoint) and name.isascii() and name.isdecimal():
        if len(name) < 10 and int(name) < len(cache.gallery(checkpoint, kind)):
            title = f"{widgets.task_titles(checkpoint)[kind]}, test image {int(name)}"
            return Picture(title, cache.gallery_original(checkpoint, kind, int(name)), kind, int(name))
    chosen = name if kind == "sample" and name in samples else next(iter(samples), None)
    return None if chosen is None else Picture(f"Sample: {sample_title(chosen)}", samples[chosen], chosen.split("-")[1])
