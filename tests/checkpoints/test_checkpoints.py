"""A checkpoint comes back as it was saved, or is refused in one line that names the file."""

from __future__ import annotations

import json
import os
import pickle
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from den_core.checkpoints.folder import CONFIG, WEIGHTS, CheckpointInfo, list_checkpoints, read_config, read_history
from den_core.checkpoints.weights import save_checkpoint
from den_core.errors import CheckpointError, ConfigError
from den_core.inference.network import DeepElasticNetwork, load
from den_core.structures import random_structures


def answers(net, seed: int = 0) -> list[torch.Tensor]:
    """Model distribution, logits of the chosen and of random structures, for both tasks."""
    found = []
    for task, size in (("toy", 32), ("wide", 64)):
        generator = torch.Generator().manual_seed(seed)
        x = torch.randn(5, 3, size, size, generator=generator)
        z = random_structures(5, net.num_blocks, net.num_levels, generator)
        found += [net.model_distribution(x, task), net.classify(x, task), net.classify(x, task, z)]
    return found


def test_a_reloaded_network_gives_equal_answers(network, saved):
    for a, b in zip(answers(network), answers(load(saved)), strict=True):
        assert torch.equal(a, b)


def test_half_weights_are_half_the_size_and_give_close_answers(network, saved, tmp_path):
    save_checkpoint(tmp_path / "half", network.info, {"estimator": network.estimator, "selector": network.selector})

    reloaded = load(tmp_path / "half")

    for a, b in zip(answers(network), answers(reloaded), strict=True):
        torch.testing.assert_close(a, b, atol=0.02, rtol=0.02)
    assert (tmp_path / "half" / WEIGHTS).stat().st_size < 0.7 * (saved / WEIGHTS).stat().st_size
    assert reloaded.estimator.blocks[0].conv1.weight.dtype == torch.float32


def test_save_pretrained_and_from_pretrained_are_exact(network, tmp_path):
    network.save_pretrained(tmp_path / "hub")

    for reloaded in (DeepElasticNetwork.from_pretrained(tmp_path / "hub"), load(tmp_path / "hub")):
        assert reloaded.info == network.info
        for a, b in zip(answers(network), answers(reloaded), strict=True):
            assert torch.equal(a, b)


def test_the_trained_configuration_comes_back(tiny_checkpoint):
    info = read_config(tiny_checkpoint)

    assert info.network.backbone.name == "wrn-8-1"
    assert [task.name for task in info.network.tasks] == ["fashion", "emoji", "clipart"]
    assert info.recipe["training"]["rounds"] == 1
    assert info.provenance["steps"] == 10 and set(info.provenance["data_sha256"]) == {"fashion", "emoji", "clipart"}


# ------------------------------------------------------------------ folders that are not right


def edit_config(folder, change) -> None:
    raw = json.loads((folder / CONFIG).read_text())
    change(raw)
    (folder / CONFIG).write_text(json.dumps(raw))


def edit_weights(folder, change) -> None:
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS)


def fill_weight(folder, value: float) -> None:
    """One number of one tensor."""
    edit_weights(folder, lambda tensors: tensors[CONV].view(-1)[7:8].fill_(value))


def cut_weights(folder, size: int) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:size])


