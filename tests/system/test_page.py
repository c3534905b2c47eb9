"""report.html in Debian's Chromium: no foreign script runs, no request leaves the page, and its functions work."""

import base64
import csv
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_core_python
import pytest
from browsing import Browser, chromium, wait
from page_support import SCRIPT, everything, render_page, sample_run
from report_support import Run, answer, guid, new_run, row
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver.common.keys import Keys

from auditor.core.model import Cause

pytestmark = pytest.mark.system

AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
NAMES = ["Ærø Søfart", SCRIPT, "=1+1", 'Quote " & Co, Ltd', "two\nlines", "-12.5", "@home", "Zürich AG", None]
REASONS = [
    "under_review",
    "not_allowed",
    "allowed",
    "allowed",
    "allowed",
    "unknown",
    "not_ready",
    "under_review",
    "allowed",
]


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests."""
    with chromium(tmp_path_factory.mktemp("downloads")) as browser:
        yield browser


@pytest.fixture
def browser(window: Browser) -> Browser:
    """The same, with nothing downloaded."""
    for path in window.downloads.iterdir():
        path.unlink()
    return window


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A few customers with names that a page or a spreadsheet may stumble over."""
    rows = [
        row(
            n,
            source_row=n + 2,
            company_name=name,
            domain=f"{n}.example",
            owner=("Ann", SCRIPT, None)[n % 3],
            other={"Tags": name or "", "change": f"mark{n}", "=1": "=2"},
        )
        for n, name in enumerate(NAMES)
    ]
    answers = [
        answer(n, n, reason, final=True, status=reason.title(), last_update_raw=f"2026-{n + 1:02}-01T10:00:00")
        for n, reason in enumerate(REASONS)
    ]
    answers[6] |= {"last_update_raw": None, "error_message": "=HYPERLINK(1)", "request_id": "+1"}
    run = new_run(tmp_path_factory.mktemp("odd") / "20261122T120000Z", rows, answers, max_undetermined=9)
    run.render(("csv", "html"))
    return run


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """An ordinary run that is neither finished nor real."""
    facts = {"simulated": True, "cause": Cause.DEADLINE, "message": "an hour is over"}
    run = sample_run(tmp_path_factory.mktemp("sample") / "20261122T120000Z", 400, **facts)
    run.render(("csv", "html"))
    return run


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with everything that a page may have: changes, sums, many account managers."""
    return render_page(everything(60), tmp_path_factory.mktemp("full"))


def _page(run: Run) -> Path:
    return run.path / "report.html"


def _count_rows(browser: Browser) -> int:
    """How many customers the page says that it found."""
    numbers = re.findall(r"^([\d,]+) of [\d,]+ customers found", browser.find("#found").text)
    return int(numbers[0].replace(",", "")) if numbers else 0


def _ids(browser: Browser) -> list[int]:
    """Which customers the table shows, in order."""
    return [int(text[-4:], 16) for text in browser.texts("#rows th code")]


def _search(browser: Browser, text: str) -> None:
    field = browser.find("#search")
    field.clear()
    field.send_keys(text)


def test_a_customer_named_like_a_script_stays_text(browser: Browser, odd: Run) -> None:
    """In every table, in details and chips: no dialog, no element of its making, no error."""
    browser.open(_page(odd))
    browser.find("#old-cases summary").click()
    for button in browser.all("#rows .more"):
        button.click()
    for summary in browser.all(".tools summary"):
        summary.click()
    with pytest.raises(NoAlertPresentException):
        _ = browser.driver.switch_to.alert.text
    assert browser.run("return document.scripts.length") == 2
    assert SCRIPT in browser.texts(".cases th a")
    assert SCRIPT in browser.texts("#rows th b")
    assert any(SCRIPT in text for text in browser.texts("#by-owner .chip"))
    assert any(SCRIPT in text for text in browser.texts("tr.details dd"))
    assert browser.logged("browser") == []


def test_no_request_leaves_the_page(browser: Browser, odd: Run) -> None:
    """Opening, searching, sorting and saving ask for the file itself and for nothing else."""
    browser.open(_page(odd))
    _search(browser, "example")
    browser.click('[data-key="days"]')
    browser.click("#save")
    browser.downloaded()
    assert {address for address in browser.requests() if not address.startswith("blob:")} == {_page(odd).as_uri()}


def test_the_policy_stops_what_is_not_the_pages_own(browser: Browser, odd: Run) -> None:
    """Were anything injected all the same, the browser would neither run nor fetch it."""
    browser.open(_page(odd))
    stopped = browser.driver.execute_async_script(
        """
        const done = arguments[0], stopped = [];
        document.addEventListener("securitypolicyviolation", (event) => {
          stopped.push(event.effectiveDirective);
          if (stopped.length === 3) done(stopped.sort());
        });
        const add = (name, given) => document.body.append(Object.assign(document.createElement(name), given));
        add("script", { text: "window.harmed = true" });
        add("img", { src: "https://127.0.0.1:9/x.png" });
        fetch("https://127.0.0.1:9/").catch(() => {});
        """
    )
    assert stopped == ["connect-src", "img-src", "script-src-elem"]
    assert browser.run("return window.harmed") is None


def test_filters_filter(browser: Browser, sample: Run) -> None:
    """Chips of one kind add rows, chips of different kinds reduce them, and clearing shows all rows."""
    browser.open(_page(sample))
    assert _count_rows(browser) == 400
    browser.click('#by-verdict [data-value="blocked"]')
    assert _count_rows(browser) == 52
    assert set(browser.texts("#rows .badge")) == {"Blocked"}
    browser.click('#by-verdict [data-value="undetermined"]')
    assert _count_rows(browser) == 84
    browser.click('#by-reason [data-value="not_allowed"]')
    assert set(browser.texts("#rows td:nth-child(4)")) == {"Not approved"}
    narrowed = _count_rows(browser)
    owner = browser.texts("#rows td:nth-child(2)")[0]
    browser.click(f'#by-owner [data-value="{owner}"]')
    assert 0 < _count_rows(browser) < narrowed
    assert set(browser.texts("#rows td:nth-child(2)")) == {owner}
    assert browser.find("#count-owner").get_attribute("textContent") == " (1 chosen)"
    browser.click("#clear")
    assert _count_rows(browser) == 400
    assert not browser.all('.chip[aria-pressed="true"]')


def test_a_bar_of_the_chart_leads_to_its_customers(browser: Browser, sample: Run) -> None:
    """The account manager's name is a link, and a filter."""
    browser.open(_page(sample))
    counts = browser.texts("#owners tbody tr:first-child td.n")
    browser.click("#owners tbody a")
    assert _count_rows(browser) == sum(map(int, counts))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ZURICH", [7]),
        ("søfart", [0]),
        ("ærø 0.example", [0]),
        ("<script>", [1, 4, 7]),
        ("mark3", [3]),
        (guid(5), [5]),
        ("x y zz", []),
    ],
)
def test_search_finds(browser: Browser, odd: Run, text: str, found: list[int]) -> None:
    """Search finds words of any column, ignoring letter case and accents; all words must match."""
    browser.open(_page(odd))
    _search(browser, text)
    assert sorted(_ids(browser)) == found
    assert _count_rows(browser) == len(found)


