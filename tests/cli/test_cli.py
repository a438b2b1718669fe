"""The command line: every verb runs, explains itself, and refuses bad input in one line."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pandas as pd
import pytest
import torch

from den_core.checkpoints.folder import read_config
from den_core.checkpoints.gallery import read_gallery
from den_core.checkpoints.metrics import SeedResult, read_metrics, write_metrics
from den_core.cli.datasets import Datasets
from den_core.cli.main import VERBS, main
from den_core.cli.parsing import Group
from den_core.data.arrays import load_task
from den_core.inference.calibration import read_calibration
from den_core.inference.network import load
from den_core.recipes import ROWS
from den_core.recipes.smoke import IMAGES, SHARES
from den_core.structures import parse_structure


def leaves(group: Group, path: str = "") -> Iterator[str]:
    """Every verb, as it is typed after `den`."""
    for name, verb in group.verbs.items():
        if isinstance(verb, Group):
            yield from leaves(verb, f"{path}{name} ")
        else:
            yield path + name


ALL = list(leaves(VERBS))


@pytest.fixture(scope="module")
def smoke_run(tmp_path_factory):
    """`train digits-fast --smoke`, evaluated and indexed."""
    folder = tmp_path_factory.mktemp("smoke") / "digits"
    assert main(["train", "digits-fast", "--smoke", "--out", str(folder), "--device", "cpu"]) == 0
    return folder


@pytest.fixture
def run(capsys):
    """Runs a command line that must succeed and returns what it printed."""

    def run(*arguments) -> str:
        assert main([str(argument) for argument in arguments]) == 0
        return capsys.readouterr().out

    return run


@pytest.fixture
def refused(capsys):
    """Runs a command line that must fail with 2 and returns its one line on standard error."""

    def refused(*arguments) -> str:
        capsys.readouterr()
        assert main([str(argument) for argument in arguments]) == 2
        error = capsys.readouterr().err.strip()
        assert "\n" not in error and error.startswith("error: ")
        return error

    return refused


@pytest.mark.parametrize("verb", ALL)
def test_every_verb_explains_itself_with_defaults(verb, run):
    text = run(*verb.split(), "--help")

    assert text.startswith(f"usage: den {verb}") and "default" in text
    draws = {"train", "evaluate", "export", "benchmark inference", "benchmark training", "benchmark search",
             "study sweep-rho", "elastic"}  # fmt: skip
    assert ("--seed " in text) == (verb in draws)
    computes = draws - {"benchmark search"} | {"index", "sweep", "compare", "study twin", "study compare-estimators",
                                               "study compare-selectors"}  # fmt: skip
    assert ("--device " in text) == (verb in computes)


@pytest.mark.parametrize("group", ["", "benchmark", "study"])
def test_help_of_a_group_lists_its_verbs(group, run):
    text = run(*group.split(), "--help")

    found = VERBS.verbs[group] if group else VERBS
    assert all(f"\n  {verb} " in text for verb in found.verbs)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "recipes, train, elastic, sweep"),
        (["trian"], "found 'trian'; did you mean train?"),
        (["study"], "compare-estimators, compare-selectors, compare-sortings, sweep-rho, seeds, twin"),
        (["study", "sweep_rho", "x"], "did you mean sweep-rho?"),
        (["train"], "Missing from den train: RECIPE"),
        (["train", "open3-fast", "--stps", "3"], "found '--stps'; did you mean --steps"),
        (["train", "open3-fast", "second"], "expected no more words, found 'second'; den train --help explains"),
        (["train", "open3-fast", "--task", "a=b@32", "--task", "c=d@32"], "expected --task once, found it twice"),
        (["evaluate", "x", "--split", "train"], "'test', 'validation'"),
        (["recipes", "--out"], "Missing value for argument '--out'"),
    ],
)
def test_a_command_line_that_does_not_parse_is_one_line(arguments, words, refused):
    assert words in refused(*arguments)


BAD = {
    "recipes": ["open4"],
    "train": ["open3-fast", "--steps", "many"],
    "elastic": ["timm:resnet18", "--task", "pets=folder:NOWHERE@96"],
    "sweep": ["digits-fast", "--levels", "9"],
    "compare": ["open4"],
    "evaluate": ["NOWHERE", "--limit", "0"],
    "index": ["NOWHERE", "--limit", "0"],
    "benchmark inference": ["NOWHERE"],
    "benchmark training": ["digits-fast", "--batch", "0"],
    "benchmark search": ["NOWHERE", "--jitter", "much"],
    "export": ["NOWHERE", "x.pt2", "--task", "digits"],
    "datasets": ["prepare", "fish"],
    "report": [],
    "study compare-estimators": ["--arms", "plain", "fancy"],
    "study compare-selectors": ["NOWHERE", "--seeds"],
    "study compare-sortings": ["--recipe", "digits-fast"],
    "study sweep-rho": ["NOWHERE", "--rho", "much"],
    "study seeds": ["NOWHERE"],
    "study twin": ["NOWHERE", "OUT"],
    "app": ["--port", "65536"],
}


@pytest.mark.parametrize("verb", ALL)
def test_a_bad_value_is_one_line(verb, refused, tmp_path):
    places = {"NOWHERE": tmp_path / "nowhere", "OUT": tmp_path / "out"}

    assert refused(*verb.split(), *(places.get(word, word) for word in BAD[verb]))
    assert not list(tmp_path.iterdir()), "nothing is written"


def test_no_help_waits_for_torch():
    """Torch takes seconds to import."""
    code = f"""if True:
        import sys
        from den_core.cli.main import main
        for verb in {ALL}:
            main([*verb.split(), "--help"])
        sys.exit("torch" in sys.modules)"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_who_reads_may_stop_reading():
    """As `den recipes | head -1` does; here the reader is gone before anything is written."""
    command = f"{sys.executable} -m den_core datasets --help | true; echo ${{PIPESTATUS[0]}}"

    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("0\n", "")


