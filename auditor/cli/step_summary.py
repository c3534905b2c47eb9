"""The summary of a pipeline's step: Markdown about the end of a run, for the file that GITHUB_STEP_SUMMARY names.

Names come from other people's lists. Whatever could be Markdown or HTML in them becomes a character reference, so that the page
shows what the list has.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from auditor.core.language import Language, message
from auditor.core.model import Verdict
from auditor.core.results import VERDICTS, Message, rows_note, status_text
from auditor.core.text import escape_controls
from auditor.errors import OutputError, describe_os_error

VARIABLE = "GITHUB_STEP_SUMMARY"
_COLUMNS = (message("Customer"), message("Status"), message("Customer id"))
_MARKUP = re.compile(r"[^\w ,;/]|_")


def append_summary(file: str, result: Message, run: Path | None) -> None:
    """Append the summary of a run, or of what ended the command, to a file.

    Args:
        file: its path.
        result: about the end of the run.
        run: folder of the run; None where there is none.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        with Path(file).open("a", encoding="utf-8") as opened:
            opened.write("\n".join([*_paragraphs(result, run), ""]))
    except OSError as error:
        raise OutputError(
            f"the job summary {file} ({VARIABLE}) cannot be written: {describe_os_error(error)}"
        ) from error


def _paragraphs(result: Message, run: Path | None) -> Iterator[str]:
    document, language = result.run, result.language
    yield f"## {_escape(result.title)}\n"
    yield f"{_escape(result.summary)}\n"
    if document is not None:
        yield from _newly_blocked(document, language)
        for line in result.at_risk:
            yield f"{_escape(line)}\n"
        yield from _counts(document, language)
    codes = [(language.text("Next:"), step) for step in result.next_steps]
    codes += [] if run is None else [(language.text("Run folder:"), str(run))]
    codes += [(language.text("Open first:"), document["report"])] if document is not None and document["report"] else []
    for label, code in codes:
        yield f"{_escape(label)} {_code(code)}\n"


def _counts(document: Mapping[str, Any], language: Language) -> Iterator[str]:
    """The table of customers by verdict, and how many rows they have."""
    customers, rows = document["customers"], document["rows"]
    yield _row(language.text("Verdict"), language.text("Customers"))
    yield "|---|---:|"
    for verdict in (Verdict.BLOCKED, Verdict.UNDETERMINED, Verdict.ELIGIBLE):
        yield _row(_escape(language.text(VERDICTS[verdict].name)), language.number(customers[verdict]))
    yield _row(language.text("All customers"), language.number(customers["listed"])) + "\n"
    if note := rows_note(customers["listed"], rows["listed"], language):
        yield f"{_escape(note)}\n"


def _newly_blocked(document: Mapping[str, Any], language: Language) -> Iterator[str]:
    """The table of the newly blocked customers, as many as a message names."""
    found = document["newly_blocked_customers"]
    if not found:
        return
    count = document["newly_blocked"]
    title = language.count("{n} customer newly blocked", "{n} customers newly blocked", count)
    yield f"{_escape(title)}\n"
    yield _row(*map(language.text, _COLUMNS))
    yield "|---|---|---|"
    for one in found:
        status = status_text(one["status"], language)
        yield _row(_escape(one["company_name"] or ""), _escape(status), _code(one["customer_id"]))
    yield ""
    if count > len(found):
        more = language.text("and {n} more", n=count - len(found))
        yield f"{_escape(more)}\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _escape(text: str) -> str:
    """Text that Markdown and HTML show as it is, in one line."""
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", escape_controls(" ".join(text.split())))


def _code(text: str) -> str:
    # in backticks, Markdown would not read the character references
    return f"<code>{_escape(text)}</code>"
