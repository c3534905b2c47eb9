"""Paths quoted for a shell."""

import shlex

import pytest

from auditor.core.text import shell_quote


@pytest.mark.parametrize("path", ["reports/x", "my reports/x", """it's "the" $HOME of a `report`"""])
def test_a_path_is_quoted_for_posix_shells(path: str) -> None:
    """The shell reads one word: the path."""
    assert shlex.split(shell_quote(path, windows=False)) == [path]


@pytest.mark.parametrize(("path", "as_typed"), [("reports\\x", "reports\\x"), (r"C:\My runs\x", r'"C:\My runs\x"')])
def test_a_path_is_quoted_for_windows(path: str, as_typed: str) -> None:
    """In double quotes, which both shells accept, and only where needed."""
    assert shell_quote(path, windows=True) == as_typed
