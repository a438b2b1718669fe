"""The pages of the app: a new one is a folder in views/ with a page.py, and a line here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PageSpec:
    """One page.

    Args:
        name: of its folder in views/, and of its address.
        title: in the menu.
        question: that it answers; its heading.
        icon: of Google's Material Symbols, which Streamlit brings along.
        section: of the menu; pages of a section stand together.
    """

    name: str
    title: str
    question: str
    icon: str
    section: str = ""

    @property
    def path(self) -> str:
        """The file, as `st.switch_page` and `st.page_link` name it."""
        return f"views/{self.name}/page.py"


ONE_IMAGE, TEST_SETS, NETWORK = "One image", "Whole test sets", "The network"
HOME = "overview"

_ALL = (
    PageSpec(HOME, "Overview", "What is loaded?", "home"),
    PageSpec("guide", "Two-minute tour", "Two-minute tour", "school"),
    PageSpec(
        "inspect_image", "Inspect an image", "Which model does this image get, and why?", "image_search", ONE_IMAGE
    ),
    PageSpec("similar_images", "Similar images", "What is alike for the selector?", "compare", ONE_IMAGE),
    PageSpec("level_usage", "Level usage", "How are levels used?", "grid_on", TEST_SETS),
    PageSpec("chosen_models", "Chosen models", "Which models are chosen?", "leaderboard", TEST_SETS),
    PageSpec("hard_images", "Hard images", "Does it spend more on hard images?", "stairs", TEST_SETS),
    PageSpec("right_and_wrong", "Right and wrong", "Where is it right and wrong?", "rule", TEST_SETS),
    PageSpec("map", "Map", "Which images lie close together?", "scatter_plot", TEST_SETS),
    PageSpec("trade_off", "Trade-off", "What does accuracy cost?", "trending_up", NETWORK),
    PageSpec("looking", "Does looking pay?", "Does looking at the image pay?", "visibility", NETWORK),
    PageSpec("training", "Training", "How was it trained?", "timeline", NETWORK),
    PageSpec("compare", "Compare", "Where do two checkpoints differ?", "difference", NETWORK),
)
PAGES = {page.name: page for page in _ALL}
"By name, in the order of the menu."


def sections() -> dict[str, list[PageSpec]]:
    """The pages by section of the menu, in order."""
    found: dict[str, list[PageSpec]] = {}
    for page in PAGES.values():
        found.setdefault(page.section, []).append(page)
    return found
