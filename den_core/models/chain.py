"""norm – ReLU – convolution, several times over, elastic in between: the form that the blocks of every family have.

A family chooses the layers, and whether there is a shortcut. Channels at both ends stay as they are; the channels of
every boundary inside are a prefix that the level decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from den_core.models.elastic import ElasticBlock, ElasticNorm, level_mask


@dataclass(frozen=True)
class Layer:
    """A convolution and the pooling before it.

    Args:
        kernel: side of the square kernel, pixels.
        stride: of the convolution.
        padded: whether the map keeps its side at stride 1 (odd kernels only). A kernel as large as the map, not padded,
            makes a fully connected layer.
        group: channels that see only each other; 0 for all of them together.
        pool: side of the max-pooling right before the convolution; 1 for none.
    """

    kernel: int
    stride: int = 1
    padded: bool = True
    group: int = 0
    pool: int = 1

    @property
    def padding(self) -> int:
        return self.kernel // 2 if self.padded else 0

    def groups(self, channels: int) -> int:
        """How many groups so many channels before it form."""
        return channels // self.group if self.group else 1

    def side(self, side: int) -> int:
        """Pixels along the side of the map that it makes of one of `side` pixels."""
        return (side // self.pool + 2 * self.padding - self.kernel) // self.stride + 1

    def prepare(self, x: Tensor) -> Tensor:
        """Activation and pooling."""
        x = F.relu(x)
        return F.max_pool2d(x, self.pool) if self.pool > 1 else x

    def convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """The convolution with these weights, which may be a slice of all."""
        return F.conv2d(x, weight, bias, self.stride, self.padding, groups=self.groups(x.shape[1]))


class ElasticChain(ElasticBlock):
    """Layers with a norm before each.

    Zeros are put after norm and activation, right before a convolution: a level without channels then adds exactly
    nothing. (A mask before the norm would leave ReLU(bias - …), which is not zero.)

    Args:
        in_channels, out_channels: the same at every level.
        inner: channels of every level, rising, at each boundary inside: one entry fewer than layers. A single layer has
            one level.
        layers: first to last.
        statistics: of the norms, "per_level" or "shared".
        leading: whether the first layer has a norm and an activation too; not where the input is an image.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        inner: Sequence[Sequence[int]],
        layers: Sequence[Layer],
        statistics: str,
        leading: bool = True,
    ):
        super().__init__(in_channels, out_channels, inner[0] if inner else (out_channels,))
        self.inner, self.layers, self.leading = tuple(tuple(widths) for widths in inner), tuple(layers), leading
        widths = [in_channels, *(levels[-1] for levels in self.inner), out_channels]
        for i, layer in enumerate(self.layers):
            if leading or i:
                self.add_module(f"norm{i + 1}", ElasticNorm(widths[i], self.num_levels, statistics))
            groups = layer.groups(widths[i])
            conv = nn.Conv2d(widths[i], widths[i + 1], layer.kernel, groups=groups, bias=False)
            self.add_module(f"conv{i + 1}", conv)

    def norm(self, i: int) -> ElasticNorm | None:
        """The norm before layer i, counted from 0; None before an image."""
        return getattr(self, f"norm{i + 1}", None)

    def conv(self, i: int) -> nn.Conv2d:
        """The convolution of layer i, counted from 0."""
        return getattr(self, f"conv{i + 1}")

    def ends(self, i: int, level: int) -> tuple[int, int]:
        """Channels before and after layer i at a level."""
        widths = [self.in_channels, *(levels[level] for levels in self.inner), self.out_channels]
        return widths[i], widths[i + 1]

    def weight(self, i: int, level: int) -> Tensor:
        """The slice of layer i's weights that a level uses: (out, in ÷ groups, kernel, kernel)."""
        before, after = self.ends(i, level)
        return self.conv(i).weight[:after, : self.layers[i].group or before]

    def branch(self, x: Tensor, level: int) -> Tensor:
        for i, layer in enumerate(self.layers):
            norm = self.norm(i)
            y = x if norm is None else layer.prepare(norm(x, level))
            x = layer.convolve(y, self.weight(i, level))
        return x

    def branch_mixed(self, x: Tensor, levels: Tensor) -> Tensor:
        for i, layer in enumerate(self.layers):
            norm = self.norm(i)
            y = x if norm is None else layer.prepare(norm.forward_mixed(x, levels))
            x = layer.convolve(y * level_mask(levels, self.inner[i - 1]) if i else y, self.conv(i).weight)
        return x

    def static_branch(self, level: int) -> StaticChain | None:
        return StaticChain(self, level) if self.hidden[level] else None

    def count(self, level: int, side: int) -> tuple[int, int]:
        if self.hidden[level] == 0:
            return 0, 0
        macs = params = 0
        for i, layer in enumerate(self.layers):
            side = layer.side(side)
            weights = self.weight(i, level).numel()
            macs += weights * side**2
            params += weights + (2 * self.ends(i, level)[0] if self.norm(i) is not None else 0)
        return macs, params

    def side(self, side: int) -> int:
        for layer in self.layers:
            side = layer.side(side)
        return side


class StaticChain(nn.Module):
    """One level of a chain as a plain module: contiguous weights, norms folded into the convolutions before them.

    The leading norm stays an affine map, because the activation stands between it and the convolution.
    """

    def __init__(self, block: ElasticChain, level: int):
        super().__init__()
        self.layers = block.layers
        self.widths = [block.ends(i, level)[0] for i in range(len(self.layers))]
        "Channels before every layer."
        self.scale = self.shift = None
        leading = block.norm(0)
        with torch.no_grad():
            if leading is not None:
                scale, shift = leading.scale_and_shift(level, block.in_channels)
                self.scale = nn.Parameter(scale[:, None, None].clone())
                self.shift = nn.Parameter(shift[:, None, None].clone())
            for i in range(len(self.layers)):
                weight, bias = block.weight(i, level), None
                following = block.norm(i + 1)
                if following is not None:
                    scale, shift = following.scale_and_shift(level, block.ends(i, level)[1])
                    weight, bias = weight * scale[:, None, None, None], nn.Parameter(shift.clone())
                dense = weight.clone(memory_format=torch.channels_last)
                self.register_parameter(f"weight{i + 1}", nn.Parameter(dense))
                self.register_parameter(f"bias{i + 1}", bias)

    def weight(self, i: int) -> Tensor:
        """The weights of layer i, counted from 0."""
        return self.get_parameter(f"weight{i + 1}")

    def add_to(self, y: Tensor, x: Tensor) -> None:
        """y += the residual of x; y may be x."""
        y += self(x)

    def forward(self, x: Tensor) -> Tensor:
        if self.scale is not None and self.shift is not None:
            x = self._prepare(self.layers[0], torch.addcmul(self.shift, x, self.scale))
        for i, layer in enumerate(self.layers):
            x = self._prepare(layer, x) if i else x
            x = layer.convolve(x, getattr(self, f"weight{i + 1}"), getattr(self, f"bias{i + 1}"))
        return x

    def _prepare(self, layer: Layer, x: Tensor) -> Tensor:
        """`Layer.prepare` into memory that is this module's own."""
        x = F.relu(x, inplace=True)
        return F.max_pool2d(x, layer.pool) if layer.pool > 1 else x
