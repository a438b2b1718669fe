"""Early answers on the pages: said as what they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from reduced_galleries import only_early

import den_core.checkpoints.gallery
from app import state
from app.views.looking.verdict import sentences
from app.views.right_and_wrong import accuracy_slices
from app.widgets.filters import ANSWERED
from den_core.checkpoints.gallery import read_gallery
from den_core.checkpoints.metrics import read_metrics


@pytest.fixture
def open_early(open_page, early_checkpoint):
    """Opens a page with the checkpoint that answers half of its images early."""
    return lambda page, **query: open_page(page, early_checkpoint.parent, **query)


@pytest.fixture
def gallery(early_checkpoint):
    return read_gallery(early_checkpoint, "emoji")


def texts(app) -> str:
    return "\n".join(text.value for text in (*app.markdown, *app.caption))


@pytest.mark.parametrize("page", ["chosen_models", "level_usage", "trade_off", "hard_images", "right_and_wrong",
                                  "looking", "map", "overview", "guide", "similar_images", "training"])  # fmt: skip
def test_every_page_opens(page, open_early):
    app = open_early(page)

    assert not app.exception and not app.error


def test_an_early_answer_is_a_model_of_its_own(open_early, gallery):
    app = open_early("chosen_models", scope="Emoji")

    table = next(frame.value for frame in app.dataframe if "Structure" in frame.value)
    row = table[table["Structure"] == "answered early"].iloc[0]
    assert row["Images"] == gallery.early.sum()
    assert row["Accuracy (%)"] == pytest.approx(100 * gallery.frame["correct"][gallery.early].mean())


def test_usage_says_how_many_images_have_no_level(open_early, gallery):
    said = texts(open_early("level_usage", scope="Emoji"))

    assert f"the selector answered others early ({gallery.early.sum()} of Emoji)" in said


def test_images_can_be_filtered_by_who_answered(open_early, gallery):
    counts = {}
    for who, label in ANSWERED.items():
        app = open_early("right_and_wrong", scope="Emoji", answered=label)
        counts[who] = next(metric.value for metric in app.metric if metric.label == "Images")

    early = int(gallery.early.sum())
    assert counts == {"any": "60", "selector": str(early), "estimator": str(60 - early)}


def test_a_network_without_early_answers_has_no_such_filter(open_trained):
    labels = [box.label for box in open_trained("right_and_wrong").selectbox]

    assert "Verdict" in labels and "Answered" not in labels


@pytest.mark.parametrize("early", [True, False])
def test_inspect_says_who_answers(early, open_early, gallery):
    row = int((gallery.early == early).nonzero()[0][0])

    app = open_early("inspect_image", picture=f"emoji:{row}", **{"as": "Emoji"})

    sure, said = f"{gallery.head.probability[row]:.0%}".replace("%", " %"), texts(app)
    assert not app.exception
    if early:
        assert f"**Answered by the selector**, {sure} sure" in said and "Would have run `" in said
        assert "The selector alone takes **" in said
    else:
        assert "The selector's own guess: " in said and f"{sure} sure; not enough to answer" in said
        assert "Runs at **" in said


TOOLS = ("Path editor", "Accuracy and cost", "Cost weight", "Stability", "Similar images")


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tool_takes_an_image_that_is_answered_early(tool, open_early, gallery):
    row = int(gallery.early.nonzero()[0][0])

    app = open_early("inspect_image", picture=f"emoji:{row}", look=tool, **{"as": "Emoji"})

    assert not app.exception and not app.error


def test_the_cost_weight_of_an_image_says_where_the_selector_answers(open_early, gallery):
    """Fifty nats lower the threshold of 0.5 to 0: then the selector answers whatever the image."""
    row = int((~gallery.early).nonzero()[0][0])

    said = texts(
        open_early("inspect_image", picture=f"emoji:{row}", look="Cost weight", weight="+100", **{"as": "Emoji"})
    )

    assert "At cost weight **100** the selector answers by itself" in said


def test_the_table_of_operating_points_has_the_stops_of_the_dial(open_early, early_checkpoint):
    app = open_early("trade_off")

    table = next(frame.value for frame in app.dataframe if "Stop of the dial" in frame.value)
    own = read_metrics(early_checkpoint).point("chosen").average
    rows = table[table["Structures"].str.startswith("Dial")]
    assert set(rows["Stop of the dial"]) == {"own choice at cost weight 9"} and "Answered early (%)" in table
    shown = table[table["Structures"] == "Own choice"]["Answered early (%)"].iloc[0]
    assert shown == pytest.approx(100 * own.early)


def test_looking_names_the_best_fixed_rival(open_early, early_checkpoint):
    metrics, said = read_metrics(early_checkpoint), texts(open_early("looking"))

    if metrics.fixed_rival == "static":
        assert "best fixed structure of any kind," not in said
    else:
        assert f"best fixed structure of any kind, {metrics.fixed_rival}" in said


def test_the_images_that_were_answered_early_can_be_picked(open_early, gallery, grid_tiles):
    app = open_early("chosen_models", scope="Emoji", picked="-" * gallery.num_blocks)

    assert not app.exception and not app.error
    assert f"**Images that the selector answered early** · {gallery.early.sum()} images" in texts(app)
    tiles = grid_tiles(app, "chosen_images")
    assert {int(tile["id"].partition(":")[2]) for tile in tiles} <= set(gallery.early.nonzero()[0])
    assert all(tile["early"] and not tile["strip"] for tile in tiles)


def test_early_answers_are_no_structure(open_early, gallery):
    shown = {metric.label: metric.value for metric in open_early("chosen_models", scope="Emoji").metric}

    assert shown["Structures"] == str(gallery.frame["structure"][~gallery.early].nunique())
    assert shown["Answered early"] == f"{100 * gallery.early.mean():.1f} %"


def test_accuracy_by_structure_names_early_answers(open_early):
    app = open_early("right_and_wrong", scope="Emoji", section="Accuracy of parts", by="Structure")

    names = app.dataframe[0].value["Structure"].tolist()
    assert names.count("answered early") == 1 and not any("--" in name for name in names)


@pytest.mark.parametrize(("group", "filters"), [
    ("---", {state.ANSWERED: "selector", state.STRUCTURE: ""}),
    ("012", {state.STRUCTURE: "012"}),
])  # fmt: skip
def test_a_structure_that_is_clicked_becomes_a_filter(group, filters):
    assert accuracy_slices.filters_of("structure", group, 0.0, 0.0) == filters


def test_a_query_that_was_answered_early_says_so(open_early, gallery):
    row = int(gallery.early.nonzero()[0][0])

    said = texts(open_early("similar_images", task="Emoji", row=str(row), space="Chosen structure"))

    assert "Answered by the selector, no block ran" in said and "`--" not in said
    assert "would have run" in said, "of an image that was answered early, what is compared"


def test_the_cost_weight_of_an_early_image_starts_from_the_selector_alone(open_early, gallery, early_net):
    """Ten nats raise the threshold of 0.5 to 0.6: of the least sure early answer the estimator runs then."""
    row = int(np.where(gallery.early, gallery.head.probability, 1).argmin())
    assert gallery.head.probability[row] < 0.6

    said = texts(
        open_early("inspect_image", picture=f"emoji:{row}", look="Cost weight", weight="-10", **{"as": "Emoji"})
    )

    share = gallery.costs.selector_macs / int(early_net.full_cost("emoji").macs[0])
    assert f"(at weight 0: the selector alone, {100 * share:.0f} %)" in said
    assert "0 different structures" not in said and "the selector answers by itself. Probability" in said


@pytest.mark.parametrize("page", ["hard_images", "level_usage", "looking", "guide", "trade_off", "chosen_models"])
def test_pages_take_galleries_that_were_answered_early_throughout(page, open_early, monkeypatch, tmp_path):
    monkeypatch.setattr(
        den_core.checkpoints.gallery, "read_gallery", lambda folder, task: only_early(read_gallery(folder, task))
    )
    st.cache_resource.clear()
    st.cache_data.clear()
    steps = range(1, 7) if page == "guide" else [1]
    apps = [open_early(page, **({"step": str(step)} if page == "guide" else {})) for step in steps]
    st.cache_resource.clear()
    st.cache_data.clear()

    assert not any(app.exception for app in apps)
    assert not any("nan" in metric.value for app in apps for metric in app.metric)


def test_groups_by_cost_tell_early_answers_from_structures(open_early):
    said = texts(open_early("hard_images", task="Emoji"))

    groups = [text for text in said.splitlines() if text.startswith("**Group 1**")]
    assert len(groups) == 1 and groups[0].rstrip().endswith(" M MACs · answered early")
    assert "were answered early: they cost no structure" in said


def test_the_tour_counts_what_the_estimator_runs(open_early, gallery):
    said = texts(open_early("guide", step="4"))

    assert f"Emoji **{gallery.frame['structure'][~gallery.early].nunique()}**" in said
    assert f"Emoji {(~gallery.early).sum()}" in said
    assert "of these images cost the selector alone" in texts(open_early("guide", step="3"))


def test_captions_without_a_strip_say_early(open_early, gallery, grid_tiles):
    app = open_early("right_and_wrong", scope="Emoji")

    for tile in grid_tiles(app, "right_images"):
        row = int(tile["id"].partition(":")[2])
        assert tile["early"] is bool(gallery.early[row]) and bool(tile["strip"]) is not tile["early"]


@pytest.mark.parametrize(("rival", "words"), [
    ("level 2", "any kind, level 2 in every block, "),
    ("full", "any kind, the full model, "),
])  # fmt: skip
def test_the_verdict_names_the_best_fixed_structure(rival, words):
    rows = [[kind, "average", 0.02, 0.01, 0.03] for kind in ("gain", "lead", "fixed")]
    rows.append(["gain", "toy", 0.02, 0.01, 0.03])
    table = pd.DataFrame(rows, columns=["kind", "task", "value", "low", "high"])

    assert words in " ".join(sentences(table, {"toy": "Toy"}, rival))
    assert "any kind" not in " ".join(sentences(table, {"toy": "Toy"}, "static")), "said already as the lead"
