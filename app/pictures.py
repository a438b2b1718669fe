"""Where the picture that is inspected comes from: an upload, the clipboard, a sample, or a gallery."""

from __future__ import annotations

import streamlit as st

from app import cache, state, widgets


def take_upload() -> None:
    """The visitor uploaded a file, or took it away again."""
    file = st.session_state.inspect_uploader
    if file is None:
        st.session_state.pop(state.UPLOAD, None)
    else:
        state.show_upload(file.name, file.getvalue())


def take_paste() -> None:
    """The visitor pasted an image and sent it."""
    message = st.session_state.inspect_paste
    if message is not None and message.files:
        state.show_upload("Pasted image", message.files[0].getvalue())


def upload_and_paste() -> None:
    """Two ways to bring an image of one's own."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.file_uploader(
            "Upload an image",
            type="image",
            key="inspect_uploader",
            on_change=take_upload,
            help="PNG, JPEG, WebP, GIF, BMP or TIFF, up to 20 MB and 50 megapixels.",
        )
    with right:
        st.markdown("… or paste one: click into the field, Ctrl+V, Enter")
        st.chat_input(
            "Paste an image here",
            accept_file=True,
            file_type="image",
            key="inspect_paste",
            on_submit=take_paste,
        )


def sample_strip() -> None:
    """The third way: a sample."""
    st.markdown("… or take a sample")
    with st.container(horizontal=True, gap="xsmall"):
        for name, data in cache.samples().items():
            with st.container(width=80, gap="xsmall"):
                title = sample_title(name)
                st.image(data, width=64, alt=title)
                st.button(
                    title,
                    key=f"sample-{name}",
                    type="tertiary",
                    on_click=state.show_picture,
                    args=(f"sample:{name}",),
                )


def sample_title(name: str) -> str:
    """The title of a sample by its file name: "2-emoji-red-apple.png" is "Red apple"."""
    return name.rsplit(".", 1)[0].split("-", 2)[2].replace("-", " ").capitalize()


def picture(checkpoint: cache.Checkpoint) -> tuple[str, bytes] | None:
    """Title and bytes of what is to be inspected: an upload, what the URL names, or the first sample."""
    if (upload := state.uploaded()) is not None:
        return upload
    samples = cache.samples()
    kind, _, name = (state.picture_reference() or "").partition(":")
    if kind in cache.tasks_with_gallery(checkpoint) and name.isdecimal():
        if int(name) < len(cache.gallery(checkpoint, kind)):
            title = f"{widgets.task_titles(checkpoint)[kind]}, test image {int(name)}"
            return title, cache.gallery_original(checkpoint, kind, int(name))
    if kind == "sample" and name in samples:
        return f"Sample: {sample_title(name)}", samples[name]
    first = next(iter(samples), None)
    return None if first is None else (f"Sample: {sample_title(first)}", samples[first])
