"""What two pages or more show.

text.py     numbers and names for people          pickers.py  checkpoint, states of a page, choices
figures.py  charts and tables with their data     grids.py    test images that open when clicked
filters.py  the filters that all pages share      neighbours.py  neighbours of an image, per task
pictures.py test images, and which are missing
"""

from app.widgets.figures import chart, file_name, lasso, metric_row, picked, save_button, small_table, table
from app.widgets.filters import ALL_TASKS, ANY, AVERAGE_TITLE, slice_filters, task_or_average
from app.widgets.grids import captions_with, image_grid
from app.widgets.pickers import (
    checkpoint,
    checkpoint_picker,
    choice,
    errors_shown,
    image_format_picker,
    indexed_tasks,
    say_not_evaluated,
    task_titles,
)
from app.widgets.pictures import missing_pictures_said, picture
from app.widgets.text import literal, millions, percent

__all__ = [
    "ALL_TASKS",
    "ANY",
    "AVERAGE_TITLE",
    "captions_with",
    "chart",
    "checkpoint",
    "checkpoint_picker",
    "choice",
    "errors_shown",
    "file_name",
    "image_format_picker",
    "image_grid",
    "indexed_tasks",
    "lasso",
    "literal",
    "metric_row",
    "millions",
    "missing_pictures_said",
    "percent",
    "picked",
    "picture",
    "save_button",
    "say_not_evaluated",
    "slice_filters",
    "small_table",
    "table",
    "task_or_average",
    "task_titles",
]
