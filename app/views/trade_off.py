"""Accuracy against MACs: this one network at many cost weights, beside the controls at equal MACs."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, charts, state, widgets

PLAIN, BY_CLASS = "accuracy", "class_accuracy"
WEIGHTINGS = {PLAIN: "Every image counts the same", BY_CLASS: "Every class counts the same"}
AVERAGE_TITLE = "Average over tasks"


def instance_gain(checkpoint: cache.Checkpoint, titles: dict[str, str], by_class: bool) -> None:
    """What looking at the image buys, in words and one number per task."""
    gain = cache.gain(checkpoint, by_class)
    st.subheader("Instance gain")
    st.markdown(
        f"{'Class-averaged accuracy' if by_class else 'Accuracy'} of the chosen structures minus accuracy "
        "of **the same structures shuffled among the images** of the task, in percentage points. Both "
        "cost the same, so the difference is what comes from looking at the image."
    )
    for column, (task, value) in zip(st.columns(len(gain)), gain.items(), strict=True):
        title = widgets.literal(titles.get(task, AVERAGE_TITLE))
        column.metric(f"{title} (points)", f"{100 * value:+.2f}", border=True)


def table(points: pd.DataFrame, accuracy: str) -> pd.DataFrame:
    """The operating points for people, cheapest first."""
    ordered = points.sort_values("mean_macs")
    labels = {method: style[0] for method, style in charts.METHOD_STYLES.items()}
    return pd.DataFrame(
        {
            "Structures": ordered["method"].map(labels),
            "Cost weight or level": ordered["parameter"],
            "Accuracy (%)": 100 * ordered[accuracy],
            "Mean MACs (millions)": ordered["mean_macs"] / 1e6,
            "Different structures": ordered["distinct_structures"],
        }
    )


st.title("Trade-off")
st.markdown(
    "One network, many operating points: the larger the cost weight, the fewer MACs it spends. The "
    "controls show what other ways to pick structures reach with the same weights."
)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    titles = widgets.task_titles(checkpoint)
    with st.spinner("Reading the metrics …"):
        points = cache.points(checkpoint)
    if points is None:
        st.info(
            "This network is not evaluated yet. Measure it with `python -m den_core evaluate "
            f"checkpoints/{checkpoint.name}`, then reload this page.",
            icon=":material/info:",
        )
        st.stop()
    left, right = st.columns(2)
    with left:
        scope = widgets.choice(
            "Test images of",
            [cache.AVERAGE, *titles],
            titles | {cache.AVERAGE: AVERAGE_TITLE},
            key=state.SCOPE,
        )
    with right:
        accuracy = widgets.choice("Accuracy", list(WEIGHTINGS), WEIGHTINGS, key=state.AVERAGE_OVER)
    shown = points[points["task"] == scope]
    quantity = "Accuracy" if accuracy == PLAIN else "Class-averaged accuracy"
    widgets.chart(
        charts.trade_off(shown.assign(accuracy=shown[accuracy]), quantity),
        key="trade_off",
        alt=f"{quantity} against mean MACs per image, one mark per operating point",
    )
    images = shown["images"].dropna()
    st.caption(
        (
            f"n = {int(images.iloc[0]):,} test images. "
            if len(images)
            else "Mean over tasks of the tasks' own values. "
        )
        + "MACs include the selector where it runs: this network, and its structures shuffled. Random structures and "
        "the best single one are given the same budget, selector included, but run without it. FLOPs = 2 "
        "× MACs."
    )
    instance_gain(checkpoint, titles, by_class=accuracy == BY_CLASS)
    with st.expander("All operating points as a table"):
        st.dataframe(
            table(shown, accuracy),
            hide_index=True,
            column_config={
                name: st.column_config.NumberColumn(format="%.2f")
                for name in ("Accuracy (%)", "Mean MACs (millions)")
            },
        )
