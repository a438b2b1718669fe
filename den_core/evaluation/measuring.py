"""A network on the images of one task under given structures: answers, accuracy and cost.

Letters: N images, n blocks, h levels, K classes, S structures per image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from den_core.checkpoints.metrics import TaskResult, Variety
from den_core.config import TaskConfig
from den_core.data.arrays import TaskArrays
from den_core.data.transforms import normalise
from den_core.inference.choice import Choice
from den_core.inference.network import DeepElasticNetwork
from den_core.models.dispatch import runs_of
from den_core.models.static import Look, StaticEstimator
from den_core.policy import OWN, Policy
from den_core.runtime.processes import gathered
from den_core.structures import check_structure, count_distinct

BATCH = 256
SHARED_BATCH = 32
"Images that run together under several structures: their maps are as many as their structures differ."


@dataclass(frozen=True)
class EvaluationSet:
    """N images of one task and what the selector says of them.

    Args:
        images: uint8 (N, S, S, 3).
        labels: int64 (N,).
        distribution: C, (N, n, h).
        class_logits: of the selector's auxiliary head, (N, K); None without one.
        groups: int64 (N,), equal for images of one thing (see `ImageSource`); None where every image is its own.
    """

    task: TaskConfig
    images: Tensor
    labels: Tensor
    distribution: Tensor
    class_logits: Tensor | None = None
    groups: Tensor | None = None

    @property
    def look(self) -> Look:
        return Look(self.distribution, self.class_logits)

    def taken(self, rows: Tensor) -> EvaluationSet:
        """Some of the images, by bool (N,) or int64."""
        parts = (self.images[rows.to(self.images.device)], self.labels[rows], self.distribution[rows])
        more = [None if part is None else part[rows] for part in (self.class_logits, self.groups)]
        return EvaluationSet(self.task, *parts, *more)

    @property
    def head_right(self) -> Tensor:
        """Whether the auxiliary head is right, bool (N,); all False without one."""
        if self.class_logits is None:
            return torch.zeros(len(self.labels), dtype=torch.bool)
        return self.class_logits.argmax(1) == self.labels


def evaluation_set(net: DeepElasticNetwork, task: TaskConfig, arrays: TaskArrays) -> EvaluationSet:
    """Bring a split to the network's device and ask the selector."""
    images = torch.from_numpy(arrays.images).to(net.device)
    look, groups = _look(net, task, images), torch.from_numpy(arrays.groups)
    return EvaluationSet(task, images, torch.from_numpy(arrays.labels), *look, groups)


def asked_again(net: DeepElasticNetwork, data: EvaluationSet) -> EvaluationSet:
    """The same images for another network that has their task: normalised its way, and what its selector says."""
    task = net.task(data.task.name)
    return EvaluationSet(task, data.images, data.labels, *_look(net, task, data.images), data.groups)


def _look(net: DeepElasticNetwork, task: TaskConfig, images: Tensor) -> Look:
    """Distribution and class logits travel between processes as one row per image."""

    def run(rows: slice) -> Tensor:
        looks = [net.look(normalise(part, task), task.name) for part in images[rows].split(BATCH)]
        parts = [[part.flatten(1).float() for part in look if part is not None] for look in looks]
        return torch.cat([torch.cat(part, 1) for part in parts]).cpu()

    found = gathered(len(images), run)
    C, class_logits = found.split(
        [net.num_blocks * net.num_levels, found.shape[1] - net.num_blocks * net.num_levels], 1
    )
    return Look(C.reshape(-1, net.num_blocks, net.num_levels), class_logits if net.has_head else None)


def decided(net: DeepElasticNetwork, data: EvaluationSet, policy: Policy = OWN) -> Choice:
    """What a policy picks for every image; nothing is run."""
    return net.decide(data.look if policy.looks else None, data.task.name, policy, len(data.labels))


