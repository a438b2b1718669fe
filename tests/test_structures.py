"""Structures as tensors and as text."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from den_core.errors import StructureError
from den_core.structure_keys import structure_key, structure_keys
from den_core.structures import count_distinct, full_structure, parse_structure


@settings(max_examples=50, deadline=None)
@given(levels=st.lists(st.integers(0, 3), min_size=1, max_size=20))
def test_a_key_names_its_structure(levels):
    z = parse_structure(structure_key(levels), len(levels), 4)

    assert z.tolist() == [levels] and z.dtype == torch.int64


@pytest.mark.parametrize(
    "key, said", [("01", "found '01'"), ("014", "found 4 in block 2"), ("0x1", "found '0x1'"), ("", "found ''"),
                  ("٠١٢", "digits")],
)  # fmt: skip
def test_a_key_that_does_not_fit_is_refused(key, said):
    with pytest.raises(StructureError, match=said):
        parse_structure(key, 3, 4)


def test_distinct_structures_are_counted_once():
    z = torch.cat([full_structure(3, 4, 4), torch.zeros(2, 4, dtype=torch.int64)])

    assert count_distinct(z) == 2


def test_texts_of_many_structures_are_theirs_alone():
    assert structure_keys(np.array([[3, 0, 1], [0, 0, 0]], dtype=np.uint8)).tolist() == ["301", "000"]
    assert structure_keys(np.zeros((0, 3), dtype=np.uint8)).tolist() == []
