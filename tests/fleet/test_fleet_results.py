"""The exit code of a fleet is the worst of its partners'."""

import pytest

from auditor.fleet import worst_exit_code


@pytest.mark.parametrize(
    ("codes", "worst"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 10], 10),
        ([10, 7, 0], 7),
        ([3, 7, 10], 3),
        ([11, 3], 11),
        ([6, 11, 3], 6),
        ([5, 6], 5),
        ([4, 5, 6], 4),
        ([4, 2], 2),
        ([143, 4, 2], 143),
        ([1, 143, 130], 1),
        ([0, -9], 1),
    ],
)
def test_the_worst_exit_code_counts(codes: list[int], worst: int) -> None:
    """A code that is none of auditor's, such as that of a killed process, is a defect."""
    assert worst_exit_code(codes) == worst