def test_headers_sort(browser: Browser, odd: Run) -> None:
    """Ascending, then descending, days descending first; missing values are always last, and the header shows the order."""
    browser.open(_page(odd))
    browser.click('[data-key="name"]')
    # the customer without a name stands by its id, which begins with a 1
    assert _ids(browser) == [5, 6, 1, 2, 8, 0, 3, 4, 7]
    ascending = _ids(browser)
    browser.click('[data-key="name"]')
    assert _ids(browser) == ascending[::-1]
    browser.click('[data-key="days"]')
    assert _ids(browser) == [0, 1, 2, 3, 4, 5, 7, 8, 6]
    assert [head.text for head in browser.all("#every th[aria-sort]")] == ["Days"]
    browser.click('[data-key="days"]')
    assert _ids(browser) == [8, 7, 5, 4, 3, 2, 1, 0, 6]
    assert browser.find("#every th[aria-sort]").get_attribute("aria-sort") == "ascending"


def test_pages_turn(browser: Browser, sample: Run) -> None:
    """Fifty customers at a time, or a hundred; the ends are ends."""
    browser.open(_page(sample))
    seen = []
    for _ in range(8):
        seen += browser.texts("#rows th code")
        browser.click("#next")
    assert len(set(seen)) == 400
    assert not browser.find("#next").is_enabled()
    assert browser.find("#found").text == "400 of 400 customers found. Shown: 351 to 400."
    assert browser.find("#page-of").text == "Page 8 of 8"
    browser.find("#size").send_keys("100")
    assert browser.find("#page-of").text == "Page 1 of 4"
    assert len(browser.all("#rows > tr")) == 100


