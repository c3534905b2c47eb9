"""What happens after a run: once, whatever its end; a step that fails is a warning."""

import pytest

from auditor.cli import after_run
from auditor.cli.after_run import AfterRun
from auditor.cli.failures import describe_failure
from auditor.errors import AuditorError, CustomerListError, LockHeldError, OutputError
from auditor.runs.signals import StoppedAtOnce
from auditor.settings import Settings

ENDS = [
    (CustomerListError("no id column"), 5),
    (OutputError("a report is missing"), 7),
    (OSError(28, "No space left on device"), 7),
    (KeyboardInterrupt(), 130),
    (StoppedAtOnce(15), 143),
    (ZeroDivisionError("division by zero"), 1),
]


@pytest.fixture
def endings(monkeypatch: pytest.MonkeyPatch) -> list[AfterRun]:
    """The endings that were followed up."""
    found: list[AfterRun] = []

    def follow_up(after: AfterRun) -> None:
        found.append(after)

    monkeypatch.setattr(AfterRun, "_follow_up", follow_up)
    return found


@pytest.mark.parametrize(("error", "code"), ENDS)
def test_every_exception_is_an_end_and_goes_on(endings: list[AfterRun], error: BaseException, code: int) -> None:
    """The exception itself is what the command line sees."""
    with pytest.raises(type(error)), AfterRun(Settings()):
        raise error
    assert [(one.exit_code, one.failure, one.rendered) for one in endings] == [(code, describe_failure(error), None)]


def test_nothing_follows_where_another_run_works_or_nothing_was_done(endings: list[AfterRun]) -> None:
    """The other run will tell how it ended."""
    with pytest.raises(LockHeldError), AfterRun(Settings()):
        raise LockHeldError("another run")
    with AfterRun(Settings()) as after:
        pass
    assert (endings, after.exit_code) == ([], 0)


def test_a_step_that_fails_is_one_warning(capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do, where the error says it."""

    def fail(error: Exception) -> None:
        raise error

    assert after_run._guarded("the ping", lambda: None)
    assert not after_run._guarded("the ping", lambda: fail(AuditorError("no answer", "try again")))
    assert not after_run._guarded("the ping", lambda: fail(ValueError("what")))
    assert capsys.readouterr().err.splitlines() == [
        "warning: no answer; next: try again",
        "warning: the ping: unexpected: ValueError; this is a defect of auditor, please report it",
    ]
