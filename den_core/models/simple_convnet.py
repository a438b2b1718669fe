"""SimpleConvNet: four 3×3 convolutions of 32 channels, each followed by a pooling, and two fully connected layers.

Blocks are pairs of convolutions. The fully connected layers have no levels, as in the paper: they end the last block.
"""

from __future__ import annotations

from den_core.models.chain import Layer
from den_core.models.plain import PlainBackbone, PlainStage
from den_core.models.registry import register_backbone


def simple_convnet(width: int, units: int, scale: str, selector_units: int = 0) -> PlainBackbone:
    """The paper's has a width of 32 and 128 units; 84 or 224 pixels.

    Args:
        selector_units: of a fully connected layer behind the selector's convolutions; 0 is none.
    """
    first = PlainStage(lambda side: (Layer(3), Layer(3, pool=2)), (width, width))
    second = PlainStage(lambda side: (Layer(3, pool=2), Layer(3, pool=2)), (width, width))
    connected = PlainStage(
        lambda side: (*second.layers(side), Layer(side // 8, padded=False, pool=2), Layer(1)),
        (width, width, units, units),
        fixed_layers=2,
    )
    chooser = PlainStage(
        lambda side: (*second.layers(side), Layer(side // 8, padded=False, pool=2)),
        (width, width, selector_units),
        fixed_layers=1,
    )
    selector = (first, chooser if selector_units else second)
    return PlainBackbone((first, connected), selector, smallest=16, level_fractions=(0.5, 1.0), scale=scale)


register_backbone("simple-convnet", simple_convnet(32, 128, "paper"))
# the paper gives the size of its selector, 0.4 M weights, and not its layers
register_backbone("simple-convnet-0.4m-selector", simple_convnet(32, 128, "paper", selector_units=490))
register_backbone("simple-convnet-narrow", simple_convnet(8, 16, "tiny"))