def test_chips_count_what_the_search_found(browser: Browser, sample: Run) -> None:
    """While somebody types; the chips of a kind that has a choice count what the others would show."""
    browser.open(_page(sample))

    def counts() -> dict[str, int]:
        chips = browser.all("#by-verdict .chip")
        return {
            str(chip.get_attribute("data-value")): int(chip.find_element("tag name", "small").text) for chip in chips
        }

    assert counts() == {"blocked": 52, "undetermined": 32, "eligible": 316}
    _search(browser, "gold")
    found = counts()
    assert sum(found.values()) == _count_rows(browser) < 400
    browser.click('#by-verdict [data-value="blocked"]')
    assert counts() == found
    assert _count_rows(browser) == found["blocked"]


def test_a_phone_answers_the_first_questions_at_once(browser: Browser, full: Path) -> None:
    """How many are blocked, who is new, how much money is at risk, is the audit complete, what to do first: without scrolling."""
    browser.open(full, width=390)
    ends = "return Math.round(document.querySelector(arguments[0]).getBoundingClientRect().bottom)"
    for part in (".banner", "#first", ".card.blocked", ".card.newly", ".card.risk"):
        assert 0 < browser.run(ends, part) <= 844, part
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.find("#first").text.startswith("Do this first. Customer 54 (EUR 540.50): ")
    assert not browser.find("#old").is_displayed()


@pytest.mark.parametrize("width", [1280, 1100, 800, 700, 390])
def test_no_tile_stands_alone(browser: Browser, full: Path, width: int) -> None:
    """However many there are: a line has several, or one over its whole width."""
    browser.open(full, width=width)
    alone = {
        number: browser.run(
            """
            const cards = document.querySelector(".cards"), lines = {};
            while (cards.children.length > arguments[0]) cards.lastElementChild.remove();
            while (cards.children.length < arguments[0]) cards.append(cards.lastElementChild.cloneNode(true));
            for (const card of cards.children) {
                const { top, width } = card.getBoundingClientRect();
                (lines[Math.round(top)] ??= []).push(width);
            }
            const { width } = cards.getBoundingClientRect();
            return Object.values(lines).filter((line) => line.length === 1 && line[0] < width - 2).length;
            """,
            number,
        )
        for number in range(3, 10)
    }
    assert alone == dict.fromkeys(alone, 0)


def _expected(run: Run) -> list[dict[str, str]]:
    """The rows of the download, by results.csv."""
    rows = []
    for n, record in enumerate(run.records()):
        names = ["customer_id", "company_name", "domain", "verdict", "status", "reason"]
        given = {name: record[name] for name in names}
        given["last_update"] = given["since"] = record["last_update"][:10]
        given["days_in_status"] = given["days"] = record["days_in_status"]
        unknown = record["verdict"] == "undetermined"
        given["evidence"] = record["error_message"] if unknown else ""
        given["request_id"] = record["request_id"] if unknown else ""
        given |= {name: record[name] for name in ("owner", "source_file", "source_row", "raw_id")}
        given |= {
            "change": "",
            "times_blocked": "1" if record["verdict"] == "blocked" else "0",
            "Tags": record["Tags"],
            "input.change": f"mark{n}",
            "=1": "=2",
        }
        rows.append({_safe(name): _safe(text) for name, text in given.items()})
    return rows


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "@")) else text


