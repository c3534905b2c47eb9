"""Tests here import libraries that only `make test-system` installs."""

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import these modules where none of their tests runs."""
    return True if collection_path.suffix == ".py" and config.option.markexpr == "not system" else None
