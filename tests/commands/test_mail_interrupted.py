"""`auditor mail` when something goes wrong in the middle: each account manager gets their workbook once all the same."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from mail_run_support import MAIL, SENT, copy_run, make_run, receiving, records

from auditor.cli import main
from mail_support import DROP, Mailbox
from program_support import Program


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with a complete run of four account managers, and their addresses; each test has a copy."""
    make_run(folder := tmp_path_factory.mktemp("made"))
    return folder


@pytest.fixture
def run(made: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A complete run with four account managers, and their addresses."""
    run = copy_run(monkeypatch, made, tmp_path)
    capsys.readouterr()
    return run


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """What the mail server receives."""
    yield from receiving(monkeypatch)


def test_what_the_server_may_accept_later_is_tried_again(run: Path, box: Mailbox) -> None:
    """451 once for an address, a lost connection, 421 for a mail: everybody gets theirs, once."""
    box.recipients["m2@contoso.test"] = ["451 4.7.1 greylisted", "250 OK"]
    box.data = [DROP, "421 shutting down"]
    assert main([*MAIL, "-q"]) == 0
    assert sorted(box.addresses) == [f"m{n}@contoso.test" for n in range(4)]
    assert sorted(records(run)) == sorted((name, "sent") for name in SENT)


def test_the_tries_are_bounded(run: Path, box: Mailbox) -> None:
    """An address that is always put off is reported after the third try, and is not recorded as refused."""
    asked: list[int] = []
    box.on_mail = asked.append
    box.recipients["m2@contoso.test"] = ["451 4.7.1 greylisted"]
    assert main([*MAIL, "-q"]) == 7
    assert len(asked) == 4 + 2
    assert ("Zoë Ångström", "refused") not in records(run)


def test_a_server_that_cannot_be_reached(
    run: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 7, one message with the cause, and the command."""
    monkeypatch.setenv("AUDITOR_SMTP", "smtp://127.0.0.1:9")
    assert main(list(MAIL)) == 7
    said = capsys.readouterr().err
    assert said.count("mail server 127.0.0.1:9 cannot be reached: Connection refused; 4 mails not sent") == 1
    assert f"auditor mail {run} --to owners.csv" in said
    assert records(run) == []
    assert box.received == []


def test_a_workbook_that_is_changed_while_others_are_sent(
    run: Path, box: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its hash is compared again when it is attached."""
    path = run / "by-owner" / "李娜.xlsx"

    def change(mails: int) -> None:
        if mails == 1:
            path.write_bytes(b"changed")

    box.on_mail = change
    assert main(list(MAIL)) == 3
    assert "was changed a moment ago" in capsys.readouterr().err
    assert len(box.received) == 3
    assert len(records(run)) == 3


def test_a_kill_between_two_mails(run: Path, box: Mailbox) -> None:
    """SIGKILL when the third mail begins: the next command sends the others; everybody gets theirs exactly once."""
    started: list[Program] = []

    def kill(mails: int) -> None:
        if mails == 2:
            os.kill(started[0].pid, signal.SIGKILL)

    box.on_mail = kill
    with Program(*MAIL, "-q") as process:
        started.append(process)
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert len(box.received) == 2
    assert len(records(run)) == 2
    box.on_mail = lambda _: None
    assert main([*MAIL, "-q"]) == 0
    assert box.addresses == [f"m{n}@contoso.test" for n in range(4)]


def test_sigterm_lets_the_mail_in_flight_end(run: Path, box: Mailbox) -> None:
    """What the server accepted is recorded, and the process ends with 143."""
    started: list[Program] = []

    def stop(mails: int) -> None:
        if mails == 1:
            os.kill(started[0].pid, signal.SIGTERM)

    box.on_mail = stop
    with Program(*MAIL, "-q") as process:
        started.append(process)
        process.communicate()
    assert process.returncode == 143
    assert len(records(run)) == len(box.received) == 2


def test_a_disk_that_is_full_stops_the_sending(run: Path, box: Mailbox) -> None:
    """After the first mail, which is sent again later: with the same Message-ID. Nobody else gets theirs twice."""
    limit = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"
    with Program(*MAIL, "-q", before=limit) as process:
        _, said = process.communicate()
    assert process.returncode == 7
    assert "mailed.jsonl, the record of sent mails, cannot be written: File too large" in said
    assert "the mail server has just answered" in said
    assert len(box.received) == 1
    assert main([*MAIL, "-q"]) == 0
    assert box.addresses == ["m0@contoso.test", *(f"m{n}@contoso.test" for n in range(4))]
    assert box.received[0][1]["Message-ID"] == box.received[1][1]["Message-ID"]
    assert len(records(run)) == 4


def test_two_commands_at_once(run: Path, box: Mailbox) -> None:
    """The second one is refused with exit 11 while the first one sends."""
    second: list[tuple[int | None, str]] = []

    def start(mails: int) -> None:
        if mails == 0:
            with Program(*MAIL) as process:
                _, said = process.communicate()
            second.append((process.returncode, said))

    box.on_mail = start
    assert main([*MAIL, "-q"]) == 0
    [(code, said)] = second
    assert code == 11
    assert f"another process works on {run}" in said
    assert len(box.received) == 4
