"""mailed.jsonl: appended line by line; what is damaged counts as not written."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from auditor.journal import MAILED, MailLog, MailRecord, read_mailed

RECORD = MailRecord(
    at=datetime(2026, 11, 30, 6, 0, tzinfo=UTC),
    owner="Zoë",
    file="Zoë.xlsx",
    sha256="0" * 64,
    outcome="sent",
    recipients=("0123456789abcdef",),
)


def test_lines_are_appended(tmp_path: Path) -> None:
    """In order, also by a later command."""
    assert read_mailed(tmp_path) == []
    other = msgspec.structs.replace(RECORD, outcome="refused")
    for one in (RECORD, other):
        with MailLog(tmp_path) as log:
            log.add(one)
    assert read_mailed(tmp_path) == [RECORD, other]


@pytest.mark.parametrize("part", [b'{"at":"2026-11-30T06:00', b"\xff\0", b"{}"])
def test_a_line_that_a_power_cut_left(tmp_path: Path, part: bytes) -> None:
    """It is no record, and does not spoil the next one."""
    (tmp_path / MAILED).write_bytes(msgspec.json.encode(RECORD) + b"\n" + part)
    with MailLog(tmp_path) as log:
        log.add(RECORD)
    assert read_mailed(tmp_path) == [RECORD, RECORD]
