"""What defines each compared method holds after a few steps of training."""

from __future__ import annotations

import copy
import dataclasses
import sys

import numpy as np
import pytest
import torch

from den_core.checkpoints.folder import CheckpointInfo
from den_core.comparisons import METHODS, blockdrop, n2n, packnet, pruning, routing
from den_core.comparisons.comparison import weights_in_use
from den_core.comparisons.method import Training, at_levels
from den_core.comparisons.nestednet import levels_of_tasks, useful_levels
from den_core.comparisons.packnet import weights_of
from den_core.comparisons.plain import full_macs, weights
from den_core.data.tasks import DIGITS
from den_core.errors import ConfigError
from den_core.inference.network import DeepElasticNetwork
from den_core.models.accounting import cost_table
from den_core.models.estimator import Estimator
from den_core.models.selector import Selector
from den_core.recipes import recipe
from den_core.training.setup import Execution, TrainingData, build_networks
from den_core.training.trainer import Trainer

SHARE = 0.4
TASKS = ("few", "many")


def shortened(base, steps: int = 4):
    """A few steps on the smallest network, in float32."""
    stage = dataclasses.replace(base.training.estimator, first_steps=steps, round_steps=2, last_steps=2)
    choice = dataclasses.replace(base.training.selector, steps=2, label_steps=2)
    training = dataclasses.replace(
        base.training, estimator=stage, selector=choice, batch_size=8, precision="32-true", report_every=50
    )
    return dataclasses.replace(base, training=training)


@pytest.fixture(scope="module")
def two_tasks(digits_data):
    """A recipe with two tasks of the same digits, and their images; the first has fewer."""
    tasks = tuple(dataclasses.replace(DIGITS, name=name) for name in TASKS)
    base = shortened(recipe("digits-fast", tasks=tasks))
    few, many = (digits_data.train["digits"].take(np.arange(count)) for count in (40, 80))
    held_out = dict.fromkeys(TASKS, digits_data.validation["digits"])
    return base, TrainingData({"few": few, "many": many}, held_out)


@pytest.fixture
def counted(monkeypatch):
    """How many training images the two tasks are said to have."""
    sizes = {"few": range(40), "many": range(80)}
    monkeypatch.setattr("den_core.comparisons.nestednet.open_task", lambda task, split: sizes[task.name])


def trained(method: str, base, data, folder, plan=None) -> Trainer:
    (made,) = METHODS[method].recipes(base, SHARE).values()
    openings = METHODS[method].openings(Training(recipe=made, share=SHARE))
    if plan is not None:
        openings = dataclasses.replace(openings, plan=lambda config, usual=openings.plan: usual(config)[:plan])
    trainer = Trainer(made, data, Execution(folder, accelerator="cpu", progress=False), openings)
    trainer.run()
    return trainer


def statistics_met(estimator: Estimator) -> set[int]:
    """Levels whose running statistics have met an image."""
    fresh = 0.0
    norms = [block.norm(1) for block in estimator.blocks]
    return {level for norm in norms for level, mean in enumerate(norm.running_mean) if float(mean.abs().sum()) > fresh}


def test_nestednet_runs_every_task_at_its_level_alone(two_tasks, counted, tmp_path):
    trainer = trained("nestednet", *two_tasks, tmp_path)

    assert levels_of_tasks(trainer.recipe.network) == {"many": 2, "few": 3}
    assert statistics_met(trainer.estimator) == {2, 3}


def test_nestednets_levels_lie_inside_each_other(two_tasks):
    estimator, _ = build_networks(two_tasks[0])
    for block in estimator.blocks:
        for lower, higher in ((1, 2), (2, 3)):
            for small, large in zip(weights_of(block, lower), weights_of(block, higher), strict=True):
                inside = large[tuple(slice(size) for size in small.shape)]
                assert small.data_ptr() == inside.data_ptr() and small.numel() <= large.numel()


