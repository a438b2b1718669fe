"""Figure 5: one command trains its ablations and draws them."""

import pandas as pd

from app.tools.figure5 import LABELS, Figure5, ablation
from den_core.recipes import ROWS


def test_every_ablation_has_a_label():
    assert {name for name in ROWS if name.startswith("figure5-")} == set(LABELS)


def test_seeds_of_a_recipe_are_one_point_with_bars():
    runs = pd.DataFrame(
        [
            {"recipe": "figure5-levels-2", "seed": 0, "accuracy": 0.4, "share": 0.5},
            {"recipe": "figure5-levels-2", "seed": 1, "accuracy": 0.6, "share": 0.7},
            {"recipe": "figure5-start-eq8", "seed": 0, "accuracy": 0.3, "share": 0.2},
        ]
    )

    levels, start = ablation(runs).data

    assert (levels.x, levels.y, levels.text) == ((0.6,), (0.5,), ("2 levels",))
    assert levels.error_y.visible and not start.error_y.visible
    assert (levels.xaxis, start.xaxis) == ("x", "x2")


def test_the_command_writes_table_and_figure(published_data, tmp_path, capsys):
    recipes = ["figure5-levels-2", "figure5-start-selector"]

    Figure5(recipes=recipes, backbone="wrn-8-1", steps=3, threads=1, device="cpu", out=tmp_path).run()

    assert list(pd.read_csv(tmp_path / "figure5.csv")["recipe"]) == recipes
    assert "untrained selector" in (tmp_path / "figure5.html").read_text("utf-8")
    assert str(tmp_path / "figure5.html") in capsys.readouterr().out