def test_the_csv_is_what_the_table_shows(browser: Browser, odd: Run) -> None:
    """All columns, the list's own included; in the order shown; UTF-8 with a mark, CRLF, and no text becomes a formula."""
    browser.open(_page(odd))
    browser.click('[data-key="days"]')
    shown = _ids(browser)
    browser.click("#save")
    path = browser.downloaded()
    assert path.name == "customers-20261122T120000Z.csv"
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfcustomer_id,")
    assert content.endswith(b"\r\n")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    expected = _expected(odd)
    assert rows == [expected[n] for n in shown]
    assert {"'=1+1", "-12.5", "'@home"} <= {row["company_name"] for row in rows}
    assert wait(lambda: browser.find("#said").get_attribute("textContent") or None).startswith("9 customers saved")


def test_the_csv_has_the_filtered_rows(browser: Browser, sample: Run) -> None:
    """It has all filtered rows, not only this page of the table; the file name says what is wrong with the run."""
    browser.open(_page(sample))
    browser.click('#by-verdict [data-value="eligible"]')
    browser.click("#save")
    path = browser.downloaded()
    assert path.name == "customers-20261122T120000Z-INCOMPLETE-SIMULATED.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert len(rows) == 316
    assert {row["verdict"] for row in rows} == {"eligible"}
    assert {row["Relationship"] for row in rows} == {"Cloud Reseller"}


def test_without_scripts_everything_can_be_read(browser: Browser, odd: Run) -> None:
    """Every customer, every reason and what to do are shown; controls that need scripts are not."""
    browser.open(_page(odd), scripts=False)
    browser.find("#old-cases summary").click()
    text = browser.run("return document.body.innerText")
    for n, name in enumerate(NAMES):
        assert guid(n) in text
        assert (name or "").replace("\n", " ") in text.replace("\n", " ")
    assert "Wait: Microsoft is reviewing" in text
    assert not any(button.is_displayed() for button in browser.all("button, input, select"))
    browser.open(_page(odd))
    assert not browser.all("#listed")


def test_the_keyboard_is_enough(browser: Browser, sample: Run) -> None:
    """The first stop skips to what asks for action; search, chips, sorting and details follow, each with a visible focus."""
    browser.open(_page(sample))
    active = browser.driver.switch_to.active_element

    def focused() -> Any:
        found = browser.driver.switch_to.active_element
        assert found.value_of_css_property("outline-style") not in ("none", "auto")
        return found

    active.send_keys(Keys.TAB)
    assert focused().text == "Skip to the blocked customers"
    focused().send_keys(Keys.ENTER)
    assert browser.driver.current_url.endswith("#action")
    browser.find("#search").send_keys("gold", Keys.TAB)
    assert focused().get_attribute("data-value") == "blocked"
    focused().send_keys(Keys.SPACE)
    assert focused().get_attribute("aria-pressed") == "true"
    assert set(browser.texts("#rows .badge")) == {"Blocked"}
    browser.find("#size").send_keys(Keys.TAB)
    assert focused().get_attribute("data-key") == "name"
    focused().send_keys(Keys.ENTER)
    assert browser.find("#every th").get_attribute("aria-sort") == "ascending"
    browser.find("#rows .copy").send_keys(Keys.TAB)
    assert focused().get_attribute("aria-expanded") == "false"
    focused().send_keys(Keys.ENTER)
    assert focused().get_attribute("aria-expanded") == "true"
    assert "gold" in browser.find("tr.details").text


