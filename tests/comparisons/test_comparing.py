"""`den compare`: what is done is not done again, what was begun goes on, wrong input is one line."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from den_core.checkpoints.metrics import TaskResult
from den_core.cli.main import main
from den_core.comparisons.comparison import Comparison
from den_core.comparisons.measured import Measured, packed, read_measured, write_measured
from den_core.comparisons.options import read_options
from den_core.comparisons.table import table
from den_core.comparisons.timing import Times, read_times, write_times
from den_core.errors import CheckpointError, ConfigError
from den_core.recipes import recipe_with

pytestmark = pytest.mark.xdist_group("compared")  # one comparison serves all tests of this file
SHORT = ["--steps", "4", "--limit", "60", "--device", "cpu"]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Two methods on a few digits."""
    out = tmp_path_factory.mktemp("compare")
    assert main(["compare", "digits", "--methods", "den", "separate", "--time", "--out", str(out), *SHORT]) == 0
    return out


def test_the_table_has_a_row_per_method_with_what_it_cost(compared):
    frame = pd.read_csv(compared / "comparison.csv").set_index("method")

    assert set(frame.index) == {"den", "separate"}
    assert frame.loc["den", "minus"] == 0 and (frame["seeds"] == 1).all()
    assert frame.loc["separate", "mmacs"] > frame.loc["den", "mmacs"] > 0
    assert frame["image_runs_k"].to_numpy() == pytest.approx(frame["image_runs_k"].iloc[0], rel=0.3)
    assert (frame[["weights_m", "training_tmacs", "minutes"]] > 0).all(axis=None)
    assert (frame["milliseconds"] > 0).all() and read_times(compared).batch == 64
    assert "| Separate networks (Baseline) |" in (compared / "comparison.md").read_text("utf-8")


def test_what_is_measured_is_what_the_network_answers(compared):
    found = read_measured(compared / "separate-seed0.test.json")

    assert found.hits("digits").mean() == found.tasks["digits"].accuracy
    assert len(found.hits("digits")) == 60


def test_what_is_done_is_not_done_again(compared, monkeypatch):
    monkeypatch.setattr("den_core.comparisons.comparison.train", None)
    monkeypatch.setattr("den_core.comparisons.comparison.load", None)

    assert main(["compare", "digits", "--methods", "den", "separate", "--out", str(compared), *SHORT]) == 0


@pytest.mark.parametrize(
    "other", [{"steps": 5}, {"limit": 50}, {"limit": None}, {"share": 0.3}, {"rate": 2.0}, {"backbone": "wrn-14-1"}]
)
def test_a_folder_holds_one_comparison(compared, other):
    same = Comparison(scenario="digits", out=compared, steps=4, limit=60, device="cpu")
    same.begin()
    before = read_options(compared)

    with pytest.raises(
        ConfigError,
        match="expected the folder of digits on .*, found that of digits on wrn-8-1, 4 steps.*another --out",
    ):
        dataclasses.replace(same, **other).begin()

    assert read_options(compared) == before


@pytest.mark.parametrize("text", ['{"scenario": "digits"}', '{"steps": 0}', "[]", "{"])
def test_a_damaged_file_of_options_is_named(text, tmp_path):
    (tmp_path / "options.json").write_text(text, "utf-8")

    with pytest.raises(CheckpointError, match="options.json"):
        read_options(tmp_path)


def test_what_was_begun_goes_on_and_is_never_counted_before_its_end(tmp_path, monkeypatch):
    from den_core.training.trainer import Trainer

    comparison = Comparison(scenario="digits", out=tmp_path, steps=4, limit=60, device="cpu")
    after_step, done = Trainer._after_step, []

    def stop_at_three(self, turn, step, lr, result, optimizer):
        done.append(step)
        if len(done) == 3:
            raise KeyboardInterrupt
        after_step(self, turn, step, lr, result, optimizer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_after_step", stop_at_three)
        with pytest.raises(KeyboardInterrupt):
            comparison.perform("separate", 0)
    assert not list(tmp_path.glob("*.json")) and not list(tmp_path.glob("*/config.json"))

    assert comparison.perform("separate", 0).tasks["digits"].images == 60


def test_a_history_without_costs_is_named(compared, tmp_path):
    folder = shutil.copytree(compared, tmp_path / "old")
    (folder / "den-seed0.test.json").unlink()
    history = pd.read_csv(folder / "den-seed0" / "history.csv").drop(columns="training_macs")
    history.to_csv(folder / "den-seed0" / "history.csv", index=False)

    with pytest.raises(
        CheckpointError, match="den-seed0/history.csv: expected a column training_macs .* train it again"
    ):
        Comparison(scenario="digits", out=folder, steps=4, limit=60, device="cpu").perform("den", 0)


def test_a_network_that_was_trained_elsewhere_is_taken(compared, tmp_path):
    made = recipe_with("digits-fast", steps=4)
    comparison = Comparison(scenario="own", made=made, out=tmp_path / "rivals", limit=60, device="cpu")

    comparison.adopt(compared / "den-seed0", "den", 0)

    expected = read_measured(compared / "den-seed0.test.json")
    assert comparison.perform("den", 0).tasks == expected.tasks
    assert comparison.base(seed=3).seed == 3


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["digits", "--methods", "packnet"], "packnet on digits: expected at least two tasks, found one; it can have"),
        (["digits", "--methods", "packet"], "found 'packet'; did you mean packnet"),
        (["digit"], "found 'digit'; did you mean digits"),
        (["digits", "--methods", "probe"], "probe on digits: expected a recipe that starts from a pretrained network"),
        (
            ["open3", "--recipe", "open3-lite0", "--methods", "packnet"],
            "packnet on open3: expected a recipe without a pretrained network; it can have den, den-late,",
        ),
        (["open3", "--recipe", "digits-fast"], "found 'digits-fast'; there are open3-fast, open3-lite0"),
        (["digits", "--rate", "0"], "expected a factor of learning rates above 0, found 0"),
        (["digits", "--share", "0"], "expected a share of the full MACs above 0 and up to 1, found 0"),
        (
            ["digits", "--methods", "blockdrop", "--backbone", "simple-convnet"],
            "blocks can be skipped, found simple-convnet",
        ),
    ],
)
def test_wrong_input_is_one_line(arguments, said, tmp_path, capsys):
    assert main(["compare", *arguments, "--out", str(tmp_path)]) == 2

    message = capsys.readouterr().err
    assert said in message and message.count("\n") == 1
    assert not list(tmp_path.iterdir())


