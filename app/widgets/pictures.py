"""Pictures of test images, and one notice per page about those that are missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from app import cache
from app.widgets.text import literal
from den_core.errors import DataError, ImageError

REASONS = "missing_pictures"
"Session: why pictures of this page are missing, a line per data set."
SAID = "missing_pictures_said"
"Session: whether the whole page was run, so that its notice is there."


def picture(checkpoint: cache.Checkpoint, task: str, row: int, side: int) -> bytes | None:
    """The test image at a position of a gallery, at most that many pixels a side; None where its set cannot be opened.

    The page then says so by itself, in `missing_pictures_said`.

    Raises:
        ImageError: this image is damaged.
    """
    try:
        return cache.gallery_picture(checkpoint, task, row, side)
    except ImageError:
        raise
    except DataError as error:
        _note(str(error))
        return None


@contextmanager
def missing_pictures_said() -> Iterator[None]:
    """Around a page: say above it, once, which data sets could not be opened for its pictures."""
    place = st.container()
    cache.look_for_sets_again()
    st.session_state[REASONS], st.session_state[SAID] = [], False
    yield
    st.session_state[SAID] = True
    if reasons := st.session_state[REASONS]:
        lines = "".join(f"\n- {literal(reason)}" for reason in reasons)
        place.info(
            "Pictures are missing on this page, because their data sets could not be opened on this machine. "
            f"Everything else is complete.\n{lines}",
            icon=":material/broken_image:",
        )


def _note(reason: str) -> None:
    reasons = st.session_state[REASONS]
    if reason not in reasons:
        reasons.append(reason)
        if st.session_state[SAID]:  # found by a fragment that runs alone: it can draw nothing above the page
            st.rerun()
