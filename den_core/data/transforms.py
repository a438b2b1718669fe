"""Batched augmentation and normalisation: pure functions of uint8 image tensors and a generator."""

from __future__ import annotations

import torch
from torch import Tensor

from den_core.config import TaskConfig


def pad_images(images: Tensor, padding: int, background: int) -> Tensor:
    """(N, S, S, 3) uint8 -> (N, S + 2 padding, S + 2 padding, 3), bordered by a grey level."""
    N, S = images.shape[:2]
    side = S + 2 * padding
    padded = torch.full((N, side, side, 3), background, dtype=torch.uint8, device=images.device)
    padded[:, padding : padding + S, padding : padding + S] = images
    return padded


def random_crops(
    padded: Tensor, index: Tensor, size: int, flip: bool, generator: torch.Generator | None = None
) -> Tensor:
    """Cut a random size × size window out of each chosen image, mirrored half of the time.

    Args:
        padded: all images of a task, uint8 (N, P, P, 3), P >= size.
        index: which images, int64 (B,).
        size: side of the windows, pixels; every offset from 0 to P - size is equally likely.
        flip: whether to mirror with probability 1/2.

    Returns:
        uint8, (B, size, size, 3).
    """
    B, spare = len(index), padded.shape[1] - size
    top, left = torch.randint(spare + 1, (2, B, 1), generator=generator)
    mirrored = torch.rand(B, 1, generator=generator) < (0.5 if flip else 0.0)
    pixels = torch.arange(size)
    columns = left + torch.where(mirrored, size - 1 - pixels, pixels)
    rows, columns, index = (
        (top + pixels).to(padded.device),
        columns.to(padded.device),
        index.to(padded.device),
    )
    return padded[index[:, None, None], rows[:, :, None], columns[:, None, :]]


def random_erase(
    images: Tensor, share: float, background: int, generator: torch.Generator | None = None
) -> Tensor:
    """Paint a square of about share · S pixels a side, at least one, around a random pixel of every image, in place.

    (B, S, S, 3) uint8; returns the same tensor.
    """
    B, S = images.shape[:2]
    side = round(share * S)
    centre = torch.randint(S, (2, B, 1), generator=generator)
    inside = ((torch.arange(S) - centre).abs() <= side // 2).to(images.device)
    covered = inside[0][:, :, None] & inside[1][:, None, :]
    images[covered] = background
    return images


def normalise(images: Tensor, task: TaskConfig) -> Tensor:
    """uint8 (B, S, S, 3) -> float32 (B, 3, S, S), channels last in memory, with the task's mean and deviation."""
    mean = torch.tensor(task.mean, device=images.device) * 255
    scale = 1 / (torch.tensor(task.std, device=images.device) * 255)
    return ((images.float() - mean) * scale).permute(0, 3, 1, 2)
