"""Batched augmentation and normalisation: pure functions of image tensors and a generator."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
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


def random_erase(images: Tensor, share: float, background: int, generator: torch.Generator | None = None) -> Tensor:
    """Paint a square of about share · S pixels a side, at least one, around a random pixel of every image, in place.

    (B, S, S, 3) uint8; returns the same tensor.
    """
    B, S = images.shape[:2]
    side = round(share * S)
    centre = torch.randint(S, (2, B, 1), generator=generator)
    inside = ((torch.arange(S) - centre).abs() <= side // 2).to(images.device)
    covered = inside[0][:, :, None] & inside[1][:, None, :]
    return images.masked_fill_(covered[..., None], background)


def normalise(images: Tensor, task: TaskConfig) -> Tensor:
    """uint8 (B, S, S, 3) -> float32 (B, 3, S, S), channels last in memory, with the task's mean and deviation."""
    mean = torch.tensor(task.mean, device=images.device) * 255
    scale = 1 / (torch.tensor(task.std, device=images.device) * 255)
    return ((images.float() - mean) * scale).permute(0, 3, 1, 2)


def random_affine(
    images: Tensor, rotation: float, zoom: float, background: Tensor, generator: torch.Generator | None = None
) -> Tensor:
    """Rotate and scale every image about its centre; what comes into view is background.

    Args:
        images: float, (B, 3, S, S).
        rotation: largest angle to either side, degrees.
        zoom: largest change of size to either side, as a share: 0.1 is 1 ÷ 1.1 to 1.1 times.
        background: float, (3,), normalised as the images are.

    Returns:
        float, (B, 3, S, S), channels last in memory.
    """
    B = len(images)
    turn, size = 2 * torch.rand(2, B, generator=generator) - 1
    angle, factor = turn * math.radians(rotation), (1 + zoom) ** size
    cos, sin, zero = angle.cos() / factor, angle.sin() / factor, torch.zeros(B)
    matrices = torch.stack([torch.stack([cos, -sin, zero], 1), torch.stack([sin, cos, zero], 1)], 1)
    grid = F.affine_grid(matrices.to(images), list(images.shape), align_corners=False)
    behind = background.to(images)[:, None, None]
    moved = F.grid_sample(images - behind, grid, padding_mode="zeros", align_corners=False) + behind
    return moved.contiguous(memory_format=torch.channels_last)


def normalised_background(task: TaskConfig) -> Tensor:
    """The task's background as `normalise` leaves it: float, (3,)."""
    return (task.background / 255 - torch.tensor(task.mean)) / torch.tensor(task.std)
