"""norm – activation – convolution, several times over, elastic in between: the form of the blocks of every family.

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
        group: channels that see only each other, 1 for a depthwise convolution; 0 for all of them together.
        pool: side of the max-pooling right before the convolution; 1 for none.
        ceiling: largest value that the activation before it lets through, 6 for a ReLU6; 0 for any.
        linear: whether there is no activation before it.
        same: whether a stride's padding is as small as it can be, more of it right and below, as TensorFlow has it.
    """

    kernel: int
    stride: int = 1
    padded: bool = True
    group: int = 0
    pool: int = 1
    ceiling: float = 0.0
    linear: bool = False
    same: bool = False

    @property
    def padding(self) -> int:
        """On all four sides; `pad` adds what is not alike there."""
        return self.kernel // 2 if self.padded and not self._uneven else 0

    @property
    def _uneven(self) -> bool:
        return self.same and self.stride > 1

    def groups(self, channels: int) -> int:
        """How many groups so many channels before it form."""
        return channels // self.group if self.group else 1

    def side(self, side: int) -> int:
        """Pixels along the side of the map that it makes of one of `side` pixels."""
        side //= self.pool
        if self._uneven:
            return -(-side // self.stride)
        return (side + 2 * self.padding - self.kernel) // self.stride + 1

    def activate(self, x: Tensor, inplace: bool = False) -> Tensor:
        """A ReLU, up to the ceiling where there is one; x itself before a linear layer."""
        if self.linear:
            return x
        return F.hardtanh(x, 0.0, self.ceiling, inplace) if self.ceiling else F.relu(x, inplace)

    def prepare(self, x: Tensor, inplace: bool = False) -> Tensor:
        """Activation and pooling."""
        return self.pooled(self.activate(x, inplace))

    def pooled(self, x: Tensor) -> Tensor:
        """Pooling alone; x itself where there is none."""
        return F.max_pool2d(x, self.pool) if self.pool > 1 else x

    def padded_side(self, side: int) -> int:
        """Pixels along the side of a pooled map of `side` pixels after `pad`."""
        return max(side, (-(-side // self.stride) - 1) * self.stride + self.kernel) if self._uneven else side

    def pad(self, x: Tensor) -> Tensor:
        """Padding that is not alike on all sides; x itself where it is."""
        if not self._uneven:
            return x
        down, across = (self.padded_side(side) - side for side in x.shape[2:])
        return F.pad(x, (across // 2, across - across // 2, down // 2, down - down // 2))

    def convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """The convolution with these weights, which may be a slice of all."""
        return F.conv2d(self.pad(x), weight, bias, self.stride, self.padding, groups=self.groups(x.shape[1]))


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
        leading: whether the first layer has a norm and an activation too; not where the input is an image, or comes
            from a chain with a trailing norm.
        trailing: whether a norm follows the last layer, with no activation behind it.
        eps: of the norms, added to the variance.
        activated: whether the first layer has an activation, though no norm.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        inner: Sequence[Sequence[int]],
        layers: Sequence[Layer],
        statistics: str,
        leading: bool = True,
        trailing: bool = False,
        eps: float = 1e-5,
        activated: bool = False,
    ):
        super().__init__(in_channels, out_channels, inner[0] if inner else (out_channels,))
        self.inner, self.layers = tuple(tuple(widths) for widths in inner), tuple(layers)
        self.activated = activated
        widths = [in_channels, *(levels[-1] for levels in self.inner), out_channels]
        for i, layer in enumerate(self.layers):
            if leading or i:
                self.add_module(f"norm{i + 1}", ElasticNorm(widths[i], self.num_levels, statistics, eps=eps))
            groups = layer.groups(widths[i])
            conv = nn.Conv2d(widths[i], widths[i + 1], layer.kernel, groups=groups, bias=False)
            self.add_module(f"conv{i + 1}", conv)
        if trailing:
            norm = ElasticNorm(out_channels, self.num_levels, statistics, eps=eps)
            self.add_module(f"norm{len(self.layers) + 1}", norm)

    def norm(self, i: int) -> ElasticNorm | None:
        """The norm before layer i, counted from 0, or behind the last one; None where there is none."""
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

    def given(self, i: int, x: Tensor, level: int) -> Tensor:
        """What layer i convolves of a map before it: normalised and activated, where it has that."""
        norm = self.norm(i)
        if norm is not None:
            return self.layers[i].prepare(norm(x, level))
        return self.layers[i].prepare(x) if self.activated and not i else x

    def branch(self, x: Tensor, level: int) -> Tensor:
        for i, layer in enumerate(self.layers):
            x = layer.convolve(self.given(i, x, level), self.weight(i, level))
        trailing = self.norm(len(self.layers))
        return x if trailing is None else trailing(x, level)

    def branch_mixed(self, x: Tensor, levels: Tensor) -> Tensor:
        for i, layer in enumerate(self.layers):
            norm = self.norm(i)
            y = self.given(i, x, 0) if norm is None else layer.prepare(norm.forward_mixed(x, levels))
            x = layer.convolve(y * level_mask(levels, self.inner[i - 1]) if i else y, self.conv(i).weight)
        trailing = self.norm(len(self.layers))
        if trailing is None:
            return x
        x = trailing.forward_mixed(x, levels)
        if self.hidden[0]:
            return x
        # what is skipped adds nothing, whatever a norm makes of zeros
        return x.masked_fill((levels < self.hidden.count(0))[:, None, None, None], 0)

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
        return macs, params + (2 * self.out_channels if self.norm(len(self.layers)) is not None else 0)

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
        self.layers, self.activated = block.layers, block.activated
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
            x = self.layers[0].prepare(torch.addcmul(self.shift, x, self.scale), inplace=True)
        elif self.activated:
            x = self.layers[0].prepare(x)
        for i, layer in enumerate(self.layers):
            x = layer.prepare(x, inplace=True) if i else x  # memory that is this module's own
            x = layer.convolve(x, getattr(self, f"weight{i + 1}"), getattr(self, f"bias{i + 1}"))
        return x
