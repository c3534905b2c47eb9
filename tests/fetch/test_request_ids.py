"""`new_id`: a GUID each, none twice."""

import subprocess
import sys
import uuid

from auditor.fetch.request_ids import new_id


def test_no_id_is_made_twice() -> None:
    """Each is a GUID in the form that the API documents, and another than all before."""
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(str(uuid.UUID(one)) == one and uuid.UUID(one).version == 4 for one in ids)


def test_two_runs_share_no_id() -> None:
    """Another process begins elsewhere: what was sent before a resume is not sent again after it."""
    code = "from auditor.fetch.request_ids import new_id; print(new_id())"
    starts = {
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout[:24]
        for _ in range(2)
    }
    assert len(starts | {new_id()[:24]}) == 3