def test_the_module_runs_from_a_shell_without_a_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "den_core", "report", str(tmp_path / "nowhere")], capture_output=True, text=True
    )

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("error: ") and not done.stdout


def test_unknown_names_are_refused(refused, saved, smoke_run, tmp_path):
    nowhere, out = tmp_path / "nowhere", tmp_path / "x.pt2"
    assert "found 'open4'" in refused("train", "open4")
    assert "found 'wrn-7-7'" in refused("train", "digits-fast", "--backbone", "wrn-7-7", "--out", tmp_path / "run")
    assert "NAME=SOURCE@SIZE" in refused("train", "digits-fast", "--task", "pets")
    for verb in ("evaluate", "index", "benchmark", "report"):
        assert str(nowhere) in refused(verb, nowhere)
    assert "found 'fish'" in refused("benchmark", smoke_run, "--task", "fish")
    assert "found 'fish'" in refused("export", smoke_run, out, "--task", "fish", "--structure", "333")
    for structure in ("33", "339", "abc"):
        assert "expected" in refused("export", smoke_run, out, "--task", "digits", "--structure", structure)
    assert "expected" in refused("datasets", "prepare", "fish")
    assert "datasets list" in refused("datasets", "prepare")
    assert "found none" in refused("evaluate", saved), "a checkpoint that does not say how it was trained"
    assert not out.exists() and not (tmp_path / "run" / "config.json").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "digits-fast", "--threads", "0"],
        ["train", "digits-fast", "--rho", "-1"],
        ["train", "digits-fast", "--devices", "0"],
        ["train", "digits-fast", "--device", "mps"],
        ["evaluate", "CHECKPOINT", "--limit", "0"],
        ["evaluate", "CHECKPOINT", "--device", "nonsense"],
        ["index", "CHECKPOINT", "--limit", "-3"],
        ["benchmark", "CHECKPOINT", "--repeats", "1"],
        ["benchmark", "CHECKPOINT", "--batch", "0"],
        ["benchmark", "CHECKPOINT", "--batch", "100000"],
        ["evaluate", "CHECKPOINT", "--shares", "0.5", "1.2"],
        ["evaluate", "CHECKPOINT", "--shares", "0"],
        ["evaluate", "CHECKPOINT", "--limit", "20", "--budget", "0.01"],
        ["evaluate", "CHECKPOINT", "--limit", "20", "--latency", "0"],
        ["evaluate", "CHECKPOINT", "--limit", "20", "--latency", "1", "--batch", "0"],
        ["evaluate", "CHECKPOINT", "--budget", "0.5", "--latency", "1"],
        ["benchmark", "digits-fast", "--share", "0", "--batch", "1"],
        ["export", "CHECKPOINT", "OUT", "--task", "digits"],
        ["export", "CHECKPOINT", "OUT", "--task", "digits", "--structure", "333", "--budget", "0.5"],
        ["export", "CHECKPOINT", "OUT", "--task", "digits", "--budget", "1.5"],
        ["benchmark", "CHECKPOINT", "--threads", "0"],
    ],
    ids=" ".join,
)
def test_numbers_out_of_range_are_refused(arguments, refused, smoke_run, tmp_path):
    places = {"CHECKPOINT": smoke_run, "OUT": tmp_path / "small.pt2"}
    arguments = [places.get(part, part) for part in arguments]
    if arguments[0] == "train":
        arguments += ["--out", tmp_path / "run"]

    assert "expected" in refused(*arguments)


