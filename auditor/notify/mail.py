"""Mails by SMTP, with the standard library: one connection for all mails, TLS, and one new connection after a loss.

A server may refuse a mail for one address and accept it for another; `MailSender.send` returns what it said for each. The
mail is then recorded by the caller, at once: between the server's answer and the record nothing else happens.
Sources: RFC 5321 (4yz: try again later; 5yz: do not), RFC 8314 (TLS from the first byte is better than STARTTLS), RFC 3834
(`Auto-Submitted`).
"""

import base64
import smtplib
import ssl
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, NamedTuple, Self

from auditor.core.connection import explain_untrusted
from auditor.core.judge import redact
from auditor.errors import OutputError, describe_os_error

_CONNECT_SECONDS, _STEP_SECONDS, _QUIT_SECONDS = 60.0, 600.0, 10.0
"""Longest time for the connection with its greeting, for a step, and for the end. RFC 5321 asks to wait ten minutes for the answer
to a mail: a server that looks for viruses in it may have accepted it, and would get it twice."""
_POLICY = SMTP.clone(cte_type="7bit")
"""Not every server takes bytes beyond ASCII in a text."""
_WORKBOOK = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
_LONGEST_REPLY = 200
_TEMPORARY = range(400, 500)
_LOST = 421
"""Reply code of a server that closes the connection."""
_CHECK_SERVER = "check AUDITOR_SMTP and the network"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed in.

    Attributes:
        host, port: of the server.
        sender: address in the `From` header and of the envelope; refused mails come back to it.
        context: for TLS; None for a connection in clear text, to this machine only.
        starttls: whether TLS begins after the greeting; else from the first byte.
        user, password: for the sign-in; user None for none.
    """

    host: str
    port: int
    sender: str
    context: ssl.SSLContext | None
    starttls: bool = False
    user: str | None = None
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port}"


class Refusal(NamedTuple):
    """What the server said to a mail that it did not accept: the reply code, and its text in one line."""

    code: int
    text: str

    @property
    def is_temporary(self) -> bool:
        """True where the same mail may be accepted later."""
        return self.code in _TEMPORARY

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()


class MailServerError(OutputError):
    """The server cannot be used at all: no connection, no TLS, or the sign-in is refused.

    Attributes:
        is_temporary: whether it may work later.
    """

    is_temporary = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail with a workbook.

    Attributes:
        recipients: addresses.
        subject: one line.
        text: its body.
        file_name: name of the attached workbook.
        workbook: its content.
        message_id: the part before the `@` of the Message-ID; the same for the same mail, so that a mail service that looks
            at it shows a repeated mail once.
        date: aware.
    """

    recipients: tuple[str, ...]
    subject: str
    text: str
    file_name: str
    workbook: bytes
    message_id: str
    date: datetime


