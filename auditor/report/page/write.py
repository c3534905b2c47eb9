"""report.html. Rule: one file that asks for nothing else, a function of the run's folder, safe whatever a customer is called.

Every text goes through the template's escaping. Only the page's own script and style may run, by their hashes in the policy.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from auditor.report.files import Staging
from auditor.report.page import columns, content
from auditor.report.page.records import collect
from auditor.report.told import Told

NAME = "report.html"


def owns(name: str) -> bool:
    """Whether a file is this format's."""
    return name == NAME


def write(told: Told, staging: Staging) -> None:
    """Writes the page.

    Raises:
        OutputError: it cannot be written.
    """
    shown = collect(told)
    sink = staging.create(NAME)
    sink.records = shown.count
    style, script = asset("page.css"), asset("page.js")
    document = {
        "page": content.page(told, shown),
        "style": Markup(style),  # noqa: S704 - the package's own file
        "script": Markup(script),  # noqa: S704 - likewise
        "policy": policy(style, script),
        "data": Markup(columns.as_json(content.data(told, shown))),  # noqa: S704 - has no `<`
    }
    stream = _template().stream(document)
    stream.enable_buffering(1000)
    for text in stream:
        sink.write(text.encode())


def policy(style: str, script: str) -> str:
    """The Content-Security-Policy: this style and this script, and nothing from anywhere."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def asset(name: str) -> str:
    """A file of the package that goes into the page, as the page has it."""
    return "\n" + (files(__package__) / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("auditor.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_text,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2")


def _text(value: Any) -> Any:
    """A value as it stands in the page: nothing for None; HTML cannot hold a NUL, and takes a bare carriage return for another character."""
    if value is None:
        return ""
    if isinstance(value, str) and not isinstance(value, Markup) and ("\r" in value or "\0" in value):
        return Markup(str(escape(value)).replace("\r", "&#13;").replace("\0", "\ufffd"))  # noqa: S704 - escaped
    return value
