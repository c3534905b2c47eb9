"""What to write where, so that this machine runs an audit every night: a systemd timer, cron, or the Windows Task Scheduler.

These are the shortest schedules that work; `docs/recipes/` has longer ones, with retries, logs and mails. A test compares them.
"""

import getpass
import os
import re
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.settings import PREFIX

_SYSTEMD = """\
# /etc/systemd/system/auditor.service
[Unit]
Description=Audit of the validation status of all customers
Wants=network-online.target
After=network-online.target time-sync.target
StartLimitIntervalSec=8h
StartLimitBurst=5

[Service]
Type=oneshot
User={user}
{environment}ExecStart={command}
# 10: complete, and --fail-on matched. That is a result, no failure
SuccessExitStatus=10
# an unfinished run goes on an hour later; after 2, 4, 5 and 7 only a person can help
Restart=on-failure
RestartSec=1h
RestartPreventExitStatus=2 4 5 7
# requests in flight are finished, and the reports are written
TimeoutStopSec=180

# /etc/systemd/system/auditor.timer
[Unit]
Description=Audit of the validation status of all customers, every night

[Timer]
OnCalendar=*-*-* 02:00:00
RandomizedDelaySec=20min
Persistent=true

[Install]
WantedBy=timers.target

# then: sudo systemctl daemon-reload && sudo systemctl enable auditor.timer && sudo systemctl start auditor.timer
"""
_CRON = """\
# add with: crontab -e
{environment}17 2 * * * {command}
"""
_WINDOWS = """\
# in PowerShell
$action = New-ScheduledTaskAction -Execute {program} -Argument {arguments}
$trigger = New-ScheduledTaskTrigger -Daily -At 02:17
Register-ScheduledTask -TaskName auditor -Action $action -Trigger $trigger
"""
_STATE = "XDG_STATE_HOME"
"""The variable that says where the sign-in is stored."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule for this machine.

    Attributes:
        name: what runs it.
        text: what to write where.
        page: the folder of the documentation with more.
    """

    name: str
    text: str
    page: str


def schedule(settings_file: Path, profile: str | None) -> Schedule:
    """Return the schedule for this machine.

    Args:
        settings_file: absolute.
        profile: of that file.
    """
    command = _command(settings_file, profile)
    if sys.platform == "win32":
        return _windows(command)
    if Path("/run/systemd/system").is_dir():
        return _systemd(command, os.environ)
    return _cron(command, os.environ)


def missing_variables(settings: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> list[str]:
    """Names of the variables that this environment sets and the file does not: a schedule does not have them."""
    return sorted(
        name
        for name, value in environment.items()
        if name.startswith(PREFIX) and value and str(settings.get(name.removeprefix(PREFIX).lower())) != value
    )


def _command(settings_file: Path, profile: str | None) -> list[str]:
    """The command that a schedule starts."""
    command = [*_program(), "run", "--continue", "-q", "--config", str(settings_file)]
    return [*command, "--profile", profile] if profile else command


def _program() -> list[str]:
    """The command that starts auditor, with absolute paths."""
    name = "auditor.exe" if sys.platform == "win32" else "auditor"
    for folder in (Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))):
        if (folder / name).is_file():
            return [str(folder / name)]
    found = shutil.which("auditor")
    return [found] if found and Path(found).is_absolute() else [sys.executable, "-P", "-m", "auditor"]


def _systemd(command: Sequence[str], environment: Mapping[str, str]) -> Schedule:
    # a variable is not expanded in the name of the program
    words = [_systemd_word(command[0]), *(_systemd_word(word).replace("$", "$$") for word in command[1:])]
    state = environment.get(_STATE)
    line = f"Environment={_systemd_word(f'{_STATE}={state}')}\n" if state else ""
    text = _SYSTEMD.format(user=getpass.getuser(), environment=line, command=" ".join(words))
    return Schedule("systemd", text, "docs/recipes/systemd/")


def _systemd_word(text: str) -> str:
    """Quote a word of a unit file. Source: systemd.syntax(7), "Quoting"; a percent sign begins a specifier."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return text if re.fullmatch(r"[\w./=:@%+,-]+", text) else f'"{text}"'


def _cron(command: Sequence[str], environment: Mapping[str, str]) -> Schedule:
    # cron ends a command at a percent sign, quoted or not, unless a backslash stands before it. Source: crontab(5)
    line = " ".join(map(shlex.quote, command)).replace("%", "\\%")
    state = environment.get(_STATE)
    text = _CRON.format(environment=f"{_STATE}={state}\n" if state else "", command=line)
    return Schedule("cron", text, "docs/recipes/cron/")


def _windows(command: Sequence[str]) -> Schedule:
    program, *arguments = command
    line = " ".join(f'"{word}"' if " " in word else word for word in arguments)
    text = _WINDOWS.format(program=_powershell_text(program), arguments=_powershell_text(line))
    return Schedule("the Task Scheduler", text, "docs/recipes/windows/")


def _powershell_text(text: str) -> str:
    """Quote a text for PowerShell. Source: "about_Quoting_Rules"."""
    return "'" + text.replace("'", "''") + "'"
