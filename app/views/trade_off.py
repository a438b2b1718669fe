"""Accuracy against MACs: this one network at many cost weights, beside the controls at equal MACs, with a dial."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, pages, state, widgets
from app.cache import whole_network
from app.charts import trade_off as charts
from den_core.analysis import dial, tradeoff

PLAIN, BY_CLASS = "accuracy", "class_accuracy"
WEIGHTINGS = {PLAIN: "Every image counts the same", BY_CLASS: "Every class counts the same"}
AVERAGE = tradeoff.AVERAGE
AVERAGE_TITLE = "Average over tasks"
CHART = "trade_off"
METRIC_WIDTH = 150
"Pixels; where they do not all fit side by side, they wrap."


def instance_gain(checkpoint: cache.Checkpoint, titles: dict[str, str], by_class: bool) -> None:
    """What looking at the image buys, in words and one number per task."""
    gain = whole_network.gain(checkpoint, by_class)
    st.subheader("What is looking at the image worth?")
    widgets.metric_row(
        [
            (widgets.literal(titles.get(task, "Average")), f"{100 * value:+.2f}", "Instance gain in percentage points.")
            for task, value in gain.items()
        ]
    )
    st.caption(
        f"**Instance gain**: {'class-averaged accuracy' if by_class else 'accuracy'} of the chosen structures minus "
        "of **the same structures shuffled among the images** of the task, in percentage points. Both cost the same, "
        "so the difference is what comes from looking at the image. Near 0, a structure per task would do as well."
    )


def points_table(points: pd.DataFrame, accuracy: str) -> pd.DataFrame:
    """The operating points for people, cheapest first."""
    ordered = points.sort_values("mean_macs")
    return pd.DataFrame(
        {
            "Structures": ordered["method"].map({name: label for name, (label, *_) in charts.METHOD_STYLES.items()}),
            "Cost weight or level": ordered["parameter"],
            "Accuracy (%)": 100 * ordered[accuracy],
            "Mean MACs (millions)": ordered["mean_macs"] / 1e6,
            "Different structures": ordered["distinct_structures"],
        }
    )


def take_point() -> None:
    """A point of the network's own curve was clicked: set the dial to it."""
    for method, parameter in widgets.picked(CHART)[:1]:
        if method in charts.ON_DIAL:
            state.set_filters(**{state.WEIGHT: dial.OWN_WEIGHT if parameter is None else parameter})


def reset_dial() -> None:
    """Back to the network's own choice."""
    state.set_filters(**{state.WEIGHT: dial.OWN_WEIGHT})


def slider(points: pd.DataFrame) -> float:
    """The dial itself; without a measured weight it stands at the network's own choice."""
    weights = dial.dial_weights(points)
    if len(weights) < 2:
        return dial.OWN_WEIGHT
    if st.session_state.get(state.WEIGHT, dial.OWN_WEIGHT) not in weights:
        del st.session_state[state.WEIGHT]  # of another checkpoint
    with st.container(horizontal=True, vertical_alignment="bottom"):
        weight = st.select_slider(
            "Dial: cost weight",
            weights,
            value=dial.OWN_WEIGHT,
            format_func=charts.weight_title,
            key=state.WEIGHT,
            bind="query-params",
            help="How much a saved multiply-accumulate counts against a less probable level, in nats per full block. 0 "
            "is the network's own choice; more saves work, less than 0 spends it. Each stop was measured on the test "
            "images.",
        )
        st.button("Own choice", on_click=reset_dial, icon=":material/restart_alt:", disabled=weight == dial.OWN_WEIGHT)
    return weight


def dial_numbers(checkpoint: cache.Checkpoint, points: pd.DataFrame, weight: float, accuracy: str) -> None:
    """Accuracy by task and work at the dial's position, against the network's own choice."""
    here, own = dial.at_weight(points, weight), dial.at_weight(points, dial.OWN_WEIGHT)
    titles = widgets.task_titles(checkpoint)
    place = st.container(horizontal=True)
    for task in (*titles, AVERAGE):
        value, gap = here[accuracy][task], 100 * (here[accuracy][task] - own[accuracy][task])
        place.metric(
            widgets.literal(titles.get(task, "Average")),
            widgets.percent(value),
            f"{gap:+.2f} points" if weight else None,
            delta_color="off",
            border=True,
            width=METRIC_WIDTH,
            help="Accuracy on the test images; below it the change against the network's own choice.",
        )
    macs, base = here["mean_macs"][AVERAGE], own["mean_macs"][AVERAGE]
    place.metric(
        "MACs per image",
        widgets.millions(macs),
        f"{100 * (macs / base - 1):+.0f} %" if weight else None,
        delta_color="off",
        border=True,
        width=METRIC_WIDTH,
        help="Multiply-accumulates, mean over images and tasks, the selector included.",
    )