# ------------------------------------------------------------------ verbs that run


def test_recipes_are_listed_by_line_with_their_name_first(run, monkeypatch, tmp_path):
    monkeypatch.setenv("DEN_DATA", str(tmp_path / "no data"))

    lines = run("recipes", "--out", tmp_path / "recipes.csv").splitlines()

    assert [line.split()[0] for line in lines] == list(ROWS)
    row = ROWS["m3-wrn32-4"]
    (line,) = (line for line in lines if line.startswith("m3-wrn32-4 "))
    assert line.split(maxsplit=3) == ["m3-wrn32-4", row.scenario, row.backbone, row.description]
    table = pd.read_csv(tmp_path / "recipes.csv")
    assert list(table) == ["name", "scenario", "backbone", "description"] and list(table["name"]) == list(ROWS)


@pytest.mark.parametrize("text", ["figure5", "M1-IMAGENETTE", "vgg-16", "one CPU core"])
def test_recipes_are_filtered_by_any_of_their_words(text, run):
    lines = run("recipes", text).splitlines()

    assert 0 < len(lines) < len(ROWS) and all(text.lower() in line.lower() for line in lines)


def test_train_says_where_recipes_are_listed(run):
    assert "den recipes" in run("train", "--help")


def test_smoke_training_leaves_a_whole_checkpoint(smoke_run):
    assert load(smoke_run).tasks == ("digits",)
    assert len(read_gallery(smoke_run, "digits")) == IMAGES
    assert read_metrics(smoke_run).split == "test"
    assert read_config(smoke_run).recipe["name"] == "digits-fast-smoke"


def test_training_does_not_overwrite_a_run(smoke_run, refused):
    before = (smoke_run / "model.safetensors").read_bytes()

    assert "found a run in it" in refused("train", "digits-fast", "--smoke", "--out", smoke_run)

    assert (smoke_run / "model.safetensors").read_bytes() == before


def test_evaluate_prints_and_writes_and_changes_nothing_unasked(smoke_run, run, tmp_path):
    before = (smoke_run / "metrics.json").read_bytes()

    printed = run("evaluate", smoke_run, "--limit", IMAGES, "--shares", *SHARES, "--out", tmp_path / "figures.json")

    assert "instance gain" in printed
    written = json.loads((tmp_path / "figures.json").read_text())
    assert written["operating_points"] == json.loads(before)["operating_points"]
    assert (smoke_run / "metrics.json").read_bytes() == before


def test_evaluate_says_what_looking_gains_and_how_varied_choices_are(smoke_run, run):
    printed = run("evaluate", smoke_run, "--limit", IMAGES)

    for words in ("gain: own - permuted", "lead: own - static", "structures", "entropy", "By cost weight"):
        assert words in printed
    assert "baseline" not in printed


def test_a_baseline_is_measured_and_kept_when_metrics_are_written_again(smoke_run, run, tmp_path):
    """A network of one task serves as its own baseline: the full structure's figures, word for word."""
    folder = tmp_path / "copy"
    shutil.copytree(smoke_run, folder)

    run("evaluate", folder, "--limit", IMAGES, "--baseline", smoke_run, "--narrow", smoke_run, "--write")
    first = read_metrics(folder)
    seeds = (SeedResult(1, 0.7, 0.6, 0.6, 0.5, 0.7, 1e6, 0.1, 0.1),)
    write_metrics(folder, dataclasses.replace(first, seeds=seeds))
    printed = run("evaluate", folder, "--limit", IMAGES, "--write")

    assert first.point("baseline").tasks == first.point("full").tasks
    second = read_metrics(folder)
    assert second.point("baseline") == first.point("baseline") and second.seeds == seeds
    assert second.point("narrow") == first.point("narrow") and first.point("narrow").tasks == first.point("full").tasks
    assert "baseline: kept from the old metrics.json" in printed and "seeds" in printed


def test_a_checkpoint_of_other_tasks_is_no_baseline(smoke_run, tiny_checkpoint, refused):
    said = refused("evaluate", smoke_run, "--limit", 5, "--baseline", tiny_checkpoint)

    assert "expected a baseline with one task, found 3" in said and str(tiny_checkpoint) in said


