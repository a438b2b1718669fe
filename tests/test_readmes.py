"""What the READMEs say of files and of code holds: places exist, rooms are all named, recipes run."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from app import pages
from app.pages import PageSpec
from den_core.cli.main import VERBS
from den_core.cli.parsing import Group, parsed, perform
from den_core.data import sources
from den_core.data.sources import open_source
from den_core.data.tasks import task_from_source
from den_core.models import registry
from den_core.models.estimator import Estimator
from den_core.structures import random_structures

REPOSITORY = Path(__file__).resolve().parents[1]
READMES = [path for pattern in ("", "[a-z]*/", "assets/*/") for path in sorted(REPOSITORY.glob(f"{pattern}README.md"))]
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
FILE = re.compile(r"`([a-z0-9_./-]+(?:\.py|\.md|/))`")
"Files and folders; names with capitals stand for any."


def name_of(readme: Path) -> str:
    return str(readme.relative_to(REPOSITORY))


def text_of(readme: str) -> str:
    return (REPOSITORY / readme).read_text("utf-8")


def code(readme: str, word: str) -> str:
    """The Python in a README that has a word in it."""
    blocks = re.findall(r"```python\n(.*?)```", text_of(readme), re.DOTALL)
    [found] = [block for block in blocks if word in block]
    return found


def tree() -> dict[str, str]:
    """The README's tree: what it says of a folder, by its path, such as den_core/training."""
    found, top = {}, ""
    for line in text_of("README.md").partition("## Where things are")[2].split("```")[1].strip().splitlines():
        folder, _, words = line.strip().partition("/ ")
        top = top if line.startswith(" ") else folder
        found[f"{top}/{folder}" if line.startswith(" ") else folder] = words
    return found


def commands(readme: Path) -> list[str]:
    """What follows `den` in the commands of a README's shell blocks, without comments."""
    shell = "\n".join(re.findall(r"```sh\n(.*?)```", readme.read_text("utf-8"), re.DOTALL)).replace("\\\n", " ")
    return re.findall(r"(?:\.venv/bin/den|-m den_core) ([^#;&\n]+)", shell)


def rooms(package: str) -> set[str]:
    return {f"{package}/{path.parent.name}" for path in (REPOSITORY / package).glob("*/__init__.py")}


def test_the_readme_is_short():
    assert len((REPOSITORY / "README.md").read_bytes()) <= 6000


@pytest.mark.parametrize("package", ["den_core", "app"])
def test_the_readme_names_every_room(package):
    assert {folder for folder in tree() if folder.startswith(f"{package}/")} == rooms(package)


@pytest.mark.parametrize("package", ["den_core", "app"])
def test_the_readme_of_a_package_names_every_room(package):
    text = text_of(f"{package}/README.md")

    assert [room for room in rooms(package) if f"`{room.partition('/')[2]}/" not in text] == []


def test_the_readmes_tree_leads_to_files():
    named = [(folder, file) for folder, words in tree().items() for file in re.findall(r"[a-z0-9_/]+\.py", words)]

    assert ("den_core/training", "selector_step.py") in named and ("app/views", "trade_off/charts.py") in named
    assert [(folder, file) for folder, file in named if not any((REPOSITORY / folder).rglob(file))] == []


@pytest.mark.parametrize("readme", READMES, ids=name_of)
def test_links_and_named_files_exist(readme):
    text = readme.read_text("utf-8")
    links = [link for link in LINK.findall(text) if "://" not in link]
    files = FILE.findall(text)

    assert [link for link in links if not (readme.parent / link).exists()] == []
    assert [file for file in files if not (any(readme.parent.rglob(file)) or (REPOSITORY / file).exists())] == []


@pytest.mark.parametrize("readme", READMES, ids=name_of)
def test_commands_are_understood(readme):
    for command in commands(readme):
        name, *words = shlex.split(command)
        verb = VERBS.verbs[name]
        while isinstance(verb, Group):
            verb = verb.verbs[words.pop(0)]
        assert parsed(verb, f"den {name}", words) is not None, command


def test_the_readme_has_commands():
    assert len([command for readme in READMES for command in commands(readme)]) > 15


def test_the_backbone_runs(toy_network, monkeypatch, rng):
    known = {name: registry.find_backbone(name) for name in registry.list_backbones()}
    monkeypatch.setattr(registry, "_BACKBONES", known)

    exec(code("den_core/README.md", "register_backbone"), {})

    estimator, structures = Estimator(toy_network("tower-16")), random_structures(2, 4, 4, rng)
    x = torch.randn(2, 3, 32, 32, generator=rng)
    torch.testing.assert_close(
        estimator.eval().classify(x, structures, "toy"), estimator.classify(x, structures, "toy", "dispatched")
    )


def test_a_family_is_as_short_as_it_says():
    lines = text_of("den_core/models/simple_convnet.py").count("\n")

    assert f"`models/simple_convnet.py`, with a tiny one, has {lines} lines" in text_of("den_core/README.md")


def test_the_data_set_opens(monkeypatch):
    monkeypatch.setattr(sources, "KINDS", dict(sources.KINDS))

    exec(code("den_core/README.md", "KINDS"), {})

    task = task_from_source("bars", "stripes", 32)
    train, test = open_source("stripes", "train"), open_source("stripes", "test")
    assert task.class_names == ("lying", "standing") and len(train) == len(test) == 1000
    assert train.fingerprint != test.fingerprint
    standing = train.read(int(train.labels.argmax()))
    assert standing.shape == (32, 32, 3) and (standing == standing[:1]).all() and standing.std() > 0


def test_the_service_answers(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    found: dict = {}

    exec(code("den_core/README.md", "Predictor"), found)

    assert [prediction.task for prediction in found["said"]] == ["emoji", "fashion"]


def test_the_page_shows_a_result(monkeypatch, tmp_path):
    [spec] = re.findall(r"`(PageSpec\(.*?\))`", text_of("app/README.md"))
    page = eval(spec, {"PageSpec": PageSpec, "TEST_SETS": pages.TEST_SETS})
    monkeypatch.setitem(pages.PAGES, page.name, page)
    monkeypatch.setenv("DEN_CHECKPOINTS", str(REPOSITORY / "checkpoints"))
    (tmp_path / "page.py").write_text(code("app/README.md", "pages.PAGES"))

    app = AppTest.from_file(tmp_path / "page.py", default_timeout=60).run()

    assert not app.exception and not app.error
    assert app.title[0].value == page.question
    assert list(app.table[0].value["Task"]) == ["Fashion", "Emoji", "Clip art"]


def test_the_verb_runs(monkeypatch, tmp_path, capsys):
    (tmp_path / "readme_verb.py").write_text(code("den_core/README.md", "class Classes"))
    monkeypatch.syspath_prepend(tmp_path)
    verb = importlib.import_module("readme_verb").Classes

    perform(Group("", {"classes": verb}), "den", ["classes", str(REPOSITORY / "checkpoints" / "open3-wrn")])

    assert "fashion: T-shirt/top, Trouser" in capsys.readouterr().out
