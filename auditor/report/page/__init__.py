"""report.html: one file for people, offline, safe with any customer name, the same bytes for the same run folder.

Every text goes through the template's escaping. Only the page's own script and style may run, by their hashes in the
Content-Security-Policy.
"""

import base64
import hashlib
import json
from functools import cache, partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from auditor.core.language import Language, message
from auditor.core.text import join_sentences
from auditor.report.data import RunData
from auditor.report.files import Staging
from auditor.report.page.context import build_context, flags
from auditor.report.page.payload import as_json, build_payload
from auditor.report.page.selection import MOST_OF_VERDICT, MOST_ROWS, select

__all__ = [
    "MOST_OF_VERDICT",
    "MOST_ROWS",
    "NAME",
    "asset",
    "content_policy",
    "open_template",
    "owns",
    "style_sheet",
    "write",
]

NAME = "report.html"


def owns(name: str) -> bool:
    """Whether a file (its path from the run's folder) is this format's."""
    return name == NAME


def write(data: RunData, staging: Staging) -> None:
    """Write the page.

    Raises:
        OutputError: it cannot be written.
    """
    selection = select(data)
    language = data.language
    style, script = style_sheet(language, data.facts.presentation.accent), asset("page.js")
    document = {
        "page": build_context(data, selection),
        "language": language.code,
        "text": language.text,
        "count": language.count,
        "sentences": partial(join_sentences, language),
        "number": language.number,
        "style": Markup(style),  # noqa: S704 - the package's own file
        "script": Markup(script),  # noqa: S704 - a file of the package
        "policy": content_policy(style, script, images=data.logo is not None),
        "data": Markup(as_json(build_payload(data, selection, flags(data)))),  # noqa: S704 - has no `<`
    }
    file = staging.create(NAME)
    file.records = len(selection.records)
    stream = open_template("page").stream(document)
    stream.enable_buffering(1000)
    for text in stream:
        file.write(text.encode())


def asset(name: str) -> str:
    """Read a file of the package for the page."""
    return "\n" + (files(__package__) / name).read_text(encoding="utf-8")


def style_sheet(language: Language, accent: str = "") -> str:
    """The style of a page, with the texts that are in it: labels of cells on a phone, and the state of the run on each sheet of paper.

    Args:
        language: of the page.
        accent: colour (`#rrggbb`) of the line at the top; empty for the default.
    """
    texts = {name: json.dumps(language.text(text), ensure_ascii=False) for name, text in _STYLE_TEXTS.items()}
    labels = " ".join(f"--{name}: {text};" for name, text in texts.items() if not name.startswith("@"))
    sheets = "\n".join(
        f"@page {name[1:]} {{ @top-left {{ content: {text}; font: bold 9pt sans-serif; }} }}"
        for name, text in texts.items()
        if name.startswith("@")
    )
    colour = f" --accent: {accent};" if accent else ""
    return f"{asset('page.css')}:root {{ {labels}{colour} }}\n{sheets}\n"


_STYLE_TEXTS = {
    "manager": message("Account manager"),
    "since": message("Since"),
    "days": message("Days"),
    "step": message("What to do"),
    "own": message("From the list"),
    "status": message("Status"),
    "api": message("API status"),
    "before": message("Before"),
    "now": message("Now"),
    "last": message("Last update"),
    "evidence": message("Evidence"),
    "request": message("Request id"),
    "row": message("Row"),
    "@incomplete": message("INCOMPLETE: not every customer is known"),
    "@simulated": message("SIMULATED DATA"),
    "@incomplete-simulated": message("INCOMPLETE, and SIMULATED DATA"),
}
"""Custom properties of the style sheet, and its kinds of sheets (`@…`) -> their texts."""


def content_policy(style: str, script: str, *, images: bool = False) -> str:
    """The Content-Security-Policy: this style and this script, images in the page itself if any, and nothing from anywhere."""
    style_hash, script_hash = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)
    )
    own = f"style-src 'sha256-{style_hash}'; script-src 'sha256-{script_hash}'"
    if images:
        own += "; img-src data:"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


@cache
def open_template(folder: str) -> Template:
    """The template page.html.j2 in a folder of the report stage; every text in it is escaped."""
    environment = Environment(
        loader=PackageLoader("auditor.report", folder),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_as_text,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment.get_template("page.html.j2")


def _as_text(value: Any) -> Any:
    """Convert a value for the page: nothing for None. HTML cannot hold a NUL, and reads a bare carriage return as another character."""
    if value is None:
        return ""
    if isinstance(value, str) and not isinstance(value, Markup) and ("\r" in value or "\0" in value):
        return Markup(str(escape(value)).replace("\r", "&#13;").replace("\0", "\ufffd"))  # noqa: S704 - escaped
    return value


def _breakable(domain: str | None) -> Markup:
    """A domain that a narrow column breaks at its dots."""
    return Markup(str(escape(_as_text(domain))).replace(".", ".<wbr>"))  # noqa: S704 - escaped
