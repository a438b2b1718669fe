"""The app as a visitor meets it, without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def open_page(monkeypatch) -> Callable[..., AppTest]:
    """Opens a page of the app, by the name of its file, with a checkpoint picked and query parameters."""

    def open_page(page: str, root: Path, checkpoint: str | None = None, **query: str) -> AppTest:
        monkeypatch.setenv("DEN_CHECKPOINTS", str(root))
        app = AppTest.from_file(REPOSITORY / "app" / "main.py", default_timeout=60).run()
        if checkpoint is not None:
            app.sidebar.selectbox(key="checkpoint").set_value(checkpoint).run()
        app.switch_page(f"views/{page}.py")
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return open_page


@pytest.fixture
def open_trained(open_page, tiny_checkpoint) -> Callable[..., AppTest]:
    """Opens a page of the app with the tiny trained checkpoint."""

    def open_trained(page: str, **query: str) -> AppTest:
        return open_page(page, tiny_checkpoint.parent, checkpoint=tiny_checkpoint.name, **query)

    return open_trained
