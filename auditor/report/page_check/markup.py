"""The markup of report.html, read back. Rule: the standard library's parser, and nothing of what wrote the page."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

TABLES = ("blocked", "undetermined", "eligible")
"""The tables whose lines are the run's records, in the page's order."""
CHANGED = "changed"
_PART_OF = {"uncompared": CHANGED}
"""A table that goes on with the lines of another."""
_CELLS = ("td", "th")
_PARTS = ("a", "b", "span", "code")
_ENDS = frozenset({*_CELLS, "tr", "thead", "tbody", "table"})


@dataclass(slots=True)
class Line:
    """A record's line of a table: the texts of its customer's parts (name, domain, id), and of its cells."""

    parts: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Markup:
    """What the page says.

    Attributes:
        flags: what it says is wrong with the run.
        title: its title.
        lines: the lines of the tables of customers, by the table's id.
        figures: values of the cards: by verdict, then by `customers` and `rows`.
        data: the JSON beside the tables.
        list_warnings: what it says that the run warned of when it read the lists.
    """

    flags: list[str] = field(default_factory=list)
    title: str = ""
    lines: dict[str, list[Line]] = field(default_factory=lambda: {name: [] for name in (*TABLES, CHANGED)})
    figures: dict[str, dict[str, str]] = field(default_factory=dict)
    data: str = ""
    list_warnings: list[str] = field(default_factory=list)


def cell(text: str | None) -> str:
    """A text as a cell has it: HTML has neither null nor NUL."""
    return (text or "").replace("\0", "\ufffd")


def read_markup(text: str) -> Markup:
    """What the page says."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    """Follows the tables: a line begins with `tr`, a cell ends where the next thing of a table begins or ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = Markup()
        self._table = self._card = ""
        self._text: list[str] | None = None
        self._none = False
        self._line: Line | None = None
        self._body = self._warned = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begins whatever begins here."""
        given = {name: value or "" for name, value in attrs}
        if tag in _ENDS:
            self._end_cell()
        match tag:
            case "html":
                self.found.flags = given.get("class", "").split()
            case "div" if given.get("class", "").startswith("card "):
                self._card = given["class"].removeprefix("card ")
            case "data":
                self.found.figures.setdefault(self._card, {})[given["class"]] = given["value"]
            case "li" if self._warned:
                self.found.list_warnings.append("")
                self._begin_text(tag, given)
            case "ul":
                self._warned = given.get("id") == "list-warnings"
            case "table" | "tbody" | "tr":
                self._begin_line(tag, given)
            case _:
                self._begin_text(tag, given)

    def _begin_line(self, tag: str, given: dict[str, str]) -> None:
        if tag == "table":
            self._table = _PART_OF.get(given.get("id", ""), given.get("id", ""))
        elif tag == "tbody":
            self._body = self._table in self.found.lines
        elif self._body:
            # a line with a class is a heading among the records
            self._line = Line() if "class" not in given else None
            if self._line:
                self.found.lines[self._table].append(self._line)

    def _begin_text(self, tag: str, given: dict[str, str]) -> None:
        if tag in _PARTS and self._line and not self._line.cells:
            self._text, self._none = [], given.get("class") == "none"
        elif (
            (tag in _CELLS and self._line)
            or tag == "title"
            or given.get("id") == "data"
            or (tag == "li" and self._warned)
        ):
            self._text, self._none = [], False

    def handle_endtag(self, tag: str) -> None:
        """Ends whatever ends here."""
        if tag in _PARTS and self._line and not self._line.cells and self._text is not None:
            self._line.parts.append("" if self._none else "".join(self._text))
            self._text = None
        elif tag == "title":
            self.found.title = "".join(self._text or [])
            self._text = None
        elif tag == "li" and self._warned:
            self.found.list_warnings[-1] = "".join(self._text or [])
            self._text = None
        elif tag == "script" and self._text is not None:
            self.found.data = "".join(self._text)
            self._text = None
        elif tag in _ENDS:
            self._end_cell()
            if tag == "table":
                self._table, self._line, self._body = "", None, False

    def handle_data(self, data: str) -> None:
        """Takes text down where it belongs to something."""
        if self._text is not None:
            self._text.append(data)

    def _end_cell(self) -> None:
        if self._line and self._text is not None:
            self._line.cells.append("".join(self._text))
            self._text = None
