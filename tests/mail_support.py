"""A real SMTP server in a thread, which can refuse, delay, lose connections, and offer TLS; and what it received."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

HOST = "mail.test"
"""A name that leads to the server and is no loopback address for the program, so that TLS is required."""
USER, PASSWORD = "auditor@contoso.test", "marked-mail-password"
OK = "250 OK"
DROP = "drop"
"""In the place of a reply: the connection is lost."""


@dataclass
class Mailbox:
    """What the server received, and how it behaves; the handler of aiosmtpd.

    Attributes:
        received: (addresses of the envelope, message) of each accepted mail.
        recipients: replies to an address, the first one first; the last one stays.
        data: replies to the content of a mail, each once; then it is accepted.
        on_mail: called with the number of mails accepted so far when the next one begins.
        connections: number of connections that greeted.
        signed_in: users that signed in.
    """

    received: list[tuple[tuple[str, ...], EmailMessage]] = field(default_factory=list)
    recipients: dict[str, list[str]] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)
    on_mail: Callable[[int], None] = lambda _: None
    connections: int = 0
    signed_in: list[str] = field(default_factory=list)

    async def handle_EHLO(  # noqa: N802 - the name that aiosmtpd looks for
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Counts the connections."""
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_MAIL(  # noqa: N802 - see above
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """A mail begins."""
        self.on_mail(len(self.received))
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return OK

    async def handle_RCPT(  # noqa: N802 - see above
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """An address of it."""
        replies = self.recipients.get(address, [])
        reply = (replies.pop(0) if len(replies) > 1 else replies[0]) if replies else OK
        if reply == OK:
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - see above
        """Its content."""
        reply = self.data.pop(0) if self.data else OK
        if reply == DROP:
            server.transport.abort()
        if reply == OK:
            message = message_from_bytes(envelope.original_content, policy=default)
            assert isinstance(message, EmailMessage)
            self.received.append((tuple(envelope.rcpt_tos), message))
        return reply

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        """Accepts one user with one password."""
        user, password = given.login.decode(), given.password.decode()
        if password != PASSWORD:
            return AuthResult(success=False, handled=False)
        self.signed_in.append(user)
        return AuthResult(success=True)

    @property
    def texts(self) -> list[str]:
        """The text of each mail."""
        bodies = [message.get_body(("plain",)) for _, message in self.received]
        return [str(body.get_content()) for body in bodies if body is not None]

    @property
    def addresses(self) -> list[str]:
        """Every address that a mail was accepted for, as often as it was."""
        return [address for addresses, _ in self.received for address in addresses]


class _Controller(Controller):
    """Takes a free port."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call] # of the library


@contextmanager
def mail_server(box: Mailbox, *, smtps: bool = False, **smtp: Any) -> Iterator[int]:
    """Serves until the end; yields the port.

    Args:
        box: receives the mails.
        smtps: TLS from the first byte, with the context in `tls_context`.
        smtp: options of aiosmtpd's SMTP; `tls_context` makes it offer STARTTLS.
    """
    context = smtp.pop("tls_context") if smtps else None
    controller = _Controller(box, hostname="127.0.0.1", port=0, ssl_context=context, **smtp)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@dataclass(frozen=True)
class Certificates:
    """A server's certificate, and the file with its authority."""

    context: ssl.SSLContext
    bundle: Path


def certificates(folder: Path, host: str = HOST) -> Certificates:
    """A certificate for a host of a new authority."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    bundle = folder / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    return Certificates(context, bundle)


def lead_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make HOST a name of this machine, as a line in /etc/hosts does."""
    real = socket.getaddrinfo

    def look_up(host: Any, *rest: Any, **named: Any) -> Any:
        return real("127.0.0.1" if host == HOST else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
