"""What the tests of `auditor mail` share: a list with account managers, the table of addresses, and a run."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import journal
from auditor.cli import main
from auditor.commands import mail as command
from auditor.simulator import AnswerOptions, IdentityOptions, SimulatorOptions, ThrottleOptions, serve_in_thread
from mail_support import Mailbox, mail_server

OWNERS = ("Ann", "Ann", "Bo", "Zoë Ångström", "李娜", "Cy", "")
IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, len(OWNERS) + 1)]
ANSWERS = {IDS[1]: "allowed", IDS[5]: "allowed", IDS[3]: "no_relationship"}
SENT = ("Ann", "Bo", "Zoë Ångström", "李娜")
RUN = (
    "run",
    "list.csv",
    "--rate",
    "0",
    "--customer-list",
    "never",
    "--sum",
    "Revenue",
    "--max-undetermined",
    "5",
    "-q",
)
MAIL = ("mail", "latest", "--to", "owners.csv")


def write_list(*rows: tuple[str, str, str]) -> None:
    """Write list.csv with these rows of id, company and account manager; without rows, those of OWNERS."""
    known = rows or [(IDS[n], f"Company {n}", owner) for n, owner in enumerate(OWNERS)]
    with Path("list.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["Microsoft ID", "Company name", "Account manager", "Revenue"])
        table.writerows([*row, f"{n}00.50"] for n, row in enumerate(known))


def write_addresses(*names: str) -> None:
    """Write owners.csv with an address for each name."""
    lines = ["Account manager,E-mail", *(f"{name},m{n}@contoso.test" for n, name in enumerate(names))]
    Path("owners.csv").write_text("\n".join(lines), "utf-8")


def audit(
    monkeypatch: pytest.MonkeyPatch,
    answers: dict[str, str] | None = None,
    *,
    port: int = 0,
    announces: bool = False,
    formats: str = "xlsx",
) -> int:
    """Audits list.csv against a simulator; returns its port."""
    options = SimulatorOptions(
        announces=announces,
        tls=False,
        api_port=port,
        identity=IdentityOptions(enabled=False),
        throttle=ThrottleOptions(windows=()),
        answers=AnswerOptions(weights={"under_review": 1}, overrides=ANSWERS if answers is None else answers),
    )
    with serve_in_thread(options) as simulator:
        monkeypatch.setenv("AUDITOR_API_URL", simulator.api_url)
        monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token())
        assert main([*RUN, "--format", formats]) == 0
        return int(simulator.api_url.rpartition(":")[2])


def make_run(folder: Path) -> None:
    """A complete run in `folder`; the table has an address for each of SENT. For a fixture of a module: each test has a copy."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(folder / name))
        patch.chdir(folder)
        write_list()
        write_addresses(*SENT)
        audit(patch)


def copy_run(monkeypatch: pytest.MonkeyPatch, made: Path, folder: Path) -> Path:
    """A copy of the run in `folder`, which becomes the current one."""
    shutil.copytree(made, folder, symlinks=True, dirs_exist_ok=True)
    monkeypatch.chdir(folder)
    return next(Path("reports").glob("2*"))


def receiving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A mail server on this machine and the settings for it, for a fixture to `yield from`; nothing waits."""
    monkeypatch.setattr(command, "WAITS", (0.0, 0.0, 0.0))
    box = Mailbox()
    with mail_server(box) as port:
        monkeypatch.setenv("AUDITOR_SMTP", f"smtp://127.0.0.1:{port}")
        monkeypatch.setenv("AUDITOR_MAIL_FROM", "auditor@contoso.test")
        yield box


def records(run: Path) -> list[tuple[str, str]]:
    """(account manager, outcome) of each line of the record."""
    return [(one.owner, one.outcome) for one in journal.read_mailed(run)]
