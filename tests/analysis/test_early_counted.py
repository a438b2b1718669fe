"""Early answers in the analyses: counted as what they are, not under the structure that did not run."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from den_core.analysis import cost_weight
from den_core.analysis.benefit import benefit
from den_core.analysis.chosen import most_chosen, structures_in_use
from den_core.analysis.hardness import by_macs, outcomes, overspend
from den_core.analysis.inspection import inspect_image
from den_core.analysis.probing import CHOSEN, WEIGHT, early_from, probe_candidates, standing
from den_core.analysis.slices import Slice, mask
from den_core.analysis.stability import stability
from den_core.analysis.tour import contrast
from den_core.analysis.usage import level_usage
from den_core.data.arrays import load_task
from den_core.errors import DataError, StructureError
from den_core.structure_keys import drawn_levels, early_key, is_early, structure_name

SURE = [0.9, 0.2, 0.7, 0.4, 0.1, 0.45]


@pytest.fixture
def gallery(make_gallery, random_distribution):
    """Six images of three blocks and four levels; the first and the third are answered early."""
    return make_gallery(random_distribution(6, 3, 4), correct=[True, True, False, True, False, True], sure=SURE)


def test_a_key_of_dashes_is_an_early_answer():
    assert early_key(3) == "---" and is_early("---") and not is_early("0-0") and not is_early("")
    assert structure_name("---") == "answered early" and structure_name("012") == "012"
    np.testing.assert_array_equal(drawn_levels(["012", "---"], 3), [[0, 1, 2], [np.nan] * 3])
    assert drawn_levels([], 3).shape == (0, 3)
    with pytest.raises(StructureError):
        drawn_levels(["0-2"], 3)


def test_the_cost_weight_lets_the_selector_answer_more(gallery):
    own, dear, cheap = (cost_weight.weight_point(gallery, weight) for weight in (0.0, 1.5, -10.0))

    assert own.early.tolist() == [True, False, True, False, False, False] and not own.changed.any()
    assert dear.early.tolist() == [True, False, True, True, False, True] and not cheap.early.any()
    macs = gallery.costs.macs(dear.levels)
    assert dear.mean_macs == pytest.approx(np.where(dear.early, 100, macs).mean())
    assert own.keys.tolist() == gallery.frame["structure"].tolist()
    # early before and now: nothing changes, whatever the structure that does not run
    assert not dear.changed[[0, 2]].any() and dear.changed[[3, 5]].all() and cheap.changed[[0, 2]].all()
    run = gallery.levels[~own.early]
    assert own.distinct == len({tuple(row) for row in run.tolist()})
    np.testing.assert_allclose(own.usage[0], (run == 0).mean(axis=0))


def test_along_the_cost_weight_levels_and_early_answers_sum_to_1(gallery):
    points = [cost_weight.weight_point(gallery, weight) for weight in (0.0, 1.5, 100.0)]

    found = cost_weight.drift({"toy": points})

    early = found.groupby("weight")["early"].first()
    assert early.tolist() == pytest.approx([2 / 6, 4 / 6, 1.0])
    np.testing.assert_allclose(found.groupby("weight")["share"].sum() + early, 1)
    assert np.isfinite(cost_weight.usage_change([points[1]], [points[0]]).to_numpy()).all()
    assert (cost_weight.usage_change([points[2]], [points[0]]).to_numpy() == 0).all(), "no image is left to run a block"


def test_changed_images_name_early_answers(gallery):
    found = cost_weight.changed_images(gallery, cost_weight.weight_point(gallery, 1.5)).set_index("row")

    assert found.loc[3, "structure_at_weight"] == "---" and found.loc[3, "macs_at_weight"] == 100
    assert found.loc[3, "moved"] == found.loc[3, "macs"] - 100


def test_usage_counts_the_images_that_the_estimator_runs(gallery, make_gallery, random_distribution):
    found = level_usage(gallery)

    alone = level_usage(gallery, ~gallery.early)
    assert (found.images, found.early, alone.early) == (4, 2, 0)
    np.testing.assert_array_equal(found.frequency, alone.frequency)
    np.testing.assert_allclose(found.probability, gallery.distribution[~gallery.early].mean(axis=0), atol=1e-6)
    with pytest.raises(DataError, match="at least one image"):
        level_usage(gallery, gallery.early)


def test_an_early_answer_is_a_model_of_its_own(gallery):
    table = structures_in_use(gallery).set_index("structure")

    assert table.loc["---", "images"] == 2 and table.loc["---", "accuracy"] == 0.5
    assert table.loc["---", "macs"] == 100 and table["images"].sum() == 6
    assert most_chosen(gallery, top=9).set_index("structure").loc["---", "rows"] == [0, 2]


def test_slices_tell_who_answered(gallery):
    names = ["a", "b"]

    assert mask(gallery, names, Slice(early=True)).tolist() == gallery.early.tolist()
    assert mask(gallery, names, Slice(early=False)).tolist() == (~gallery.early).tolist()
    assert mask(gallery, names, Slice(structure="*")).tolist() == (~gallery.early).tolist()
    at = [mask(gallery, names, Slice(block=0, level=level)) for level in range(4)]
    assert np.sum(at, axis=0).tolist() == (~gallery.early).astype(int).tolist()


def test_the_tour_shows_images_that_ran(gallery, make_gallery, random_distribution):
    found = contrast({"toy": gallery})

    assert not gallery.early[[found.cheap, found.expensive]].any()
    with pytest.raises(DataError):
        contrast({"toy": make_gallery(random_distribution(2, 3, 4), sure=[0.9, 0.9])})


def test_an_early_answer_spends_nothing_on_the_estimator(gallery):
    found = overspend(gallery)

    assert (found.chosen_macs[gallery.early] == 0).all() and (found.macs[gallery.early] < 0).all()
    assert outcomes(found)[[0, 2]].tolist() == [2, 3], "right and thrifty; wrong where something dearer is right"


def test_groups_by_macs_count_structures_that_ran(gallery):
    (everything,) = by_macs(gallery, groups=1).itertuples()
    (early,) = by_macs(gallery, gallery.early).itertuples()

    assert everything.structures == gallery.frame["structure"][~gallery.early].nunique()
    assert (everything.images, everything.early) == (6, 2)
    assert (early.structures, early.early, early.macs_low, early.macs_high) == (0, 2, 100, 100)


def test_an_early_answer_is_never_another_images_structure(make_gallery):
    """Structures 1 1 2 2, of which the last is answered early: "2" was chosen once, and both are others to it."""
    distribution = 0.1 + 0.7 * np.eye(3)[[1, 1, 2, 2]][:, None, :]
    found = benefit(make_gallery(distribution, sure=[0.1, 0.1, 0.1, 0.9]))

    assert (found.structures, found.covered) == (2, 0.75)
    np.testing.assert_allclose(found.others, [0.9, 0.9, 0.6, (2 * 0.6 + 0.9) / 3], rtol=1e-6)


@pytest.fixture(scope="module")
def emoji(early_net):
    """Inputs of sixty test images, and which of them are answered early."""
    arrays = load_task(early_net.task("emoji"), "test", limit=60, progress=False)
    x = early_net.preprocess(list(arrays.images), "emoji")
    return x, early_net.answer(x, "emoji").early


@pytest.mark.parametrize("early", [True, False])
def test_one_image_is_inspected_as_it_is_answered(early, early_net, emoji):
    x, answered = emoji
    x = x[answered == early][:1]

    found = inspect_image(early_net, x, "emoji")

    said = early_net.answer(x, "emoji")
    names = early_net.task("emoji").class_names
    assert found.early is early and found.predictions["class_name"].iat[0] == names[int(said.logits.argmax())]
    assert found.costs.loc["total", "macs"] == int(said.total_macs[0])
    assert (int(found.costs.loc["structure", "macs"]) == 0) is early
    assert found.head_probability == pytest.approx(float(early_net.head_probability(said.look, "emoji")[0]))
    assert found.head_predictions["class_name"].iat[0] == names[int(said.look.class_logits.argmax())]


@pytest.mark.parametrize("early", [True, False])
def test_the_picture_of_one_image_ends_where_the_selector_answers(early, early_net, emoji):
    x, answered = emoji
    x = x[answered == early][:1]
    look = early_net.look(x, "emoji")
    start = early_from(early_net, look, "emoji")

    tried = probe_candidates(early_net, x, "emoji", randoms=4)

    assert (start < 0) is early
    for weight in (start - 0.5, start + 0.5):
        assert bool(early_net.answer(x, "emoji", weight).early[0]) == (weight > start)
    along = tried[tried["kind"] == WEIGHT]
    assert along["structure"].map(is_early).sum() == 1
    assert along["low"].max() == pytest.approx(start) and (along["parameter"].iloc[:-1] < start).all()
    (own,) = tried[tried["kind"] == CHOSEN].itertuples()
    said = early_net.answer(x, "emoji")
    assert own.needed_macs == int(said.total_macs[0]) and is_early(own.structure) is early
    assert own.confidence == pytest.approx(float(said.logits.softmax(1).max()), abs=1e-5)
    assert standing(tried)["rank"] >= 1


def test_a_network_that_never_answers_early_has_no_such_row(tiny_net, emoji):
    tried = probe_candidates(tiny_net, emoji[0][:1], "emoji", randoms=2)

    assert early_from(tiny_net, tiny_net.look(emoji[0][:1], "emoji"), "emoji") == np.inf
    assert not tried["structure"].map(is_early).any()


def test_changed_pictures_are_answered_as_the_network_answers_them(early_net):
    pixels = load_task(early_net.task("emoji"), "test", limit=1, progress=False).images[0]

    found = stability(early_net, pixels, "emoji")

    x = early_net.preprocess([variant.pixels for variant in found.variants], "emoji")
    said = early_net.answer(x, "emoji")
    assert found.frame["early"].tolist() == said.early.tolist()
    assert found.frame["total_macs"].tolist() == said.total_macs.tolist()
    names = early_net.task("emoji").class_names
    assert found.frame["class_name"].tolist() == [names[int(i)] for i in torch.argmax(said.logits, 1)]
