"""The summary of a pipeline's step: Markdown about the end of a run, for the file that GITHUB_STEP_SUMMARY names.

Names come from other people's lists. Whatever could be Markdown or HTML in them becomes a character reference, so that the page
shows what the list has.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from auditor.core.results import Message
from auditor.core.text import count_noun, escape_controls
from auditor.errors import OutputError, describe_os_error

VARIABLE = "GITHUB_STEP_SUMMARY"
_VERDICTS = {"blocked": "blocked", "eligible": "eligible", "undetermined": "not verified"}
_MARKUP = re.compile(r"[^\w ,;/]|_")


def append_summary(file: str, message: Message, run: Path | None) -> None:
    """Append the summary of a run, or of what ended the command, to a file.

    Args:
        file: its path.
        message: about the end of the run.
        run: folder of the run; None where there is none.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        with Path(file).open("a", encoding="utf-8") as opened:
            opened.write("\n".join([*_paragraphs(message, run), ""]))
    except OSError as error:
        raise OutputError(
            f"the job summary {file} ({VARIABLE}) cannot be written: {describe_os_error(error)}"
        ) from error


def _paragraphs(message: Message, run: Path | None) -> Iterator[str]:
    document = message.run
    yield f"## {_escape(message.title)}\n"
    yield f"{_escape(message.lines[0])}\n"
    if document is not None:
        yield from _counts(document)
        yield from _newly_blocked(document)
    for step in message.next_steps:
        yield f"Next: {_code(step)}\n"
    if run is not None:
        yield f"Run folder: {_code(str(run))}\n"
    if document is not None and document["report"]:
        yield f"Open first: {_code(document['report'])}\n"


def _counts(document: Mapping[str, Any]) -> Iterator[str]:
    """The table of customers and rows by verdict."""
    customers, rows = document["customers"], document["rows"]
    yield "| verdict | customers | rows |\n|---|---:|---:|"
    for verdict, words in {**_VERDICTS, "listed": "all"}.items():
        yield f"| {words} | {customers[verdict]:,} | {rows[verdict]:,} |"
    yield ""


def _newly_blocked(document: Mapping[str, Any]) -> Iterator[str]:
    """The table of the newly blocked customers, as many as a message names."""
    found = document["newly_blocked_customers"]
    if not found:
        return
    count = document["newly_blocked"]
    yield f"{count_noun(count, 'customer')} newly blocked:\n"
    yield "| customer | status | id |\n|---|---|---|"
    for one in found:
        yield f"| {_escape(one['company_name'] or '')} | {_escape(one['status'])} | {_code(one['customer_id'])} |"
    yield ""
    if count > len(found):
        yield f"and {count - len(found):,} more\n"


def _escape(text: str) -> str:
    """Text that Markdown and HTML show as it is, in one line."""
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", escape_controls(" ".join(text.split())))


def _code(text: str) -> str:
    # in backticks, Markdown would not read the character references
    return f"<code>{_escape(text)}</code>"
