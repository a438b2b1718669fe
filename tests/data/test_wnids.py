"""The classes of M2."""

import pytest
from image_samples import encode, solid

from den_core.data.sources import open_source
from den_core.data.wnids import M2_TASKS, draw_tasks, m2_sources
from den_core.errors import DataError


def test_ten_tasks_of_five_wnids_that_differ():
    wnids = [wnid for task in M2_TASKS for wnid in task]

    assert [len(task) for task in M2_TASKS] == [5] * 10
    assert len(set(wnids)) == 50 and all(len(wnid) == 9 and wnid[0] == "n" and wnid[1:].isdecimal() for wnid in wnids)


def test_sources_open_on_an_imagenet_style_folder(tmp_path):
    others = ("n01440764", "n15075141")
    for split in ("train", "val"):
        for wnid in (*M2_TASKS[3], *others):
            (tmp_path / split / wnid).mkdir(parents=True)
            shade = int(wnid[-2:])
            (tmp_path / split / wnid / f"{wnid}_1.JPEG").write_bytes(encode(solid((shade,) * 3), "JPEG"))

    for split in ("train", "test"):
        source = open_source(m2_sources(str(tmp_path))[3], split)
        assert source.class_names == M2_TASKS[3]
        for i, label in enumerate(source.labels):
            shade = int(M2_TASKS[3][label][-2:])
            assert source.image(i).getpixel((0, 0)) == pytest.approx((shade,) * 3, abs=1)
        assert sorted(source.labels.tolist()) == [0, 1, 2, 3, 4]
    with pytest.raises(DataError, match="found 'n01978455'; "):
        open_source(m2_sources(str(tmp_path))[0], "train")


def test_drawn_tasks_are_disjoint_and_seeded():
    tasks = draw_tasks(100, seed=3)

    drawn = [label for task in tasks for label in task]
    assert [len(task) for task in tasks] == [5] * 10 and len(set(drawn)) == 50 and set(drawn) <= set(range(100))
    assert tasks == draw_tasks(100, seed=3) != draw_tasks(100, seed=4)
    assert {label for task in draw_tasks(6, 3, 2) for label in task} == set(range(6))


@pytest.mark.parametrize(("classes", "tasks", "size"), [(49, 10, 5), (10, 0, 5), (10, 2, 0)])
def test_too_few_classes(classes, tasks, size):
    with pytest.raises(DataError, match=f"found {classes}"):
        draw_tasks(classes, tasks, size)
