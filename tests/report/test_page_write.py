"""The page as a file: nothing that a customer is called becomes markup, nothing is fetched, and the same run gives the same bytes."""

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from page_support import SCRIPT, markup_of, page_of, sample_run
from report_support import answer, guid, new_run, row

from auditor.core.model import Cause
from auditor.core.results import ACCOUNT_VERIFICATION
from auditor.core.run_facts import Presentation

NASTY = [
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "</script><b>",
    "<!--",
    "' onmouseover='x",
    "&lt;b&gt;",
    "</table>",
    "{{ 7*7 }}",
]


class _Elements(HTMLParser):
    """Counts elements and gathers attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.count: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]


def _named(folder: Path, name: str) -> str:
    """The page of a run where everything that comes from outside has this name."""
    reasons = ("under_review", "allowed", "service_error")
    rows = [
        row(n, source_row=n + 2, company_name=name, domain=name, owner=name, source_file=name, other={name: name})
        for n, _ in enumerate(reasons)
    ]
    rows.append(row(name, source_row=9, company_name=name, other={name: name}))
    told = {"status": name, "error_message": name, "error_code": name, "request_id": name, "last_update_raw": name}
    answers = [answer(n, n, reason, **told) for n, reason in enumerate(reasons)]
    facts: dict[str, Any] = {"lists": (name,), "message": name, "cause": Cause.SERVICE, "api": name}
    return page_of(new_run(folder / "20261122T120000Z", rows, answers, **facts))


@pytest.mark.parametrize("name", NASTY)
def test_what_a_customer_is_called_stays_text(tmp_path: Path, name: str) -> None:
    """Names, ids, statuses, messages and columns full of markup make the same elements as harmless ones."""
    nasty, plain = _Elements(_named(tmp_path / "a", name)), _Elements(_named(tmp_path / "b", "plain"))
    assert nasty.count == plain.count
    assert {(tag, attribute) for tag, attribute, _ in nasty.attributes} == {(tag, a) for tag, a, _ in plain.attributes}


@pytest.mark.parametrize("name", [*NASTY, " two  blanks ", "a\r\nb", "\t", "“x” & ‘y’", "שלום", "\u202egnp.exe"])
def test_what_a_customer_is_called_is_read_back_the_same(tmp_path: Path, name: str) -> None:
    """The browser's parser, too, gives what the list had; `verify` compares every record so."""
    run = new_run(tmp_path / "r", [row(1, company_name=name, domain=name)], [answer(0)])
    assert markup_of(run).records("eligible") == [[name, name, guid(1)]]


def test_only_its_own_script_and_style_may_run(tmp_path: Path) -> None:
    """The policy allows two hashes and nothing else, and they are those of the script and the style that are there."""
    text = page_of(sample_run(tmp_path / "r", 50))
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    wanted = {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"}
    for element in ("style", "script"):
        (content,) = re.findall(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        wanted[f"{element}-src"] = f"'sha256-{digest}'"
    # the template escapes the quotes of an attribute's value
    found = policy.replace("&#39;", "'").split("; ")
    assert dict(directive.split(" ", 1) for directive in found) == wanted
    assert text.index("Content-Security-Policy") < text.index("<style>")


def test_nothing_is_fetched(tmp_path: Path) -> None:
    """No element refers to anything but a place in the page or a customer's page, and none has a handler or a style."""
    found = _Elements(page_of(sample_run(tmp_path / "r", 50)))
    assert {tag for tag in found.count if tag in ("link", "img", "iframe", "object", "embed", "form", "base")} == set()
    for tag, name, value in found.attributes:
        assert name not in ("src", "srcset", "style", "action", "background", "data") or tag == "data"
        assert not name.startswith("on")
        if name == "href":
            assert value is not None
            assert tag == "a"
            assert value.startswith(
                ("#", ACCOUNT_VERIFICATION, "https://partner.microsoft.com/dashboard/v2/customers/1f2e3d4c-")
            )


def test_two_renderings_are_the_same(tmp_path: Path) -> None:
    """Byte by byte, in another folder, too."""
    first = page_of(sample_run(tmp_path / "a" / "r", 300))
    assert page_of(sample_run(tmp_path / "b" / "r", 300)) == first


def test_five_thousand_rows_take_less_than_a_megabyte(tmp_path: Path) -> None:
    """With long domains, two columns of the list's own, and 21 in a hundred rows blocked or undetermined."""
    text = page_of(sample_run(tmp_path / "r", 5000))
    assert len(text.encode()) < 1_000_000


@pytest.mark.parametrize(
    ("facts", "words", "said"),
    [
        ({}, [], "Complete."),
        ({"simulated": True}, ["simulated"], "Simulated data: nothing here is about anybody real."),
        (
            {"cause": Cause.DEADLINE, "message": "an hour is over"},
            ["incomplete"],
            "The run did not finish (an hour is over).",
        ),
        ({"cause": Cause.INTERRUPTED, "simulated": True}, ["incomplete", "simulated"], "Incomplete."),
    ],
)
def test_the_state_of_the_run_is_on_its_face(
    tmp_path: Path, facts: dict[str, Any], words: list[str], said: str
) -> None:
    """In the title, in the class that paper is printed by, and in a banner."""
    run = new_run(tmp_path / "20261122T120000Z", [row(1)], [answer(0)])
    text, markup = page_of(run, **facts), markup_of(run, **facts)
    assert markup.flags == words
    assert markup.title == " · ".join([*map(str.upper, words), "Partner Center audit", "20261122T120000Z"])
    assert said in text


def test_a_run_of_nothing_is_a_page(tmp_path: Path) -> None:
    """It has every section and says that nobody is blocked."""
    text = page_of(new_run(tmp_path / "r", [], []))
    assert "Nobody is blocked." in text
    assert "Every customer has a verdict." in text
    assert re.findall(r"<section id=\"(\w+)\"", text) == ["counts", "action", "unknown", "changes", "all", "about"]


@pytest.mark.parametrize(
    ("template", "link"),
    [
        ("https://portal.example/{customer_id}/orders?a=1&b=2", f"https://portal.example/{guid(1)}/orders?a=1&amp;b=2"),
        ("", None),
        ("javascript:alert('{customer_id}')", None),
    ],
)
def test_the_link_follows_its_template(tmp_path: Path, template: str, link: str | None) -> None:
    """A template that leads nowhere on the web makes no link at all."""
    run = new_run(tmp_path / "r", [row(1, company_name="A")], [answer(0, reason="under_review")])
    text = page_of(run, presentation=Presentation(customer_link=template))
    assert re.findall(r'<a href="([^#"][^"]*)"', text) == [*([link] if link else []), ACCOUNT_VERIFICATION]
    assert "javascript:" not in text.split("<body>")[1]