def test_report_puts_checkpoints_under_each_other(smoke_run, tiny_checkpoint, run, tmp_path):
    printed = run("report", smoke_run, tiny_checkpoint, "--out", tmp_path / "table.csv")

    table = pd.read_csv(tmp_path / "table.csv")
    assert set(table["checkpoint"]) == {smoke_run.name, tiny_checkpoint.name}
    assert "permuted" in printed and "wrn-8-1" in printed


def test_datasets_are_listed(run, tmp_path):
    printed = run("datasets", "list", "--out", tmp_path / "sets.csv")

    assert all(name in printed for name in ("fashion", "emoji", "clipart", "digits"))
    assert len(pd.read_csv(tmp_path / "sets.csv")) >= 6


def test_datasets_can_be_checked(run):
    assert "1346" in run("datasets", "prepare", "digits")


def test_benchmark_measures_what_it_says(smoke_run, run, tmp_path):
    printed = run("benchmark", smoke_run, "--batch", 1, 4, "--repeats", 2, "--threads", 1, "--out", tmp_path / "b.json")

    result = json.loads((tmp_path / "b.json").read_text())
    assert result["threads"] == 1 and result["repeats"] == 2
    ways = ["full model", "full model, dispatched", "masked", "dispatched", "selector", "selector + dispatched"]
    ways += ["with early answers"]
    assert [(t["batch"], t["way"]) for t in result["timings"]] == [(batch, way) for batch in (1, 4) for way in ways]
    for t in result["timings"]:
        assert t["median_ms"] > 0 and t["mean_macs"] > 0
        assert t["efficiency"] == pytest.approx(t["mac_ratio"] / t["time_ratio"])
        assert t["strict_efficiency"] == pytest.approx(t["mac_ratio"] / t["strict_time_ratio"])
    assert "efficiency" in printed


def test_a_recipe_is_timed_untrained(run):
    assert "wrn-8-1" in run("benchmark", "digits-fast", "--batch", 4, "--repeats", 2, "--precision", "bfloat16")


@pytest.mark.parametrize("structure", ["333", "021", "000"])
def test_an_exported_program_gives_the_same_logits(structure, smoke_run, run, tmp_path):
    run("export", smoke_run, tmp_path / "small.pt2", "--task", "digits", "--structure", structure)

    program = torch.export.load(tmp_path / "small.pt2").module()
    net = load(smoke_run)
    arrays = load_task(net.task("digits"), "test", limit=5, progress=False)
    x = net.preprocess(list(arrays.images), "digits")
    z = torch.tensor([[int(digit) for digit in structure]])
    for batch in (x, x[:1]):
        torch.testing.assert_close(program(batch), net.classify(batch, "digits", z), atol=1e-4, rtol=1e-4)
    assert [path.name for path in tmp_path.iterdir()] == ["small.pt2"]


def test_ctrl_c_says_how_to_go_on(monkeypatch, capsys):
    def stop(command):
        raise KeyboardInterrupt

    monkeypatch.setattr(Datasets, "run", stop)

    assert main(["datasets"]) == 130
    error = capsys.readouterr().err
    assert "--resume" in error and error.count("\n") == 1


# ------------------------------------------------------------------ budgets


@pytest.fixture
def reachable(smoke_run) -> float:
    """A share of the full MACs half way between the ends of the dial, from the calibration that training left."""
    stops = read_calibration(smoke_run).stops
    return (stops[0].spent + stops[-1].spent) / 2


def test_evaluate_says_what_a_budget_buys(smoke_run, reachable, run, tmp_path):
    printed = run("evaluate", smoke_run, "--limit", IMAGES, "--budget", reachable, "--out", tmp_path / "found.csv")

    found = pd.read_csv(tmp_path / "found.csv", index_col=0)
    assert list(found.index) == ["digits", "average"] and "picked" in printed
    assert 0 <= found.loc["average", "accuracy"] <= 1 and found.loc["average", "share"] <= reachable + 0.2


def test_export_finds_the_best_structure_within_a_budget(smoke_run, run, tmp_path):
    out = tmp_path / "small.pt2"

    path, key = run("export", smoke_run, out, "--task", "digits", "--budget", 0.5).split()

    net = load(smoke_run)
    cost = net.cost(parse_structure(key, net.num_blocks, net.num_levels), "digits")
    assert path == str(out) and out.is_file()
    assert int(cost.macs[0]) <= 0.5 * int(net.full_cost("digits").macs[0])
