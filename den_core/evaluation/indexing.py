"""Runs a network on the test split of a task and writes the gallery of what came out."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from PIL import Image
from torch import Tensor

from den_core.checkpoints.gallery import SCHEMA_VERSION, encode_gallery, gallery_path, list_column
from den_core.data.arrays import load_task
from den_core.errors import ConfigError
from den_core.evaluation.measuring import EvaluationSet, decided, evaluation_set, features, logits
from den_core.inference.choice import Choice
from den_core.inference.network import DeepElasticNetwork
from den_core.runtime.files import write_atomically
from den_core.runtime.processes import is_first
from den_core.structure_keys import structure_key
from den_core.structures import parse_structure, uniform_structure

TRIED_CHOICES = 8
"How many of a task's most chosen structures every image of the task is run through, beside the uniform ones."
MAX_THUMBNAIL = 128


def tried_structures(net: DeepElasticNetwork, z: Tensor, task: str, choices: int = TRIED_CHOICES) -> list[str]:
    """The structures to run every image through: uniform levels 1 … h - 1 and the most chosen of z, cheapest first."""
    counts = pd.Series([structure_key(row) for row in z]).value_counts(sort=False).sort_index()
    popular = counts.sort_values(ascending=False, kind="stable").index[:choices]
    uniform = [structure_key(uniform_structure(1, net.num_blocks, level)[0]) for level in range(1, net.num_levels)]
    keys = sorted({*uniform, *popular})
    return sorted(keys, key=lambda key: int(net.cost(_parse(net, key), task).macs[0]))


def write_gallery(
    net: DeepElasticNetwork,
    folder: Path | str,
    task: str,
    limit: int | None = None,
    thumbnails: int | None = None,
) -> Path:
    """Run the network on a task's test split and write what came out.

    Args:
        limit: only the first rows, for smoke runs.
        thumbnails: pixels a side of pictures to store with the rows; None stores references only.

    Returns:
        The file: gallery/<task>.parquet in the checkpoint's folder.

    Raises:
        ConfigError: a size of thumbnails out of range.
    """
    if thumbnails is not None and not 16 <= thumbnails <= MAX_THUMBNAIL:
        raise ConfigError(f"expected thumbnails of 16 to {MAX_THUMBNAIL} pixels, found {thumbnails}")
    config = net.task(task)
    arrays = load_task(config, "test", limit=limit)
    data = evaluation_set(net, config, arrays)
    choice = decided(net, data)
    z, rule = choice.structure, net.early_rule
    columns = _answers(net, data, choice) | {"row": np.arange(len(z), dtype=np.int32), "image_id": arrays.ids}
    if rule is not None:
        columns["head_probability"] = net.head_probability(data.look, task).float().numpy()
        columns["head_correct"] = data.head_right.numpy()
    vectors, scale = _quantised(features(net, data, z).numpy())
    tried = tried_structures(net, z, task)
    probability, correct = _outcomes(net, data, tried)
    columns |= {
        "distribution": list_column(data.distribution.half().numpy().reshape(len(z), -1)),
        "features": list_column(vectors),
        "tried_probability": list_column(probability.astype(np.float16)),
        "tried_correct": list_column(correct),
    }
    if thumbnails is not None:
        columns["thumbnail"] = pa.array([_thumbnail(image, thumbnails) for image in arrays.images], pa.binary())
    about = {
        "schema_version": SCHEMA_VERSION,
        "task": task,
        "split": "test",
        "source": config.source,
        "source_sha256": arrays.fingerprint,
        "num_blocks": net.num_blocks,
        "num_levels": net.num_levels,
        "block_macs": net.table.block_macs_of(task).tolist(),
        "task_macs": net.table.task_macs[task],
        "selector_macs": net.table.selector_macs[task],
        "tried": tried,
        "features_scale": [float(step) for step in scale],
        "early_rule": None if rule is None else {"threshold": rule.thresholds[task], "fall": rule.fall},
    }
    path = gallery_path(folder, task)
    if is_first():
        write_atomically(path, encode_gallery(pa.table(columns), about))
    return path


def _parse(net: DeepElasticNetwork, key: str) -> Tensor:
    return parse_structure(key, net.num_blocks, net.num_levels)


def _answers(net: DeepElasticNetwork, data: EvaluationSet, choice: Choice) -> dict[str, object]:
    """The columns that say what the network answered, and at what cost."""
    z, early = choice.structure, choice.early
    answered = logits(net, data, z)
    if data.class_logits is not None:
        answered = torch.where(early[:, None], data.class_logits, answered)
    probabilities = answered.softmax(1)
    confidence, prediction = probabilities.max(1)
    cost = net.cost(z, data.task.name, early)
    return {
        "label": data.labels.numpy().astype(np.int16),
        "prediction": prediction.numpy().astype(np.int16),
        "confidence": confidence.numpy(),
        "label_probability": probabilities[torch.arange(len(z)), data.labels].numpy(),
        "correct": (prediction == data.labels).numpy(),
        "structure": pa.array([structure_key(row) for row in z]).dictionary_encode(),
        "early": early.numpy(),
        "macs": cost.total_macs.numpy(),
        "params": cost.total_params.numpy(),
    }


def _outcomes(net: DeepElasticNetwork, data: EvaluationSet, keys: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Probability of the true class, and whether the answer is right, of every image under every structure: (N, T)."""
    probability, correct = [], []
    for key in keys:
        p = logits(net, data, _parse(net, key).expand(len(data.labels), -1)).softmax(1)
        probability.append(p[torch.arange(len(p)), data.labels].numpy())
        correct.append((p.argmax(1) == data.labels).numpy())
    return np.stack(probability, axis=1), np.stack(correct, axis=1)


def _quantised(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Non-negative values in 255 steps per column: uint8 like `values`, and the step of every column."""
    step = np.maximum(values.max(axis=0), np.finfo(np.float32).tiny) / 255
    return np.rint(values / step).astype(np.uint8), step


def _thumbnail(pixels: np.ndarray, side: int) -> bytes:
    image = Image.fromarray(pixels)
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.save(buffer, format="WEBP", quality=80)
    return buffer.getvalue()
