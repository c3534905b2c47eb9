"""`auditor mail`: its options, and what it prints."""

import json
from typing import TYPE_CHECKING, Any

import click

from auditor.cli import options
from auditor.cli.completion import complete_file

if TYPE_CHECKING:
    from auditor.commands.mail import MailReport, OwnerMail
    from auditor.settings import Settings

_STATES = {
    "planned": "would be sent",
    "sent": "sent",
    "already_sent": "already sent",
    "not_sent": "NOT SENT",
    "no_address": "no address",
}
_MOST_NAMES = 5


@click.command(
    short_help="Send each account manager's workbook by mail.",
    help="Send each account manager's workbook by mail, each only once.\n\n"
    "RUN is a folder, a run-id, or latest. docs/mail.md says which settings name the mail server.",
)
@options.RUN
@click.option(
    "--to",
    metavar="FILE",
    required=True,
    shell_complete=complete_file,
    help="Table of account managers and mail addresses: CSV, TSV or workbook.",
)
@click.option("--dry-run", is_flag=True, help="Show who would get what; send nothing.")
@click.option("--again", is_flag=True, help="Send to those as well who have had the same workbook.")
@click.option("--incomplete", is_flag=True, help="Send the workbooks of a run that is not complete; the mail says so.")
@click.option("--simulated", is_flag=True, help="Send the workbooks of a simulated run; the mail says so.")
@options.REPORTS
@options.common(json="what became of each mail as JSON")
def mail(
    *,
    run: str,
    to: str,
    dry_run: bool,
    again: bool,
    incomplete: bool,
    simulated: bool,
    settings: "Settings",
    as_json: bool,
    quiet: bool,
) -> int:
    """`auditor mail`."""
    from auditor.commands.mail import MailOptions
    from auditor.commands.mail import mail as send
    from auditor.runs.signals import exit_on_signals

    wanted = MailOptions(table=to, dry_run=dry_run, again=again, incomplete=incomplete, simulated=simulated)
    with exit_on_signals():
        found = send(run, settings, wanted)
    if as_json:
        click.echo(json.dumps(_document(found, dry_run=dry_run), indent=2, ensure_ascii=False))
    elif dry_run:
        _print_plan(found)
    elif not quiet:
        click.echo(_summary(found))
    _warn(found, to, wanted_again=again)
    return found.exit_code


def _print_plan(found: "MailReport") -> None:
    from auditor.cli.terminal import print_table

    names = ["account manager", "address", "blocked", "not verified", "file", "kB", "state"]
    records = [
        [
            one.results.name,
            ", ".join(one.addresses) or "-",
            f"{one.results.blocked:,}",
            f"{one.results.not_verified:,}",
            one.results.file,
            f"{one.results.bytes / 1000:,.0f}",
            _state(one),
        ]
        for one in found.mails
    ]
    print_table(names, records, numbers=["blocked", "not verified", "kB"])


def _state(one: "OwnerMail") -> str:
    """What became of the mail; with the time where the workbook was sent before."""
    words = _STATES[one.state]
    if one.sent_at is None:
        return words
    before = f"already sent on {one.sent_at:%Y-%m-%d %H:%M} UTC"
    return before if one.state == "already_sent" else f"{words}; {before}"


def _summary(found: "MailReport") -> str:
    """The result in one line."""
    counts = {state: sum(one.state == state for one in found.mails) for state in _STATES}
    said = [f"{count:,} {_STATES[state]}" for state, count in counts.items() if count]
    return f"{found.run}: mails to account managers: {', '.join(said) or 'none'}"


def _warn(found: "MailReport", table: str, *, wanted_again: bool) -> None:
    """Say on standard error what needs somebody: nothing where all is well."""
    from auditor.cli.terminal import say, say_next, warn
    from auditor.core.text import count_noun, shell_quote

    lost = [one for one in found.mails if one.state == "no_address"]
    if lost:
        warn(
            f"{count_noun(len(lost), 'account manager')} without an address in {table}: {_names([one.results.name for one in lost])}"
        )
    if found.unused:
        warn(
            f"{count_noun(len(found.unused), 'name')} in {table} not among the account managers of this run: {_names(found.unused)}"
        )
    failed = [one for one in found.mails if one.state == "not_sent"]
    if not failed:
        return
    for one in failed:
        for address, refusal in one.refusals.items():
            say(f"auditor: not sent to {one.results.name} <{address}>: {refusal}")
    if found.stopped_by is not None:
        say(f"auditor: {found.stopped_by.message}; {count_noun(len(failed), 'mail')} not sent")
        say_next(found.stopped_by.hint)
    again = "; without --again, so that nobody gets it twice" if wanted_again else ""
    say_next(f"auditor mail {shell_quote(found.run)} --to {shell_quote(table)} sends what was not sent{again}")


def _names(names: "list[str] | tuple[str, ...]") -> str:
    """The first names, and how many more there are; a name may have a comma in it."""
    from auditor.core.text import escape_controls

    more = len(names) - _MOST_NAMES
    return escape_controls("; ".join(names[:_MOST_NAMES])) + (f" and {more:,} more" if more > 0 else "")


def _document(found: "MailReport", *, dry_run: bool) -> dict[str, Any]:
    from auditor.core.text import format_time

    return {
        "run_id": found.run_id,
        "folder": str(found.run),
        "dry_run": dry_run,
        "mails": [
            {
                "owner": one.results.owner or None,
                "addresses": list(one.addresses),
                "state": one.state,
                "sent_before": format_time(one.sent_at) if one.sent_at else None,
                "file": f"by-owner/{one.results.file}",
                "bytes": one.results.bytes,
                "sha256": one.results.sha256,
                "customers": {"blocked": one.results.blocked, "not_verified": one.results.not_verified},
                "refusals": {address: str(refusal) for address, refusal in one.refusals.items()},
            }
            for one in found.mails
        ],
        "unused_names": list(found.unused),
        "error": found.stopped_by.message if found.stopped_by else None,
    }


COMMANDS = (mail,)
