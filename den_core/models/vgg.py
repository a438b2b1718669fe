"""VGG-16: thirteen 3×3 convolutions and two fully connected layers, without shortcuts.

The paper cuts it into blocks of two consecutive convolutions and does not say what becomes of the odd last one. Here it
forms the seventh block with the two fully connected layers of 4,096 channels: all but the classifier is elastic.
With 2×2 maps before them that makes 39.9 M parameters; the paper reports 38.9 M.
"""

from __future__ import annotations

from den_core.models.chain import Layer
from den_core.models.plain import PlainBackbone, PlainStage
from den_core.models.registry import register_backbone


def pair(width1: int, width2: int, pool1: int = 1, pool2: int = 1) -> PlainStage:
    """Two 3×3 convolutions, each after a pooling or none."""
    return PlainStage(lambda side: (Layer(3, pool=pool1), Layer(3, pool=pool2)), (width1, width2))


def connected(width: int, units: int) -> PlainStage:
    """A 3×3 convolution and two fully connected layers."""
    return PlainStage(lambda side: (Layer(3), Layer(side, padded=False), Layer(1)), (width, units, units))


def vgg(width: int, units: int, scale: str) -> PlainBackbone:
    """VGG-16 whose first convolution has `width` channels (64 in the original)."""
    w1, w2, w4, w8 = width, 2 * width, 4 * width, 8 * width
    blocks = (
        pair(w1, w1),
        pair(w2, w2, pool1=2),
        pair(w4, w4, pool1=2),
        pair(w4, w8, pool2=2),
        pair(w8, w8),
        pair(w8, w8, pool1=2),
        connected(w8, units),
    )
    stages = (pair(w1, w1), *(pair(w, w, pool1=2) for w in (w2, w4, w8, w8)))
    return PlainBackbone(blocks, stages, smallest=32, level_fractions=(0.25, 0.5, 1.0), scale=scale)


register_backbone("vgg-16", vgg(64, 4096, "paper"))
register_backbone("vgg-16-narrow", vgg(4, 16, "tiny"))