def test_an_id_is_copied(browser: Browser, odd: Run) -> None:
    """It is in the clipboard, and a screen reader announces it."""
    browser.open(_page(odd))
    grant = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    browser.command("Browser.grantPermissions", **grant)
    browser.find("#old-cases summary").click()
    browser.find(".cases .copy").click()
    wait(lambda: browser.find("#said").get_attribute("textContent") or None)
    copied = browser.driver.execute_async_script(
        "navigator.clipboard.readText().then(arguments[0], (error) => arguments[0](String(error)))"
    )
    assert copied == browser.find(".cases code").text


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(browser: Browser, full: Path, width: int, dark: bool) -> None:  # noqa: FBT001 - a parameter
    """WCAG A and AA and axe's best practices, with filters set and details open, in both schemes, on a phone too."""
    browser.open(full, dark=dark, width=width)
    browser.run('for (const details of document.querySelectorAll("details")) details.open = true')
    browser.click('#by-verdict [data-value="blocked"]')
    browser.run('document.getElementById("size").value = "50"')
    browser.run('document.getElementById("size").dispatchEvent(new Event("change"))')
    browser.click("#rows .more")
    browser.run(AXE)
    found = browser.driver.execute_async_script(
        "const done = arguments[0]; axe.run().then((found) => done(found.violations), (error) => done([{ id: String(error) }]))"
    )
    assert [(broken["id"], [node["html"] for node in broken.get("nodes", [])][:3]) for broken in found] == []


def test_paper_says_what_is_wrong_with_the_run(browser: Browser, sample: Run, tmp_path: Path) -> None:
    """Every sheet says it; all customers with action needed are printed, although the screen shows the first ones only."""
    browser.open(_page(sample))
    pages = _print_pages(browser, tmp_path)
    assert len(pages) > 5
    assert all("INCOMPLETE, and SIMULATED DATA" in page for page in pages)
    ids = browser.run('return Array.from(document.querySelectorAll(".cases code"), (code) => code.textContent)')
    assert len(ids) == 52
    assert all(customer in " ".join(pages) for customer in ids)


def test_paper_has_all_customers_under_heads_that_say_what_they_are(
    browser: Browser, sample: Run, tmp_path: Path
) -> None:
    """On every sheet of the long table, too; afterwards the screen is as it was."""
    browser.open(_page(sample))
    pages = _print_pages(browser, tmp_path)
    (begin,) = (n for n, page in enumerate(pages) if "All customers" in page)
    (end,) = (n for n, page in enumerate(pages) if "What this means" in page)
    assert all(
        re.search("Customer .*Account manager .*Verdict .*Status .*Days", page) for page in pages[begin + 1 : end]
    )
    text = re.sub(r"\s", "", "".join(pages))
    assert all(record["customer_id"] in text for record in sample.records())
    assert len([line for line in pages[-1].splitlines() if line.strip()]) > 3
    assert len(browser.all("#rows > tr")) == 50
    assert not browser.find("#old").is_displayed()


def _print_pages(browser: Browser, folder: Path) -> list[str]:
    """The texts of the printed sheets."""
    browser.command("Emulation.clearDeviceMetricsOverride")
    made = browser.command("Page.printToPDF", preferCSSPageSize=True)
    (folder / "page.pdf").write_bytes(base64.b64decode(made["data"]))
    done = subprocess.run(["/usr/bin/pdftotext", "-layout", folder / "page.pdf", "-"], check=True, capture_output=True)
    return done.stdout.decode().removesuffix("\f").split("\f")


def test_a_damaged_page_can_still_be_read(browser: Browser, odd: Run, tmp_path: Path) -> None:
    """If a mail gateway alters the script, the browser does not run it, and the tables can be read."""
    text = _page(odd).read_text(encoding="utf-8")
    (tmp_path / "report.html").write_text(text.replace('"use strict";', '"use strict" ;'), encoding="utf-8")
    browser.open(tmp_path / "report.html")
    assert browser.find("#eligible").is_displayed()
    assert not browser.find("#search").is_displayed()
