"""Landing page: which network is loaded, what it achieves, where it comes from. No chart, no torch: it is fast."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app import cache, pages, widgets
from app.cache import whole_network

AVERAGE = "average"
CONTROLS = {
    "chosen": "Own choice",
    "permuted": "Shuffled",
    "static": "Best single",
    "random": "Random",
    "full": "Full network",
}
"Columns of the table of results, by method of the operating point."
LINKS = ("inspect_image", "similar_images", "right_and_wrong", "map", "trade_off", "training")
FACTS = {
    "recipe": "Recipe",
    "description": "For",
    "rounds": "Rounds",
    "steps": "Steps",
    "images_seen": "Images seen",
    "seed": "Seed",
    "data_seed": "Data seed",
    "commit": "Commit",
    "device": "Device",
    "wall_seconds": "Wall time",
    "den_core": "den_core",
    "torch": "torch",
    "python": "Python",
    "note": "Note",
}


def tasks_table(info: Any) -> pd.DataFrame:
    """What the network was trained for, a row per task."""
    trained, held_out = (info.provenance.get(name) for name in ("training_images", "validation_images"))
    columns = {
        "Task": [task.label for task in info.network.tasks],
        "Image side": [f"{task.size} px" for task in info.network.tasks],
        "Classes": [str(len(task.class_names)) for task in info.network.tasks],
        "Data": [task.source for task in info.network.tasks],
    }
    for title, counts in (("Training images", trained), ("Validation images", held_out)):
        if isinstance(counts, dict):
            columns[title] = [f"{counts[t.name]:,}" if t.name in counts else "–" for t in info.network.tasks]
    return pd.DataFrame(columns)


def results_table(points: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    """Accuracy of the network and its controls and MACs, a row per task and one for the average."""
    methods = {method: points[points["method"] == method].set_index("task") for method in CONTROLS}
    methods = {method: part for method, part in methods.items() if not part.empty}
    rows = []
    for task, title in {**titles, AVERAGE: "Average over tasks"}.items():
        images = methods["chosen"]["images"][task] if "chosen" in methods else float("nan")
        row = {"Task": title, "Test images": "" if pd.isna(images) else f"{int(images):,}"}
        row |= {CONTROLS[method]: widgets.percent(part["accuracy"][task]) for method, part in methods.items()}
        if {"chosen", "full"} <= methods.keys():
            macs, full = (methods[method]["mean_macs"][task] for method in ("chosen", "full"))
            row |= {"MACs per image": widgets.millions(macs), "Share of full": widgets.percent(macs / full, 0)}
        rows.append(row)
    return pd.DataFrame(rows)


def facts_table(info: Any) -> pd.DataFrame:
    """How the network came to be, as far as its config says."""
    recipe, known = info.recipe, dict(info.provenance)
    known |= {"recipe": recipe.get("name"), "description": recipe.get("description")}
    known |= {"rounds": (recipe.get("training") or {}).get("rounds")}
    known |= known.get("versions") if isinstance(known.get("versions"), dict) else {}
    if isinstance(known.get("wall_seconds"), (int, float)):
        minutes = known["wall_seconds"] / 60
        known["wall_seconds"] = f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"
    if isinstance(known.get("commit"), str):
        known["commit"] = known["commit"][:12]
    for name in ("images_seen", "steps"):
        if isinstance(known.get(name), int):
            known[name] = f"{known[name]:,}"
    rows = [(title, str(known[name])) for name, title in FACTS.items() if known.get(name) not in (None, "")]
    return pd.DataFrame(rows, columns=["Fact", "Value"])


def fingerprints_table(info: Any) -> pd.DataFrame:
    """The SHA-256 of every data set file that the network was trained on."""
    found = info.provenance.get("data_sha256")
    rows = [(task.label, found[task.name]) for task in info.network.tasks if task.name in found] if found else []
    return pd.DataFrame(rows, columns=["Task", "SHA-256 of the data"])


def show_table(frame: pd.DataFrame, name: str) -> None:
    """A small table that is there at once, and its CSV."""
    st.table(frame, hide_index=True)
    widgets.save_button(frame, name, f"{name}-data")


def show_results(checkpoint: cache.Checkpoint) -> None:
    """Accuracies, controls and MACs, or the command that measures them."""
    points = whole_network.points(checkpoint)
    if points is None:
        st.info(
            f"Not evaluated yet: `python -m den_core evaluate checkpoints/{checkpoint.name}` writes the numbers.",
            icon=":material/info:",
        )
        return
    average = points[points["task"] == AVERAGE].set_index("method")
    if {"chosen", "full"} <= set(average.index):
        own, full = average.loc["chosen"], average.loc["full"]
        share, gap = own["mean_macs"] / full["mean_macs"], 100 * (own["accuracy"] - full["accuracy"])
        gain = whole_network.gain(checkpoint)[AVERAGE]
        widgets.metric_row(
            [
                (
                    "Accuracy",
                    widgets.percent(own["accuracy"]),
                    "Share of test images that are answered rightly; mean over tasks, each counting the same.",
                ),
                (
                    "Against full",
                    f"{gap:+.2f}",
                    "Accuracy of the own choice minus accuracy of the full network, in percentage points.",
                ),
                (
                    "Share of full MACs",
                    widgets.percent(share, 0),
                    f"{widgets.millions(own['mean_macs'])} of {widgets.millions(full['mean_macs'])} "
                    "multiply-accumulates, the selector included.",
                ),
                (
                    "Instance gain",
                    f"{100 * gain:+.2f}",
                    "Accuracy that comes from looking at the image, in percentage points: own choice minus the same "
                    "choices, shuffled.",
                ),
            ]
        )
    show_table(results_table(points, widgets.task_titles(checkpoint)), "results")
    st.caption(
        f"Accuracy on the {cache.metrics(checkpoint)['split']} split. **Own choice**: each image runs through the "
        "structure that the selector picks for it. The controls: the same structures **shuffled** among the images; "
        "the **best single** structure for all images of a task; **random** structures of the same mean cost; the "
        "**full network** for every image. MACs: multiply-accumulates, the selector included; FLOPs = 2 × MACs. "
        "Above, “against full” and the instance gain are in percentage points."
    )


def show_files(checkpoint: cache.Checkpoint) -> None:
    """The files of the checkpoint, and which of the optional ones are missing."""
    files = whole_network.files(checkpoint)
    st.caption(f"Folder: `{widgets.folder_for_people(checkpoint)}`, {files['bytes'].sum() / 1e6:.1f} MB in all.")
    shown = pd.DataFrame({"File": files["file"], "Size": [f"{size / 1e6:,.2f} MB" for size in files["bytes"]]})
    show_table(shown, "files")


def show_what_is_missing(checkpoint: cache.Checkpoint, titles: dict[str, str]) -> None:
    """A line for galleries that the pages of test sets need."""
    missing = [title for task, title in titles.items() if task not in cache.tasks_with_gallery(checkpoint)]
    if missing:
        st.info(
            f"No gallery of {widgets.literal(', '.join(missing))}: `python -m den_core index checkpoints/"
            f"{checkpoint.name}` writes what the pages about test sets show.",
            icon=":material/info:",
        )


st.title(pages.PAGES["overview"].question)
st.markdown(
    "A **deep elastic network** looks at an image and chooses, block by block, how much of itself to use for it. That "
    "choice is a *structure*, written as one digit per block: 0 uses least, the highest level uses the whole block."
)
with st.container(border=True, horizontal=True, vertical_alignment="center"):
    st.markdown("**New here?** Six short steps with real images show what such a network does.", width="stretch")
    st.page_link(pages.PAGES["guide"].path, label="**Take the two-minute tour**", icon=":material/school:")

with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    info = cache.info(checkpoint)
    titles = widgets.task_titles(checkpoint)
    backbone = info.network.backbone

    st.subheader(f"Checkpoint {widgets.literal(checkpoint.name)}")
    with widgets.errors_shown():
        show_results(checkpoint)
    show_what_is_missing(checkpoint, titles)

    st.subheader("Where to go")
    with st.container(horizontal=True):
        for name in LINKS:
            page = pages.PAGES[name]
            st.page_link(page.path, label=page.question, icon=f":material/{page.icon}:")

    st.subheader("What it was trained for")
    show_table(tasks_table(info), "tasks")
    levels = ", ".join(f"{level}: {fraction:.0%}" for level, fraction in enumerate(backbone.level_fractions))
    st.caption(
        f"One backbone, {widgets.literal(backbone.name)}, is shared by all tasks; each task has a first and a last "
        f"layer of its own. Levels and the share of a block's hidden channels that they use – {levels}."
    )
    st.subheader("Where it comes from")
    show_table(facts_table(info), "provenance")
    with st.expander("Its files", icon=":material/folder:", expanded=True):
        show_files(checkpoint)
    with st.expander("Fingerprints of the data it was trained on", icon=":material/fingerprint:"):
        show_table(fingerprints_table(info), "data")
        st.caption("Two networks with the same fingerprint were trained on the same bytes.")
