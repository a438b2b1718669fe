"""The selector g(x): from an image to the model distribution C, one distribution over levels per block (Eq. 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from den_core.config import NetworkConfig
from den_core.models.backbones import backbone_of
from den_core.models.containers import ModuleDictOf, ModuleListOf
from den_core.models.stems import Head, make_stems, run_together, xavier_start

TOP = 8
"Largest class probabilities that an auxiliary head hands on."


class Looks(Protocol):
    """What the selector's training and static forms share: an auxiliary head per task, or none."""

    classifiers: ModuleDictOf[nn.Linear] | None
    mix: nn.Linear | None


class SelectorOutput(NamedTuple):
    """What the selector says of B images.

    Args:
        log_distribution: log C, (B, n, h).
        critic: q_i(l; x), the expected change of the loss by every block's level, nats, (B, n, h); None without one.
        critic_bias: b(x), nats, (B,); None without a critic.
        class_logits: of the auxiliary head, (B, K); None without one.
    """

    log_distribution: Tensor
    critic: Tensor | None = None
    critic_bias: Tensor | None = None
    class_logits: Tensor | None = None


def difficulty(class_logits: Tensor) -> Tensor:
    """How sure an answer is, whatever it says: the TOP largest probabilities, falling, and the entropy in nats.

    Args:
        class_logits: (B, K), any K >= 2; fewer than TOP classes are filled up with zeros.

    Returns:
        (B, TOP + 1), without gradient: the labels alone shape the answer.
    """
    log_p = class_logits.detach().float().log_softmax(1)
    largest = log_p.topk(min(TOP, log_p.shape[1]), dim=1).values.exp()
    entropy = -(log_p.exp() * log_p).sum(1, keepdim=True)
    return torch.cat([F.pad(largest, (0, TOP - largest.shape[1])), entropy], dim=1)


def look(selector: Looks, features: Tensor, task: str) -> tuple[Tensor, Tensor | None]:
    """What the choice is read from: features (B, C) -> (B, C), and the auxiliary head's logits, None without one.

    Args:
        selector: in its training or its static form; both name these layers alike.
    """
    if selector.classifiers is None or selector.mix is None:
        return features, None
    class_logits = selector.classifiers[task](features).float()
    known = torch.cat([features, difficulty(class_logits).to(features)], dim=1)
    return F.relu(selector.mix(known)), class_logits


class Selector(nn.Module):
    """One block per stage of the estimator's family at a quarter of the hidden width, with stems of its own.

    With a critic it has a second linear layer: an additive estimate Q(x, z) = b(x) + Σ_i q_i(z_i; x) of the loss that
    the estimator makes with structure z. It serves training as a control variate (see `training.objective`). With a
    temperature T as well, the logits of C are (learnt logits) - q / T: what the critic knows of an image goes straight
    into the choice, and the policy gradient has only the correction to find, such as the penalty on parameters. Without
    that, 400 steps of the same gradient left 12 structures in use where the critic's own choices had 71.

    With an auxiliary head per task it also classifies the image itself and is trained to; how sure it is of its answer
    (see `difficulty`) joins the features that C and the critic are read from.

    Args:
        config: backbone and tasks; `config.selector` says whether there is a critic and how the last layer starts.
    """

    def __init__(self, config: NetworkConfig):
        super().__init__()
        backbone = backbone_of(config.backbone)
        self.num_blocks, self.num_levels = backbone.num_blocks, config.backbone.num_levels
        self.image_tasks = config.image_tasks
        self.stems, self.map_side = make_stems(config.tasks, backbone.selector_stem, backbone.any_side)
        self.blocks = ModuleListOf(backbone.selector_blocks(self.map_side))
        channels = self.blocks[-1].out_channels
        self.head = Head(channels, self.num_blocks * self.num_levels)
        self.critic = nn.Linear(channels, self.num_blocks * self.num_levels + 1) if config.selector.critic else None
        self.temperature = config.selector.temperature
        self.classifiers: ModuleDictOf[nn.Linear] | None = None
        self.mix: nn.Linear | None = None
        if config.selector.auxiliary:
            self.classifiers = ModuleDictOf(
                {t.name: nn.Linear(channels, t.num_classes) for t in config.tasks if not t.image_of}
            )
            self.mix = nn.Linear(channels + TOP + 1, channels)
        xavier_start(self)
        if config.selector.uniform_start:
            nn.init.zeros_(self.head.linear.weight)
        if self.critic is not None:
            nn.init.zeros_(self.critic.weight)

    def forward(self, images: dict[str, Tensor]) -> dict[str, SelectorOutput]:
        """By task that has images of its own: normalised images (B_t, 3, size_t, size_t) -> what it says of them."""
        parts = run_together({task: self.stems[task](batch) for task, batch in images.items()}, self._features)
        return {task: self._output(part, task) for task, part in parts.items()}

    def _features(self, tasks: Sequence[str], x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block.shortcut(x) + block.branch(x, 0)
        return self.head.features(x).float()

    def _output(self, features: Tensor, task: str) -> SelectorOutput:
        features, class_logits = look(self, features, task)
        logits, q, bias = self.readout(features)
        return SelectorOutput(F.log_softmax(logits, dim=-1), q, bias, class_logits)

    def readout(self, features: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Features (B, C) -> logits of C and critic's q, (B, n, h) each, and b, (B,); q and b may be None."""
        shape = (-1, self.num_blocks, self.num_levels)
        logits = self.head.linear(features).float().reshape(shape)
        if self.critic is None:
            return logits, None, None
        q, bias = self.critic(features).float().split([shape[1] * shape[2], 1], dim=1)
        # centred per block, so that b(x) alone carries the image's mean loss
        q = q.reshape(shape) - q.reshape(shape).mean(-1, keepdim=True)
        if self.temperature:
            logits = logits - q.detach() / self.temperature
        return logits, q, bias.squeeze(1)

    def model_distribution(self, x: Tensor, task: str) -> Tensor:
        """C of one task's images: (B, n, h), every block's levels sum to 1."""
        shown = self.image_tasks[task]
        return self({shown: x})[shown].log_distribution.exp()

    def count(self, task: str) -> tuple[int, int]:
        """(MACs, parameters) of one image; the critic only where inference runs it, which is with a temperature."""
        task = self.image_tasks[task]
        macs, params = self.stems[task].count()
        side = self.stems[task].side
        for block in self.blocks:
            block_macs, block_params = block.count(0, side)
            macs, params, side = macs + block_macs, params + block_params, block.side(side)
        head_macs, head_params = self.head.count()
        used = [self.critic if self.temperature else None, self.mix]
        used += [self.classifiers[task]] if self.classifiers is not None else []
        for layer in filter(None, used):
            head_macs += layer.weight.numel()
            head_params += layer.weight.numel() + layer.bias.numel()
        return macs + head_macs, params + head_params
