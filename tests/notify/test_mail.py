"""Mails over real SMTP connections: TLS, sign-in, refusals, lost connections."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.connection import Trust
from auditor.fetch import tls_context
from auditor.notify import Mail, MailSender, MailServer, MailServerError, compose
from mail_support import DROP, HOST, PASSWORD, USER, Mailbox, certificates, lead_to_this_machine, mail_server

ANN, BOB = "ann@contoso.test", "bob@contoso.test"
MAIL = Mail(
    recipients=(ANN, BOB),
    subject="2 customers cannot buy",
    text="Of your 4 customers:\n",
    file_name="Ann.xlsx",
    workbook=bytes(range(256)) * 40,
    message_id="auditor.1",
    date=datetime(2026, 11, 30, 6, 0, tzinfo=UTC),
)


@pytest.fixture
def _host(monkeypatch: pytest.MonkeyPatch) -> None:
    lead_to_this_machine(monkeypatch)


def _plain(port: int) -> MailServer:
    return MailServer("127.0.0.1", port, "auditor@contoso.test", None, starttls=True)


def test_a_mail_arrives_as_it_was_composed() -> None:
    """Headers, text and the bytes of the workbook."""
    box = Mailbox()
    with mail_server(box) as port, MailSender(_plain(port)) as sender:
        assert sender.send(MAIL) == {}
    [(addresses, message)] = box.received
    assert addresses == (ANN, BOB)
    assert message["Subject"] == MAIL.subject
    assert message["To"] == f"{ANN}, {BOB}"
    assert message["Message-ID"] == "<auditor.1@contoso.test>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == MAIL.date
    [attachment] = message.iter_attachments()
    assert attachment.get_filename() == "Ann.xlsx"
    assert attachment.get_content() == MAIL.workbook


@pytest.mark.usefixtures("_host")
@pytest.mark.parametrize("smtps", [True, False])
def test_tls_and_sign_in(tmp_path: Path, *, smtps: bool) -> None:
    """From the first byte or by STARTTLS; the password is accepted over TLS only."""
    box, made = Mailbox(), certificates(tmp_path)
    settings = {"tls_context": made.context, "authenticator": box.authenticate}
    more = {} if smtps else {"require_starttls": True}
    with mail_server(box, smtps=smtps, auth_require_tls=not smtps, **settings, **more) as port:
        server = MailServer(HOST, port, ANN, tls_context(str(made.bundle)), not smtps, USER, PASSWORD)
        with MailSender(server) as sender:
            assert sender.send(MAIL) == {}
    assert box.signed_in == [USER]
    assert box.addresses == [ANN, BOB]


def _fails(server: MailServer) -> MailServerError:
    with pytest.raises(MailServerError) as caught, MailSender(server) as sender:
        sender.send(MAIL)
    return caught.value


@pytest.mark.usefixtures("_host")
def test_a_server_without_starttls_gets_nothing() -> None:
    """Neither the password nor a mail travels in clear text."""
    box = Mailbox()
    with mail_server(box, auth_require_tls=False, authenticator=box.authenticate) as port:
        error = _fails(MailServer(HOST, port, ANN, tls_context(None), starttls=True, user=USER, password=PASSWORD))
    assert "offers no TLS (STARTTLS)" in error.message
    assert not error.is_temporary
    assert (box.received, box.signed_in) == ([], [])


@pytest.mark.usefixtures("_host")
@pytest.mark.parametrize("smtps", [True, False])
@pytest.mark.parametrize(("host", "said"), [(HOST, "cannot be trusted"), ("other.test", "is for another host")])
def test_a_certificate_that_is_not_trusted(tmp_path: Path, host: str, said: str, *, smtps: bool) -> None:
    """Of an unknown authority, or for another host: nothing is sent, and it is not tried again."""
    box, made = Mailbox(), certificates(tmp_path, host)
    trust = Trust(None if host == HOST else str(made.bundle))
    with mail_server(box, smtps=smtps, tls_context=made.context) as port:
        error = _fails(MailServer(HOST, port, ANN, tls_context(trust), not smtps, USER, PASSWORD))
    assert said in error.message
    assert error.hint
    assert not error.is_temporary
    assert box.received == []


def test_a_server_without_tls_that_should_speak_it() -> None:
    """The message says which setting means which."""
    with mail_server(Mailbox()) as port:
        error = _fails(MailServer("127.0.0.1", port, ANN, tls_context(None)))
    assert "TLS fails" in error.message
    assert "AUDITOR_SMTP" in error.hint


def test_a_wrong_password() -> None:
    """The reply is shown, the password is not."""
    box = Mailbox()
    with mail_server(box, auth_require_tls=False, authenticator=box.authenticate) as port:
        error = _fails(replace(_plain(port), user=USER, password="marked-wrong-password"))
    assert "refuses the sign-in: 535" in error.message
    assert "marked" not in f"{error} {error.hint}"
    assert not error.is_temporary


def test_no_server_at_all() -> None:
    """It may be there later."""
    with mail_server(Mailbox()) as port:
        pass
    error = _fails(_plain(port))
    assert "cannot be reached" in error.message
    assert error.is_temporary


def test_one_address_is_refused() -> None:
    """The other one gets the mail."""
    box = Mailbox(recipients={BOB: ["550 5.1.1 no such user"]})
    with mail_server(box) as port, MailSender(_plain(port)) as sender:
        refused = sender.send(MAIL)
    assert {address: str(one) for address, one in refused.items()} == {BOB: "550 5.1.1 no such user"}
    assert not refused[BOB].is_temporary
    assert box.addresses == [ANN]


def test_a_connection_closed_between_two_addresses_sends_nothing() -> None:
    """The library names the refused address only; the accepted one has not had the mail either."""
    box = Mailbox(recipients={BOB: ["421 closing"]})
    with mail_server(box) as port, MailSender(_plain(port)) as sender:
        refused = sender.send(MAIL)
    assert set(refused) == {ANN, BOB}
    assert all(one.is_temporary for one in refused.values())
    assert box.received == []


def test_the_content_is_refused() -> None:
    """For all addresses, and only for this mail."""
    box = Mailbox(data=["552 too large"])
    with mail_server(box) as port, MailSender(_plain(port)) as sender:
        assert {one.code for one in sender.send(MAIL).values()} == {552}
        assert sender.send(MAIL) == {}
    assert box.connections == 1


def test_a_lost_connection_is_opened_again_once() -> None:
    """The mail is sent over the new one; after a second loss it may be accepted later."""
    box = Mailbox(data=[DROP])
    with mail_server(box) as port, MailSender(_plain(port)) as sender:
        assert sender.send(MAIL) == {}
        box.data = [DROP, DROP]
        assert [one.code for one in sender.send(MAIL).values()] == [421, 421]
        assert sender.send(MAIL) == {}
    assert len(box.received) == 2


def test_an_address_beyond_ascii_needs_a_server_that_takes_it() -> None:
    """Where it does not, only this mail is refused."""
    box, mail = Mailbox(), replace(MAIL, recipients=("żółw@contoso.test",))
    with mail_server(box, enable_SMTPUTF8=False) as port, MailSender(_plain(port)) as sender:
        [refusal] = sender.send(mail).values()
    assert "SMTPUTF8" in refusal.text
    with mail_server(box) as port, MailSender(_plain(port)) as sender:
        assert sender.send(mail) == {}
    assert box.addresses == ["żółw@contoso.test"]


@given(
    st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=200),
    st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters='<>:"/\\|?*'), min_size=1, max_size=80),
    st.binary(max_size=2000),
)
def test_names_in_every_script_are_read_back(subject: str, stem: str, workbook: bytes) -> None:
    """Subject, text, name and bytes of the attachment; every line is ASCII and short."""
    mail = replace(MAIL, subject=subject, text=f"{subject}\n", file_name=f"{stem}.xlsx", workbook=workbook)
    content = compose(mail, ANN).as_bytes()
    assert content.isascii()
    assert max(map(len, content.splitlines())) < 999
    message = message_from_bytes(content, policy=default)
    assert message["Subject"].split() == subject.split()
    body, [attachment] = message.get_body(), message.iter_attachments()
    assert body is not None
    assert body.get_content().splitlines() == mail.text.splitlines()
    assert attachment.get_filename() == mail.file_name
    assert attachment.get_content() == workbook
    assert {name for name, _ in message.items()} == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    }


@pytest.mark.parametrize(
    "mail",
    [replace(MAIL, subject="a\nBcc: eve@evil.test"), replace(MAIL, message_id="a\r\nBcc: eve@evil.test")],
)
def test_a_line_break_makes_no_header(mail: Mail) -> None:
    """It is an error, before anything is sent."""
    with pytest.raises(ValueError, match="linefeed"):
        compose(mail, ANN)
