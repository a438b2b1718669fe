"""The app as a visitor meets it, without a browser."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from streamlit import config
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from app.pages import HOME
from den_core.checkpoints.gallery import encode_gallery

REPOSITORY = Path(__file__).resolve().parents[2]
# What `streamlit run` does and AppTest leaves out: the settings beside the script count.
config._main_script_path = str(REPOSITORY / "app" / "main.py")


@pytest.fixture(scope="session", autouse=True)
def _packages_scanned_once() -> Iterator[None]:
    """For every AppTest, Streamlit reads what every installed package says of itself; it takes longer than the page."""
    with pytest.MonkeyPatch.context() as patch:
        scan = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture
def open_page(monkeypatch) -> Callable[..., AppTest]:
    """Opens a page of the app as a link does: by its address, with a checkpoint and query parameters."""

    def open_page(page: str, root: Path, checkpoint: str | None = None, **query: str) -> AppTest:
        monkeypatch.setenv("DEN_CHECKPOINTS", str(root))
        app = AppTest.from_file(REPOSITORY / "app" / "main.py", default_timeout=60)
        if page != HOME:
            # switch_page knows a page by its address only after a first run, which would show the overview every time
            app._page_hash = calc_hash(page)
        for name, value in query.items() if checkpoint is None else {"checkpoint": checkpoint, **query}.items():
            app.query_params[name] = value
        return app.run()

    return open_page


@pytest.fixture
def open_trained(open_page, tiny_checkpoint) -> Callable[..., AppTest]:
    """Opens a page of the app with the tiny trained checkpoint."""

    def open_trained(page: str, **query: str) -> AppTest:
        return open_page(page, tiny_checkpoint.parent, checkpoint=tiny_checkpoint.name, **query)

    return open_trained


@pytest.fixture
def with_metrics(open_page, tiny_checkpoint, tmp_path):
    """Opens a page with the tiny checkpoint, its metrics changed; None takes a field away."""

    def with_metrics(page: str = "looking", query: dict | None = None, **changes):
        path = shutil.copytree(tiny_checkpoint, tmp_path / "copy", dirs_exist_ok=True) / "metrics.json"
        metrics = json.loads(path.read_text()) | changes
        path.write_text(json.dumps({name: value for name, value in metrics.items() if value is not None}))
        return open_page(page, tmp_path, **(query or {}))

    return with_metrics


def _elements(block: Any) -> Iterator[Any]:
    for child in getattr(block, "children", {}).values():
        yield child
        yield from _elements(child)


def _component_data(app: AppTest, key: str) -> dict:
    """What the component with that key was given; AppTest itself does not know components."""
    for element in _elements(app._tree[0]):
        if getattr(element, "key", None) == key and hasattr(element, "proto"):
            return json.loads(element.proto.json)
    raise AssertionError(f"expected a component with the key {key}, found none on the page")


@pytest.fixture
def component_data() -> Callable[[AppTest, str], dict]:
    """Reads what a component on a page was given."""
    return _component_data


@pytest.fixture
def grid_tiles() -> Callable[[AppTest, str], list[dict]]:
    """Reads the tiles of an image grid: id, alt, lines, strip, src, current."""
    return lambda app, key: _component_data(app, key)["items"]


@pytest.fixture
def repository() -> Path:
    """The root of the project."""
    return REPOSITORY


@pytest.fixture
def rename_source() -> Callable[[Path, str], None]:
    """Lets the galleries of a checkpoint point to another data set."""

    def rename_source(checkpoint: Path, source: str) -> None:
        for path in (checkpoint / "gallery").glob("*.parquet"):
            table = pq.read_table(path)
            about = json.loads(table.schema.metadata[b"den"]) | {"source": source}
            path.write_bytes(encode_gallery(table, about))

    return rename_source
