"""The pictures of test images and samples, small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import streamlit as st

from app.cache.checkpoints import REPOSITORY, Checkpoint
from app.cache.galleries import gallery
from den_core.errors import DataError

if TYPE_CHECKING:
    from den_core.data.sources import ImageSource

SAMPLES = REPOSITORY / "assets" / "samples"


MISSING = "missing_sets"
"Session: why data sets could not be opened, by source and split, since the page was run as a whole."


def look_for_sets_again() -> None:
    """Forget which data sets could not be opened; called before a page is run, so that a reload finds new ones."""
    st.session_state[MISSING] = {}


@st.cache_resource(max_entries=8, show_spinner="Opening the data set …")
def _opened(source: str, split: Literal["train", "test"]) -> ImageSource:
    from den_core.data.sources import open_source

    return open_source(source, split)


def _source(source: str, split: Literal["train", "test"]) -> ImageSource:
    """A data set; one that is missing is looked for once per page, not once per picture."""
    missing = st.session_state.setdefault(MISSING, {})
    if (source, split) not in missing:
        try:
            return _opened(source, split)
        except DataError as error:
            missing[source, split] = str(error)
    raise DataError(missing[source, split])


@st.cache_data(max_entries=10_000, show_spinner=False)
def _picture(source: str, split: Literal["train", "test"], row: int, side: int) -> bytes:
    from den_core.data.pictures import picture

    return picture(_source(source, split), row, side)


def gallery_picture(checkpoint: Checkpoint, task: str, row: int, side: int) -> bytes:
    """The test image at a position of a gallery as a small WebP, at most that many pixels a side.

    Raises:
        DataError: neither the gallery nor this machine has the picture.
    """
    found = gallery(checkpoint, task)
    if found.thumbnails is not None:
        return found.thumbnails[row]
    return _picture(found.source, found.split, int(found.frame["row"].iat[row]), side)


def gallery_original(checkpoint: Checkpoint, task: str, row: int) -> bytes:
    """The encoded test image at a position of a gallery, as the data set holds it.

    Raises:
        DataError: the data set is not on this machine.
    """
    found = gallery(checkpoint, task)
    return _source(found.source, found.split).encoded(int(found.frame["row"].iat[row]))


@st.cache_data(max_entries=32, show_spinner=False)
def samples() -> dict[str, bytes]:
    """The shipped sample images by file name."""
    return {file.name: file.read_bytes() for file in sorted(SAMPLES.glob("*.png"))}
