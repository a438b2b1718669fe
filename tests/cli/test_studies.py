"""What the command line says of the studies is what they do."""

from typing import get_args

import pytest

from den_core.cli.studies import EstimatorArm, SelectorArm
from den_core.experiments import compare_estimators, compare_selectors


@pytest.mark.parametrize(("named", "study"), [(EstimatorArm, compare_estimators), (SelectorArm, compare_selectors)])
def test_every_arm_can_be_asked_for(named, study):
    assert list(get_args(named)) == list(study.ARMS)
