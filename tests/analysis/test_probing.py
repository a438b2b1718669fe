"""One image through many structures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import den_core
from den_core.analysis.inspection import inspect_image
from den_core.analysis.probing import (
    CHOSEN,
    LEVEL,
    RANDOM,
    WEIGHT,
    candidates,
    probe,
    probe_candidates,
    standing,
    structures_along_weights,
)
from den_core.errors import ConfigError, ImageError, StructureError
from den_core.structure_keys import structure_key
from den_core.structures import parse_structure


@pytest.fixture(scope="module")
def net(tiny_checkpoint):
    return den_core.load(tiny_checkpoint)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(3).integers(0, 255, (40, 50, 3), dtype=np.uint8)


def test_the_chosen_structure_gives_the_answer_of_inspect_image(net, image):
    for task in net.tasks:
        own = inspect_image(net, image, task)
        best = own.predictions.iloc[0]
        row = probe(net, image, task, [own.structure], wanted=best["class_name"]).iloc[0]
        assert row["class_name"] == best["class_name"]
        assert row["probability"] == pytest.approx(best["probability"], abs=1e-5)
        assert row["total_macs"] == own.costs.loc["total", "macs"]
        assert row["macs"] == own.costs.loc["structure", "macs"]
        assert row["total_params"] == own.costs.loc["total", "params"]


def test_an_image_that_was_prepared_before_gives_the_same(net, image):
    task = net.tasks[2]
    x = net.preprocess([image], task=task)
    first, second = inspect_image(net, image, task), inspect_image(net, x, task)
    assert first.structure == second.structure
    np.testing.assert_array_equal(first.distribution, second.distribution)
    pd.testing.assert_frame_equal(probe_candidates(net, image, task), probe_candidates(net, x, task))


def test_every_structure_answers_as_if_it_were_alone(net, image):
    task, n, h = net.tasks[0], net.num_blocks, net.num_levels
    keys = candidates(net, torch.full((n, h), 1 / h), randoms=12)["structure"].tolist()
    wanted = net.task(task).class_names[2]
    together = probe(net, image, task, keys, wanted)
    assert together["structure"].tolist() == keys
    for i in range(0, len(keys), 5):
        alone = probe(net, image, task, [keys[i]], wanted).iloc[0]
        assert together["probability"][i] == pytest.approx(alone["probability"], abs=1e-5)
        assert together["macs"][i] == alone["macs"]


def test_without_a_class_the_full_network_names_it(net, image):
    task = net.tasks[1]
    full = str(net.num_levels - 1) * net.num_blocks
    row = probe(net, image, task, [full, "1" * net.num_blocks])
    assert (row["wanted"] == row["class_name"][0]).all()
    assert row["probability"][0] == pytest.approx(row["confidence"][0])


def test_bad_input_is_a_deliberate_error(net, image):
    task = net.tasks[0]
    with pytest.raises(StructureError):
        probe(net, image, task, ["9" * net.num_blocks])
    with pytest.raises(StructureError):
        probe(net, image, task, ["1"])
    with pytest.raises(ConfigError, match="class"):
        probe(net, image, task, ["1" * net.num_blocks], wanted="no such class")
    with pytest.raises(ImageError):
        probe(net, b"no image", task, ["1" * net.num_blocks])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), weight=st.floats(-5, 5))
def test_the_structure_at_every_cost_weight_is_known(net, seed, weight):
    logits = torch.randn(net.num_blocks, net.num_levels, generator=torch.Generator().manual_seed(seed))
    C = logits.softmax(-1)
    found = structures_along_weights(net, C)
    holds = found[found["low"] <= weight].iloc[-1]
    assert structure_key(net.choose(C[None], weight)[0]) == holds["structure"]
    for row in found.itertuples():
        assert structure_key(net.choose(C[None], row.parameter)[0]) == row.structure
    assert found.loc[found["parameter"] == 0, "structure"].tolist() == [structure_key(net.choose(C[None])[0])]
    z = torch.cat([parse_structure(key, net.num_blocks, net.num_levels) for key in found["structure"]])
    macs = net.cost(z, net.tasks[0]).macs.tolist()
    assert macs == sorted(macs, reverse=True), "a higher weight never costs more"


def test_candidates_are_seeded_and_hold_every_kind(net):
    C = torch.full((net.num_blocks, net.num_levels), 1 / net.num_levels)
    first, again = candidates(net, C, 10, seed=4), candidates(net, C, 10, seed=4)
    pd.testing.assert_frame_equal(first, again)
    counts = first["kind"].value_counts()
    assert (counts[CHOSEN], counts[LEVEL], counts[RANDOM]) == (1, net.num_levels, 10)
    assert counts[WEIGHT] >= 1
    other = candidates(net, C, 10, seed=5)
    assert first[first["kind"] == RANDOM]["structure"].tolist() != other[other["kind"] == RANDOM]["structure"].tolist()


def test_the_selector_is_paid_for_by_what_it_chose_only(net, image):
    tried = probe_candidates(net, image, net.tasks[0], randoms=5)
    chosen = tried["kind"].isin([CHOSEN, WEIGHT])
    assert (tried.loc[chosen, "needed_macs"] == tried.loc[chosen, "total_macs"]).all()
    assert (tried.loc[~chosen, "needed_macs"] == tried.loc[~chosen, "macs"]).all()


def test_standing_by_hand():
    tried = pd.DataFrame(
        {
            "kind": [CHOSEN, WEIGHT, LEVEL, RANDOM, RANDOM],
            "structure": ["11", "11", "01", "10", "21"],
            "needed_macs": [10, 10, 4, 9, 20],
            "probability": [0.5, 0.5, 0.7, 0.2, 0.9],
        }
    )
    found = standing(tried)
    assert (found["tried"], found["affordable"], found["rank"]) == (4, 3, 2)
    assert found["regret"] == pytest.approx(0.2)
    assert standing(tried.iloc[[0, 3]])["regret"] == 0
