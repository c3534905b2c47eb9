"""The names that `auditor.fetch` exports."""

import subprocess
import sys

import pytest

from auditor import fetch


@pytest.mark.parametrize("name", fetch.__all__)
def test_every_exported_name_exists(name: str) -> None:
    """Each is imported from its module when it is first used."""
    assert getattr(fetch, name).__class__


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The lazy import raises the same error as any module."""
    assert not hasattr(fetch, "unknown")


def test_a_stored_sign_in_needs_no_http_client() -> None:
    """Commands that only look at it start quickly."""
    code = "import sys, auditor.fetch.auth; print({'aiohttp', 'msal', 'requests'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"
