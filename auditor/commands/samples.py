"""The sample customer lists that come with the program. Rule: found in a checkout and where it was installed, alike."""

from importlib.resources import files
from pathlib import Path


def sample(name: str) -> Path:
    """A sample list: beside the package in a checkout, inside it where it was installed."""
    package = Path(str(files("auditor")))
    installed = package / "sample_inputs" / name
    return installed if installed.is_file() else package.parent / "sample_inputs" / name