def compose(mail: Mail, sender: str) -> EmailMessage:
    """The mail as a message. A line break in a header is an error of the standard library, never a header of its own."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = ", ".join(mail.recipients)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.date)
    message["Message-ID"] = f"<{mail.message_id}@{_domain(sender)}>"
    # no out-of-office replies
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    maintype, subtype = _WORKBOOK
    message.add_attachment(mail.workbook, maintype=maintype, subtype=subtype, filename=mail.file_name)
    return message


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


class MailSender:
    """A connection to the mail server; a context manager.

    Args:
        server: where mails are handed in.
    """

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._connection: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        """Connect and sign in.

        Raises:
            MailServerError: the server cannot be used.
        """
        self._connection = self._connect()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def send(self, mail: Mail) -> dict[str, Refusal]:
        """Hand in a mail. A lost connection is opened again once.

        Returns:
            What the server said for each address that it refused; empty where it accepted the mail for all.

        Raises:
            MailServerError: the connection is lost, and cannot be opened again.
        """
        message = compose(mail, self._server.sender)
        try:
            return self._hand_in(message, mail.recipients)
        except OSError:  # smtplib's own are of this class, too
            self._close()
        self._connection = self._connect()
        try:
            return self._hand_in(message, mail.recipients)
        except OSError as error:
            self._close()
            return dict.fromkeys(mail.recipients, Refusal(_LOST, f"the connection was lost: {self._clean(str(error))}"))

    def _hand_in(self, message: EmailMessage, recipients: tuple[str, ...]) -> dict[str, Refusal]:
        if self._connection is None:
            raise smtplib.SMTPServerDisconnected
        refused: dict[str, Any]
        try:
            refused = self._connection.send_message(message, self._server.sender, recipients)
        except smtplib.SMTPRecipientsRefused as error:
            # nothing was sent, and a server that closes the connection in between has not been asked about the others
            unasked = (_LOST, b"the server closed the connection")
            refused = {address: error.recipients.get(address, unasked) for address in recipients}
        except smtplib.SMTPResponseException as error:
            # of the sender or of the content: for all addresses alike
            refused = dict.fromkeys(recipients, (error.smtp_code, error.smtp_error))
        except smtplib.SMTPNotSupportedError:
            text = b"the server does not take addresses beyond ASCII (SMTPUTF8)"
            refused = dict.fromkeys(recipients, (550, text))
        return {address: Refusal(code, self._clean(text)) for address, (code, text) in refused.items()}

    def _connect(self) -> smtplib.SMTP:
        with ExitStack() as stack:
            try:
                connection = self._open()
                stack.callback(connection.close)
                self._prepare(connection)
            except OSError as error:  # errors of smtplib are of this class, too
                raise self._explain(error) from error
            stack.pop_all()
        return connection

    def _prepare(self, connection: smtplib.SMTP) -> None:
        """Greet the server, begin TLS where it has not begun yet, and sign in."""
        server = self._server
        _set_timeout(connection, _STEP_SECONDS)
        connection.ehlo_or_helo_if_needed()
        if server.starttls and server.context is not None:
            if not connection.has_extn("starttls"):
                raise MailServerError(
                    f"mail server {server.name} offers no TLS (STARTTLS): nothing was sent, because the mails would "
                    "travel in clear text",
                    "if it has TLS from the first byte, set AUDITOR_SMTP=smtps://HOST; else ask its administrator",
                )
            connection.starttls(context=server.context)
            connection.ehlo()
        if server.user is not None:
            connection.login(server.user, server.password)

    def _open(self) -> smtplib.SMTP:
        server = self._server
        # the own name is given, because smtplib would look it up, which takes long without a name server
        own_name = _domain(server.sender)
        if server.context is None or server.starttls:
            return smtplib.SMTP(server.host, server.port, own_name, _CONNECT_SECONDS)
        return smtplib.SMTP_SSL(server.host, server.port, own_name, timeout=_CONNECT_SECONDS, context=server.context)

    def _explain(self, error: OSError) -> MailServerError:
        """The error of a connection that could not be used, with what to do."""
        found = self._describe(error)
        found.is_temporary = (
            error.smtp_code in _TEMPORARY
            if isinstance(error, smtplib.SMTPResponseException)
            else not isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError)
        )
        return found

    def _describe(self, error: OSError) -> MailServerError:
        where = f"mail server {self._server.name}"
        match error:
            case smtplib.SMTPAuthenticationError():
                reply = Refusal(error.smtp_code, self._clean(error.smtp_error))
                return MailServerError(
                    f"{where} refuses the sign-in: {reply}", "check AUDITOR_SMTP_USER and AUDITOR_SMTP_PASSWORD"
                )
            case smtplib.SMTPResponseException():
                reply = Refusal(error.smtp_code, self._clean(error.smtp_error))
                return MailServerError(f"{where} refuses the connection: {reply}", "ask its administrator")
            case smtplib.SMTPNotSupportedError():
                return MailServerError(
                    f"{where} offers no sign-in that this program knows",
                    "unset AUDITOR_SMTP_USER, or use another server",
                )
            case ssl.SSLCertVerificationError():
                what, remedy = explain_untrusted(error.verify_code)
                return MailServerError(f"the certificate of {where} {what}: {error.verify_message}", remedy)
            case ssl.SSLError():
                why = self._clean(error.reason or str(error))
                return MailServerError(
                    f"{where}: TLS fails: {why}",
                    "smtps:// is TLS from the first byte, smtp:// is STARTTLS: check AUDITOR_SMTP",
                )
            case _:
                why = self._clean(describe_os_error(error) or type(error).__name__)
                return MailServerError(f"{where} cannot be reached: {why}", _CHECK_SERVER)

    def _clean(self, reply: bytes | str) -> str:
        """A server's reply in one line, without the password, plain or as it is sent."""
        text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
        user, password = self._server.user or "", self._server.password
        sent = [password, f"\0{user}\0{password}"] if password else []
        encoded = [base64.b64encode(one.encode()).decode() for one in sent]
        return redact(text, [*sent, *encoded], _LONGEST_REPLY)

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        _set_timeout(connection, _QUIT_SECONDS)
        try:
            connection.quit()
        except OSError:  # it is closed already
            connection.close()


def _set_timeout(connection: smtplib.SMTP, seconds: float) -> None:
    if connection.sock is not None:  # it is lost
        connection.sock.settimeout(seconds)
