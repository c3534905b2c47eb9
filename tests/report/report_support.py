"""What the tests of the report stage share: run folders made of plain dictionaries, and the expectation in plain Python."""

import csv
import hashlib
import json
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pyarrow.parquet
from hypothesis import strategies as st

from auditor import report
from auditor.core.baseline import Baseline
from auditor.core.judge.documented_answers import DOCUMENTED
from auditor.core.model import Cause, Reason
from auditor.core.results.ledger import Ledger
from auditor.core.run_facts import Membership, MembershipSource, RunFacts

BOTH = ("parquet", "csv")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STATUS = {
    Reason.ALLOWED: "Allowed",
    Reason.UNDER_REVIEW: "UnderReview",
    Reason.NOT_ALLOWED: "NotAllowed",
    Reason.UNKNOWN: "Unknown",
    Reason.NO_ACCOUNT_STATUS: "NoStatus",
    Reason.UNRECOGNIZED_STATUS: "Neu, „anders“",
}


def guid(number: int) -> str:
    """A customer id; neighbours differ in one digit only."""
    return f"1f2e3d4c-0000-4000-8000-{number:012x}"


def row(customer: int | str = 1, **given: Any) -> dict[str, Any]:
    """A line of rows.jsonl; a text is an id that was rejected."""
    rejected = isinstance(customer, str)
    ids = {"customer_id": None, "raw_id": customer} if isinstance(customer, str) else {"customer_id": guid(customer)}
    line: dict[str, Any] = {**ids, "source_file": "list.csv"}
    return {**line, "source_row": 2, "reason": "invalid_id" if rejected else None, **given}


def answer(at: int, customer: int = 1, reason: str = "allowed", **given: Any) -> dict[str, Any]:
    """A line of the journal."""
    line = {"kind": "answer", "row": at, "customer_id": guid(customer), "reason": reason}
    line |= {"final": reason in STATUS, "status": STATUS.get(Reason(reason)), "attempts": 1}
    http = DOCUMENTED[Reason(reason)][1] if Reason(reason) in DOCUMENTED else None
    line |= {"http_status": http, "error_code": "600074" if http == HTTPStatus.NOT_FOUND else None}
    return {**line, "checked_at": "2026-11-22T11:59:58.250000Z", "ms_cv": "x", **given}


def member(customer: int, *, known: bool = True, **given: Any) -> dict[str, Any]:
    """A line of the journal about the partner's own list."""
    line = {"kind": "member", "customer_id": guid(customer), "member": known}
    return {**line, "company_name": None, "domain": None, "relationship": None, **given}


def encoded(lines: Iterable[dict[str, Any]]) -> bytes:
    """JSON Lines."""
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


def sealed(lines: Iterable[dict[str, Any]]) -> bytes:
    """Lines of a journal, each with the checksum of what stands before it."""
    bodies = [json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode()[:-1] for line in lines]
    return b"".join(body + b',"crc":"%08x"}\n' % zlib.crc32(body) for body in bodies)


@dataclass(frozen=True)
class Run:
    """A run folder with its rows and journal, ready to be rendered."""

    path: Path
    facts: RunFacts
    answers: tuple[bytes, ...]
    members: tuple[bytes, ...] = ()

    def render(self, formats: Iterable[str] = BOTH) -> Ledger:
        """Renders it."""
        return report.render(self.stored, tuple(formats))

    def verify(self) -> report.Verified:
        """Verifies what was rendered."""
        return report.verify_run(self.stored)

    def with_facts(self, **changes: Any) -> "Run":
        """The same folder with other facts."""
        return replace(self, facts=replace(self.facts, **changes))

    @property
    def stored(self) -> report.StoredRun:
        """As the report stage takes it."""
        return report.StoredRun(self.path, self.facts, self.answers, self.members)

    def compared_with(self, old: "Run | None" = None) -> "Run":
        """The same folder with a snapshot of its baseline run and of the history beside it."""
        digest, _ = report.snapshot_previous(self.stored, old.stored if old else None)
        began = old.facts.started_at if old else None
        baseline = Baseline(old.facts.run_id if old else "", began, "as the test wants it", digest)
        settled = self.with_facts(baseline=baseline)
        (self.path / "journal.jsonl").write_bytes(_journal(settled))
        return settled

    def recorded(self, formats: Iterable[str] = BOTH) -> "Run":
        """Renders it, verifies it, and adds it to the history, as a command does."""
        with report.history_file(self.path.parent, self.facts) as history:
            report.render(self.stored, tuple(formats), history)
            self.verify()
            if history:
                history.publish()
        return self

    def records(self, name: str = "results.csv") -> list[dict[str, str]]:
        """A CSV file as written."""
        with (self.path / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, strict=True))

    def table(self) -> Any:
        """results.parquet as an Arrow table."""
        return pyarrow.parquet.read_table(self.path / "results.parquet")

    def typed(self) -> list[dict[str, Any]]:
        """results.parquet as Python values."""
        records: list[dict[str, Any]] = self.table().to_pylist()
        return records

    def contents(self) -> dict[str, bytes]:
        """Every file of the folder."""
        return {path.name: path.read_bytes() for path in sorted(self.path.iterdir())}


