"""`auditor completion --install`: where each shell reads its completion from."""

import os
import sys
from pathlib import Path

from auditor.core.text import shell_quote
from auditor.errors import OutputError, describe_os_error

_NAME = "auditor"


def install_script(shell: str, script: str) -> tuple[Path, str]:
    """Write the script to the place for a shell; return its path and what the user has to do, if anything.

    Raises:
        OutputError: it cannot be written.
    """
    path, hint = _place(shell)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(
            f"{path}: {describe_os_error(error)}", f"auditor completion {shell} prints the script"
        ) from error
    return path, hint


def _place(shell: str) -> tuple[Path, str]:
    """(path of the script, what the user has to do) for a shell. A start file of the user is never changed."""
    data = _folder("XDG_DATA_HOME", ".local/share")
    match shell:
        case "bash":
            own = os.environ.get("BASH_COMPLETION_USER_DIR")
            path = (Path(own) if own else data / "bash-completion") / "completions" / _NAME
            return path, (
                "open a new shell. It needs the package bash-completion; without that, add this line to ~/.bashrc: "
                f". {_quoted(path)}"
            )
        case "zsh":
            path = data / "zsh" / "site-functions" / f"_{_NAME}"
            return path, (
                f"add this line to ~/.zshrc, before compinit, and open a new shell: fpath=({_quoted(path.parent)} $fpath)"
            )
        case "fish":
            return _folder("XDG_CONFIG_HOME", ".config") / "fish" / "completions" / f"{_NAME}.fish", "open a new shell"
        case _:
            folder = _folder("APPDATA", "AppData/Roaming") if sys.platform == "win32" else data
            path = folder / _NAME / "completion.ps1"
            quoted = str(path).replace("'", "''")
            return path, f"add this line to the file that $PROFILE names, and open a new shell: . '{quoted}'"


def _folder(variable: str, default: str) -> Path:
    named = os.environ.get(variable)
    return Path(named) if named else Path.home() / default


def _quoted(path: Path) -> str:
    return shell_quote(path, windows=False)