def test_packnets_later_tasks_leave_earlier_answers_as_they_are_to_the_bit(two_tasks, counted, tmp_path):
    first = trained("packnet", *two_tasks, tmp_path / "first", plan=1)
    both = trained("packnet", *two_tasks, tmp_path / "both")

    x = torch.randn(6, 3, 32, 32, generator=torch.Generator().manual_seed(3))
    logits = {}
    for name, trainer in {"first": first, "both": both}.items():
        net = trainer.estimator.eval()
        levels = torch.full((6, net.num_blocks), levels_of_tasks(trainer.recipe.network)["many"])
        logits[name] = net.classify(x, levels, "many")
    assert torch.equal(logits["first"], logits["both"])
    added = [block.conv(0).weight for block in first.estimator.blocks]
    later = [block.conv(0).weight for block in both.estimator.blocks]
    assert not any(torch.equal(a, b) for a, b in zip(added, later, strict=True)), "the later task learned nothing"


def test_packnet_shows_one_task_after_the_other_as_many_images_as_the_others(two_tasks, counted):
    base, _ = two_tasks
    made = packnet.one_after_the_other(base)
    plan = METHODS["packnet"].openings(Training(recipe=made, share=SHARE)).plan(made.training)

    assert [turn.tasks for turn in plan] == [("many",), ("few",)]
    shown = sum(turn.steps * made.training.batch_of(turn.tasks[0]) for turn in plan)
    (joint,) = METHODS["shared"].recipes(base, SHARE).values()
    assert shown == joint.training.estimator.first_steps * sum(map(joint.training.batch_of, TASKS))


def test_blockdrop_runs_blocks_in_full_or_not_at_all(two_tasks, tmp_path):
    trainer = trained("blockdrop", *two_tasks, tmp_path)

    assert trainer.estimator.num_levels == 2 and useful_levels(trainer.recipe.network) == [1]
    assert int(trainer.table.block_macs[:, 0].sum()) == 0
    assert [block.num_levels for block in trainer.estimator.blocks] == [2, 2, 2]


def test_blockdrops_reward_is_the_papers():
    z = torch.tensor([[[1, 0, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0]]])
    right = torch.tensor([[1.0, 1.0, 0.0]])

    assert blockdrop.reward(z, right).tolist() == [[0.75, 0.0, -blockdrop.PENALTY]]


def test_blockdrops_probabilities_stay_off_the_ends():
    C = torch.tensor([[[1.0, 0.0], [0.5, 0.5]]])

    torch.testing.assert_close(blockdrop.bounded(C), torch.tensor([[[0.8, 0.2], [0.5, 0.5]]]))


@pytest.mark.parametrize("done, open_blocks", [(0.0, 1), (0.13, 2), (0.3, 3), (0.5, 4), (0.9, 4)])
def test_blockdrops_curriculum_opens_the_last_blocks_first(done, open_blocks):
    z = torch.zeros(2, 1, 4, dtype=torch.int64)

    found = blockdrop.opened(z, done)

    assert found[0, 0].tolist() == [1] * (4 - open_blocks) + [0] * open_blocks


def always_right(estimator, images, labels, structures):
    """In place of `structure_losses`."""
    return tuple({task: torch.full(z.shape[:2], value) for task, z in structures.items()} for value in (0.0, 1.0))


def test_blockdrops_policy_learns_to_drop_what_does_not_matter(two_tasks, tmp_path):
    """With answers that are always right, all there is to win is fewer blocks."""
    base, data = two_tasks
    (made,) = METHODS["blockdrop"].recipes(base, SHARE).values()
    trainer = Trainer(made, data, Execution(tmp_path, accelerator="cpu", progress=False))
    optimizer = torch.optim.Adam(trainer.selector.parameters(), lr=0.02)
    batch, generator = trainer.loader.batch(0), torch.Generator().manual_seed(0)

    def kept() -> float:
        with torch.no_grad():
            outputs = trainer.selector(batch.images).values()
        return float(torch.cat([out.log_distribution.exp()[..., 1] for out in outputs]).mean())

    before = kept()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blockdrop, "structure_losses", always_right)
        for _ in range(25):
            blockdrop.policy_step(
                trainer.fabric, trainer.selector, optimizer, None, batch, trainer.table, 0.9, generator
            )

    assert kept() < before - 0.15


