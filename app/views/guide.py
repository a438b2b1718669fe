"""The two-minute tour: what a deep elastic network does, in six steps with the real network and real images."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd
import streamlit as st

from app import cache, pages, state, widgets
from app.cache import whole_network
from app.charts import tour as charts
from app.charts.style import OTHER_COLOR, task_colors
from den_core.analysis.tradeoff import AVERAGE

PICTURE = 180
SMALL_GAIN = 0.01
"A fraction; below it the tour calls the instance gain small."


class Step(NamedTuple):
    """One step of the tour.

    Args:
        needs_gallery: whether it shows test images.
        page: that shows it in full, by its name.
        link: text of the link there.
    """

    title: str
    show: Callable[[cache.Checkpoint], None]
    page: str
    link: str
    needs_gallery: bool = False


def one_block(checkpoint: cache.Checkpoint) -> None:
    """What a level is."""
    backbone = cache.info(checkpoint).network.backbone
    h = len(backbone.level_fractions)
    st.markdown(
        "An image network is a chain of **blocks**, and each block is a bundle of *channels*: filters that each look "
        "for something else. An ordinary network runs all of them for every image, be it easy or hard.  \n"
        f"In an **elastic** network a block can run at {h} **levels**. A level uses the first channels of the block "
        "and leaves the others out. Fewer channels are less work. A block at level 0 of this network "
        + ("is skipped altogether." if backbone.level_fractions[0] == 0 else "does least.")
    )
    widgets.chart(
        charts.block_drawing(backbone.level_fractions),
        key="tour_block",
        alt="One block at each of its levels: a higher level uses more channels",
        caption="One block, drawn at each of its levels: filled channels run, pale ones do not. All levels share the "
        "same weights, so this is one network and not several.",
    )


def two_images(checkpoint: cache.Checkpoint) -> None:
    """Two images that get different structures."""
    found = whole_network.contrast(checkpoint)
    gallery, names = cache.gallery(checkpoint, found.task), cache.classes(checkpoint)[found.task]
    st.markdown(
        "A second, small network – the **selector** – looks at the image first and picks a level for every block. The "
        "list of levels is the image's **structure**: its own, smaller network inside the big one."
    )
    left, right = st.columns(2, gap="large")
    for column, row, what in ((left, found.cheap, "little"), (right, found.dear, "much")):
        entry = gallery.frame.iloc[row]
        with column, st.container(border=True):
            label = names[entry["label"]]
            with widgets.errors_shown():
                picture = cache.gallery_picture(checkpoint, found.task, row, PICTURE)
                st.image(picture, width=PICTURE, alt=f"{label}, test image {row}")
            verdict = "✓ right" if entry["correct"] else "✗ wrong"
            st.markdown(
                f"**{widgets.literal(label)}** gets {what} of the network: {widgets.millions(entry['macs'])} MACs, "
                f"structure `{entry['structure']}`. Answer: {widgets.literal(names[entry['prediction']])} ({verdict})."
            )
    widgets.chart(
        charts.structures(
            gallery.levels[[found.cheap, found.dear]],
            [f"{names[gallery.frame['label'].iloc[row]]}, #{row}" for row in (found.cheap, found.dear)],
            gallery.num_levels,
        ),
        key="tour_structures",
        alt="The structures of the two images: the level of every block",
        caption=f"Both structures, block by block. Chosen by rule: of the rightly answered test images of "
        f"{widgets.literal(widgets.task_titles(checkpoint)[found.task])}, those with the fewest and with the most "
        "MACs; of several, the one with the surest answer.",
    )


def what_it_costs(checkpoint: cache.Checkpoint) -> None:
    """The two images, the mean and the full network in MACs."""
    found = whole_network.contrast(checkpoint)
    gallery, names = cache.gallery(checkpoint, found.task), cache.classes(checkpoint)[found.task]
    costs, frame = gallery.costs, gallery.frame
    full = costs.block_macs[:, -1].sum() + costs.task_macs
    mean, color = float(frame["macs"].mean()), task_colors(list(cache.classes(checkpoint)))[found.task]
    title = widgets.task_titles(checkpoint)[found.task]
    st.markdown(
        "Work is counted in **MACs**: one multiplication and one addition each, about half of what others call FLOPs. "
        f"The selector costs {widgets.millions(costs.selector_macs)} itself, and that is counted here. On average an "
        f"image of {widgets.literal(title)} takes **{widgets.percent(mean / full, 0)}** of the work of the whole "
        "network."
    )
    widgets.chart(
        charts.costs(
            {
                "The full network": (float(full), OTHER_COLOR),
                f"{names[frame['label'].iloc[found.dear]]}, #{found.dear}": (
                    float(frame["macs"].iloc[found.dear]),
                    color,
                ),
                f"Mean of {title}": (mean, color),
                f"{names[frame['label'].iloc[found.cheap]]}, #{found.cheap}": (
                    float(frame["macs"].iloc[found.cheap]),
                    color,
                ),
                "The selector alone": (float(costs.selector_macs), OTHER_COLOR),
            }
        ),
        key="tour_costs",
        alt="MACs of the full network, of the two images, of the mean and of the selector",
        caption=f"MACs per image of {widgets.literal(title)}, the selector included except for the full network, which "
        f"needs none. Mean over {len(gallery):,} test images.",
    )


def many_images(checkpoint: cache.Checkpoint) -> None:
    """How the tasks use the levels."""
    tasks, titles = cache.tasks_with_gallery(checkpoint), widgets.task_titles(checkpoint)
    counts = ", ".join(f"{widgets.literal(titles[task])} {len(cache.gallery(checkpoint, task)):,}" for task in tasks)
    shares = whole_network.level_shares(checkpoint).rename(index=titles)
    shape = cache.gallery(checkpoint, tasks[0])
    distinct = {task: cache.gallery(checkpoint, task).frame["structure"].nunique() for task in tasks}
    st.markdown(
        "Over whole test sets a pattern shows: which blocks a task needs, and how few different structures are really "
        "in use – "
        + ", ".join(f"{widgets.literal(titles[task])} **{number}**" for task, number in distinct.items())
        + f" of {shape.num_levels**shape.num_blocks:,} that there could be."
    )
    widgets.chart(
        charts.levels_in_use(shares),
        key="tour_levels",
        alt="Share of blocks at every level, one bar per task",
        data=shares.rename_axis("task").reset_index(),
        caption=f"Of all blocks of all test images of a task, the share at each level. n: {counts} images.",
    )


def what_it_is_worth(checkpoint: cache.Checkpoint) -> None:
    """The instance gain, as it is."""
    points = whole_network.points(checkpoint)
    if points is None:
        st.info(
            "This network is not evaluated yet. Measure it with `python -m den_core evaluate "
            f"checkpoints/{checkpoint.name}`, then reload this page.",
            icon=":material/info:",
        )
        return
    titles, gain = widgets.task_titles(checkpoint), whole_network.gain(checkpoint)
    methods = {
        "chosen": "Own choice",
        "permuted": "Own choices, shuffled",
        "static": "One for all",
        "full": "Full network",
    }
    st.markdown(
        "Does looking at the image pay? The fair test: take the structures that the selector chose, **shuffle them "
        "among the images** of the task, and measure again. The cost stays the same to the last MAC. What accuracy is "
        "lost is the **instance gain**, the worth of the look itself."
    )
    widgets.metric_row(
        [
            (
                widgets.literal(titles.get(task, "Average")),
                f"{100 * value:+.2f}",
                "Instance gain in percentage points.",
            )
            for task, value in gain.items()
        ]
    )
    rows = {
        label: points[points["method"] == method].set_index("task")[["accuracy", "mean_macs"]]
        for method, label in methods.items()
    }
    table = pd.DataFrame(
        {
            label: {**part["accuracy"], "macs": part["mean_macs"].get(AVERAGE)}
            for label, part in rows.items()
            if len(part)
        }
    ).T
    shown = pd.DataFrame({"Structures": table.index, "MACs per image": table["macs"].map(widgets.millions)})
    for task, title in {**titles, AVERAGE: "Average"}.items():
        shown[title] = table[task].map(widgets.percent).to_numpy()
    st.table(shown, hide_index=True)
    st.markdown(verdict(points, float(gain[AVERAGE])))


def verdict(points: pd.DataFrame, gain: float) -> str:
    """What the numbers say, in words that follow from them."""
    average = points[points["task"] == AVERAGE].set_index("method")
    if not {"chosen", "full"} <= set(average.index):
        return ""
    own, full = average.loc["chosen"], average.loc["full"]
    saved, gap = 1 - own["mean_macs"] / full["mean_macs"], 100 * (own["accuracy"] - full["accuracy"])
    sentence = (
        f"So this network saves {widgets.percent(saved, 0)} of the work at {gap:+.2f} points of accuracy against its "
        "own full size. "
    )
    if gain <= 0:
        return sentence + "**Looking at the single image does not pay here**: shuffled choices do as well or better."
    if gain < SMALL_GAIN:
        return sentence + (
            f"**Most of that comes from choosing well for the task, not for the single image**: the look adds "
            f"{100 * gain:.2f} points, which is little: one training run cannot tell it from chance."
        )
    return sentence + f"Of its accuracy, {100 * gain:.2f} points come from looking at the single image."


def where_to_go(checkpoint: cache.Checkpoint) -> None:
    """Links to the other pages, with the question that each answers."""
    st.markdown("That was the idea. Each page of this app answers one question:")
    for page in pages.PAGES.values():
        if page.name not in ("guide", pages.HOME):
            st.page_link(page.path, label=f"**{page.title}** – {page.question}", icon=f":material/{page.icon}:")
    with st.expander("Words that come up everywhere"):
        st.markdown(
            "- **Block, level**: a part of the network, and how much of it runs.\n"
            "- **Structure**: one level per block, written as digits, block 0 first.\n"
            "- **Selector, estimator**: the network that chooses, the network that answers.\n"
            "- **Model distribution**: for each block, how much the selector favours each level; the highest wins.\n"
            "- **MACs**: multiply-accumulates, the work for one image.\n"
            "- **Cost weight**: a dial that trades accuracy for less work, without new training."
        )


STEPS = (
    Step("One network, many sizes", one_block, "level_usage", "See every block of every task"),
    Step("Two images, two networks", two_images, "inspect_image", "Try an image of your own", True),
    Step("What it costs", what_it_costs, "hard_images", "See whether hard images get more", True),
    Step("Many images together", many_images, "chosen_models", "See all chosen structures", True),
    Step("What looking at the image is worth", what_it_is_worth, "trade_off", "See accuracy at every cost"),
    Step("Where to go now", where_to_go, pages.HOME, "Back to the overview"),
)


def go_to(step: int) -> None:
    """From a callback: show that step."""
    state.set_filters(**{state.STEP: step})


st.title(pages.PAGES["guide"].question)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    missing = not cache.tasks_with_gallery(checkpoint)
    place = st.pagination(len(STEPS), key=state.STEP, bind="query-params")
    step = STEPS[place - 1]
    st.subheader(f"{place}. {step.title}")
    indexed = False
    with widgets.errors_shown():
        # Read at the first step already: the others are there at once, and damage is told before they need it.
        indexed = bool(cache.galleries(checkpoint))
    if missing:
        st.info(
            "Steps 2 to 4 show test images, and this network is not indexed yet: `python -m den_core index "
            f"checkpoints/{checkpoint.name}` writes its galleries.",
            icon=":material/info:",
        )
    if indexed or not step.needs_gallery:
        with widgets.errors_shown():
            step.show(checkpoint)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Back", on_click=go_to, args=(place - 1,), disabled=place == 1, icon=":material/arrow_back:")
        last = place == len(STEPS)
        st.button(
            "Next", on_click=go_to, args=(place + 1,), disabled=last, type="primary", icon=":material/arrow_forward:"
        )
        page = pages.PAGES[step.page]
        st.page_link(page.path, label=step.link, icon=f":material/{page.icon}:")
