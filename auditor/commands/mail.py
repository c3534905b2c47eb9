"""`auditor mail`: send each account manager's workbook by mail, each only once.

The run is verified first, and the hash of each workbook again when it is attached, so that a changed workbook is not sent.
After the server accepted a mail, a line in mailed.jsonl says so, before anything else happens. If the process is killed
between the two, the next command sends this one mail again, with the same Message-ID.

An account manager without an address is a warning and not a failure: it stays so until somebody edits the table, and a
schedule that failed every night because of it would hide the night on which a mail was refused.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from auditor import journal, languages
from auditor.core.results import mail_subject, mail_text
from auditor.core.text import name_key, shell_quote
from auditor.customers import MailAddresses, read_mail_addresses
from auditor.errors import IncompleteError, OutputError, SettingsError, describe_os_error
from auditor.fetch import tls_context
from auditor.notify import Mail, MailSender, MailServer, MailServerError, Refusal
from auditor.runs.find import find_run, load_stored_run
from auditor.runs.lock import one_writer_at_a_time
from auditor.runs.signals import exit_between_steps, exit_on_signals
from auditor.settings import Settings, is_loopback

if TYPE_CHECKING:
    from auditor.core.results import OwnerResults
    from auditor.core.run_facts import RunFacts

WAITS = (0.0, 15.0, 60.0)
"""Seconds before each try of what the server may accept later."""


class MailState(StrEnum):
    """What became of the mail to an account manager."""

    PLANNED = "planned"
    """A dry run: it would be sent."""
    SENT = "sent"
    """The server accepted it for every address."""
    ALREADY_SENT = "already_sent"
    """An earlier command sent it."""
    NOT_SENT = "not_sent"
    """The server did not accept it for at least one address."""
    NO_ADDRESS = "no_address"
    """The table has no address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerMail:
    """An account manager who has a workbook, and what became of the mail.

    Attributes:
        results: what the run found out about the customers.
        addresses: from the table; empty for none.
        open_addresses: those that have not had this workbook.
        state: what became of it.
        sent_at: when an earlier command sent this workbook to one of the addresses, the last time; None for never.
        refusals: address -> what the server said.
    """

    results: "OwnerResults"
    addresses: tuple[str, ...] = ()
    open_addresses: tuple[str, ...] = ()
    state: MailState
    sent_at: datetime | None = None
    refusals: Mapping[str, Refusal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MailReport:
    """The result of the command.

    Attributes:
        run: the folder.
        run_id: of the run.
        mails: one for each account manager who has a workbook, by name.
        unused: names in the table that are no account managers of the run.
        stopped_by: why the mail server could not be used; None where it could.
    """

    run: Path
    run_id: str
    mails: tuple[OwnerMail, ...]
    unused: tuple[str, ...]
    stopped_by: MailServerError | None = None

    @property
    def exit_code(self) -> int:
        """7 where a mail was not sent, else 0."""
        return OutputError.exit_code if any(mail.state is MailState.NOT_SENT for mail in self.mails) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOptions:
    """Options of the command.

    Attributes:
        table: path of the table of addresses.
        dry_run: send nothing.
        again: send to those as well who have had the workbook.
        incomplete: accept a run that is not complete.
        simulated: accept a simulated run.
    """

    table: str
    dry_run: bool = False
    again: bool = False
    incomplete: bool = False
    simulated: bool = False


def mail(run: str, settings: Settings, options: MailOptions) -> MailReport:
    """Send the workbooks of a run.

    Args:
        run: a folder, a run-id, or `latest`.
        settings: `reports`, and the mail server.
        options: the table of addresses, and what to accept.

    Raises:
        SettingsError: there is no such run, it has no workbooks for account managers, the table of addresses or a setting is
            wrong, or the run is simulated.
        IncompleteError: the run is not complete, or one of its files was changed.
        LockHeldError: another process works on the run.
        OutputError: the record of sent mails cannot be written.
    """
    addresses = read_mail_addresses(options.table)
    folder = find_run(run, settings.reports)
    server = None if options.dry_run else _server(settings)
    with one_writer_at_a_time(folder):
        facts, complete, found, owners = _read_run(folder, options)
        planned = _plan(found, addresses, journal.read_mailed(folder), facts.run_id, again=options.again)
        known = {name_key(owner or "") for owner in owners} | {name_key(one.name) for one in found}
        unused = tuple(name for key, name in addresses.names.items() if key not in known)
        result = MailReport(folder, facts.run_id, tuple(planned), unused)
        if server is None:
            return result
        sending = _Sending(folder=folder, facts=facts, server=server, complete=complete, again=options.again)
        return sending.send(result)


def _server(settings: Settings) -> MailServer:
    """The mail server of the settings; refuses a connection in clear text."""
    for name, value in (("SMTP", settings.smtp), ("MAIL_FROM", settings.mail_from)):
        if value is None:
            raise SettingsError(f"AUDITOR_{name} is not set", "docs/mail.md says which settings a mail needs")
    if (settings.smtp_user is None) != (settings.smtp_password is None):
        missing = "AUDITOR_SMTP_USER" if settings.smtp_user is None else "AUDITOR_SMTP_PASSWORD"
        raise SettingsError(
            f"{missing} is not set; the sign-in to the mail server needs user and password", f"set {missing}"
        )
    password = settings.smtp_password.reveal() if settings.smtp_password else ""
    if not f"{settings.smtp_user or ''}{password}".isascii():
        raise SettingsError(
            "the user or the password for the mail server is not ASCII", "SMTP has no way to send it: choose another"
        )
    parts = urlsplit(settings.smtp or "")
    host, starttls = parts.hostname or "", parts.scheme == "smtp"
    plain = starttls and is_loopback(host)
    return MailServer(
        host,
        parts.port or 0,
        settings.mail_from or "",
        None if plain else tls_context(settings.trust),
        starttls,
        settings.smtp_user,
        password,
    )


def _read_run(folder: Path, options: MailOptions) -> "tuple[RunFacts, bool, list[OwnerResults], list[str]]":
    """Verify a run; return its facts, whether it is complete, those with a workbook, and all account managers."""
    from auditor import report

    stored = load_stored_run(folder)
    command = f"auditor mail {shell_quote(folder)} --to {shell_quote(options.table)}"
    if stored.facts.simulated and not options.simulated:
        raise SettingsError(
            f"{folder} is a simulated run: its workbooks are not about real customers",
            f"name a run of real customers; to send them all the same: {command} --simulated",
        )
    verified = report.verify_run(stored, strays=False)
    if not verified.complete and not options.incomplete:
        raise IncompleteError(
            f"{folder} is not complete: nothing was sent",
            f"auditor resume {shell_quote(folder)} completes it; to send what is known: {command} --incomplete",
        )
    with report.as_disagreement(folder):
        found, owners = report.read_owner_results(stored)
    if not owners:
        raise SettingsError(
            f"{folder} has no workbooks for account managers: its lists name none, or the format xlsx was left out",
            f"with such a list: auditor report {shell_quote(folder)} --format xlsx,csv,parquet,html",
        )
    return stored.facts, verified.complete, found, owners


def _plan(
    found: "Iterable[OwnerResults]",
    addresses: MailAddresses,
    mailed: Iterable[journal.MailRecord],
    run_id: str,
    *,
    again: bool,
) -> Iterator[OwnerMail]:
    """Who gets which workbook, and who has had it."""
    sent = {(one.owner, one.sha256, to): one.at for one in mailed if one.outcome == "sent" for to in one.recipients}
    for results in found:
        known = addresses.by_name.get(name_key(results.name), ())
        times = {
            address: sent.get((results.owner, results.sha256, journal.recipient_digest(run_id, address)))
            for address in known
        }
        left = tuple(address for address, at in times.items() if again or at is None)
        state = MailState.PLANNED if left else MailState.ALREADY_SENT if known else MailState.NO_ADDRESS
        last = max(filter(None, times.values()), default=None)
        yield OwnerMail(results=results, addresses=known, open_addresses=left, state=state, sent_at=last)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    """Sends the planned mails of one run and records what the server says."""

    folder: Path
    facts: "RunFacts"
    server: MailServer
    complete: bool
    again: bool

    def send(self, planned: MailReport) -> MailReport:
        """Send what is planned; what the server may accept later is tried again.

        Raises:
            IncompleteError: a workbook was changed after the run was verified.
            OutputError: the record cannot be written, or a workbook cannot be read.
        """
        mails = list(planned.mails)
        failure: MailServerError | None = None
        with self._open_log() as log, exit_between_steps() as check:
            for wait in WAITS:
                todo = [place for place, one in enumerate(mails) if one.state is MailState.PLANNED]
                if not todo:
                    break
                check()
                with exit_on_signals():
                    time.sleep(wait)
                failure = self._try_all(mails, todo, log, check)
                if failure is not None and not failure.is_temporary:
                    break
        done = [replace(one, state=MailState.NOT_SENT) if one.state is MailState.PLANNED else one for one in mails]
        return replace(planned, mails=tuple(done), stopped_by=failure)

    def _try_all(
        self, mails: list[OwnerMail], todo: Iterable[int], log: journal.MailLog, check: Callable[[], None]
    ) -> MailServerError | None:
        """Send the mails at these places over one connection; return why it ended early, if it did."""
        try:
            with MailSender(self.server) as sender:
                for place in todo:
                    check()
                    mails[place] = self._send_one(mails[place], sender, log)
        except MailServerError as error:
            return error
        return None

    def _send_one(self, one: OwnerMail, sender: MailSender, log: journal.MailLog) -> OwnerMail:
        to = one.open_addresses
        composed = self._compose(one)
        refused = sender.send(composed)
        accepted = tuple(address for address in to if address not in refused)
        # nothing may come between the server's answer and this line
        self._record(log, one, "sent", accepted)
        final = {address: refusal for address, refusal in refused.items() if not refusal.is_temporary}
        self._record(log, one, "refused", tuple(final))
        refusals = {**one.refusals, **refused}
        for address in accepted:
            refusals.pop(address, None)
        left = tuple(address for address in to if address in refused and refused[address].is_temporary)
        state = MailState.PLANNED if left else MailState.NOT_SENT if refusals else MailState.SENT
        return replace(one, open_addresses=left, state=state, refusals=refusals)

    def _record(self, log: journal.MailLog, one: OwnerMail, outcome: str, addresses: tuple[str, ...]) -> None:
        if not addresses:
            return
        recipients = tuple(journal.recipient_digest(self.facts.run_id, address) for address in addresses)
        record = journal.MailRecord(
            at=datetime.now(UTC),
            owner=one.results.owner,
            file=one.results.file,
            sha256=one.results.sha256,
            outcome="sent" if outcome == "sent" else "refused",
            recipients=recipients,
        )
        try:
            log.add(record)
        except OSError as error:
            raise self._unwritable(error, "; the mail server has just answered, and this is not recorded") from error

    def _compose(self, one: OwnerMail) -> Mail:
        from auditor import report

        results, facts = one.results, self.facts
        ended = report.ended_in_zone(facts)
        language = languages.load(facts.presentation.language)
        now = datetime.now(UTC)
        # the same mail has the same Message-ID, unless the user wants it twice
        identity = f"{facts.run_id} {results.owner} {results.sha256} {now.isoformat() if self.again else ''}"
        return Mail(
            recipients=one.open_addresses,
            subject=mail_subject(results, facts, ended, complete=self.complete, language=language),
            text=mail_text(results, facts, ended, complete=self.complete, language=language),
            file_name=results.file,
            workbook=self._read_workbook(results),
            message_id=f"auditor.{hashlib.sha256(identity.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}",
            date=now,
        )

    def _read_workbook(self, results: "OwnerResults") -> bytes:
        path = self.folder / "by-owner" / results.file
        try:
            content = path.read_bytes()
        except OSError as error:
            raise OutputError(f"{path} cannot be read: {describe_os_error(error)}", self._render()) from error
        if hashlib.sha256(content).hexdigest() != results.sha256:
            raise IncompleteError(f"{path} was changed a moment ago: it was not sent", self._render())
        return content

    def _render(self) -> str:
        return f"render the reports again, then mail again: auditor report {shell_quote(self.folder)}"

    def _open_log(self) -> journal.MailLog:
        try:
            return journal.MailLog(self.folder)
        except OSError as error:
            raise self._unwritable(error, "; nothing was sent, because it would be sent again") from error

    def _unwritable(self, error: OSError, what: str) -> OutputError:
        path = self.folder / journal.MAILED
        return OutputError(
            f"{path}, the record of sent mails, cannot be written: {describe_os_error(error)}{what}",
            "make room, or fix the rights; then the same command again: it sends what is not recorded as sent",
        )


def _is_open(one: OwnerMail) -> bool:
    return one.state is MailState.PLANNED and bool(one.open_addresses)
