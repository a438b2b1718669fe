"""What can be learned from a checkpoint's galleries and metrics: data frames and arrays, no drawing.

galleries.py   the model distributions and levels of a gallery as arrays
usage.py       how often every block runs at every level (the paper's Fig. 6b)
neighbours.py  images whose model distributions are nearest (Fig. 3)
chosen.py      which structures are chosen, and how often (Fig. 6a and 7)
tradeoff.py    accuracy against MACs at every operating point
pictures.py    the picture behind a row of a gallery
"""

from den_core.analysis.chosen import TAIL, ChosenModels, chosen_models, count_by_task, coverage, most_chosen
from den_core.analysis.galleries import gallery_distribution, gallery_levels
from den_core.analysis.inspection import Inspection, inspect_image
from den_core.analysis.neighbours import MAX_BLOCK_DISTANCE, nearest, nearest_per_task
from den_core.analysis.pictures import open_gallery_source, picture, thumbnail, tile
from den_core.analysis.tradeoff import AVERAGE, instance_gain, operating_points
from den_core.analysis.usage import LevelUsage, Reading, level_usage, usage_difference

__all__ = [
    "AVERAGE",
    "MAX_BLOCK_DISTANCE",
    "TAIL",
    "ChosenModels",
    "Inspection",
    "LevelUsage",
    "Reading",
    "chosen_models",
    "count_by_task",
    "coverage",
    "gallery_distribution",
    "gallery_levels",
    "inspect_image",
    "instance_gain",
    "level_usage",
    "most_chosen",
    "nearest",
    "nearest_per_task",
    "open_gallery_source",
    "operating_points",
    "picture",
    "thumbnail",
    "tile",
    "usage_difference",
]
