"""Galleries with less in them than the network's own, for the states of a page that are rare."""

from __future__ import annotations

import dataclasses

import numpy as np

from den_core.checkpoints.gallery import Gallery

ARRAYS = ("distribution", "levels", "features", "tried_probability", "tried_correct")


def first_image(gallery: Gallery) -> Gallery:
    """Only the first image."""
    parts = {name: getattr(gallery, name)[:1] for name in ARRAYS if getattr(gallery, name) is not None}
    head = gallery.head
    if head is not None:
        head = dataclasses.replace(head, probability=head.probability[:1], correct=head.correct[:1])
    return dataclasses.replace(gallery, frame=gallery.frame.head(1), head=head, **parts)


def without_tried(gallery: Gallery) -> Gallery:
    """No structure was tried."""
    N = len(gallery)
    return dataclasses.replace(
        gallery,
        tried=(),
        tried_macs=np.zeros(0, dtype=np.int64),
        tried_probability=np.zeros((N, 0), dtype=np.float32),
        tried_correct=np.zeros((N, 0), dtype=bool),
    )


def only_early(gallery: Gallery) -> Gallery:
    """Only the images that the selector answered."""
    kept = gallery.early
    parts = {name: getattr(gallery, name)[kept] for name in ARRAYS if getattr(gallery, name) is not None}
    assert gallery.head is not None  # or none of them was answered early
    head = dataclasses.replace(
        gallery.head, probability=gallery.head.probability[kept], correct=gallery.head.correct[kept]
    )
    return dataclasses.replace(gallery, frame=gallery.frame[kept].reset_index(drop=True), head=head, **parts)
