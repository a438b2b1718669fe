"""`den elastic`: own pictures on a pretrained network."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import den_core
from den_core.checkpoints.folder import read_config
from den_core.checkpoints.metrics import read_metrics
from den_core.cli.main import main

LITE0 = "timm:tf_efficientnet_lite0"
timm = pytest.importorskip("timm", reason="needs the extra [pretrained]")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file with weights of a random start."""
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("weights") / "lite0.safetensors"
    save_file(timm.create_model("tf_efficientnet_lite0").state_dict(), path)
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of pictures as people have them: large and small, grey, with a palette, transparent, in CMYK."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    modes = ("RGB", "L", "P", "RGBA", "CMYK", "1")
    for split, count in (("train", 12), ("test", 6)):
        for label, name in enumerate(("cat", "dog")):
            (folder / split / name).mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(0, 128, (30 + 17 * i, 40, 3)).astype(np.uint8) + 100 * label
                mode = modes[i % len(modes)]
                ending = "jpg" if mode == "CMYK" else "png"
                Image.fromarray(pixels.astype(np.uint8)).convert(mode).save(folder / split / name / f"{i}.{ending}")
    return folder


def test_from_pictures_to_a_checkpoint(weights, pictures, tmp_path, capsys):
    out = tmp_path / "pets"
    task = f"pets=folder:{pictures}@64"

    code = main(["elastic", f"{LITE0}={weights}", "--task", task, "--out", str(out), "--smoke", "--threads", "1"])

    assert code == 0, capsys.readouterr().err
    info = read_config(out)
    assert info.provenance["pretrained"] == {
        "network": LITE0, "origin": weights.name, "licence": "Apache-2.0"
    }  # fmt: skip
    assert info.network.tasks[0].class_names == ("cat", "dog")
    assert read_metrics(out) is not None and (out / "gallery" / "pets.parquet").is_file()
    serve = den_core.Predictor.load(out)
    found = serve([next((pictures / "test" / "cat").iterdir())], "pets")[0]
    assert found.class_name in ("cat", "dog") and 0 < found.share


@pytest.fixture
def refused(capsys, tmp_path):
    """Runs `den elastic`, which must fail before anything is written, and returns its one line."""

    def refused(start: str, *tasks: str) -> str:
        words = [word for task in tasks for word in ("--task", task)]
        assert main(["elastic", start, *words, "--out", str(tmp_path / "out")]) == 2
        error = capsys.readouterr().err.strip()
        assert "\n" not in error and not (tmp_path / "out").exists()
        return error

    return refused


def test_a_network_whose_blocks_are_not_known(refused, pictures):
    error = refused("timm:vit_tiny", f"pets=folder:{pictures}@64")

    assert "timm:tf_efficientnet_lite0" in error and "vit_tiny" in error


def test_no_task(refused):
    assert "task" in refused(LITE0)


def test_weights_that_do_not_fit(refused, pictures, tmp_path):
    torch.save({"conv_stem.weight": torch.zeros(2, 3, 3, 3)}, tmp_path / "small.pth")

    error = refused(f"{LITE0}={tmp_path / 'small.pth'}", f"pets=folder:{pictures}@64")

    assert "conv_stem.weight: expected shape [32, 3, 3, 3], found [2, 3, 3, 3]" in error


def test_more_than_tensors(refused, pictures, tmp_path):
    torch.save({"conv_stem.weight": [1.0]}, tmp_path / "code.pth")

    assert "expected tensors alone" in refused(f"{LITE0}={tmp_path / 'code.pth'}", f"pets=folder:{pictures}@64")


def test_fewer_images_than_classes_need(refused, weights, pictures, tmp_path):
    few = shutil.copytree(pictures, tmp_path / "few")
    for name in ("cat", "dog"):
        for path in sorted((few / "train" / name).iterdir())[1:]:
            path.unlink()

    error = refused(f"{LITE0}={weights}", f"pets=folder:{few}@64")

    assert "at least two images to train on for each of 2 classes, found 2" in error


def test_splits_of_other_classes(refused, weights, pictures, tmp_path):
    other = shutil.copytree(pictures, tmp_path / "other")
    (other / "test" / "dog").rename(other / "test" / "frog")

    assert "frog" in refused(f"{LITE0}={weights}", f"pets=folder:{other}@64")


def test_a_size_that_the_network_cannot_have(refused, weights, pictures):
    assert "multiple of 32, found 100; take 96" in refused(f"{LITE0}={weights}", f"pets=folder:{pictures}@100")
