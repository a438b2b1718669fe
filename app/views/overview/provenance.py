"""Where a checkpoint comes from: tasks, recipe, seeds, commit, machine, data, files."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app import cache, widgets
from app.cache import whole_network

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


def show(checkpoint: cache.Checkpoint) -> None:
    """Tasks, facts, files and fingerprints, one under the other."""
    info = cache.info(checkpoint)
    backbone = info.network.backbone
    st.subheader("What it was trained for")
    widgets.small_table(tasks_table(info), "tasks", "tasks")
    levels = ", ".join(f"{level}: {fraction:.0%}" for level, fraction in enumerate(backbone.level_fractions))
    st.caption(
        f"One backbone, {widgets.literal(backbone.name)}, is shared by all tasks; each task has a first and a last "
        f"layer of its own. Levels and the share of a block's hidden channels that they use – {levels}."
    )
    st.subheader("Where it comes from")
    widgets.small_table(facts_table(info), "provenance", "provenance")
    with st.expander("Its files", icon=":material/folder:", expanded=True):
        show_files(checkpoint)
    with st.expander("Fingerprints of the data it was trained on", icon=":material/fingerprint:"):
        widgets.small_table(fingerprints_table(info), "data", "data")
        st.caption("Two networks with the same fingerprint were trained on the same bytes.")


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


def facts_table(info: Any) -> pd.DataFrame:
    """How the network came to be, as far as its config says."""
    recipe, known = info.recipe, dict(info.provenance)
    known |= {"recipe": recipe.get("name"), "description": recipe.get("description")}
    known |= {"rounds": (recipe.get("training") or {}).get("rounds")}
    versions = known.get("versions")
    known |= versions if isinstance(versions, dict) else {}
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


def show_files(checkpoint: cache.Checkpoint) -> None:
    """The files of the checkpoint, and which of the optional ones are missing."""
    files = whole_network.files(checkpoint)
    st.caption(f"Folder: `{checkpoint.folder}`, {files['bytes'].sum() / 1e6:.1f} MB in all.")
    shown = pd.DataFrame({"File": files["file"], "Size": [f"{size / 1e6:,.2f} MB" for size in files["bytes"]]})
    widgets.small_table(shown, "files", "files")
