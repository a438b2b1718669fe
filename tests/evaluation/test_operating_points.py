"""Operating points measured together, and their differences image by image."""

from __future__ import annotations

import pytest
import torch

from den_core.checkpoints.metrics import AverageResult, TaskResult
from den_core.evaluation.controls import permutations
from den_core.evaluation.measuring import EvaluationSet, logits, measure
from den_core.evaluation.operating_points import (
    Outcome,
    Point,
    cost_weight_row,
    difference,
    measure_points,
    operating_point,
    policy_point,
)
from den_core.policy import Policy
from den_core.structures import full_structure, random_structures


@pytest.fixture
def sets(network, toy_set, rng) -> dict[str, EvaluationSet]:
    """Thirty images of "toy", twelve of "wide"."""
    images = torch.randint(256, (12, 64, 64, 3), generator=rng, dtype=torch.uint8)
    C = torch.rand(12, network.num_blocks, network.num_levels, generator=rng).softmax(-1)
    wide = EvaluationSet(network.task("wide"), images, torch.randint(3, (12,), generator=rng), C)
    return {"toy": toy_set, "wide": wide}


def drawn(sets, network, rng, draws: int) -> dict[str, torch.Tensor]:
    """Random structures by task, (N, draws, n)."""
    n, h = network.num_blocks, network.num_levels
    return {
        name: torch.stack([random_structures(len(d.labels), n, h, rng) for _ in range(draws)], 1)
        for name, d in sets.items()
    }


def outcome(hits: dict[str, list[float]], macs: float = 1e6) -> Outcome:
    """A measured point of which only the hits of every image matter; all structures differ."""
    hits = {name: torch.tensor(values, dtype=torch.float64) for name, values in hits.items()}
    results = {name: TaskResult(len(v), float(v.mean()), float(v.mean()), macs, 1.0, 1) for name, v in hits.items()}
    draws = {name: torch.arange(len(v))[:, None, None] for name, v in hits.items()}
    return Outcome(Point("chosen", None, draws, True), results, hits)


def test_averages_count_every_task_equally():
    big, small = TaskResult(1000, 0.5, 0.4, 1e6, 10.0, 3), TaskResult(10, 1.0, 1.0, 3e6, 30.0, 2)

    point = operating_point("chosen", None, {"big": big, "small": small})

    assert point.average == AverageResult(accuracy=0.75, class_accuracy=0.7, mean_macs=2e6)
    assert point.tasks["small"].images == 10


def test_points_measured_together_are_what_each_is_alone(network, sets, rng):
    n, h = network.num_blocks, network.num_levels
    full = {name: full_structure(len(d.labels), n, h)[:, None] for name, d in sets.items()}
    points = {
        "own": Point("chosen", None, drawn(sets, network, rng, 1), True),
        "permuted": Point("permuted", 0.5, drawn(sets, network, rng, 3), True),
        "full": Point("full", None, full, False, structures={"toy": "333"}),
    }
    lines = []

    found = measure_points(network, sets, points, lines.append)

    for key in ("own", "full"):
        for name, data in sets.items():
            z = points[key].draws[name][:, 0]
            alone = measure(network, data, z, points[key].with_selector)
            assert vars(found[key].results[name]) == pytest.approx(vars(alone))
            right = logits(network, data, z).argmax(1) == data.labels
            assert torch.equal(found[key].hits[name], right.double())
    draws = points["permuted"].draws["toy"].unbind(1)
    right = [logits(network, sets["toy"], z).argmax(1) == sets["toy"].labels for z in draws]
    torch.testing.assert_close(found["permuted"].hits["toy"], torch.stack(right).double().mean(0))
    assert found["permuted"].row.parameter == 0.5 and found["full"].row.structures == {"toy": "333"}
    assert [line.split(":")[0] for line in lines] == ["toy", "wide"]