def make(method: str, seed: int, right: list[bool], macs: float = 10.0) -> Measured:
    hits = np.array(right)
    result = TaskResult(len(hits), hits.mean(), hits.mean(), macs, 5.0, 1)
    return Measured(
        method=method, seed=seed, split="test", tasks={"toy": result}, right={"toy": packed(hits)},
        weights=1_000_000, training_macs=2e12, image_runs=3_000, minutes=4.0,
    )  # fmt: skip


def test_means_and_spreads_are_over_seeds_and_leads_over_shared_ones():
    yes, no = True, False
    parts = [
        make("a", 0, [yes, yes, yes, no]), make("a", 1, [yes, yes, no, no]),
        make("b", 0, [yes, no, no, no]), make("b", 2, [yes, yes, yes, yes]),
    ]  # fmt: skip

    frame = table(parts, "a").set_index("method")

    assert frame.loc["a", "accuracy"] == 62.5
    assert frame.loc["a", "sd"] == pytest.approx(100 * np.std([0.75, 0.5], ddof=1))
    assert frame.loc["b", "minus"] == -50 and frame.loc["b", "low"] <= -50 <= frame.loc["b", "high"]
    assert frame["accuracy"].is_monotonic_decreasing


def test_groups_make_intervals_wider():
    rng = np.random.default_rng(0)
    hits = np.repeat(rng.random(40) < 0.5, 5).tolist()
    parts = [make("a", 0, [True] * 200), make("b", 0, hits)]

    plain, grouped = (
        table(parts, "a", groups).set_index("method") for groups in ({}, {"toy": np.repeat(np.arange(40), 5)})
    )

    width = [frame.loc["b", "high"] - frame.loc["b", "low"] for frame in (plain, grouped)]
    assert width[1] > 1.6 * width[0]


def test_methods_on_other_images_do_not_stand_in_one_table():
    with pytest.raises(ConfigError, match="b: expected results on .*'toy': 2.* as of a, found .*'toy': 3"):
        table([make("a", 0, [True, False]), make("b", 0, [True, False, True])], "a")


def test_figures_come_back_as_they_were_written(tmp_path):
    expected = make("a", 0, [True] * 11 + [False] * 2)
    write_measured(tmp_path / "a.json", expected)

    found = read_measured(tmp_path / "a.json")

    assert found == expected
    assert found.hits("toy").tolist() == [True] * 11 + [False] * 2


@pytest.mark.parametrize(
    "change, said",
    [
        ({"right": {"toy": "ff"}}, "expected 13 answers of toy, found 2 digits"),
        ({"right": {"toy": "no"}}, "expected 13 answers"),
        ({"right": {"toy": "zzff"}}, "hexadecimal"),
        ({"right": {}}, "expected right answers of toy, found"),
        ({"weights": -1}, "weights"),
        ({"more": 1}, "unknown field more"),
    ],
)
def test_a_damaged_file_is_named(change, said, tmp_path):
    write_measured(tmp_path / "a.json", make("a", 0, [True] * 13))
    raw = json.loads((tmp_path / "a.json").read_text("utf-8"))
    (tmp_path / "a.json").write_text(json.dumps(raw | change), "utf-8")

    with pytest.raises(CheckpointError, match=f"a.json: .*{said}.*give the command again"):
        read_measured(tmp_path / "a.json")


def test_times_come_back_as_they_were_written_and_a_damaged_file_is_named(tmp_path):
    ms = {"a": 1.5, "b": 2.0}
    expected = Times(machine="here", threads=1, torch_version="2", batch=64, median_ms=ms, lower_ms=ms, upper_ms=ms)
    assert read_times(tmp_path) is None
    write_times(tmp_path, expected)
    assert read_times(tmp_path) == expected

    raw = json.loads((tmp_path / "times.json").read_text("utf-8"))
    for change in ({"batch": 0}, {"upper_ms": {"a": 1.0}}, {"median_ms": {"a": -1.0, "b": 2.0}}):
        (tmp_path / "times.json").write_text(json.dumps(raw | change), "utf-8")
        with pytest.raises(CheckpointError, match="times.json: .*take the times again"):
            read_times(tmp_path)


def test_the_papers_tables_have_our_rows_under_its_own(compared, capsys):
    assert main(["report", str(compared), "--paper"]) == 0

    printed = capsys.readouterr().out
    headings = [line for line in printed.splitlines() if line.startswith("Table ")]
    assert len(headings) == 4 and headings[0].startswith("Table 2: tasks of several image sizes")
    last = printed[printed.index("Table 5: one task") :]
    assert "the paper, Table 5" in last and "ours, digits, 4 steps, 1 seed" in last
    assert "BlockDrop" in last and "Separate networks (Baseline)" in last
    assert "ours" not in printed[: printed.index("Table 5: one task")]


def test_the_papers_tables_need_folders_of_comparisons(tmp_path, capsys):
    assert main(["report", str(tmp_path), "--paper"]) == 2

    assert "options.json" in capsys.readouterr().err
