"""Muon for the convolutions of the blocks, beside another optimiser for everything else.

A convolution's weight is a matrix, output channels by all the rest; one of several groups is as many matrices. Its
update is the momentum with all singular values brought to about one, so that directions in which gradients are small
are learnt as fast as those in which they are large. Elastic networks, whose narrow prefixes get weak and noisy
gradients, profit most.

Every step turns a weight by the same angle, about the learning rate in radians, and leaves its norm as it is: the norms
that follow a convolution make its scale meaningless, and a decay would only set that angle in a roundabout way. What it
is worth is measured in `assets/study/README.md`.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"Of the odd polynomial of degree five that brings all singular values in (0, 1] near one when it is applied repeatedly."
ITERATIONS = 4
LARGEST = 1024
"""Rows or columns of a matrix that is still turned. The work grows with the square of the smaller side: VGG-16's fully
connected layers of 4,096 units would take many times as long as all the rest of a step."""


def orthogonalised(matrices: Tensor) -> Tensor:
    """Matrices with the singular vectors of others and singular values of about one, (k, rows, columns) each.

    Source: the Newton–Schulz iteration of Muon.
    """
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / torch.linalg.vector_norm(x, dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Muon for some parameters, and another optimiser for its own: one step, one state.

    Args:
        weights: of convolutions or linear layers, at least 2-d each, with the number of groups of each.
        others: the optimiser of all other parameters. Its groups become groups of this one.
        scale: learning rate of `weights` relative to that of `others`.
        momentum: Nesterov's.
    """

    def __init__(
        self, weights: Mapping[nn.Parameter, int], others: torch.optim.Optimizer, scale: float, momentum: float = 0.9
    ):
        lr = others.param_groups[0]["lr"]
        super().__init__([{"params": list(weights), "scale": scale}], {"lr": scale * lr, "momentum": momentum})
        self.others = others
        self._groups = {id(weight): groups for weight, groups in weights.items()}
        self.param_groups += others.param_groups
        others.state = self.state

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # no closure is ever given
        """One update of all parameters that have a gradient."""
        self.others.step()
        group = self.param_groups[0]
        alike: dict[tuple[torch.Size, int], list[Tensor]] = {}
        for weight in group["params"]:
            if weight.grad is not None:
                alike.setdefault((weight.shape, self._groups[id(weight)]), []).append(weight)
        for (_, groups), weights in alike.items():
            self._turn(weights, groups, group["lr"], group["momentum"])

    def _turn(self, weights: list[Tensor], groups: int, angle: float, momentum: float) -> None:
        """Weights of one shape at once: on a GPU the number of calls is what a step's time is made of."""
        for weight in weights:
            if "momentum_buffer" not in self.state[weight]:
                self.state[weight]["momentum_buffer"] = torch.zeros_like(weight)
        averages = [self.state[weight]["momentum_buffer"] for weight in weights]
        gradients = [weight.grad for weight in weights if weight.grad is not None]  # all of them, as `step` saw to
        torch._foreach_mul_(averages, momentum)
        torch._foreach_add_(averages, gradients)
        ahead = torch.stack(torch._foreach_add(gradients, averages, alpha=momentum))
        matrices = ahead.reshape(len(weights) * groups, weights[0].shape[0] // groups, -1)
        update = orthogonalised(matrices).reshape(ahead.shape)
        old = torch.stack(weights)
        norm = _norms(old)
        new = old.addcmul_(update, angle * norm / _norms(update).clamp(min=1e-7), value=-1)
        new *= norm / _norms(new).clamp(min=1e-7)
        torch._foreach_copy_(weights, list(new.unbind()))


def _norms(stacked: Tensor) -> Tensor:
    """Of every weight of a stack, to be multiplied with it."""
    return torch.linalg.vector_norm(stacked, dim=tuple(range(1, stacked.dim())), keepdim=True)


def block_weights(network: nn.Module) -> dict[nn.Parameter, int]:
    """The convolutions' weights in a network's blocks, with their groups: what Muon is for. Stems and heads are not.

    Nor are matrices of more than LARGEST both rows and columns.
    """
    inside = [module for name, module in network.named_modules() if name.startswith("blocks.")]
    convolutions = [module for module in inside if isinstance(module, nn.Conv2d)]
    weights = ((conv.weight, conv.groups) for conv in convolutions if _smaller_side(conv) <= LARGEST)
    return {weight: groups for weight, groups in weights if isinstance(weight, nn.Parameter)}


def _smaller_side(conv: nn.Conv2d) -> int:
    """Of the matrix that one group's weight is."""
    return min(conv.out_channels // conv.groups, conv.weight[0].numel())
