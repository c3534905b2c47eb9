"""The pytest fixture `partner_center`. pytest loads this module in every project where auditor is installed, so it imports
nothing but pytest at the start.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from auditor.testing import PartnerCenter

_USER_FOLDERS = ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "APPDATA", "LOCALAPPDATA")
"""Where auditor finds the user's settings file, stored sign-in and learned rate limit."""
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy"})


@pytest.fixture
def partner_center(
    monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator["PartnerCenter"]:
    """A simulated Partner Center without customers, which code under test uses without any settings of its own.

    Add customers with `partner_center["…"] = "UnderReview"`. For the length of the test, the settings come from nowhere else: all
    AUDITOR_ and proxy variables are replaced, and the user's own settings, sign-in and learned rate are out of reach. `tmp_path` is
    the current folder, so that no ./auditor.toml is read and the default folder `reports` is a temporary one. Settings that the
    code passes itself still win. Runs look like real ones: `latest` moves, and the history keeps them.
    """
    from auditor.testing import PartnerCenter  # noqa: PLC0415 - only a test that uses it pays for the imports

    for name in list(os.environ):
        if name.startswith("AUDITOR_") or name.casefold() in _PROXIES:
            monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("auditor-user")
    for name in _USER_FOLDERS:
        monkeypatch.setenv(name, str(folder / name))
    monkeypatch.chdir(tmp_path)
    with PartnerCenter(mark_simulated=False) as partner_center:
        for name, value in partner_center.environ.items():
            monkeypatch.setenv(name, value)
        yield partner_center