def _by_structure(data: EvaluationSet, z: Tensor, width: int, run: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """`run` on every image under its structure, (N, width).

    Images are batched by structure, so that images that agree run together; no image's result depends on its batch.
    """
    order = torch.from_numpy(np.lexsort(z.numpy().T[::-1]).copy())

    def run_rows(rows: slice) -> Tensor:
        done = []
        for part in order[rows].split(BATCH):
            x = normalise(data.images[part.to(data.images.device)], data.task)
            done.append(run(x, z[part]).cpu())
        return torch.cat(done)

    out = torch.empty(len(z), width)
    out[order] = gathered(len(z), run_rows)
    return out


def logits(net: DeepElasticNetwork, data: EvaluationSet, z: Tensor) -> Tensor:
    """Logits of every image under its structure, (N, K)."""
    task = data.task
    return _by_structure(data, z, task.num_classes, lambda x, part: net.classify(x, task.name, part))


def features(net: DeepElasticNetwork, data: EvaluationSet, z: Tensor) -> Tensor:
    """What the head of the task sees of every image under its structure, (N, D), not negative."""
    task = data.task.name
    return _by_structure(data, z, net.num_features, lambda x, part: net.features(x, task, part))


def answers(
    net: DeepElasticNetwork, data: EvaluationSet, structures: Tensor, progress: Callable[[int], None] | None = None
) -> Tensor:
    """Whether every image is answered right under each of several structures of its own.

    Args:
        structures: int64, (N, S, n).
        progress: called with the number of images done, from time to time; of several processes, as if all were as far.

    Returns:
        bool, (N, S).

    Raises:
        StructureError: structures of another shape or with a level out of range.
    """
    check_structure(structures.flatten(0, 1), net.num_blocks, net.num_levels)
    estimator = StaticEstimator(net.estimator)

    def run(rows: slice) -> Tensor:
        done = []
        for start in range(rows.start, rows.stop, SHARED_BATCH):
            part = slice(start, min(start + SHARED_BATCH, rows.stop))
            x = normalise(data.images[part], data.task)
            with torch.inference_mode():
                y = shared_logits(estimator, x, structures[part], data.task.name)
            done.append(y.argmax(-1).cpu() == data.labels[part, None])
            if progress is not None:
                progress(len(structures) * (part.stop - rows.start) // (rows.stop - rows.start))
        return torch.cat(done)

    return gathered(len(structures), run)


def shared_logits(estimator: StaticEstimator, x: Tensor, z: Tensor, task: str) -> Tensor:
    """Logits of images under several structures each: (B, 3, size, size), (B, S, n) -> (B, S, K).

    What the structures of an image have in common, up to the first block where they differ, runs once.
    """
    B, S, n = z.shape
    maps = estimator.stem(x, task)
    place = torch.arange(B).repeat_interleave(S)  # at which of the maps an image under a structure is
    for block, levels in zip(estimator.blocks, z.cpu().reshape(B * S, n).unbind(1), strict=True):
        # unique sorts by level first, so that every level is one run
        steps, place = torch.unique(levels * len(maps) + place, return_inverse=True)
        source, level = steps % len(maps), steps // len(maps)
        rows = maps.permute(0, 2, 3, 1).contiguous()[source.to(maps.device)]  # a copy, which the block may overwrite
        maps = block(rows.permute(0, 3, 1, 2), runs_of(level.numpy()))
    y = estimator.heads[task](maps).float()
    return y[place.to(y.device)].view(B, S, -1)


def class_accuracy(right: Tensor, labels: Tensor) -> float:
    """Mean over the classes that occur of the fraction right: uneven classes count equally."""
    count = torch.bincount(labels)
    hits = torch.bincount(labels, weights=right.double())
    return float((hits / count)[count > 0].mean())


def measure(
    net: DeepElasticNetwork, data: EvaluationSet, z: Tensor, with_selector: bool, early: Tensor | None = None
) -> TaskResult:
    """Accuracy and cost of structures z, (N, n), and of early answers, bool (N,)."""
    right = logits(net, data, z).argmax(1) == data.labels
    if early is None:
        return task_result(net, data, z[:, None], right[:, None], with_selector)
    right = torch.where(early, data.head_right, right)
    return task_result(net, data, z[:, None], right[:, None], with_selector, early[:, None])


def as_run(z: Tensor, early: Tensor | None) -> Tensor:
    """What ran, as rows that can be counted: structures (N, n), and -1 throughout where an image is answered early."""
    return z if early is None else z.masked_fill(early[:, None], -1)


def task_result(
    net: DeepElasticNetwork,
    data: EvaluationSet,
    draws: Tensor,
    right: Tensor,
    with_selector: bool,
    early: Tensor | None = None,
) -> TaskResult:
    """The mean of S draws of every image's structure, (N, S, n), by whether they were right, bool (N, S).

    Args:
        early: which of the draws the selector's head answered, bool (N, S); None where it could not.
    """
    answered = torch.zeros_like(right) if early is None else early
    cost = net.cost(draws.flatten(0, 1), data.task.name, answered.flatten())
    hits = right.double().mean(1)
    ran = zip(draws.unbind(1), answered.unbind(1), strict=True)
    return TaskResult(
        images=len(draws),
        accuracy=float(hits.mean()),
        class_accuracy=class_accuracy(hits, data.labels),
        mean_macs=float((cost.total_macs if with_selector else cost.macs).double().mean()),
        mean_params=float((cost.total_params if with_selector else cost.params).double().mean()),
        distinct_structures=int(np.mean([count_distinct(z[~done]) for z, done in ran])),
        early=None if early is None else float(early.double().mean()),
    )


def distinct_per_600(chosen: dict[str, Tensor]) -> int:
    """Different rows of `as_run` among 600 images, the first 600 / T of each of the T tasks."""
    share = 600 // len(chosen)
    return count_distinct(torch.cat([z[:share] for z in chosen.values()]))


def choice_statistics(z: Tensor) -> Variety:
    """How varied the structures of N images are, z (N, n) of `as_run`."""
    counts = torch.unique(z, dim=0, return_counts=True)[1].double()
    share = counts / counts.sum()
    entropy = float(-(share * share.log()).sum()) / float(np.log(len(z))) if len(z) > 1 else 0.0
    return Variety(len(counts), float(share.max()), min(max(0.0, entropy), 1.0))  # but for rounding within these


def most_common(z: Tensor, count: int) -> list[Tensor]:
    """The `count` most common structures of z, (N, n), most common first."""
    found, counts = torch.unique(z, dim=0, return_counts=True)
    return list(found[counts.argsort(descending=True, stable=True)[:count]])
