"""A whole deep elastic network in one ONNX file: selector, price, early answers, and a condition for every block.

It takes one image: ONNX runs one branch of a condition and not the other, so that what an image skips is never
computed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from den_core.config import to_json
from den_core.errors import ConfigError
from den_core.inference.export import TOLERANCE, need_onnx
from den_core.inference.network import DeepElasticNetwork
from den_core.models.static import StaticBlock, StaticEstimator, StaticSelector
from den_core.policy import NEVER, Policy
from den_core.runtime.files import write_beside
from den_core.structures import weighed

PRICES = (0.0, 2.0, 20.0)
"Cost weights at which a written file must answer as the network does."
IMAGES = 4
"Random images that it must answer so at each."


class DynamicNetwork(nn.Module):
    """What `DeepElasticNetwork.answer` does for one image of a task, in a form that torch.export takes.

    Args:
        net: in float32, on the CPU; its weights are copied.
        task: which.
    """

    relative_macs: Tensor
    block_macs: Tensor

    def __init__(self, net: DeepElasticNetwork, task: str):
        super().__init__()
        self.selector, self.estimator = StaticSelector(net.selector), StaticEstimator(net.estimator)
        self.task = task
        self.register_buffer("relative_macs", net.table.relative_macs.float())
        self.register_buffer("block_macs", net.table.block_macs_of(task))
        self.task_macs, self.selector_macs = net.table.task_macs[task], net.table.selector_macs[task]
        self.rule = net.early_rule

    def forward(self, image: Tensor, price: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """One image and its price.

        Args:
            image: (1, 3, size, size), normalised.
            price: a cost weight, (); see `DeepElasticNetwork.choose`.

        Returns:
            logits (1, classes), structure int64 (1, n), MACs of all that ran int64 (1,), answered early bool (1,).
        """
        look = self.selector.look(image, self.task)
        z = weighed(look.distribution, self.relative_macs, price).argmax(-1)
        macs = self.task_macs + self.block_macs.gather(1, z.T).sum(0)
        if self.rule is None or look.class_logits is None:
            return self._run(image, z), z, self.selector_macs + macs, torch.zeros(1, dtype=torch.bool)
        early = self._early(look.class_logits, price)
        logits = torch.cond(
            early.squeeze(0),
            lambda said, image, z: said.clone(),
            lambda said, image, z: self._run(image, z),
            (look.class_logits.float(), image, z),
        )
        return logits, z, self.selector_macs + torch.where(early, torch.zeros_like(macs), macs), early

    def _early(self, class_logits: Tensor, price: Tensor) -> Tensor:
        """Whether the head answers, bool (1,); as `DeepElasticNetwork.decide` has it."""
        assert self.rule is not None  # or nobody asks
        right = self.rule.confidence[self.task].probability(class_logits)
        return right > (self.rule.thresholds[self.task] - self.rule.fall * price.double()).clamp(0.0, NEVER)

    def _run(self, image: Tensor, z: Tensor) -> Tensor:
        x = self.estimator.stem(image, self.task)
        for i, block in enumerate(self.estimator.blocks):
            x = _between(block, 0, self.estimator.num_levels - 1)(x, z[0, i])
        return self.estimator.heads[self.task](x).float()


def _between(block: StaticBlock, low: int, high: int) -> Callable[[Tensor, Tensor], Tensor]:
    """A block at a level from `low` to `high`, found by halving: (map, level) -> map."""
    if low == high:
        return lambda x, level: block.at(low, x)
    middle = (low + high) // 2
    below, above = _between(block, low, middle), _between(block, middle + 1, high)
    return lambda x, level: torch.cond(level <= middle, below, above, (x, level))


def export_dynamic(net: DeepElasticNetwork, task: str, path: Path) -> Path:
    """Write the whole choice for images of a task, one at a time, as ONNX: inputs `image` and `price`.

    Metadata hold the task – sizes, means, classes –, the MACs of the full model and the number of levels. The file
    answers as the network does, which is checked before it gets its name.

    Args:
        path: the file to write, .onnx.

    Raises:
        ConfigError: no such task, another ending, a missing package, or answers that differ.
    """
    if path.suffix != ".onnx":
        raise ConfigError(f"expected a file that ends in .onnx, found {path.name}")
    config = net.task(task)
    need_onnx()
    module = DynamicNetwork(net, task).eval()
    about = {
        "task": json.dumps(to_json(config)),
        "full_macs": str(int(net.full_cost(task).macs[0])),
        "levels": str(net.num_levels),
    }
    write_beside(path, lambda temporary: _write(net, module, about, temporary))
    return path


def _write(net: DeepElasticNetwork, module: DynamicNetwork, about: dict[str, str], path: Path) -> None:
    size = net.task(module.task).size
    example = torch.zeros(1, 3, size, size), torch.tensor(0.0)
    with torch.no_grad():
        # traced as a whole: otherwise maps of several sizes in one line of a condition are taken for a size that varies
        program = torch.export.export(module, example, strict=True)
    names = ["logits", "structure", "macs", "early"]
    made = torch.onnx.export(program, dynamo=True, input_names=["image", "price"], output_names=names, verbose=False)
    assert made is not None  # dynamo=True gives one
    made.model.metadata_props.update(about)
    made.save(path)
    check_answers(net, module.task, path)


def check_answers(net: DeepElasticNetwork, task: str, path: Path) -> None:
    """ConfigError where a file answers random images otherwise than the network, at one of PRICES."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; it warns of every constant that it folds
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    size = net.task(task).size
    images = torch.randn(IMAGES, 3, size, size, generator=torch.Generator().manual_seed(0))
    for price in PRICES:
        expected = net.answer(images, task, policy=Policy(price))
        for i, image in enumerate(images.split(1)):
            given = {"image": image.numpy(), "price": torch.tensor(price).numpy()}
            logits, structure, macs, early = session.run(None, given)
            same = (structure == expected.structure[i].numpy()).all() and bool(early[0]) == bool(expected.early[i])
            worst = float((torch.from_numpy(logits)[0] - expected.logits[i].cpu()).abs().max())
            if not same or worst > TOLERANCE or int(macs[0]) != int(expected.total_macs[i]):
                raise ConfigError(
                    f"expected an ONNX file that answers as the network within {TOLERANCE}, found logits {worst:.2g} "
                    f"apart and {'the same' if same else 'another'} structure at price {price:g}"
                )
