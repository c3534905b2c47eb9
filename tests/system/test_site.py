"""The site and the man page, built from the documents as `make docs` and `make man` do it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browsing import chromium, wait

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MAN_PAGE = ROOT / "auditor" / "cli" / "auditor.1"
FETCHING = {"src", "srcset", "poster", "data"}
"""Attributes that make a browser fetch something, in any element."""
_STYLE = re.compile(r"""(?:url\(|@import)\s*['"]?([^'");]+)""")
"""What a style fetches."""
_ELSEWHERE = re.compile(r"(?!data:)[a-z]+:|//")


def _build(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site. A warning fails here: a link that leads nowhere, a page that no menu has."""
    folder = tmp_path_factory.mktemp("site")
    _build("--builder", "html", DOCS, folder)
    return folder


@pytest.fixture(scope="module")
def man_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built man page."""
    folder = tmp_path_factory.mktemp("man")
    _build("--builder", "man", "--conf-dir", DOCS, "--define", "root_doc=auditor", DOCS / "man", folder)
    return folder / "auditor.1"


class _Fetched(HTMLParser):
    """The addresses that a browser fetches by itself to show a page; links that a person follows are none."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect what the element fetches."""
        self.found += [value or "" for name, value in attrs if name in FETCHING or (tag == "link" and name == "href")]


def _fetched(site: Path) -> Iterator[tuple[str, str]]:
    for page in site.rglob("*.html"):
        yield from ((page.name, address) for address in _Fetched(page).found)
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        yield from ((style.name, address) for address in _STYLE.findall(text))


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    """Fonts, scripts, styles and pictures are files of the site."""
    fetched = list(_fetched(site))
    assert len(fetched) > 100
    assert [one for one in fetched if _ELSEWHERE.match(one[1])] == []


def test_the_search_works_without_a_server(site: Path) -> None:
    """In a browser that opens the file: a page of the runbook's subject is found, and nothing but files is fetched."""
    with chromium(site) as window:
        window.open(site / "search.html")
        window.driver.get(f"{(site / 'search.html').as_uri()}?q=deadline")
        assert wait(lambda: window.all("#search-results li a") or None)
        assert {address.partition(":")[0] for address in window.requests()} <= {"file", "data"}


def test_every_command_is_on_the_site_and_in_the_man_page(site: Path, man_page: Path) -> None:
    """With its options."""
    page = (site / "commands.html").read_text(encoding="utf-8")
    manual = man_page.read_text(encoding="utf-8")
    assert 'id="cmdoption-auditor-run-max-undetermined"' in page
    assert "\\-\\-max\\-undetermined" in manual
    for command in ("auditor run", "auditor runs prune", "auditor whoami"):
        assert f'id="{command.replace(" ", "-")}"' in page
        assert f"\n{command} [OPTIONS]" in manual


def test_the_man_page_is_up_to_date(man_page: Path) -> None:
    """After a change of a command: make man."""
    assert MAN_PAGE.read_text(encoding="utf-8") == man_page.read_text(encoding="utf-8"), "out of date: make man"


def test_groff_formats_the_man_page_without_a_warning() -> None:
    """With every kind of warning switched on, but for lines of a table that are too short to be adjusted."""
    command = ["/usr/bin/groff", "-man", "-ww", "-W", "break", "-t", "-Tutf8", "-z", str(MAN_PAGE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
