"""`auditor mail`: who gets what, with real runs and a real mail server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from mail_run_support import (
    ANSWERS,
    IDS,
    MAIL,
    RUN,
    SENT,
    audit,
    copy_run,
    make_run,
    receiving,
    records,
    write_addresses,
    write_list,
)

from auditor import journal
from auditor.cli import main
from auditor.simulator import AnswerOptions, Simulator
from mail_support import HOST, PASSWORD, USER, Mailbox, certificates, lead_to_this_machine, mail_server
from serving_support import serving


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


@pytest.fixture
def _simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A service that goes on; most customers are under review."""
    yield from serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"under_review": 1}, overrides=ANSWERS))


def test_each_account_manager_gets_their_workbook_once(
    run: Path, box: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """The attachment is the file; a second command sends nothing; the run still verifies, also after a new rendering."""
    assert main(list(MAIL)) == 0
    streams = capsys.readouterr()
    assert streams.out == f"{run}: mails to account managers: 4 sent, 1 no address\n"
    assert streams.err == "warning: 1 account manager without an address in owners.csv: (no account manager)\n"
    assert box.addresses == [f"m{n}@contoso.test" for n in range(4)]
    for _, message in box.received:
        [attachment] = message.iter_attachments()
        file = run / "by-owner" / str(attachment.get_filename())
        assert attachment.get_content() == file.read_bytes()
        assert message["Subject"] in {
            f"1 customer blocked: list.csv of {run.name[:4]}-{run.name[4:6]}-{run.name[6:8]}",
            f"1 customer not verified: list.csv of {run.name[:4]}-{run.name[4:6]}-{run.name[6:8]}",
        }
    assert "At risk: Revenue 0.50." not in box.texts[1]
    assert "At risk: Revenue 200.50." in box.texts[1]
    assert records(run) == [(name, "sent") for name in SENT]
    assert main(["verify", str(run)]) == 0
    assert main(["report", str(run), "-q"]) == 0
    assert main([*MAIL, "-q"]) == 0
    assert len(box.received) == 4
    assert main([*MAIL, "-q", "--again"]) == 0
    assert len(box.received) == 8
    assert len({message["Message-ID"] for _, message in box.received}) == 8


def test_the_record_has_no_address(run: Path, box: Mailbox) -> None:
    """Only digests, which differ from run to run."""
    assert main(list(MAIL)) == 0
    content = (run / "mailed.jsonl").read_text("utf-8")
    assert "contoso" not in content
    [first, *_] = journal.read_mailed(run)
    assert first.recipients == (journal.recipient_digest(run.name, "M0@Contoso.test"),)
    assert journal.recipient_digest("20200101T000000Z", "m0@contoso.test") not in content
    assert len(box.received) == 4


def test_dry_run(run: Path, box: Mailbox, capsys: pytest.CaptureFixture[str]) -> None:
    """Who would get what; nothing is sent or written, and no mail server is needed."""
    write_addresses("ann", "  BO ", "Zoe\u0308 A\u030angstro\u0308m", "Nobody")
    assert main([*MAIL, "--dry-run"]) == 0
    streams = capsys.readouterr()
    table = [line.split("  ") for line in streams.out.splitlines()]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in table]
    assert cells[0] == ["account manager", "address", "blocked", "not verified", "file", "kB", "state"]
    assert [line[:5] for line in cells[1:]] == [
        ["(no account manager)", "-", "1", "0", "_unassigned.xlsx"],
        ["Ann", "m0@contoso.test", "1", "0", "Ann.xlsx"],
        ["Bo", "m1@contoso.test", "1", "0", "Bo.xlsx"],
        ["Zoë Ångström", "m2@contoso.test", "0", "1", "Zoë Ångström.xlsx"],
        ["李娜", "-", "1", "0", "李娜.xlsx"],
    ]
    assert [line[-1] for line in cells[1:]] == ["no address", *["would be sent"] * 3, "no address"]
    assert "warning: 2 account managers without an address in owners.csv: (no account manager); 李娜" in streams.err
    assert "warning: 1 name in owners.csv not among the account managers of this run: Nobody" in streams.err
    assert not (run / "mailed.jsonl").exists()
    assert box.received == []
    assert main([*MAIL, "-q"]) == 0
    capsys.readouterr()
    assert main([*MAIL, "--dry-run"]) == 0
    assert capsys.readouterr().out.count("already sent on 20") == 3


