"""Where this user's programs keep what they must not lose between runs. Rule: a folder, or None where there is no home."""

import os
import sys
from contextlib import suppress
from pathlib import Path


def state_folder() -> Path | None:
    """`auditor` in XDG_STATE_HOME (on Windows in LOCALAPPDATA), or in their defaults; None where there is no home.

    Source: "XDG Base Directory Specification". The folder need not exist yet.
    """
    windows = sys.platform == "win32"
    with suppress(RuntimeError):
        named = os.environ.get("LOCALAPPDATA" if windows else "XDG_STATE_HOME")
        return Path(named or Path.home() / ("AppData/Local" if windows else ".local/state")) / "auditor"
    return None
