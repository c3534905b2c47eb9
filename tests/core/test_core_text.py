"""`typed`: a path as somebody has to type it."""

import shlex

import pytest

from auditor.core.text import typed


@pytest.mark.parametrize("path", ["reports/x", "my reports/x", """it's "the" $HOME of a `report`"""])
def test_a_path_is_typed_as_a_posix_shell_wants_it(path: str) -> None:
    """The shell reads one word, and it is the path."""
    assert shlex.split(typed(path, windows=False)) == [path]


@pytest.mark.parametrize(("path", "as_typed"), [("reports\\x", "reports\\x"), (r"C:\My runs\x", r'"C:\My runs\x"')])
def test_a_path_is_typed_as_windows_wants_it(path: str, as_typed: str) -> None:
    """In double quotes, which both of its shells take, and only where it has to be."""
    assert typed(path, windows=True) == as_typed