def test_early_answers_count_with_the_head_and_cost_the_selector(headed, rng):
    images = torch.randint(256, (30, 32, 32, 3), generator=rng, dtype=torch.uint8)
    labels, logits_of_head = torch.randint(5, (30,), generator=rng), 0.5 * torch.randn(30, 5, generator=rng)
    C = torch.rand(30, headed.num_blocks, headed.num_levels, generator=rng).softmax(-1)
    data = EvaluationSet(headed.task("toy"), images, labels, C, logits_of_head)

    point = policy_point(headed, {"toy": data}, Policy(1.0), "cost_weight", 1.0)
    found = measure_points(headed, {"toy": data}, {"own": point})["own"]

    early, z = point.early["toy"][:, 0], point.draws["toy"][:, 0]
    assert torch.equal(early, headed.head_probability(data.look, "toy") > 0.3) and 0 < early.sum() < 30
    right = torch.where(early, logits_of_head.argmax(1) == labels, logits(headed, data, z).argmax(1) == labels)
    assert torch.equal(found.hits["toy"], right.double())
    result = found.results["toy"]
    assert result.early == pytest.approx(float(early.double().mean())) == found.row.average.early
    assert result.mean_macs == pytest.approx(float(headed.cost(z, "toy", early).total_macs.double().mean()))
    assert result.distinct_structures == len({tuple(row) for row in z[~early].tolist()})
    assert vars(result) == pytest.approx(vars(measure(headed, data, z, True, early)))
    ran = point.ran("toy")
    assert (ran[early] == -1).all() and torch.equal(ran[~early], z[~early])


def test_intervals_are_over_groups_where_images_show_one_thing():
    """Ten drawings each of ten things, all right or all wrong together, say no more than ten images."""
    hits = torch.tensor([1.0, 0.0] * 5).repeat_interleave(10)
    groups = torch.arange(10).repeat_interleave(10)
    a, b = outcome({"t": hits.tolist()}), outcome({"t": [0.0] * 100})

    alone, grouped = difference(a, b, seed=0), difference(a, b, seed=0, groups={"t": groups})

    width, wide = ((d.intervals["t"][1] - d.intervals["t"][0]) for d in (alone, grouped))
    assert alone.tasks == grouped.tasks and wide == pytest.approx(10**0.5 * width, rel=0.15)
    same = difference(a, b, seed=0, groups={"t": torch.arange(100)})
    assert same == alone == difference(a, b, seed=0, groups={"t": None})


def test_permuting_equal_structures_gains_nothing_for_certain(network, sets):
    """A network that chooses alike for all images: its permuted choices are its choices."""
    alike = {name: torch.tensor([3, 1, 2]).expand(len(d.labels), 1, -1) for name, d in sets.items()}
    permuted = {name: torch.stack(permutations(z[:, 0], name, 3, 0), 1) for name, z in alike.items()}
    points = {"own": Point("chosen", None, alike, True), "permuted": Point("permuted", None, permuted, True)}

    found = measure_points(network, sets, points)

    gain = difference(found["own"], found["permuted"], seed=0)
    assert gain.tasks == {"toy": 0.0, "wide": 0.0} and gain.average == gain.class_average == 0.0
    assert gain.intervals == dict.fromkeys(("toy", "wide", "average"), (0.0, 0.0))


def test_a_difference_is_paired_by_image():
    """Both pairs of points have accuracies of 0.6 and 0.5; where the same images are right, the interval is short."""
    a = outcome({"t": [1.0] * 60 + [0.0] * 40})
    nested, crossed = outcome({"t": [1.0] * 50 + [0.0] * 50}), outcome({"t": [0.0] * 50 + [1.0] * 50})

    close, wide = difference(a, nested, seed=0), difference(a, crossed, seed=0)

    assert close.tasks["t"] == wide.tasks["t"] == close.average == pytest.approx(0.1)
    low, high = close.intervals["t"]
    assert 0.03 <= low <= 0.06 and 0.14 <= high <= 0.17  # 10 of 100 images: ± 1.96 · √(0.1 · 0.9 / 100)
    low, high = wide.intervals["t"]
    assert low < -0.05 and high > 0.25


def test_a_row_of_the_dial_says_what_its_points_say():
    own = outcome({"a": [1, 1, 1, 0], "b": [1, 0]}, macs=3e6)
    permuted, static = outcome({"a": [1, 0.5, 0.5, 0], "b": [1, 0]}), outcome({"a": [0, 0, 0, 0], "b": [1, 1]}, 2e6)

    row = cost_weight_row(0.7, own, permuted, static, seed=0)

    assert row.cost_weight == 0.7 and set(row.tasks) == {"a", "b"}
    a, average = row.tasks["a"], row.average
    assert (a.own, a.permuted, a.static) == (0.75, 0.5, 0.0)
    assert (a.mean_macs, a.static_macs) == (3e6, 2e6)
    assert a.gain[0] == 0.25 and a.lead[0] == 0.75 and row.tasks["b"].lead[0] == -0.5
    assert (a.distinct, a.top_share) == (4, 0.25)
    assert average.own == 0.625 and average.gain[0] == 0.125 and average.lead[0] == 0.125
    for part in (a, average):
        for key in ("gain", "lead"):
            value, low, high = getattr(part, key)
            assert low <= value <= high
    assert row.tasks["b"].gain == (0.0, 0.0, 0.0)
