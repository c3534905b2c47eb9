"""Every block of Python in docs/python-api.md runs, one after the other, and says what it says it does."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import auditor
from auditor.testing import PartnerCenter

PAGE = (Path(__file__).parents[1] / "docs" / "python-api.md").read_text(encoding="utf-8")
BLOCKS = list(re.finditer(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
IDS = [f"1f2e3d4c-0000-4000-8000-{n:012}" for n in (1, 2, 3)]
_EXPECTED = re.compile(r"^(\S.*?)  # -> (.+)$", re.MULTILINE)
"""A line with the value that it has."""


def _expect(value: object, shown: str) -> None:
    assert repr(value) == shown


async def _run(block: re.Match[str], names: dict[str, Any]) -> None:
    """Run a block, which may wait at its top level as in a notebook."""
    checked = _EXPECTED.sub(lambda line: f"_expect({line[1]}, {line[2]!r})", block[1])
    # empty lines before it, so that a traceback has the line of the page
    above = "\n" * PAGE.count("\n", 0, block.start(1))
    code = compile(above + checked, "docs/python-api.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    waiting = eval(code, names)  # noqa: S307 - the project's own page
    if inspect.isawaitable(waiting):
        await waiting


@pytest.fixture
def customers(partner_center: PartnerCenter, tmp_path: Path) -> PartnerCenter:
    """The customers of the page, and a list of them."""
    for customer_id, status in zip(IDS, ("Allowed", "UnderReview", "NoStatus"), strict=True):
        partner_center[customer_id] = status
    (tmp_path / "Customers.csv").write_text("\n".join(["CustomerId", *IDS]), encoding="utf-8")
    return partner_center


async def test_every_block_runs_and_has_the_values_that_it_shows(
    customers: PartnerCenter, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the order of the page, with the names of the blocks before."""
    names: dict[str, Any] = {
        "_expect": _expect,
        "access_token": customers.token,
        "api_url": customers.api_url,
    }
    assert len(BLOCKS) > 10
    for block in BLOCKS:
        await _run(block, names)
    names["test_orders_of_a_blocked_customer_are_held"](customers)
    assert "tenant" in capsys.readouterr().out


def test_the_table_of_errors_has_every_exception_with_its_exit_code() -> None:
    """What a caller does next depends on it."""
    shown = dict(re.findall(r"^\| `(\w+Error)` \| (\d+) \|", PAGE, re.MULTILINE))
    public = [getattr(auditor, name) for name in auditor.__all__ if name.endswith("Error")]
    assert shown == {error.__name__: str(error.exit_code) for error in public}


def test_every_public_name_is_on_the_page() -> None:
    """`Run`, `Finding` and the like are what functions return."""
    documented = set(re.findall(r"\w+", PAGE))
    returned = {
        "AuditResult",
        "CustomerResult",
        "Finding",
        "ListedCustomer",
        "ListedRun",
        "Reason",
        "Run",
        "RunEnd",
        "Verdict",
        *("ApiResponse", "Cause", "ProgressEstimate", "RunFacts", "Verified"),
    }
    assert {*auditor.__all__} - documented - returned == {"__version__"}