class Trap:
    """Makes a folder where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


CONV = "estimator.blocks.0.conv1.weight"

BAD_FOLDERS = {
    "no config": (CONFIG, "found none", lambda f: (f / CONFIG).unlink()),
    "config is no JSON": (CONFIG, "expected JSON", lambda f: (f / CONFIG).write_text("{")),
    "config is no text": (CONFIG, "expected JSON", lambda f: (f / CONFIG).write_bytes(b"\xff\xfe\x00")),
    "config is a list": (CONFIG, "expected a schema_version", lambda f: (f / CONFIG).write_text("[]")),
    "newer schema": (CONFIG, "found 2", lambda f: edit_config(f, lambda c: c.update(schema_version=2))),
    "no schema": (CONFIG, "expected a schema_version", lambda f: edit_config(f, lambda c: c.pop("schema_version"))),
    "no network": (CONFIG, "network: expected an object", lambda f: edit_config(f, lambda c: c.pop("network"))),
    "unknown field": (CONFIG, "unknown field zoom", lambda f: edit_config(f, lambda c: c["network"].update(zoom=1))),
    "unknown field on top": (CONFIG, "unknown field zoom", lambda f: edit_config(f, lambda c: c.update(zoom=1))),
    "recipe is a list": (CONFIG, "recipe: expected an object", lambda f: edit_config(f, lambda c: c.update(recipe=[]))),
    "missing field": (CONFIG, "missing field tasks", lambda f: edit_config(f, lambda c: c["network"].pop("tasks"))),
    "wrong type": (
        CONFIG,
        "network.tasks\\[0\\]: expected size of type int, found '32'",
        lambda f: edit_config(f, lambda c: c["network"]["tasks"][0].update(size="32")),
    ),
    "out of range": (
        CONFIG,
        "expected size at least 8 and at most 1024",
        lambda f: edit_config(f, lambda c: c["network"]["tasks"][0].update(size=4096)),
    ),
    "unknown backbone": (
        CONFIG,
        "found 'wrn-1000-1'",
        lambda f: edit_config(f, lambda c: c["network"]["backbone"].update(name="wrn-1000-1")),
    ),
    "no weights": (WEIGHTS, "found no such file", lambda f: (f / WEIGHTS).unlink()),
    "missing tensor": (WEIGHTS, f"found no tensor {CONV}", lambda f: edit_weights(f, lambda t: t.pop(CONV))),
    "extra tensor": (
        WEIGHTS,
        "found an unknown tensor extra",
        lambda f: edit_weights(f, lambda t: t.update(extra=torch.zeros(1))),
    ),
    "wrong shape": (
        WEIGHTS,
        f"expected {CONV} of shape \\(16, 16, 3, 3\\), found \\(16, 16, 3\\)",
        lambda f: edit_weights(f, lambda t: t.update({CONV: torch.zeros(16, 16, 3)})),
    ),
    "wrong number type": (
        WEIGHTS,
        f"expected {CONV} as torch.float32, found torch.int64",
        lambda f: edit_weights(f, lambda t: t.update({CONV: t[CONV].long()})),
    ),
    "not a number": (WEIGHTS, f"finite numbers in {CONV}", lambda f: fill_weight(f, torch.nan)),
    "infinite": (WEIGHTS, f"finite numbers in {CONV}", lambda f: fill_weight(f, torch.inf)),
    "empty weights": (WEIGHTS, "found a damaged one", lambda f: cut_weights(f, 0)),
    "weights cut in the header": (WEIGHTS, "found a damaged one", lambda f: cut_weights(f, 100)),
    "weights cut by a byte": (WEIGHTS, "found a damaged one", lambda f: cut_weights(f, -1)),
    "pickled weights": (
        WEIGHTS,
        "found a damaged one",
        lambda f: (f / WEIGHTS).write_bytes(pickle.dumps(Trap(f / "unpickled"))),
    ),
    "weights saved by torch": (
        WEIGHTS,
        "found a damaged one",
        lambda f: torch.save({"a": Trap(f / "unpickled")}, f / WEIGHTS),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FOLDERS)
def test_a_bad_folder_is_refused_in_one_line_that_names_the_file(name, saved):
    file, said, damage = BAD_FOLDERS[name]
    damage(saved)

    with pytest.raises(CheckpointError, match=said) as caught:
        load(saved)

    assert str(saved / file) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (saved / "unpickled").exists()


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=f"{tmp_path / 'nowhere'}, found none"):
        load(tmp_path / "nowhere")


def test_a_device_that_is_not_there_is_refused(saved):
    with pytest.raises(ConfigError, match="'nonsense'"):
        load(saved, "nonsense")


# ------------------------------------------------------------------ history, lists


def test_history_has_a_row_per_report(tiny_checkpoint, tmp_path):
    history = read_history(tiny_checkpoint)

    assert history["step"].tolist() == [5, 6, 10]
    assert history["network"].tolist() == ["estimator", "estimator", "selector"]
    assert read_history(tmp_path).empty


def test_a_damaged_history_is_refused(tmp_path):
    (tmp_path / "history.csv").write_bytes(b"")

    with pytest.raises(CheckpointError, match="history.csv"):
        read_history(tmp_path)


def test_checkpoints_are_listed_without_links_that_lead_out(saved, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(saved, root / "b")
    shutil.copytree(saved, root / "a")
    (root / "unfinished").mkdir()
    (root / "weights-only").mkdir()
    shutil.copy(saved / "model.safetensors", root / "weights-only")
    (root / "link").symlink_to(saved)

    assert list_checkpoints(root) == [root / "a", root / "b", root / "weights-only"]
    assert list_checkpoints(tmp_path / "nowhere") == []


def test_a_network_that_was_not_trained_here_has_no_recipe(saved):
    assert read_config(saved) == CheckpointInfo(read_config(saved).network)