def test_what_cannot_look_chooses_alike_for_all_images_of_a_task(two_tasks, tmp_path):
    trainer = trained("blind", *two_tasks, tmp_path)

    x = torch.randn(5, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    seen = METHODS["blind"].openings(Training(recipe=trainer.recipe, share=SHARE)).seen(x)
    C = trainer.selector.eval().model_distribution(seen, "few")
    assert torch.equal(C, C[:1].expand_as(C))
    assert not torch.equal(C[:1], trainer.selector.model_distribution(x[:1], "few"))


def test_n2ns_reward_rises_with_what_is_saved_and_with_what_is_right():
    saved, accuracy = torch.tensor([0.0, 0.5, 0.5]), torch.tensor([0.8, 0.8, 0.4])

    assert n2n.reward(saved, accuracy, torch.tensor(0.8)).tolist() == pytest.approx([0.0, 0.75, 0.375])


@pytest.mark.parametrize("done", [0.2, 0.7])
def test_n2n_first_removes_blocks_and_then_shrinks_the_others(done):
    logits = torch.tensor([[4.0, 0.0, 0.0, 0.0], [0.0, 1.0, 1.0, 1.0], [0.5, 0.2, 2.0, 0.1]], requires_grad=True)
    log_C = logits.log_softmax(1)
    seen = set()
    for seed in range(40):
        z, log_prob = n2n.draw(log_C, done, torch.Generator().manual_seed(seed))
        seen |= {tuple(row) for row in z.tolist()}
        C = log_C.exp()
        if done < n2n.REMOVAL:
            expected = torch.where(z > 0, 1 - C[:, 0], C[:, 0]).log().sum(1)
        else:
            shrunk = C[:, 1:] / C[:, 1:].sum(1, keepdim=True)
            expected = shrunk[1:].expand(len(z), 2, 3).gather(2, z[:, 1:, None] - 1).squeeze(2).log().sum(1)
        torch.testing.assert_close(log_prob, expected)
    levels = {level for row in seen for level in row}
    assert levels == ({0, 3} if done < n2n.REMOVAL else {0, 1, 2, 3})
    assert done < n2n.REMOVAL or {row[0] for row in seen} == {0}, "a block that was removed came back"


def test_n2ns_policy_finds_the_student_that_is_as_right_and_smaller(two_tasks, tmp_path):
    """Where every student is right, the reward is what it saves: blocks go, and the student ends below its teacher."""
    base, data = two_tasks
    (made,) = METHODS["n2n"].recipes(base, SHARE).values()
    trainer = Trainer(made, data, Execution(tmp_path, accelerator="cpu", progress=False))
    optimizer = torch.optim.Adam(trainer.selector.parameters(), lr=0.02)
    batch, generator = trainer.loader.batch(0), torch.Generator().manual_seed(0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(n2n, "structure_losses", always_right)
        for step in range(40):
            n2n.policy_step(
                trainer.fabric, trainer.selector, optimizer, None, batch, trainer.table, step / 40, generator
            )

    grey = torch.ones(1, 3, 32, 32)
    chosen = trainer.selector.eval().model_distribution(grey, "few").argmax(-1)
    params = [int(trainer.table.cost(z, "few").params) for z in (chosen, torch.full_like(chosen, 3))]
    assert params[0] < 0.7 * params[1]


def costs(made) -> float:
    table = cost_table(Estimator(made.network), Selector(made.network))
    return full_macs(table), weights(table)


@pytest.mark.parametrize("backbone", ["wrn-14-1", "simple-convnet"])
def test_narrow_networks_have_the_share_of_the_macs_that_is_asked_for(backbone, two_tasks):
    base = recipe("digits-fast", backbone=backbone)
    macs, _ = costs(base)

    for method in ("shared-narrow", "separate-narrow"):
        for made in METHODS[method].recipes(base, SHARE).values():
            assert costs(made)[0] == pytest.approx(SHARE * macs, rel=0.06)


def test_the_wide_network_has_the_weights_of_the_separate_ones(two_tasks):
    base, _ = two_tasks
    (wide,) = METHODS["shared-wide"].recipes(base, SHARE).values()

    assert costs(wide)[1] == pytest.approx(2 * costs(base)[1], rel=0.05)


def test_levels_without_a_selector_are_charged_none():
    assert not at_levels({"a": 2}, 3).looks and at_levels({"a": 2}, 3).static == {"a": "222"}


def test_cross_stitch_networks_learn_what_to_take_of_each_other(two_tasks, tmp_path):
    trainer = trained("cross-stitch", *two_tasks, tmp_path)

    mixing = [block.mixing.detach() for block in trainer.estimator.blocks]
    start = torch.tensor([[0.9, 0.1], [0.1, 0.9]])
    assert all((found != start).any() for found in mixing)
    assert METHODS["cross-stitch"].cannot(recipe("digits-fast")) == "at least two tasks, found one"


@pytest.fixture
def two_routed(two_tasks):
    """The recipe of two tasks on the smallest network with fully connected layers."""
    base, data = two_tasks
    backbone = recipe("digits-fast", backbone="simple-convnet-narrow").network.backbone
    return dataclasses.replace(base, network=dataclasses.replace(base.network, backbone=backbone)), data


def test_modules_that_no_route_leads_through_learn_nothing(two_routed, tmp_path):
    base, data = two_routed
    (made,) = METHODS["routing"].recipes(base, SHARE).values()
    trainer = Trainer(made, data, Execution(tmp_path, accelerator="cpu", progress=False))
    estimator = trainer.estimator.train()
    batch = trainer.loader.batch(0)
    z = torch.tensor([[0, 0, 1, 0]]).expand(made.training.batch_of("few"), -1)

    logits = estimator({"few": batch.images["few"]}, {"few": z}, "dispatched")["few"]
    logits.square().mean().backward()

    modules = [list(block.alternatives) for block in estimator.blocks]
    assert [len(found) for found in modules] == [1, 1, 2, 2]
    for place, (block, chosen) in enumerate(zip(modules, (0, 0, 1, 0), strict=True)):
        for m, module in enumerate(block):
            learns = [p.grad is not None and bool(p.grad.abs().sum() > 0) for p in module.parameters()]
            assert any(learns) == (m == chosen), f"block {place}, module {m}"


def test_routing_ends_with_a_route_per_task_and_every_image_takes_it(two_routed, tmp_path):
    trainer = trained("routing", *two_routed, tmp_path)

    assert trainer.estimator.num_levels == 2 == len(trainer.recipe.network.tasks)
    assert trainer.table.block_macs[:, 0].tolist() == trainer.table.block_macs[:, 1].tolist()
    assert METHODS["routing"].cannot(two_routed[0]) == ""
    assert "fully connected layers" in METHODS["routing"].cannot(recipe("open3-fast"))


@pytest.mark.parametrize("place, wins", [(2, 0), (3, 1)])
def test_a_router_learns_which_module_answers_right(two_routed, tmp_path, place, wins):
    base, data = two_routed
    (made,) = METHODS["routing"].recipes(base, SHARE).values()
    trainer = Trainer(made, data, Execution(tmp_path, accelerator="cpu", progress=False))
    optimizer = torch.optim.Adam(trainer.selector.parameters(), lr=0.02)
    batch, generator = trainer.loader.batch(0), torch.Generator().manual_seed(0)

    def right_through(estimator, images, labels, structures):
        hits = {task: (z[..., place] == wins).float() for task, z in structures.items()}
        return {task: 1 - hit for task, hit in hits.items()}, hits

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routing, "structure_losses", right_through)
        for step in range(40):
            routing.policy_step(
                trainer.fabric, trainer.selector, optimizer, None, batch, trainer.table, step / 40, generator
            )

    C = trainer.selector.eval().model_distribution(torch.ones(1, 3, 32, 32), "few")[0]
    assert C[place, wins] > 0.8


def test_the_weighted_learner_slows_down_towards_the_ends():
    advantage, p = torch.tensor([1.0, 1.0, -1.0, -1.0]), torch.tensor([0.9, 0.1, 0.9, 0.1])

    assert routing.weighted(advantage, p).tolist() == pytest.approx([0.1, 0.9, -0.9, -0.1])


@pytest.fixture(scope="module")
def pruned_teacher(two_tasks, tmp_path_factory):
    """The recipe of the pruned network, and the trained one that it is made of."""
    pytest.importorskip("torch_pruning", reason="channel pruning needs the extra [pruning]")
    base, data = two_tasks
    made = METHODS["pruning"].teacher(base)
    folder = tmp_path_factory.mktemp("teacher")
    trainer = Trainer(made, data, Execution(folder, accelerator="cpu", progress=False))
    trainer.run()
    info = CheckpointInfo(made.network)
    return made, data, DeepElasticNetwork(trainer.estimator, trainer.selector, info)


def test_importances_are_those_of_the_library_for_every_channel(pruned_teacher):
    _, _, teacher = pruned_teacher
    side = teacher.estimator.map_side
    for chain in pruning.chains(teacher.estimator):
        (found,) = pruning.importances(chain, side)
        weights = torch.cat([chain.conv(0).weight.flatten(1), chain.conv(1).weight.transpose(0, 1).flatten(1)], 1)
        # the norm's weight counts as well, the library's sum is over squares
        expected = weights.square().sum(1) + chain.norm(1).weight.square()
        assert torch.equal(found.argsort(), expected.argsort())
        assert float(found.mean()) == pytest.approx(1, abs=1e-5)
        side = chain.side(side)


@pytest.mark.parametrize("share", [0.3, 0.4, 0.7])
def test_a_pruned_network_has_the_share_of_the_macs_that_is_asked_for(pruned_teacher, share):
    made, _, teacher = pruned_teacher
    estimator = copy.deepcopy(teacher.estimator)

    pruning.prune(estimator, made.network, share)

    z = pruning.kept_levels(estimator)[None]
    table = cost_table(estimator, Selector(made.network))
    full = table.cost(torch.full_like(z, pruning.LEVELS - 1), "few").macs
    assert float(table.cost(z, "few").macs / full) == pytest.approx(share, abs=0.02)


def test_what_was_pruned_stays_away_while_the_rest_learns_from_labels_and_teacher(pruned_teacher, tmp_path):
    made, data, teacher = pruned_teacher
    openings = METHODS["pruning"].openings(Training(recipe=made, share=SHARE, teacher=teacher))
    start = copy.deepcopy(teacher.estimator)
    pruning.prune(start, made.network, SHARE)
    trainer = Trainer(made, data, Execution(tmp_path, accelerator="cpu", progress=False), openings)

    trainer.run()

    assert torch.equal(pruning.kept_levels(trainer.estimator), pruning.kept_levels(start))
    assert (pruning.kept_levels(start) < pruning.LEVELS - 1).any()
    for before, after in zip(pruning.chains(start), pruning.chains(trainer.estimator), strict=True):
        gone = before.conv(0).weight == 0
        assert (after.conv(0).weight[gone] == 0).all()
        assert not torch.equal(after.conv(0).weight, before.conv(0).weight)


def test_a_pruned_network_that_goes_on_is_not_pruned_again(pruned_teacher):
    made, _, teacher = pruned_teacher
    openings = METHODS["pruning"].openings(Training(recipe=made, share=SHARE, teacher=teacher))
    estimator = Estimator(made.network)
    openings.begin(estimator, None, True)
    with torch.no_grad():
        for chain in pruning.chains(estimator):
            chain.conv(0).weight *= 2
    expected = copy.deepcopy(estimator.state_dict())

    openings.begin(estimator, None, False)

    assert all(torch.equal(estimator.state_dict()[name], value) for name, value in expected.items())
    z = openings.first_structures("few", 2, torch.Generator())
    assert torch.equal(z, pruning.kept_levels(estimator).expand(2, -1))


def test_without_the_library_the_line_names_the_extra(two_tasks, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_pruning", None)
    made = METHODS["pruning"].teacher(two_tasks[0])

    with pytest.raises(ConfigError, match=r"expected the package torch_pruning .*deep-elastic-networks\[pruning\]"):
        pruning.prune(Estimator(made.network), made.network, SHARE)


@pytest.mark.parametrize(
    "backbone, said", [("vgg-16-narrow", "at least 10 channels"), ("resnext-29-2x64", "without groups")]
)
def test_what_cannot_be_pruned_is_said(backbone, said):
    assert said in METHODS["pruning"].cannot(recipe("digits-fast", backbone=backbone))


def test_weights_in_use_are_those_of_the_levels_that_run(two_tasks):
    base, _ = two_tasks
    estimator, selector = build_networks(base)
    net = DeepElasticNetwork(estimator, selector, CheckpointInfo(base.network))
    everything = sum(p.numel() for p in estimator.parameters())

    full, small = (weights_in_use(net, at_levels({"few": 1, "many": level}, 3)) for level in (3, 1))

    assert full == everything
    assert small == everything - int((net.table.block_params[:, 3] - net.table.block_params[:, 1]).sum())
