"""Downloading a published set: the whole of it, or nothing."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from den_core.data.sources.published import Published

TIMEOUT = 30
"Seconds without an answer after which a download has failed."

_FAILURES = (OSError, RuntimeError, EOFError, http.client.HTTPException, tarfile.TarError, zlib.error)


def download(published: Published, where: str) -> None:
    """Have torchvision download a set, where that can be done and no file of it is there yet.

    Archive and files go into a temporary folder first, and to their place in one step, once torchvision has found the
    archive's MD5 to be the published one. A folder that holds anything is left as it is.

    Raises:
        DataError: it failed, as it does without a network. Nothing is left behind then.
    """
    place = published.place(where)
    if not published.torchvision or not published.missing(place) or (place.is_dir() and any(place.iterdir())):
        return
    from torchvision import datasets  # slow to import, and only needed here
    from torchvision.datasets.utils import download_and_extract_archive

    archive = getattr(datasets, published.torchvision)
    temporary = place.parent / f".{place.name}.{os.getpid()}.tmp"
    with _removed_if_empty(place.parent):
        try:
            with _timeout(TIMEOUT):
                download_and_extract_archive(
                    archive.url, temporary, filename=archive.filename, md5=archive.tgz_md5, remove_finished=True
                )
            os.replace(temporary / published.folder, place)
        except _FAILURES as error:
            if published.missing(place):  # else another process was faster
                raise published.error(place, str(error).split("\n")[0] or type(error).__name__) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def _removed_if_empty(folder: Path) -> Iterator[None]:
    """Remove afterwards what was made of `folder` and the folders above it, if nothing came to lie there."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            for path in made:
                path.rmdir()


@contextlib.contextmanager
def _timeout(seconds: float) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
