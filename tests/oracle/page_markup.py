"""report.html as a tree of elements: the standard library's parser, and nothing of what renders the page."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Self

CASES = ("new", "blocked", "old")
"""Ids of the tables of blocked customers, in the page's order."""
RECORDS = (*CASES, "undetermined", "eligible")
"""Ids of the tables whose rows are the run's records, in the page's order."""
_CELLS = frozenset({"td", "th"})
_ENDED_BY = {
    "td": _CELLS,
    "th": _CELLS,
    "tr": _CELLS | {"tr"},
    "tbody": _CELLS | {"tr", "tbody"},
    "option": frozenset({"option"}),
}
"""Elements that a start tag ends where they are open: HTML lets their end tags be left out."""
_EMPTY = frozenset({"meta", "input", "wbr", "img"})


@dataclass
class Element:
    """An element of the page."""

    tag: str
    attributes: dict[str, str]
    children: list[Self | str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Self]:
        """The element and all elements in it, in the order of the page."""
        yield self
        for child in self.children:
            if not isinstance(child, str):
                yield from child

    @property
    def text(self) -> str:
        """All text in it."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    @property
    def words(self) -> str:
        """The same with single blanks, as a browser shows it."""
        return " ".join(self.text.split())

    def all(self, *tags: str, **attributes: str) -> list[Self]:
        """The elements in it with one of these tags (any, if none is given) and these attributes (`class_` is `class`)."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [
            found for found in self if (not tags or found.tag in tags) and wanted.items() <= found.attributes.items()
        ]

    def one(self, *tags: str, **attributes: str) -> Self:
        """The only one of them."""
        (found,) = self.all(*tags, **attributes)
        return found


class Page:
    """A page.

    Attributes:
        root: the `html` element.
        data: the JSON beside the tables.
    """

    def __init__(self, text: str) -> None:
        reader = _Reader()
        reader.feed(text)
        reader.close()
        self.root = reader.top.one("html")
        self.data: dict[str, Any] = json.loads(self.root.one("script", id="data").text)

    @property
    def flags(self) -> list[str]:
        """What the page says is wrong with the run, for its style sheet."""
        return self.root.attributes["class"].split()

    @property
    def title(self) -> str:
        """Its title."""
        return self.root.one("title").text

    def rows(self, *tables: str) -> list[Element]:
        """The body rows of tables by their ids, headings among them; none where there is no such table."""
        return [row for name in tables for table in self.root.all("table", id=name) for row in _body_rows(table)]

    def records(self, *tables: str) -> list[list[str]]:
        """The same as texts, without headings: of the customer's cell name, domain and id apart, then the other cells."""
        return [cells(row) for row in self.rows(*(tables or RECORDS)) if row.attributes.get("class") != "g"]

    def list_warnings(self) -> list[str]:
        """What it says that the run warned of when it read the lists."""
        return [item.text for element in self.root.all("ul", id="list-warnings") for item in element.all("li")]


def _body_rows(table: Element) -> list[Element]:
    return [row for body in table.all("tbody") for row in body.all("tr")]


def cells(row: Element) -> list[str]:
    """The texts of a row's cells; of a customer's cell its parts: "No name" is no name."""
    texts: list[str] = []
    for cell in row.all("td", "th"):
        parts = cell.all("a", "b", "span", "code")
        names = ["" if part.attributes.get("class") == "none" else part.text for part in parts]
        texts += names if cell.all("code") else [cell.text]
    return texts


class _Reader(HTMLParser):
    """Builds the tree."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.top = Element("", {})
        self._open = [self.top]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element, after those whose end tags were left out."""
        ended = [place for place, element in enumerate(self._open) if element.tag in _ENDED_BY.get(tag, ())]
        if ended:
            del self._open[ended[0] :]
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in _EMPTY:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        """Close an element, and what is open in it."""
        places = [place for place, element in enumerate(self._open) if element.tag == tag]
        if places:
            del self._open[places[-1] :]

    def handle_data(self, data: str) -> None:
        """Add text."""
        self._open[-1].children.append(data)
