"""The service: any images, any tasks, any thread, the same answers as the network's own methods."""

from __future__ import annotations

import io
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image

import den_core
from den_core.errors import ConfigError, ImageError
from den_core.inference.calibration import Calibration, Stop, write_calibration
from den_core.inference.predictor import Predictor
from den_core.policy import Policy


def pictures(count: int) -> list[Image.Image]:
    """Random pictures of as many sizes and modes."""
    rng = np.random.default_rng(0)
    sizes = [(20 + 7 * i, 64 - 3 * i) for i in range(count)]
    return [Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8)) for size in sizes]


def test_answers_are_those_of_the_network(network):
    images, tasks = pictures(6), ["toy", "wide", "toy", "toy", "wide", "toy"]

    found = Predictor(network, cost_weight=0.4)(images, tasks)

    for image, task, said in zip(images, tasks, found, strict=True):
        x = network.preprocess(image, task)
        C = network.model_distribution(x, task)
        z = network.choose(C, 0.4)
        p = network.classify(x, task, z).softmax(1)[0]
        assert said.task == task and said.structure == "".join(map(str, z[0].tolist()))
        assert said.class_name == network.task(task).class_names[int(p.argmax())]
        torch.testing.assert_close(torch.tensor(said.probabilities), p, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(torch.from_numpy(said.distribution), C[0], atol=1e-5, rtol=1e-4)
        assert said.confidence == max(said.probabilities)
        assert said.macs == int(network.cost(z, task).total_macs[0])
        assert said.share == said.macs / int(network.full_cost(task).macs[0])


@pytest.mark.parametrize("batch", [1, 2, 64])
def test_the_size_of_a_batch_changes_nothing(batch, network):
    images = pictures(7)
    one, many = Predictor(network, batch=batch)(images, "toy"), Predictor(network, batch=7)(images, "toy")

    assert [a.structure for a in one] == [b.structure for b in many]
    np.testing.assert_allclose([a.probabilities for a in one], [b.probabilities for b in many], atol=1e-5)


def test_images_come_as_anything_that_preprocess_takes(network, tmp_path):
    image = pictures(1)[0]
    encoded = io.BytesIO()
    image.save(encoded, "png")
    (tmp_path / "x.png").write_bytes(encoded.getvalue())

    found = Predictor(network)([image, encoded.getvalue(), tmp_path / "x.png", np.asarray(image)], "toy")

    assert len({said.probabilities for said in found}) == 1


def test_no_image_has_no_answer(network):
    assert Predictor(network)([], "toy") == []


def test_threads_share_one_service(network):
    service, images = Predictor(network, batch=2), pictures(8)
    alone = service(images, "toy")

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda i: service([images[i % 8]], "toy")[0], range(64)))

    for i, said in enumerate(answers):
        assert said.structure == alone[i % 8].structure
        np.testing.assert_allclose(said.probabilities, alone[i % 8].probabilities, atol=1e-5)


def test_bad_input_is_refused(network):
    service, image = Predictor(network), pictures(1)[0]
    with pytest.raises(ConfigError, match="found 'fish'"):
        service([image], "fish")
    with pytest.raises(ConfigError, match="expected a task for each of 1 images, found 2"):
        service([image], ["toy", "wide"])
    with pytest.raises(ImageError):
        service([b"no image"], "toy")
    with pytest.raises(ConfigError, match="expected a batch of at least one image, found 0"):
        Predictor(network, batch=0)


def test_a_service_spends_the_budget_that_it_is_loaded_with(saved, tmp_path):
    folder = tmp_path / "calibrated"
    shutil.copytree(saved, folder)
    with pytest.raises(ConfigError, match="expected a calibration in .* found none"):
        den_core.Predictor.load(folder, budget=0.5)
    static = Policy(static={"toy": "312", "wide": "000"}, looks=False)
    write_calibration(folder, Calibration((Stop(Policy(2.0), 0.2), Stop(static, 0.8)), 5))

    assert den_core.Predictor.load(folder, budget=0.5).policy == Policy(2.0)
    assert den_core.Predictor.load(folder, budget=0.2).policy == Policy(2.0)
    assert den_core.Predictor.load(folder, budget=0.9).policy == static
    assert den_core.Predictor.load(folder).policy == Policy()
    with pytest.raises(ConfigError, match="from 0.200 to 0.800"):
        den_core.Predictor.load(folder, budget=0.1)


def test_a_service_says_which_answers_were_early(headed):
    images = pictures(20)
    x = headed.preprocess(images, "toy")
    policy = Policy(threshold=float(headed.head_probability(headed.look(x, "toy"), "toy").median()))
    service = Predictor(headed, batch=5, policy=policy)

    found = service(images, "toy")

    expected = headed.answer(x, "toy", policy=policy)
    assert expected.early.sum() == 10
    assert [p.early for p in found] == expected.early.tolist()
    assert [p.macs for p in found] == expected.total_macs.tolist()
    torch.testing.assert_close(
        torch.tensor([p.probabilities for p in found]), expected.logits.softmax(1), atol=1e-5, rtol=1e-4
    )


def test_a_service_that_does_not_look_has_no_distribution_to_show(headed):
    service = Predictor(headed, policy=Policy(static={"toy": "312"}, looks=False))

    found = service([np.zeros((32, 32, 3), np.uint8)], "toy")[0]

    assert found.distribution is None and found.structure == "312" and not found.early
    assert found.macs == int(headed.cost(torch.tensor([[3, 1, 2]]), "toy").macs[0])
