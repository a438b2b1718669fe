"""The stopwatch measures what it says, on what it says."""

from __future__ import annotations

import time

import pytest
import torch

from den_core.benchmarks.inference import ALL, EARLY, FULL, IMAGES, OWN, benchmark, benchmark_untrained
from den_core.data.arrays import load_task
from den_core.errors import ConfigError
from den_core.runtime.memory import peak_memory
from den_core.runtime.stopwatch import quartiles, take_turns
from den_core.structures import uniform_structure

CPU = torch.device("cpu")


def test_ways_take_turns_and_each_is_timed():
    order = []
    ways = {"short": lambda: order.append("short"), "long": lambda: (order.append("long"), time.sleep(0.01))}

    seconds = take_turns(ways, 4, CPU)

    assert order == ["short", "long"] * 6, "two rounds to warm up and four that count"
    assert [len(taken) for taken in seconds.values()] == [4, 4]
    assert min(seconds["long"]) >= 0.01 > quartiles(seconds["short"])[1]


def test_several_calls_can_be_timed_together():
    seconds = take_turns({"nap": lambda: time.sleep(0.002)}, 3, CPU, inner=5)

    assert 0.002 <= quartiles(seconds["nap"])[1] < 0.01


def test_peak_memory_counts_what_is_alive_at_once():
    x = torch.zeros(1000)

    def two_at_once():
        y = x + 1  # 4,000 bytes
        z = y * 2  # another 4,000, with y still there
        del y
        return z[:10].relu_()  # a view, in place: nothing new

    assert peak_memory(two_at_once, CPU) == 8000
    assert peak_memory(lambda: x.view(10, 100).t().add_(1), CPU) == 0


def timing(result, way, batch):
    """The only timing of a way at a batch size."""
    (found,) = [found for found in result.timings if (found.way, found.batch) == (way, batch)]
    return found


def test_early_answers_are_timed_where_the_network_gives_any(tiny_net, early_net):
    data = load_task(early_net.task("emoji"), "test", limit=IMAGES, progress=False)
    images = early_net.preprocess(list(data.images), "emoji")

    result = benchmark(early_net, "emoji", [8], repeats=2, images=images)

    answered = early_net.answer(images, "emoji")
    assert 20 < answered.early.sum() < 44
    assert timing(result, EARLY, 8).mean_macs == pytest.approx(float(answered.total_macs.double().mean()))
    structures = uniform_structure(IMAGES, tiny_net.num_blocks, 1)
    for without in (
        benchmark(tiny_net, "emoji", [8], 2, images),
        benchmark(early_net, "emoji", [8], 2, images, structures),
    ):
        assert EARLY not in {timing.way for timing in without.timings}


def test_ratios_are_of_the_full_model(tiny_net):
    result = benchmark(tiny_net, "emoji", [1, 8], repeats=3)

    for batch in (1, 8):
        full, own, both = (timing(result, way, batch) for way in (FULL, OWN, ALL))
        fastest = min(full.median_ms, timing(result, "full model, dispatched", batch).median_ms)
        assert full.mac_ratio == full.time_ratio == 1
        assert own.time_ratio == pytest.approx(own.median_ms / full.median_ms)
        assert own.strict_time_ratio == pytest.approx(own.median_ms / fastest)
        assert both.efficiency == pytest.approx(both.mac_ratio / both.time_ratio)
        assert both.strict_efficiency == pytest.approx(both.mac_ratio / both.strict_time_ratio)
        assert both.mean_macs == pytest.approx(own.mean_macs + timing(result, "selector", batch).mean_macs)
        assert own.lower_ms <= own.median_ms <= own.upper_ms
        assert timing(result, "masked", batch).mean_macs == own.mean_macs
    assert "efficiency" in result.table() and "float32" in result.table()


def test_given_images_and_structures_are_run(tiny_net, rng):
    size = tiny_net.task("emoji").size
    x = torch.randn(4, 3, size, size, generator=rng)

    result = benchmark(tiny_net, "emoji", [4], 2, x, uniform_structure(4, tiny_net.num_blocks, 1))

    level_1 = float(tiny_net.cost(uniform_structure(1, tiny_net.num_blocks, 1), "emoji").macs[0])
    assert timing(result, OWN, 4).mean_macs == level_1


def test_bfloat16_is_timed_as_such(tiny_checkpoint):
    from den_core.inference.network import load

    result = benchmark(load(tiny_checkpoint, precision="bfloat16"), "fashion", [2], repeats=2)

    assert result.precision == "bfloat16"


def test_an_untrained_network_runs_structures_of_the_asked_share():
    result = benchmark_untrained("digits-fast", 0.5, None, [32], 2, "cpu", "float32")

    assert timing(result, OWN, 32).mac_ratio == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("batches", "repeats", "words"),
    [
        ([0], 3, "at least one image, found 0"),
        ([10**6], 3, "as many as there are, found 1000000"),
        ([1], 1, "two repeats"),
    ],
)
def test_what_cannot_be_timed_is_refused(batches, repeats, words, tiny_net):
    with pytest.raises(ConfigError, match=words):
        benchmark(tiny_net, "emoji", batches, repeats)