def test_one_refused_address_keeps_nobody_else_from_their_mail(
    run: Path, box: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 7, the reply of the server, and the command; which then sends only what was not sent."""
    box.recipients["m1@contoso.test"] = ["550 5.1.1 no such user"]
    assert main([*MAIL, "--json"]) == 7
    streams = capsys.readouterr()
    states = {one["owner"]: (one["state"], one["refusals"]) for one in json.loads(streams.out)["mails"]}
    assert states["Bo"] == ("not_sent", {"m1@contoso.test": "550 5.1.1 no such user"})
    assert [state for state, _ in states.values()] == ["no_address", "sent", "not_sent", "sent", "sent"]
    assert "auditor: not sent to Bo <m1@contoso.test>: 550 5.1.1 no such user" in streams.err
    assert f"  next: auditor mail {run} --to owners.csv sends what was not sent" in streams.err
    assert records(run).count(("Bo", "refused")) == 1
    box.recipients.clear()
    assert main(list(MAIL)) == 0
    assert box.addresses == ["m0@contoso.test", "m2@contoso.test", "m3@contoso.test", "m1@contoso.test"]


def test_several_addresses_of_one_account_manager(run: Path, box: Mailbox) -> None:
    """One mail for all; what one of them refused is sent to that one alone. A new address gets it, too."""
    box.recipients["b@contoso.test"] = ["550 not now"]
    table = Path("owners.csv")
    table.write_text("Owner,E-mail\nAnn,a@contoso.test;b@contoso.test\n", "utf-8")
    assert main([*MAIL, "-q"]) == 7
    box.recipients.clear()
    table.write_text("Owner,E-mail\nAnn,a@contoso.test; b@contoso.test ;c@contoso.test\n", "utf-8")
    assert main([*MAIL, "-q"]) == 0
    assert [addresses for addresses, _ in box.received] == [("a@contoso.test",), ("b@contoso.test", "c@contoso.test")]
    assert len(journal.read_mailed(run)) == 3


def test_settings_of_the_server(
    run: Path, box: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """STARTTLS with our authority, and the password from a file; a wrong password ends it with exit 7, and is not shown."""
    lead_to_this_machine(monkeypatch)
    made = certificates(tmp_path)
    Path("password").write_text(PASSWORD, "utf-8")
    with mail_server(box, tls_context=made.context, authenticator=box.authenticate, require_starttls=True) as port:
        monkeypatch.setenv("AUDITOR_SMTP", f"smtp://{HOST}:{port}")
        monkeypatch.setenv("AUDITOR_SMTP_USER", USER)
        monkeypatch.setenv("AUDITOR_SMTP_PASSWORD_FILE", "password")
        monkeypatch.setenv("AUDITOR_CA_BUNDLE", str(made.bundle))
        assert main([*MAIL, "-vv"]) == 0
        assert box.signed_in == [USER]
        monkeypatch.setenv("AUDITOR_SMTP_PASSWORD", "marked-wrong")
        assert main([*MAIL, "--again", "-vv"]) == 7
    assert len(box.received) == 4
    streams = capsys.readouterr()
    assert "refuses the sign-in: 535" in streams.err
    assert "next: check AUDITOR_SMTP_USER and AUDITOR_SMTP_PASSWORD" in streams.err
    written = b"".join(path.read_bytes() for path in run.rglob("*") if path.is_file())
    for secret in (PASSWORD, "marked-wrong"):
        assert secret not in streams.out + streams.err
        assert secret.encode() not in written


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"AUDITOR_SMTP": ""}, "AUDITOR_SMTP is not set"),
        ({"AUDITOR_MAIL_FROM": ""}, "AUDITOR_MAIL_FROM is not set"),
        ({"AUDITOR_SMTP_USER": "ann"}, "AUDITOR_SMTP_PASSWORD is not set"),
        ({"AUDITOR_SMTP_PASSWORD": "x"}, "AUDITOR_SMTP_USER is not set"),
        ({"AUDITOR_SMTP_USER": "ann", "AUDITOR_SMTP_PASSWORD": "wörd"}, "is not ASCII"),
        ({"AUDITOR_SMTP": "mail.contoso.test"}, "must be smtps://HOST or smtp://HOST"),
        ({"AUDITOR_SMTP": "smtps://ann:secret@mail.contoso.test"}, "AUDITOR_SMTP=smtps://[secret]@mail.contoso.test"),
        ({"AUDITOR_MAIL_FROM": "Ann <ann@contoso.test>"}, "must be a mail address"),
    ],
)
@pytest.mark.usefixtures("run")
def test_settings_that_are_missing_or_wrong(
    box: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    environment: dict[str, str],
    said: str,
) -> None:
    """Exit 2; nothing is sent."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(list(MAIL)) == 2
    streams = capsys.readouterr()
    assert said in streams.err
    assert "wörd" not in streams.err
    assert box.received == []


def test_a_changed_workbook_is_not_sent(run: Path, box: Mailbox, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3, with the command that renders it again; then it is the same workbook, which is sent."""
    path = run / "by-owner" / "Bo.xlsx"
    path.write_bytes(path.read_bytes() + b"x")
    assert main(list(MAIL)) == 3
    assert f"auditor report {run}" in capsys.readouterr().err
    assert box.received == []
    assert main(["report", str(run), "-q"]) == 0
    assert main([*MAIL, "-q"]) == 0
    assert len(box.received) == 4


@pytest.mark.usefixtures("_simulator")
def test_an_incomplete_run(box: Mailbox, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3 unless it is wanted; the mail says so; after the run was completed, the new workbook is sent as well."""
    write_list()
    write_addresses(*SENT)
    assert main([*RUN, "--limit", "2"]) == 3
    run = next(Path("reports").glob("2*"))
    mail = ("mail", str(run), "--to", "owners.csv")
    capsys.readouterr()
    assert main(list(mail)) == 3
    said = capsys.readouterr().err
    assert f"{run} is not complete: nothing was sent" in said
    assert f"auditor resume {run}" in said
    assert main([*mail, "--incomplete", "-q"]) == 0
    assert all(message["Subject"].startswith("INCOMPLETE: ") for _, message in box.received)
    assert all("THE AUDIT IS NOT COMPLETE" in text for text in box.texts)
    count = len(box.received)
    assert main(["resume", str(run), "-q"]) == 0
    assert main([*mail, "-q"]) == 0
    assert len(box.received) == count + 4
    assert "INCOMPLETE" not in box.received[-1][1]["Subject"]


def test_a_simulated_run_is_mailed_only_where_that_is_wanted(
    tmp_path: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has no real answers: exit 2, and SIMULATED in the subject."""
    monkeypatch.chdir(tmp_path)
    write_list()
    write_addresses(*SENT)
    audit(monkeypatch, announces=True)
    mail = ["mail", "latest-simulated", "--to", "owners.csv"]
    capsys.readouterr()
    assert main(mail) == 2
    assert "is a simulated run" in capsys.readouterr().err
    assert main([*mail, "--simulated", "-q"]) == 0
    assert len(box.received) == 4
    for (_, message), text in zip(box.received, box.texts, strict=True):
        assert message["Subject"].startswith("SIMULATED: 1 customer ")
        assert "THE DATA ARE SIMULATED" in text


@pytest.mark.usefixtures("_simulator")
def test_a_run_without_account_managers(box: Mailbox, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, and why."""
    write_addresses("Ann")
    assert main(["run", "list.txt", "--rate", "0", "--customer-list", "never", "--max-undetermined", "5", "-q"]) == 0
    assert main(list(MAIL)) == 2
    assert "has no workbooks for account managers" in capsys.readouterr().err
    assert box.received == []


def test_newly_blocked_customers_are_named(tmp_path: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who were not blocked in the baseline run, by name; at most 20 of them, and how many more there are."""
    monkeypatch.chdir(tmp_path)
    ids = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(30)]
    write_list(*[(one, f"Company\n{n}\u202e", "Ann") for n, one in enumerate(ids)])
    write_addresses("Ann")
    port = audit(monkeypatch, dict.fromkeys(ids, "allowed"))
    audit(monkeypatch, {ids[0]: "allowed"}, port=port)
    assert main([*MAIL, "-q"]) == 0
    [text] = box.texts
    named = [line for line in text.splitlines() if line.startswith("- Company")]
    assert len(named) == 20
    assert all("\\u202e" in line and ": Under review by Microsoft. " in line for line in named)
    assert "\nNew since " in text
    assert text.startswith("29 of your 30 customers are blocked. 29 are new since the last audit of ")
    assert "- and 9 more, in the workbook" in text


def test_31_account_managers(
    tmp_path: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over one connection; long names, names in other scripts, names that differ in case alone: each their own workbook."""
    monkeypatch.chdir(tmp_path)
    names = [f"{'Длинное имя ' * 8}{n}" if n % 3 else f"マネージャー {n}" for n in range(28)] + [
        "ann",
        "Ann",
        "=1+1; Bcc: x",
    ]
    ids = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(31)]
    write_list(*[(one, f"Company {n}", names[n]) for n, one in enumerate(ids)])
    write_addresses(*dict.fromkeys(name.lower() for name in names))
    audit(monkeypatch, {})
    run = next(Path("reports").glob("2*"))
    capsys.readouterr()
    assert main(list(MAIL)) == 0
    streams = capsys.readouterr()
    assert (streams.out, streams.err) == (f"{run}: mails to account managers: 31 sent\n", "")
    assert box.connections == 1
    attached = [next(message.iter_attachments()) for _, message in box.received]
    found = {str(one.get_filename()): one.get_content() for one in attached}
    assert found == {path.name: path.read_bytes() for path in (run / "by-owner").glob("*.xlsx")}
    assert len(set(found.values())) == 31
    assert len(set(box.addresses)) == 30
