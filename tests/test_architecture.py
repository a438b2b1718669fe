"""Imports run one way, and nothing is ever unpickled."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
LIBRARY = sorted((REPOSITORY / "den_core").rglob("*.py"))
APP = sorted((REPOSITORY / "app").rglob("*.py"))

FLOORS = (
    {"errors", "seeding", "costs", "methods"},
    {"structure_keys", "fields"},
    {"typed_json"},
    {"config", "structures", "policy", "runtime"},
    {"models", "data", "checkpoints"},
    {"recipes", "inference"},
    {"evaluation"},
    {"training", "analysis"},
    {"experiments", "benchmarks", "comparisons"},
    {"cli"},
)
"The rooms of den_core from the ground up: a file imports from its own room and from floors below it."


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def module_name(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def names_imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return set()


def imports(path: Path, on_import_only: bool = False) -> set[str]:
    """What a file imports anywhere, or only what it imports when it is itself imported."""
    tree = tree_of(path)
    return set().union(*map(names_imported, tree.body if on_import_only else ast.walk(tree)))


def packages(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def rooms_imported(path: Path) -> Iterator[str]:
    """The rooms of den_core that a file imports from."""
    files = {file.stem for file in (REPOSITORY / "den_core").glob("*.py")}
    folders = {folder.parent.name for folder in (REPOSITORY / "den_core").glob("*/__init__.py")}
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "den_core" and len(parts) > 1 and parts[1] in files | folders:
            yield parts[1]


def floor_of(room: str) -> int:
    found = [floor for floor, rooms in enumerate(FLOORS) if room in rooms]
    assert found, f"{room} has no floor; give it one in FLOORS"
    return found[0]


def test_every_file_imports_only_from_its_room_and_from_below():
    broken = []
    for path in LIBRARY:
        parts = path.relative_to(REPOSITORY / "den_core").with_suffix("").parts
        room = parts[0]
        if room in ("__init__", "__main__"):
            continue
        broken += [
            f"{module_name(path)} imports {other}"
            for other in sorted(set(rooms_imported(path)))
            if other != room and floor_of(other) >= floor_of(room)
        ]
    assert not broken


def test_the_library_knows_no_app():
    for path in LIBRARY:
        assert not packages(path) & {"streamlit", "plotly", "app"}, module_name(path)


def test_no_page_imports_another():
    for path in (REPOSITORY / "app" / "views").rglob("*.py"):
        page = path.relative_to(REPOSITORY / "app" / "views").parts[0]
        others = {name.split(".")[2] for name in imports(path) if name.startswith("app.views.")}
        assert others <= {page}, module_name(path)


def test_what_pages_share_imports_no_page():
    for path in APP:
        if "views" not in path.parts:
            assert not {name for name in imports(path) if name.startswith("app.views")}, module_name(path)


def test_pages_hold_no_tensor():
    for path in APP:
        if "views" in path.parts:
            assert not packages(path) & {"torch", "torchvision", "safetensors"}, module_name(path)


def test_figures_are_drawn_from_frames_alone():
    charts = [path for path in APP if path.name == "charts.py"]
    assert len(charts) >= 10
    for path in charts:
        assert not packages(path) & {"streamlit", "torch"}, module_name(path)
        above = {name for name in imports(path) if name.startswith(("app.cache", "app.widgets", "app.state"))}
        assert not above, module_name(path)


def test_only_one_place_caches():
    for path in APP:
        if "cache" not in path.parts:
            assert "st.cache_" not in path.read_text("utf-8"), module_name(path)


def test_modules_import_each_other_in_no_circle():
    modules = {module_name(path): path for path in LIBRARY + APP}
    graph = {name: imports(path, on_import_only=True) & set(modules) for name, path in modules.items()}

    order = list(TopologicalSorter({name: found - {name} for name, found in graph.items()}).static_order())

    assert len(order) == len(modules)


def test_nothing_is_unpickled():
    for path in LIBRARY + APP:
        assert not packages(path) & {"pickle", "joblib", "dill", "cloudpickle", "shelve"}, module_name(path)
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                # tensors alone, whatever else the file says
                given = {word.arg: ast.unparse(word.value) for word in node.keywords}
                assert given.get("weights_only") == "True", f"{module_name(path)}, line {node.lineno}"
            if isinstance(node, ast.keyword):
                assert node.arg != "allow_pickle", f"{module_name(path)}, line {node.lineno}"


@pytest.mark.parametrize(
    "modules", ["den_core, den_core.cli.main", "app.widgets, den_core.checkpoints.gallery, den_core.checkpoints.folder"]
)
def test_torch_is_not_imported_before_it_is_needed(modules):
    """It takes seconds: the command line's help and the first page of the app do without."""
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY).returncode == 0
