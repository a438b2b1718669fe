"""Weights that others have trained: in full, our network computes what theirs does."""

from __future__ import annotations

import pytest
import torch

from den_core.config import NetworkConfig, TaskConfig
from den_core.errors import CheckpointError, ConfigError
from den_core.models.estimator import Estimator
from den_core.models.pretrained import load_pretrained
from den_core.models.static import ExtractedNetwork
from den_core.recipes.row import paper_levels
from den_core.structures import full_structure

timm = pytest.importorskip("timm", reason="needs the extra [pretrained]")
CLASSES = 1000


def made(backbone: str) -> Estimator:
    task = TaskConfig(
        name="toy", source="folder:nowhere", size=96, content_size=96, class_names=tuple(map(str, range(CLASSES)))
    )
    return Estimator(NetworkConfig(backbone=paper_levels(backbone), tasks=(task,))).eval()


def theirs(library: str, name: str) -> torch.nn.Module:
    """Their network with norms that look trained."""
    import torchvision

    torch.manual_seed(0)
    if library == "timm":
        network = timm.create_model(name, num_classes=CLASSES)
    else:
        network = torchvision.models.get_model(name, weights=None)
    for norm in network.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(norm.running_var, 0.5, 2.0)
            torch.nn.init.normal_(norm.running_mean, std=0.2)
            torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
            torch.nn.init.normal_(norm.bias, std=0.2)
    return network.eval()


SAME = [
    ("timm", "tf_efficientnet_lite0", "efficientnet-lite0", "classifier"),
    ("timm", "tf_efficientnet_lite1", "efficientnet-lite1", "classifier"),
    ("torchvision", "mobilenet_v2", "mobilenet-v2", "classifier.1"),
    ("torchvision", "resnet18", "torchvision-resnet-18", "fc"),
    ("torchvision", "resnet50", "torchvision-resnet-50", "fc"),
]


@torch.no_grad()
@pytest.mark.parametrize("library, name, backbone, classifier", SAME)
def test_in_full_it_answers_as_the_network_that_it_was(library, name, backbone, classifier, rng):
    network, estimator = theirs(library, name), made(backbone)

    load_pretrained(estimator, backbone, network.state_dict())
    estimator.heads["toy"].linear.load_state_dict(network.get_submodule(classifier).state_dict())

    x = torch.randn(2, 3, 96, 96, generator=rng)
    z = full_structure(2, estimator.num_blocks, estimator.num_levels)
    expected = network(x)
    torch.testing.assert_close(estimator.classify(x, z, "toy"), expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(ExtractedNetwork(estimator, z[0], "toy")(x), expected, atol=1e-4, rtol=1e-4)


def test_every_weight_of_theirs_but_the_classes_finds_a_place():
    network = theirs("timm", "tf_efficientnet_lite0")
    known = {name for name in network.state_dict() if not name.startswith("classifier")}

    class Counting(dict):
        asked: set[str] = set()

        def __getitem__(self, name):
            self.asked.add(name)
            return super().__getitem__(name)

    state = Counting(network.state_dict())
    load_pretrained(made("efficientnet-lite0"), "efficientnet-lite0", state)

    assert {name for name in known if not name.endswith("num_batches_tracked")} == state.asked


@pytest.mark.parametrize(
    "change, said",
    [
        ({"blocks.2.1.bn2.bias": None}, "expected a tensor blocks.2.1.bn2.bias in the weights, found none"),
        (
            {"conv_stem.weight": torch.zeros(8, 3, 3, 3)},
            r"conv_stem.weight: expected shape \[32, 3, 3, 3\], found",
        ),
        ({"bn2.running_var": torch.zeros(3)}, r"bn2.running_var: expected shape \[1280\], found \[3\]"),
    ],
)
def test_weights_that_do_not_fit_are_named_and_nothing_is_copied(change, said):
    state = theirs("timm", "tf_efficientnet_lite0").state_dict() | change
    state = {name: value for name, value in state.items() if value is not None}
    estimator = made("efficientnet-lite0")
    before = {name: value.clone() for name, value in estimator.state_dict().items()}

    with pytest.raises(CheckpointError, match=said):
        load_pretrained(estimator, "efficientnet-lite0", state)

    assert all(torch.equal(value, before[name]) for name, value in estimator.state_dict().items())


def test_names_and_families_that_are_not_known(make_estimator):
    with pytest.raises(CheckpointError, match="expected a tensor conv_stem.weight or .* in the weights, found none"):
        load_pretrained(make_estimator("mobile-narrow"), "mobile-narrow", {"weight": torch.zeros(1)})
    with pytest.raises(ConfigError, match="efficientnet-lite0, .*; found wrn-8-1"):
        load_pretrained(make_estimator(), "wrn-8-1", {})
