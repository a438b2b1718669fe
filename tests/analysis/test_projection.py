"""Maps of model distributions, and outlines drawn on them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from den_core.analysis import projection
from den_core.errors import DataError

SQUARE = projection.box((0, 2), (0, 2))


def test_points_on_a_line_need_one_axis():
    line = np.linspace(0, 1, 50)[:, None] * np.array([[3.0, 4.0, 0.0]])
    points, explained = projection.principal_components(line)
    assert explained == pytest.approx((1, 0))
    assert np.ptp(points[:, 0]) == pytest.approx(5), "lengths along the first axis are kept"


def test_components_are_the_eigenvectors_of_the_covariance(random_distribution):
    flat = random_distribution(200, 3, 4).reshape(200, 12).astype(np.float64)
    points, explained = projection.principal_components(flat)

    variance, directions = np.linalg.eigh(np.cov(flat.T))
    axes = directions[:, [-1, -2]]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])  # the largest weight is positive
    np.testing.assert_allclose(points, (flat - flat.mean(axis=0)) @ axes, atol=1e-9)
    np.testing.assert_allclose(explained, variance[[-1, -2]] / variance.sum(), rtol=1e-9)


def test_one_image_has_a_map(random_distribution):
    points, explained = projection.principal_components(random_distribution(1, 3, 4).reshape(1, 12))
    assert points.tolist() == [[0, 0]] and explained == (0, 0)


def test_the_same_images_give_the_same_map_and_turned_signs_do_not_matter(random_distribution):
    flat = random_distribution(60, 3, 4)
    first, second = (projection.pca_map({"toy": flat.copy()}) for _ in range(2))
    np.testing.assert_array_equal(first.points, second.points)


def test_equal_images_lie_apart_but_near(random_distribution):
    flat = np.concatenate([random_distribution(20, 3, 4)] * 2)
    found = projection.pca_map({"toy": flat})
    gap = np.abs(found.points[:20] - found.points[20:]).max(axis=1)
    assert (gap > 0).all()
    assert gap.max() <= 1.01 * projection.SHAKE * found.width


def test_images_that_are_all_equal_still_have_a_map():
    found = projection.pca_map({"toy": np.full((5, 2, 4), 0.25, dtype=np.float32)})
    assert found.explained == (0, 0)
    assert np.isfinite(found.points).all()


def test_a_map_knows_which_image_is_where(random_distribution):
    found = projection.pca_map({"a": random_distribution(3, 2, 4), "b": random_distribution(2, 2, 4)})
    assert found.images["task"].tolist() == ["a", "a", "a", "b", "b"]
    assert found.images["row"].tolist() == [0, 1, 2, 0, 1]
    assert not found.points.flags.writeable


def test_a_map_names_every_image_in_its_own_order(make_gallery, random_distribution):
    galleries = {
        "a": make_gallery(random_distribution(5, 2, 3), correct=[True, False, True, True, True]),
        "b": make_gallery(random_distribution(4, 2, 3, seed=1)),
    }
    whole = projection.pca_map({task: gallery.distribution for task, gallery in galleries.items()})
    part = projection.Projection(
        whole.images.iloc[[7, 1, 6, 0]].reset_index(drop=True), whole.points[[7, 1, 6, 0]], None
    )
    classes = {"a": ("cat", "dog"), "b": ("car", "bus")}
    found = projection.map_images(part, galleries, classes)
    assert found["task"].tolist() == ["b", "a", "b", "a"]
    assert found["row"].tolist() == [2, 1, 1, 0]
    np.testing.assert_array_equal(found[["x", "y"]].to_numpy(), part.points)
    for entry in found.itertuples():
        row = galleries[entry.task].frame.iloc[entry.row]
        assert entry.class_name == classes[entry.task][row["label"]]
        assert entry.answer == classes[entry.task][row["prediction"]]
        assert entry.label.startswith(f"{entry.class_name} ") and row["structure"] in entry.label


def test_tasks_of_different_networks_have_no_common_map(random_distribution):
    with pytest.raises(DataError, match="same blocks"):
        projection.pca_map({"a": random_distribution(3, 2, 4), "b": random_distribution(3, 3, 4)})


def test_no_image_is_an_error_that_names_the_command():
    with pytest.raises(DataError, match="index"):
        projection.pca_map({"a": np.zeros((0, 2, 4), dtype=np.float32)})


def test_t_sne_takes_a_sample_and_repeats_itself(random_distribution):
    flat = random_distribution(60, 2, 4)
    first, second = (projection.tsne_map({"toy": flat}, most=30) for _ in range(2))
    assert len(first.images) == len(first.points) == 30
    assert first.explained is None
    np.testing.assert_array_equal(first.points, second.points)


def test_t_sne_of_two_images_is_refused(random_distribution):
    with pytest.raises(DataError, match="3 images"):
        projection.tsne_map({"toy": random_distribution(2, 2, 4)})


def test_a_sample_is_seeded_rising_and_without_repetition():
    rows = projection.sample_rows(1000, 100)
    assert len(set(rows.tolist())) == 100
    assert rows.tolist() == sorted(rows.tolist()) == projection.sample_rows(1000, 100).tolist()
    assert projection.sample_rows(5, 100).tolist() == [0, 1, 2, 3, 4]


def test_points_inside_a_square():
    points = np.array([[1, 1], [3, 1], [1, -1], [0.5, 1.9], [2.1, 2.1]])
    assert projection.inside(points, SQUARE).tolist() == [True, False, False, True, False]


def test_points_inside_a_hollow_shape():
    horseshoe = np.array([[0, 0], [3, 0], [3, 3], [2, 3], [2, 1], [1, 1], [1, 3], [0, 3]])
    points = np.array([[0.5, 2], [1.5, 2], [2.5, 2], [1.5, 0.5]])
    assert projection.inside(points, horseshoe).tolist() == [True, False, True, True]


@settings(deadline=None)
@given(st.integers(3, 40), st.integers(0, 1000))
def test_inside_agrees_with_the_sign_of_cross_products_for_convex_outlines(corners, seed):
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    outline = np.column_stack([np.cos(angles), np.sin(angles)])
    points = rng.uniform(-1, 1, (50, 2))
    edges = np.roll(outline, -1, axis=0) - outline
    to_point = points[:, None] - outline
    left = (edges[:, 0] * to_point[..., 1] - edges[:, 1] * to_point[..., 0] > 0).all(axis=1)
    np.testing.assert_array_equal(projection.inside(points, outline), left)


def test_simplifying_keeps_the_corners_that_matter():
    sides = [np.linspace(a, b, 25, endpoint=False) for a, b in zip(SQUARE, np.roll(SQUARE, -1, axis=0), strict=True)]
    kept = projection.simplified(np.concatenate(sides), most=4)
    assert sorted(map(tuple, kept.tolist())) == sorted(map(tuple, SQUARE.tolist()))


def test_a_simplified_circle_holds_nearly_the_same_points():
    angles = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    points = np.random.default_rng(0).uniform(-1, 1, (2000, 2))
    both = projection.inside(points, circle), projection.inside(points, projection.simplified(circle))
    assert (both[0] != both[1]).mean() < 0.02


def test_an_outline_survives_the_link():
    outline = np.array([[0.12345, -1], [2, 3.5], [-0.0001, 7]])
    text = projection.outline_text(outline)
    np.testing.assert_allclose(projection.read_outline(text), outline, atol=0.5 * 10**-projection.DECIMALS)
    assert projection.outline_text(projection.read_outline(text)) == text


def test_a_long_outline_becomes_a_short_text():
    text = projection.outline_text(np.random.default_rng(0).normal(size=(300, 2)))
    assert text.count("~") == projection.MAX_VERTICES - 1
    assert len(text) < 700


@pytest.mark.parametrize(
    "text", ["", "garbage", "1_2", "1_2~3_4", "1_2~3_4~nan_1", "1_2~3_4~5_6~", "1e9_2~3_4~5_6", "٣_1~1_1~2_2"]
    + ["~".join(["1_2"] * 41)],
)  # fmt: skip
def test_what_is_no_outline_is_an_error(text):
    with pytest.raises(DataError, match="corners"):
        projection.read_outline(text)
