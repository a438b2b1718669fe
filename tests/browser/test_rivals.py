"""The picture of a comparison, drawn by a real browser."""

from __future__ import annotations

import numpy as np
from PIL import Image

from app.tools.rivals import HEIGHT, WIDTH, draw
from den_core.checkpoints.metrics import TaskResult
from den_core.comparisons.measured import Measured, packed
from den_core.comparisons.options import Options, claim
from den_core.comparisons.table import table, write_table


def test_every_method_has_a_mark(tmp_path, browser):
    claim(tmp_path, Options(scenario="open3", backbone="wrn-14-1", steps=9, share=0.4, rate=1.0, limit=None))
    parts = [
        Measured(
            method=method, seed=0, split="test", tasks={"toy": TaskResult(2, 0.5, 0.5, macs, 5.0, 1)},
            right={"toy": packed(np.array([True, False]))}, weights=9, training_macs=1.0, image_runs=3, minutes=4.0,
        )
        for method, macs in (("den", 1e7), ("separate", 3e7))
    ]  # fmt: skip
    write_table(tmp_path, table(parts, "den"))

    picture = Image.open(draw(tmp_path, browser)).convert("RGB")

    assert picture.size == (WIDTH, HEIGHT)
    colours = {colour for _, colour in picture.getcolors(1 << 20)}
    assert (213, 94, 0) in colours and len(colours) > 50, "ours is drawn, and text and axes beside it"
