"""docs/sign-in.md names every refusal that the program knows, and every setting of the sign-in that it names exists."""

import re
from dataclasses import fields
from pathlib import Path

from auditor.core.sign_in_errors import REFUSALS
from auditor.settings import PREFIX, Settings

PAGE = (Path(__file__).parents[1] / "docs" / "sign-in.md").read_text(encoding="utf-8")


def test_every_refusal_stands_in_the_table() -> None:
    """And no number that the program would not explain."""
    table = PAGE.partition("What the sign-in service says")[2].partition("What Partner Center says")[0]
    rows = re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
    numbers = [int(number) for row in rows for number in row.split(",")]
    assert sorted(numbers) == sorted(REFUSALS)


def test_every_setting_exists() -> None:
    """With or without _FILE."""
    known = {f"{PREFIX}{one.name.upper()}" for one in fields(Settings)}
    named = {name.removesuffix("_FILE") for name in re.findall(r"AUDITOR_[A-Z_]+[A-Z]", PAGE)}
    assert named <= known
    wanted = ("TOKEN", "CLIENT", "TENANT", "CLOUD", "AUTHORITY")
    assert {name for name in known if any(part in name for part in wanted)} <= {f"{name}" for name in named}


def test_links_within_the_page_lead_somewhere() -> None:
    """Headings as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors
