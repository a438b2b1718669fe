"""Imports run one way, and nothing is ever unpickled."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
LIBRARY = sorted((REPOSITORY / "den_core").rglob("*.py"))
APP = sorted((REPOSITORY / "app").rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def names_imported(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return set()


def imports(path: Path, on_import_only: bool = False) -> set[str]:
    """What a file imports anywhere, or only what it imports when it is itself imported."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = tree.body if on_import_only else ast.walk(tree)
    return set().union(*map(names_imported, nodes)) if nodes else set()


def packages(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def parts_of_library(path: Path) -> set[str]:
    """The first names below den_core that a file imports."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("den_core.")}


@pytest.mark.parametrize("path", LIBRARY, ids=module_name)
def test_the_library_knows_no_app(path):
    assert not packages(path) & {"streamlit", "plotly", "app"}


@pytest.mark.parametrize(
    "folder, allowed",
    [
        ("models", {"models", "config", "costs", "errors", "nearest", "structures"}),
        ("data", {"data", "config", "errors", "files", "nearest", "seeding"}),
        ("training", {"training", "models", "data", "accounting", "checkpoints", "recipes", "config", "errors",
                      "structures", "seeding", "files", "devices", "network", "measuring", "controls",
                      "static_search", "evaluation", "weights", "twins", "comparable", "console",
                      "stopwatch", "__version__"}),
    ],
)  # fmt: skip
def test_a_part_imports_only_what_stands_below_it(folder, allowed):
    for path in sorted((REPOSITORY / "den_core" / folder).rglob("*.py")):
        assert parts_of_library(path) <= allowed, module_name(path)


@pytest.mark.parametrize("path", [p for p in APP if {"views", "panels"} & set(p.parts)], ids=module_name)
def test_pages_hold_no_tensor(path):
    assert not packages(path) & {"torch", "torchvision", "safetensors"}


def test_modules_import_each_other_in_no_circle():
    modules = {module_name(path): path for path in LIBRARY + APP}
    graph = {name: imports(path, on_import_only=True) & set(modules) for name, path in modules.items()}

    order = list(TopologicalSorter({name: found - {name} for name, found in graph.items()}).static_order())

    assert len(order) == len(modules)


@pytest.mark.parametrize("path", LIBRARY + APP, ids=module_name)
def test_nothing_is_unpickled(path):
    assert not packages(path) & {"pickle", "joblib", "dill", "cloudpickle", "shelve"}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) != ("torch", "load"), f"line {node.lineno}"
        if isinstance(node, ast.keyword):
            assert node.arg != "allow_pickle", f"line {node.lineno}"


@pytest.mark.parametrize("path", [p for p in APP if p.parent.name == "charts"], ids=module_name)
def test_figures_are_drawn_from_frames_alone(path):
    assert not packages(path) & {"streamlit", "torch"}
    assert not {name for name in imports(path) if name.startswith(("app.cache", "app.widgets", "app.state"))}


@pytest.mark.parametrize("path", [p for p in APP if "cache" not in p.parts], ids=module_name)
def test_only_one_place_caches(path):
    assert "st.cache_" not in path.read_text("utf-8")


@pytest.mark.parametrize(
    "modules", ["den_core, den_core.cli", "app.widgets, den_core.checkpoints.gallery, den_core.checkpoints"]
)
def test_torch_is_not_imported_before_it_is_needed(modules):
    """It takes seconds: the command line's help and the first page of the app do without."""
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY).returncode == 0
