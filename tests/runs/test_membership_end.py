"""How reading the partner's own customer list ends."""

from typing import Any, cast

import pytest

from auditor.core.model import Cause, RunEnd
from auditor.fetch import RunStopping
from auditor.runs import membership


class _Api:
    """An API whose rate limiter has ended the run."""

    def __init__(self, end: RunEnd | None) -> None:
        self.rate_limiter = self
        self.page = self
        self.run_end = end

    async def fetch(self, _continuation: str) -> None:
        raise RunStopping


@pytest.mark.parametrize("end", [RunEnd(Cause.SERVICE, "the service is down"), None])
async def test_an_outage_while_the_list_is_read_ends_the_session(end: RunEnd | None) -> None:
    """The session must not count as finished; a stop by a signal has no end here, for the session knows it."""
    found, ended = await membership._check_by_list(cast("Any", None), cast("Any", _Api(end)))
    assert (found, ended) == (None, end)
