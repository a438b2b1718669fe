"""Everything that is kept between runs of the script, and the only place that uses Streamlit's caches.

Every key holds the identity of a checkpoint, its path and the state of its files, so that a retrained network never
shows old figures. Networks, galleries and frames with a row per image are shared by all visitors: they are read, never
changed. `den_core` is imported inside the functions, because parts of it bring torch, which takes seconds to load.

The modules named here serve every page; `one_image`, `test_sets` and `whole_network` serve the pages of their section.
"""

from app.cache.checkpoints import (
    REPOSITORY,
    Checkpoint,
    checkpoint_names,
    checkpoints_root,
    classes,
    history,
    identify,
    info,
    measured,
    metrics,
    network,
)
from app.cache.galleries import distributions, galleries, gallery, selection, tasks_with_gallery
from app.cache.pictures import gallery_original, gallery_picture, look_for_sets_again, samples

__all__ = [
    "REPOSITORY",
    "Checkpoint",
    "checkpoint_names",
    "checkpoints_root",
    "classes",
    "distributions",
    "galleries",
    "gallery",
    "gallery_original",
    "gallery_picture",
    "history",
    "identify",
    "info",
    "look_for_sets_again",
    "measured",
    "metrics",
    "network",
    "samples",
    "selection",
    "tasks_with_gallery",
]