def new_run(
    folder: Path,
    rows: list[dict[str, Any]],
    answers: list[dict[str, Any]],
    members: Iterable[dict[str, Any]] = (),
    **facts: Any,
) -> Run:
    """Writes rows.jsonl and journal.jsonl into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    content = encoded(rows)
    (folder / "rows.jsonl").write_bytes(content)
    columns = dict.fromkeys(column for line in rows for column in line.get("other", {}))
    known: dict[str, Any] = {
        "run_id": folder.name,
        "api": "https://api.example",
        "rows": len(rows),
        "customers": len({line["customer_id"] for line in rows if line.get("reason") is None}),
        "columns": tuple(columns),
        "list_digest": hashlib.sha256(content).hexdigest(),
        "started_at": NOON,
        "finished_at": NOON,
        "cause": Cause.FINISHED,
        **facts,
    }
    run = Run(folder, RunFacts(**known), *(((sealed(lines),) if lines else ()) for lines in (answers, [*members])))
    (folder / "journal.jsonl").write_bytes(_journal(run))
    return run


def _journal(run: Run) -> bytes:
    facts = run.facts
    same = ("run_id", "api", "simulated", "lists", "list_digest", "rows", "customers", "columns", "max_undetermined")
    header = {"kind": "header", "schema_version": 1, "started_at": facts.started_at.isoformat(), "type": "account"}
    header |= {"selection": facts.selection} if facts.selection else {}
    header["list_warnings"] = [asdict(one) for one in facts.list_warnings]
    header["presentation"] = asdict(facts.presentation)
    end: dict[str, Any] = {"kind": "end", "cause": facts.cause, "message": facts.message, "requests": facts.requests}
    end |= {
        "elapsed_seconds": facts.elapsed_seconds,
        "pace": facts.pace,
        "finished_at": facts.finished_at and facts.finished_at.isoformat(),
    }
    found = [{"kind": "membership", **asdict(facts.membership)}] if facts.membership else []
    return b"".join(
        [
            sealed([{**header, **{name: getattr(facts, name) for name in same}, "settings": {}}, {"kind": "session"}]),
            *run.answers,
            *run.members,
            sealed([*found, end] if facts.finished_at else found),
            sealed([_compared(facts.baseline)] if facts.baseline else []),
        ]
    )


def _compared(baseline: Baseline) -> dict[str, Any]:
    began = baseline.started_at and baseline.started_at.isoformat()
    return {"kind": "baseline", **asdict(baseline), "started_at": began}


def forge(run: Run) -> None:
    """Lets manifest.json follow whatever was done to the files that it lists; the counts of records stay."""
    path = run.path / "manifest.json"
    document = json.loads(path.read_bytes())
    for entry in document["files"]:
        content = (run.path / entry["name"]).read_bytes()
        entry |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    path.write_bytes(json.dumps(document, indent=2).encode() + b"\n")


@contextmanager
def passing_run(
    rows: list[dict[str, Any]],
    answers: list[dict[str, Any]],
    members: Iterable[dict[str, Any]] = (),
    **facts: Any,
) -> Iterator[Run]:
    """The same in a folder of its own, for one example of a property."""
    with tempfile.TemporaryDirectory() as folder:
        yield new_run(Path(folder) / "20261122T120000Z", rows, answers, members, **facts)


AWKWARD = st.sampled_from(
    [
        *("", "NA", "null", "NaN", "007", "1e5", "2021-07-14", "TRUE", "=1+1", "-2", '"', 'a "b", c', "a\nb", "a\r\nb"),
        *("\r", " x ", "\t", "a\x00b", "\ufeffx", "{}", "\\", "'", ",", ";"),
        *("Søren & Ægir A/S", "株式会社テスト", "שלום", "😀"),
    ]
)
TEXTS = AWKWARD | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


TIMES = st.sampled_from(
    [
        *(
            None,
            "2021-07-14T18:02:00",
            "2021-07-14 18:02:00Z",
            "2020-09-02T23:26:19.7753934Z",
            "2021-07-14T18:02:00+05:30",
        ),
        *("2021-02-30T00:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59", "2021-07-14T24:00:00", "", "2021-07-14"),
        *(
            "2027-01-01T00:00:00",
            "2021-07-14T18:02:00.123456Z",
            "2021-07-14T18:02:00-05:60",
            "1900-01-01T00:00:00+10:00",
        ),
    ]
)
CHECKED = st.sampled_from([None, "2026-11-22T11:59:58Z", "2026-11-22T11:59:58.5Z", "2026-11-22T13:00:00+02:00"])
REPLIES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"last_update_raw": TIMES, "http_status": st.sampled_from([None, 200, 404])},
    optional={
        "error_message": TEXTS,
        "request_id": TEXTS,
        "checked_at": CHECKED,
        "reused_from": st.none() | st.just("r"),
    },
)
"""What else an answer may hold."""


@dataclass(frozen=True)
class Case:
    """Rows, answers and members of a made-up run, each in an order that a journal could have."""

    rows: list[dict[str, Any]]
    answers: list[dict[str, Any]]
    members: list[dict[str, Any]]
    membership: Membership | None

    def run(self) -> AbstractContextManager[Run]:
        """A folder of its own."""
        return passing_run(self.rows, self.answers, self.members, membership=self.membership, selection=self.selection)

    @property
    def selection(self) -> str:
        """The options that left rows out; empty where none was."""
        return "--owner ann" if any(line["reason"] == "not_selected" for line in self.rows) else ""

    def expected(self) -> list[Reason]:
        """Each row's reason, by the rules in plain Python."""
        deciding: dict[str, dict[str, Any]] = {}
        for line in self.answers:
            held = deciding.get(line["customer_id"])
            if held is None or line["final"] or not held["final"]:
                deciding[line["customer_id"]] = line
        reasons = []
        for line in self.rows:
            found = deciding.get(line["customer_id"], {"reason": "not_attempted"})
            reason = Reason(line["reason"] or found["reason"])
            strange = reason is Reason.NO_ACCOUNT_STATUS and self.member(line["customer_id"]) is False
            reasons.append(Reason.NOT_IN_CUSTOMER_LIST if strange else reason)
        return reasons

    def member(self, customer: str) -> bool | None:
        """Whether the customer is the partner's, by the rules in plain Python; None where it is not known."""
        if self.membership is None:
            return None
        told = [line["member"] for line in self.members if line["customer_id"] == customer]
        match self.membership.way:
            case MembershipSource.OWN:
                return True
            case MembershipSource.LIST:
                return told[-1] if told else False if self.membership.complete else None
            case MembershipSource.SINGLY:
                return told[-1] if told else None
            case _:
                return None


