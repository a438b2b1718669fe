"""The twin that never looks: what may be one, and how it is measured. Both networks are really trained."""

from __future__ import annotations

import dataclasses
import json
import shutil

import pytest
import torch

from den_core.checkpoints.folder import CONFIG
from den_core.cli.main import main
from den_core.errors import CheckpointError, ConfigError
from den_core.evaluation.controls import permutations
from den_core.evaluation.dial import weight_for_macs
from den_core.evaluation.evaluator import DRAWS, Evaluator
from den_core.evaluation.measuring import answers, asked_again
from den_core.evaluation.sets import test_sets
from den_core.evaluation.twins import TWIN_FIELD, load_twin, measure_twin
from den_core.inference.network import load
from den_core.recipes import recipe
from den_core.training.run import train
from den_core.training.setup import Execution


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A network of digits, trained for a few steps, and its twin."""
    base = recipe("digits-fast")
    root = tmp_path_factory.mktemp("twins")
    for name, permuted in (("own", False), ("twin", True)):
        estimator = dataclasses.replace(
            base.training.estimator, first_steps=6, round_steps=2, last_steps=6, permuted=permuted
        )
        selector = dataclasses.replace(base.training.selector, steps=6, label_steps=0)
        training = dataclasses.replace(base.training, rounds=1, estimator=estimator, selector=selector, batch_size=24)
        chosen = dataclasses.replace(base, name=f"digits-{name}", training=training)
        train(chosen, Execution(root / name, accelerator="cpu", progress=False), limit=200)
    return root


@pytest.fixture(scope="module")
def net(folders):
    return load(folders / "own")


@pytest.fixture(scope="module")
def data(net):
    """The first 120 test images of digits."""
    return test_sets(net, limit=120, progress=False)


@pytest.fixture
def changed(folders, tmp_path):
    """Copies a network, sets fields of its config.json, given by their paths, and returns the folder."""

    def changed(which: str, **fields) -> str:
        folder = shutil.copytree(folders / which, tmp_path / f"changed-{which}")
        raw = json.loads((folder / CONFIG).read_text())
        for path, value in fields.items():
            *way, last = path.split("__")
            place = raw
            for step in way:
                place = place[int(step) if step.isdigit() else step]
            place[last] = value
        (folder / CONFIG).write_text(json.dumps(raw))
        return folder

    return changed


def test_a_twin_runs_its_own_choices_permuted_and_pays_for_no_selector(folders, net, data):
    """Its selector, its estimator; the share of draws that are right counts."""
    twin = load_twin(net, folders / "twin")
    x = twin.preprocess(list(data["digits"].images.numpy()), "digits")
    C = twin.model_distribution(x, "digits")
    goal = float(twin.cost(twin.choose(C, 0.7), "digits").macs.double().mean())

    found = measure_twin(twin, data, data, goal, draws=3, seed=5)

    row, images = found.row, data["digits"]
    own = twin.choose(C, weight_for_macs(twin, data_of(twin, images), goal, with_selector=False))
    permuted = torch.stack(permutations(own, "digits", 3, 5), 1)
    right = answers(twin, images, permuted)
    assert (row.method, row.parameter) == ("twin", None)
    assert row.tasks["digits"].accuracy == pytest.approx(float(right.double().mean()))
    torch.testing.assert_close(found.hits["digits"], right.double().mean(1))
    assert row.tasks["digits"].mean_macs == pytest.approx(float(twin.cost(own, "digits").macs.double().mean()))
    assert goal * 0.9 < row.tasks["digits"].mean_macs <= goal


def data_of(twin, images):
    return {"digits": asked_again(twin, images)}


def test_a_twin_spends_what_its_network_spends(folders, net, data):
    """What the network pays for its selector, the twin's blocks may spend; only its last turn was another."""
    twin = load_twin(net, folders / "twin")

    metrics = Evaluator(net, data, data, report=lambda line: None, twin=twin).run("test")

    own, other = metrics.point("chosen").tasks["digits"], metrics.point("twin").tasks["digits"]
    assert own.mean_macs * 0.85 < other.mean_macs <= own.mean_macs and other.images == own.images
    assert not torch.equal(*(each.estimator.state_dict()["heads.digits.linear.weight"] for each in (net, twin)))


