"""What is decided for an image, its structure and whether the selector answers it, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from den_core.models.static import Look


@dataclass(frozen=True, eq=False)
class Choice:
    """What is decided for B images before anything but the selector has run.

    Args:
        structure: that the estimator runs, int64 (B, n); where an image is answered early, that it would have run.
        early: whether the selector's head answers and the estimator does not run, bool (B,).
    """

    structure: Tensor
    early: Tensor


@dataclass(frozen=True, eq=False)
class Answer(Choice):
    """What came out for B images.

    Args:
        logits: of whatever answered, float32 (B, classes).
        total_macs: of everything that ran, int64 (B,).
        look: what the selector said; None where it did not run.
    """

    logits: Tensor
    total_macs: Tensor
    look: Look | None


def drawn_to(C: Tensor, static: Tensor, pull: float) -> Tensor:
    """C with every block's level of a structure favoured: (B, n, h).

    Args:
        C: level distributions, (B, n, h).
        static: the structure, int64 (n,).
        pull: nats by which the log-probability of its levels is raised.
    """
    favoured = F.one_hot(static, C.shape[-1]).to(C)
    return (C.clamp_min(torch.finfo(C.dtype).tiny).log() + pull * favoured).softmax(-1)