def dial_structures(checkpoint: cache.Checkpoint, points: pd.DataFrame, weight: float, scope: str) -> None:
    """How the use of levels and the chosen structures move with the dial, from the galleries."""
    tasks = cache.tasks_with_gallery(checkpoint)
    st.subheader("What the dial changes inside")
    if not tasks:
        st.info(
            "Which images change their structure is computed from the galleries; write them with "
            f"`python -m den_core index checkpoints/{checkpoint.name}`.",
            icon=":material/info:",
        )
        return
    titles, weights = widgets.task_titles(checkpoint), dial.dial_weights(points)
    tasks = [scope] if scope in tasks else tasks
    found = {task: whole_network.dial(checkpoint, task, weight) for task in tasks}
    where = widgets.literal(titles[tasks[0]]) if len(tasks) == 1 else "mean over tasks"
    drift = whole_network.drift(checkpoint, tuple(weights), tuple(tasks))
    widgets.chart(
        charts.level_drift(drift, found[tasks[0]].usage.shape[1], weight),
        key="level_drift",
        alt="Share of blocks at every level, one bar per cost weight",
        data=drift,
        caption=f"Of all blocks of all images ({where}), the share that runs at each level. The framed bar is where "
        "the dial stands.",
    )
    if weight == dial.OWN_WEIGHT:
        st.info("Move the dial to see which images change their structure, and where.", icon=":material/tune:")
        return
    own = [whole_network.dial(checkpoint, task, dial.OWN_WEIGHT) for task in tasks]
    change = dial.usage_change(list(found.values()), own)
    widgets.chart(
        charts.usage_change(change),
        key="usage_change",
        alt="Change of every level's share in every block against the network's own choice",
        data=change.stack().rename("change").reset_index(),
        caption=f"Where it happens ({where}): share of images at each block and level now, minus that of the network's "
        "own choice, in percentage points. White is no change.",
    )
    changed_images(checkpoint, found, weight)
    precision_note(points, weight, found, titles)


def changed_images(checkpoint: cache.Checkpoint, found: dict[str, dial.DialPoint], weight: float) -> None:
    """The images that get another structure, with both."""
    titles = widgets.task_titles(checkpoint)
    counts = [
        f"{widgets.literal(titles[task])} {int(point.changed.sum()):,} of {len(point.changed):,} "
        f"({widgets.percent(float(point.changed.mean()))})"
        for task, point in found.items()
    ]
    images = whole_network.changed_images(checkpoint, tuple(found), weight)
    widgets.image_grid(
        checkpoint,
        images,
        key="changed-images",
        captions=lambda part: [
            f"{entry.structure}\n→ {entry.structure_at_weight}\n{(entry.macs_at_weight - entry.macs) / 1e6:+.1f} M MACs"
            for entry in part.itertuples()
        ],
        heading=f"**Images that change their structure**: {', '.join(counts)}",
    )


def precision_note(
    points: pd.DataFrame, weight: float, found: dict[str, dial.DialPoint], titles: dict[str, str]
) -> None:
    """Say so where the galleries' structures cost more than 1 % more or less than the measured ones."""
    measured = dial.at_weight(points, weight)["mean_macs"]
    off = [task for task, point in found.items() if abs(point.mean_macs / measured[task] - 1) > 0.01]
    if off:
        st.caption(
            ":material/info: At this weight the structures shown here differ a little from the measured ones for "
            f"{', '.join(widgets.literal(titles[task]) for task in off)}: galleries store probabilities in half "
            "precision, or hold a part of the test images. Accuracies and MACs above are measured."
        )


@st.fragment
def dialled(checkpoint: cache.Checkpoint, points: pd.DataFrame, scope: str, accuracy: str) -> None:
    """The dial and everything that turns with it."""
    weight = slider(points)
    dial_numbers(checkpoint, points, weight, accuracy)
    shown = points[points["task"] == scope].assign(accuracy=lambda part: part[accuracy])
    images = shown["images"].dropna()
    quantity = "Accuracy" if accuracy == PLAIN else "Class-averaged accuracy"
    widgets.chart(
        charts.trade_off(shown, quantity, tradeoff.pareto_front(shown), weight),
        key=CHART,
        alt=f"{quantity} against mean MACs per image, one mark per operating point",
        data=shown,
        on_select=take_point,
        caption="Up is more accurate, left is cheaper; the grey steps join what nothing cheaper beats. **Click a blue "
        "point** to turn the dial there. "
        + (
            f"n = {int(images.iloc[0]):,} test images. "
            if len(images)
            else "Mean over tasks of the tasks' own values. "
        )
        + "MACs include the selector where it runs: this network, and its structures shuffled. Random structures and "
        "the best single one get the same budget, selector included, but run without it. FLOPs = 2 × MACs.",
    )
    dial_structures(checkpoint, points, weight, scope)


st.title(pages.PAGES["trade_off"].question)
st.markdown(
    "One network, many operating points: with the dial it spends less or more work on every image, without new "
    "training. The controls show what other ways to pick structures reach with the same weights."
)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    titles = widgets.task_titles(checkpoint)
    points = whole_network.points(checkpoint)
    if points is None:
        st.info(
            "This network is not evaluated yet. Measure it with `python -m den_core evaluate "
            f"checkpoints/{checkpoint.name}`, then reload this page.",
            icon=":material/info:",
        )
        st.stop()
    # The key is shared with the filters of other pages, where the same option stands for all images.
    scopes = {widgets.ALL_TASKS: AVERAGE_TITLE} | titles
    if st.session_state.get(state.SCOPE, widgets.ALL_TASKS) not in scopes:
        del st.session_state[state.SCOPE]
    with st.container(horizontal=True, gap="medium"):
        scope = widgets.choice("Test images of", list(scopes), scopes, key=state.SCOPE)
        scope = AVERAGE if scope == widgets.ALL_TASKS else scope
        accuracy = widgets.choice("Accuracy", list(WEIGHTINGS), WEIGHTINGS, key=state.AVERAGE_OVER)
    dialled(checkpoint, points, scope, accuracy)
    instance_gain(checkpoint, titles, by_class=accuracy == BY_CLASS)
    with st.expander("All operating points as a table"):
        two_digits = st.column_config.NumberColumn(format="%.2f")
        widgets.table(
            points_table(points[points["task"] == scope], accuracy),
            name="operating_points",
            key="points",
            column_config={name: two_digits for name in ("Accuracy (%)", "Mean MACs (millions)")},
        )
