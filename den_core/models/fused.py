"""Chains on a CPU, with fewer passes over memory: bias, ReLU and the sum with the shortcut belong to the convolutions.

oneDNN computes a convolution and what follows it in one pass, from weights in a form of its own that is made once. The
levels' slices profit more than the full block, as a narrow convolution has as much to read and write around it as a
wide one. torch offers this to its compiler only, under names without a promise; where they are missing, or a processor
cannot, chains run as they are.

Measured: `assets/benchmarks/README.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from den_core.models.chain import StaticChain

IMAGES = 16
"Images for which the form of the weights is chosen; other batches run with it too."
_NAMES = ("_convolution_pointwise", "_convolution_pointwise_", "_reorder_convolution_weight")


def can_fuse(weight: Tensor) -> bool:
    """Whether this processor and this torch run such convolutions for a weight's number type."""
    ops = torch.ops.mkldnn
    if weight.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    if not all(hasattr(ops, name) for name in _NAMES):
        return False
    return weight.dtype == torch.float32 or (weight.dtype == torch.bfloat16 and ops._is_mkldnn_bf16_supported())


class PackedConvolution:
    """A convolution whose weight has oneDNN's form.

    Args:
        weight: a plain one, (out, in ÷ groups, k, k).
        bias: (out,) or none.
        side: pixels along the side of the maps that the form is chosen for; others run too.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, stride: int, padding: int, groups: int, side: int):
        ops, geometry = torch.ops.mkldnn, ([padding] * 2, [stride] * 2, [1, 1], groups)
        shape = [IMAGES, weight.shape[1] * groups, side, side]
        packed = ops._reorder_convolution_weight(weight.detach(), *geometry, shape)
        # found once: looking an operator up takes as long as a small convolution
        self._run, self._add = ops._convolution_pointwise.default, ops._convolution_pointwise_.binary
        self._common = packed, bias, *geometry

    def __call__(self, x: Tensor, relu: bool = False, ceiling: float = 0.0) -> Tensor:
        """The convolution, and a ReLU if asked for, up to a ceiling if there is one, in one pass."""
        if relu and ceiling:
            return self._run(x, *self._common, "hardtanh", [0.0, ceiling], "")
        return self._run(x, *self._common, "relu" if relu else "none", [], "")

    def add_to(self, y: Tensor, x: Tensor) -> None:
        """y += convolution of x, in one pass. y is channels last."""
        self._add(y, x, *self._common, "add", 1.0, None, [], None)


class FusedChain:
    """A `StaticChain` in as few passes as oneDNN can do it. It neither moves nor changes its number type.

    Args:
        chain: its weights are copied.
        side: pixels along the side of its input.
    """

    def __init__(self, chain: StaticChain, side: int):
        self.scale, self.shift, self.activated = chain.scale, chain.shift, chain.activated
        self.layers = chain.layers
        self.convolutions = []
        for i, layer in enumerate(chain.layers):
            weight, bias = getattr(chain, f"weight{i + 1}"), getattr(chain, f"bias{i + 1}")
            geometry = layer.stride, layer.padding, layer.groups(chain.widths[i])
            given = layer.padded_side(side // layer.pool)
            self.convolutions.append(PackedConvolution(weight, bias, *geometry, given))
            side = layer.side(side)

    def __call__(self, x: Tensor) -> Tensor:
        """The residual of images, (B, in, H, W) -> (B, out, H', W')."""
        return self.convolutions[-1](self._before_last(x))

    def add_to(self, y: Tensor, x: Tensor) -> None:
        """y += the residual of x; y may be x."""
        self.convolutions[-1].add_to(y, self._before_last(x))

    def _before_last(self, x: Tensor) -> Tensor:
        if self.scale is not None and self.shift is not None:
            x = self.layers[0].activate(torch.addcmul(self.shift, x, self.scale), inplace=True)
        elif self.activated:
            x = self.layers[0].activate(x)
        for i, convolution in enumerate(self.convolutions[:-1]):
            following = self.layers[i + 1]
            x = convolution(self._given(i, x), not following.linear, following.ceiling)
        return self._given(len(self.layers) - 1, x)

    def _given(self, i: int, x: Tensor) -> Tensor:
        """What layer i makes of activated maps before it convolves them."""
        layer = self.layers[i]
        return layer.pad(layer.pooled(x))