def test_own_minus_twin_is_the_difference_of_their_points(folders, net, data):
    lines = []

    metrics = Evaluator(net, data, data, report=lines.append, twin=load_twin(net, folders / "twin")).run("test")

    lead, own, twin = metrics.twin_lead, metrics.point("chosen"), metrics.point("twin")
    assert set(lead.tasks) == set(lead.class_tasks) == {"digits"} and set(lead.intervals) == {"digits", "average"}
    assert lead.average == pytest.approx(own.average.accuracy - twin.average.accuracy)
    assert lead.class_average == pytest.approx(own.average.class_accuracy - twin.average.class_accuracy)
    low, high = lead.intervals["digits"]
    assert low <= lead.tasks["digits"] <= high
    assert metrics.operating_points[-1] is twin and lines[-1].startswith("twin: accuracy")
    macs = own.average.mean_macs
    again = measure_twin(load_twin(net, folders / "twin"), data, data, macs, DRAWS, metrics.seed)
    assert again.row == twin


def test_without_a_twin_there_is_no_lead_over_one(net, data):
    metrics = Evaluator(net, data, data, report=lambda line: None).run("test")

    assert metrics.twin_lead is None and metrics.find_point("twin") is None


@pytest.mark.parametrize(
    "fields, said",
    [
        ({f"recipe__{TWIN_FIELD.replace('.', '__')}": False}, "expected a twin, with .*permuted True .*, found False"),
        ({"recipe__seed": 4}, "expected seed 0 as in the network that is measured, found 4"),
        ({"recipe__training__selector__rho": 9.0}, "expected training.selector.rho .*, found 9.0"),
        ({"recipe__data_seed": 1}, "expected data_seed 0 as in .*, found 1"),
        ({"provenance__data_sha256": {"digits": "x"}}, "expected provenance.data_sha256.digits .*, found 'x'"),
        ({"network__tasks__0__name": "cats"}, "no tensor estimator.heads.cats"),
        ({"network__tasks__0__source": "folder:here"}, "task digits with source 'digits', found 'folder:here'"),
        ({"network__backbone__level_fractions": [0, 0.5, 0.75, 1]}, "expected a twin with BackboneConfig.*0.75"),
        ({"recipe": {}}, "expected a recipe in config.json, found none"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_no_twin_of_this_network_is_refused(fields, said, changed, net):
    with pytest.raises((ConfigError, CheckpointError), match=said) as error:
        load_twin(net, changed("twin", **fields))

    assert "changed-twin" in str(error.value) and "\n" not in str(error.value)


def test_a_network_of_other_tasks_is_no_twin(net, tiny_checkpoint):
    with pytest.raises(ConfigError, match="expected a twin with the tasks digits, found fashion, emoji, clipart"):
        load_twin(net, tiny_checkpoint)


@pytest.mark.parametrize(
    "which, fields, said",
    [
        ("twin", {}, "found True: it is a twin itself"),
        ("own", {"recipe__training__estimator__last_steps": 0}, "found 0: without a last turn it has no twin"),
    ],
    ids=["a twin", "no last turn"],
)
def test_not_every_network_has_a_twin(which, fields, said, changed, folders):
    with pytest.raises(ConfigError, match=said):
        load_twin(load(changed(which, **fields)), folders / "twin")


def test_a_folder_without_a_checkpoint_is_refused(net, tmp_path):
    with pytest.raises(CheckpointError, match="nowhere"):
        load_twin(net, tmp_path / "nowhere")


def test_evaluate_measures_a_twin_and_keeps_it(folders, tmp_path, capsys):
    from den_core.checkpoints.metrics import read_metrics

    folder = shutil.copytree(folders / "own", tmp_path / "copy")
    evaluate = ["evaluate", str(folder), "--limit", "60", "--write"]

    assert main([*evaluate, "--twin", str(folders / "twin")]) == 0
    first = read_metrics(folder)
    assert "own - twin" in capsys.readouterr().out
    assert main(evaluate) == 0

    second = read_metrics(folder)
    assert second.point("twin") == first.point("twin") and second.twin_lead == first.twin_lead is not None
    assert "twin: kept from the old metrics.json" in capsys.readouterr().out
    assert main(["evaluate", str(folder), "--limit", "5", "--twin", str(folder)]) == 2
    assert "expected a twin, with" in capsys.readouterr().err