def _agreeing(line: dict[str, Any]) -> dict[str, Any]:
    """The answer, with what comes with its reason; anything else would make it a damaged one."""
    decided = DOCUMENTED.get(Reason(line["reason"]))
    if decided is None:
        return line
    code = "600074" if decided[1] == HTTPStatus.NOT_FOUND else None
    came = line["checked_at"] or "2026-11-22T11:59:58Z"
    return line | {"status": decided[0], "http_status": decided[1], "error_code": code, "checked_at": came}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Up to twelve rows over a few customers, some rejected or left out; up to three answers a customer, finals anywhere."""
    texts = st.none() | TEXTS
    rows = [
        row(
            draw(st.integers(1, 5) | st.sampled_from(["", "nobody", "=1+1"])),
            source_row=place + 2,
            company_name=draw(texts),
            owner=draw(st.sampled_from([None, "", "ann@p.example", "bo"])),
            **draw(st.just({}) | st.builds(lambda a, b: {"other": {"Tags": a, "status": b}}, TEXTS, TEXTS)),
        )
        for place in range(draw(st.integers(1, 12)))
    ]
    for line in rows if draw(st.integers(0, 3)) == 0 else ():
        line["reason"] = draw(st.sampled_from([line["reason"], "not_selected"]))
    first = {line["customer_id"]: place for place, line in reversed(list(enumerate(rows))) if line["reason"] is None}
    reasons = st.sampled_from(
        [r.value for r in Reason if r not in (Reason.INVALID_ID, Reason.NOT_ATTEMPTED, Reason.NOT_SELECTED)]
    )
    answers = [
        _agreeing(answer(place, reason=draw(reasons), attempts=draw(st.integers(1, 9)), **draw(REPLIES)))
        | {"customer_id": customer}
        for customer, place in first.items()
        for _ in range(draw(st.integers(0, 3)))
    ]
    way = draw(st.sampled_from([None, MembershipSource.OWN, MembershipSource.LIST, MembershipSource.SINGLY]))
    complete, message = draw(st.booleans()), draw(TEXTS)
    membership = None if way is None else Membership(way, 9, complete, message)
    lines = st.builds(
        lambda customer, listed, name, domain: member(customer, known=listed, company_name=name, domain=domain),
        st.integers(1, 8),
        st.just(True) if way is MembershipSource.LIST else st.booleans(),  # noqa: FBT003 - the value itself
        texts,
        st.sampled_from([None, "a.example"]),
    )
    members = draw(st.lists(lines, max_size=9)) if way in (MembershipSource.LIST, MembershipSource.SINGLY) else []
    return Case(rows, draw(st.permutations(answers)), members, membership)
