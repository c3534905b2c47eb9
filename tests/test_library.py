"""`auditor.audit`, `resume` and `classify`, as a program uses them: against a real server, in threads and event loops."""

import asyncio
import json
import logging
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import auditor
from auditor import library
from auditor.runs.create import RESUMED_SETTINGS
from auditor.settings import Settings, SettingsKeywords, keywords_in_messages
from auditor.testing import PartnerCenter

BLOCKED, ELIGIBLE, NO_STATUS = (f"00000000-0000-4000-8000-00000000000{n}" for n in range(1, 4))
STATUSES = {BLOCKED: "UnderReview", ELIGIBLE: "Allowed", NO_STATUS: "NoStatus"}
NO_ACCOUNT_STATUS = {
    "code": 600074,
    "description": f"Account status not found for tenant {BLOCKED}.",
    "errorName": "AccountStatusNotFound",
    "isRetryable": False,
}


@pytest.fixture(name="service")
def service_fixture() -> Iterator[PartnerCenter]:
    """A service with three customers."""
    with PartnerCenter(STATUSES) as service:
        yield service


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs go to `reports` in it."""
    monkeypatch.chdir(tmp_path)


def run_python(code: str) -> str:
    """What a new interpreter prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


class TestNames:
    """The package's public names."""

    def test_every_name_can_be_used(self) -> None:
        """`__all__` promises nothing that is not there."""
        assert all(getattr(auditor, name) is not None for name in auditor.__all__)
        assert set(auditor.__all__) <= set(dir(auditor))

    def test_another_name_is_an_error(self) -> None:
        """As of any module."""
        with pytest.raises(AttributeError, match="has no attribute 'audits'"):
            auditor.audits  # type: ignore[attr-defined] # noqa: B018 - the look-up is what is tested

    @pytest.mark.parametrize("use", ["auditor", "auditor.classify", "auditor.SignInError", "auditor.Verdict"])
    def test_importing_is_light(self, use: str) -> None:
        """A program that only judges responses loads no heavy library."""
        heavy = "{'pandas', 'pyarrow', 'aiohttp', 'msal', 'numpy', 'requests'}"
        assert run_python(f"import auditor, sys; {use}; print({heavy} & set(sys.modules))") == "set()\n"

    def test_a_library_is_silent(self) -> None:
        """Without a handler of the program's own, Python would print warnings of the logger."""
        code = "import auditor, logging; auditor.classify; logging.getLogger('auditor').warning('heard')"
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert (ran.stdout, ran.stderr) == ("", "")

    def test_every_setting_is_a_keyword(self) -> None:
        """The typed keywords are the settings, in their order."""
        assert list(SettingsKeywords.__annotations__) == [each.name for each in fields(Settings)]


class TestClassify:
    """One response that the caller got."""

    @pytest.mark.parametrize(
        ("status", "body", "verdict", "reason"),
        [
            (
                200,
                {"type": "account", "status": "UnderReview", "lastUpdateDateTime": "2026-01-01"},
                "blocked",
                "under_review",
            ),
            (200, {"type": "account", "status": "Allowed"}, "eligible", "allowed"),
            (200, {"type": "account", "status": "Approved"}, "undetermined", "unrecognized_status"),
            (404, NO_ACCOUNT_STATUS, "eligible", "no_account_status"),
            (404, {"code": 60003}, "undetermined", "customer_not_found"),
            (500, {}, "undetermined", "service_error"),
        ],
    )
    def test_verdicts(self, status: int, body: dict[str, Any], verdict: str, reason: str) -> None:
        """Bytes and text, any spelling of the id."""
        for content in (json.dumps(body), json.dumps(body).encode()):
            found = auditor.classify(status=status, body=content, customer_id=f"{{{BLOCKED.upper()}}}")
            assert (found.verdict, found.reason) == (verdict, reason)

    def test_headers(self) -> None:
        """Retry-After tells an exhausted quota from a refusal, in any letter case."""
        refused = auditor.classify(status=403, body="", customer_id=BLOCKED)
        throttled = auditor.classify(status=403, body="", customer_id=BLOCKED, headers={"retry-AFTER": "7"})
        assert (refused.reason, throttled.reason) == ("forbidden", "throttled")

    def test_no_guid(self) -> None:
        """The cure is in the exception."""
        with pytest.raises(auditor.CustomerListError, match=r"not a customer tenant ID \(GUID\)"):
            auditor.classify(status=200, body="", customer_id="Contoso")


class TestSources:
    """What can be audited."""

    @pytest.mark.parametrize(
        "source",
        [
            [BLOCKED, ELIGIBLE],
            (text for text in (BLOCKED, ELIGIBLE)),
            pd.Series([BLOCKED, ELIGIBLE]),
            pd.DataFrame({"id": [BLOCKED, ELIGIBLE], "Revenue": [1.5, 2]}),
            pd.DataFrame({"Revenue": [1.5, 2]}, index=pd.Index([BLOCKED, ELIGIBLE], name="Tenant ID")),
            pd.DataFrame({"id": [uuid.UUID(BLOCKED), uuid.UUID(ELIGIBLE)], 7: ["x", 8]}),
            pd.DataFrame({"id": pd.Categorical([BLOCKED, ELIGIBLE])}),
            pd.DataFrame({"id": [BLOCKED, ELIGIBLE], "Revenue": [2**80, 1]}),
        ],
        ids=["list", "generator", "series", "frame", "index", "objects", "categories", "huge numbers"],
    )
    def test_lists_in_memory(self, service: PartnerCenter, source: Any) -> None:
        """Rows keep their order; `source_row` counts from 1."""
        result = auditor.audit(source, format="csv", **service.settings)
        assert list(result.results["customer_id"]) == [BLOCKED, ELIGIBLE]
        assert list(result.results["verdict"]) == ["blocked", "eligible"]
        assert list(result.results["source_row"]) == [1, 2]

    def test_files_and_frames_together(self, service: PartnerCenter, tmp_path: Path) -> None:
        """Each source is a list of its own, as on the command line."""
        list_file = tmp_path / "customers.csv"
        list_file.write_text(f"id\n{BLOCKED}\n", encoding="utf-8")
        result = auditor.audit(list_file, [ELIGIBLE, "nobody"], format="csv", **service.settings)
        assert list(result.results["source_file"]) == [str(list_file), "<ids>", "<ids>"]
        assert list(result.results["reason"]) == ["under_review", "allowed", "invalid_id"]
        assert (result.complete, result.exit_code, len(result.undetermined)) == (False, 3, 1)

    def test_the_partners_own_list(self, service: PartnerCenter) -> None:
        """Without a source, the service is asked for the customers."""
        result = auditor.audit(format="csv", **service.settings)
        assert set(result.results["customer_id"]) == set(STATUSES)
        assert (result.complete, result.exit_code, result.end) == (True, 0, None)

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            (pd.DataFrame({"name": ["Contoso"]}), '<DataFrame>.* has no id column; found "name".*id_column'),
            (pd.DataFrame({"a": [BLOCKED], "b": [ELIGIBLE]}), "id_column"),
            (["Contoso", "Fabrikam"], "<ids>.* holds no customer id"),
            ([], "<ids>.* has no rows"),
            (BLOCKED, "is a customer tenant ID, not the path of a list; next: give a list of ids"),
            ({BLOCKED: "Contoso"}, "dict: this is no customer list; next: give a path"),
            (42, "int: this is no customer list"),
            ("nowhere.csv", "nowhere.csv does not exist"),
            ("", "the path of the customer list is empty"),
            (["\ud800", BLOCKED], "<ids>: a value cannot be read"),
            (
                pd.DataFrame({"id": [BLOCKED]}, index=pd.Index([ELIGIBLE], name="id")),
                r'"id", "id \(2\)" could each be the customer id',
            ),
        ],
        ids=[
            *("no ids", "two candidates", "no guid", "empty", "one id", "mapping", "number", "no file", "no path"),
            *("no text", "index and column"),
        ],
    )
    def test_no_list(self, service: PartnerCenter, source: Any, message: str) -> None:
        """One exception, with the cure in the words of Python; nothing is asked."""
        with pytest.raises(auditor.CustomerListError, match=message) as caught:
            auditor.audit(source, **service.settings)
        assert "--" not in str(caught.value)
        assert service.requests == ()


class TestSettings:
    """Settings as keywords."""

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"profile": "nowhere"}, "profile=nowhere: there is no settings file"),
            ({"concurency": 3}, "no setting 'concurency'; next: did you mean 'concurrency'"),
            ({"concurrency": "many"}, "concurrency='many': must be a whole number"),
            ({"customer_list": "often"}, "unknown value 'often' for customer_list; use one of auto, always, never"),
            ({"sum": "Revenue"}, "sum=Revenue: the lists have no such column"),
        ],
    )
    def test_wrong_settings(self, service: PartnerCenter, settings: dict[str, Any], message: str) -> None:
        """The message names the keyword, not an option of the command line."""
        with pytest.raises(auditor.SettingsError, match=message) as caught:
            auditor.audit([BLOCKED], **{**service.settings, **settings})
        assert "--" not in str(caught.value)

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("name another folder with --reports", "name another folder with reports="),
            ("choose one, such as --id-column 'a'", "choose one, such as id_column='a'"),
            ("take it out of --fail-on (AUDITOR_FAIL_ON)", "take it out of fail_on= (AUDITOR_FAIL_ON)"),
            ("leave it, or start one with --max-undetermined 3", "leave it, or start one with max_undetermined=3"),
            ("name the run: auditor runs --reports r lists them", "name the run: auditor runs --reports r lists them"),
            ("leave out --rate, then: auditor resume r --rate 3", "leave out rate=, then: auditor resume r --rate 3"),
        ],
    )
    def test_messages_name_keywords(self, given: str, expected: str) -> None:
        """A command to paste keeps its options."""
        with pytest.raises(auditor.AuditorError) as caught, keywords_in_messages():
            raise auditor.SettingsError(given, given)
        assert (caught.value.message, caught.value.hint) == (expected, expected)

    def test_a_token_replaces_the_sign_in_of_the_environment(
        self, service: PartnerCenter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The token of another partner must not go where the caller's token belongs."""
        monkeypatch.setenv("AUDITOR_CLIENT_ID", str(uuid.uuid4()))
        monkeypatch.setenv("AUDITOR_TENANT_ID", str(uuid.uuid4()))
        monkeypatch.setenv("AUDITOR_REFRESH_TOKEN", "of another partner")
        assert auditor.audit([BLOCKED], format="csv", **service.settings).complete

    def test_environment_and_file(
        self, service: PartnerCenter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """What is not given comes from where the command line finds it."""
        for name, value in service.environ.items():
            monkeypatch.setenv(name, value)
        config = tmp_path / "my.toml"
        config.write_text('[profile.night]\nformat = ["csv"]\nreports = "nights"\n', encoding="utf-8")
        result = auditor.audit([BLOCKED], profile="night", config=config)
        assert (result.path.parent.name, (result.path / "audit.xlsx").exists()) == ("nights", False)

    def test_what_a_resumed_run_keeps(self, service: PartnerCenter) -> None:
        """A setting that `resume` would ignore is refused; those of the run that can be replaced are not among them."""
        assert library._NOT_FOR_RESUME.isdisjoint(RESUMED_SETTINGS)
        assert {each.name for each in fields(Settings)} >= library._NOT_FOR_RESUME
        run = auditor.audit([BLOCKED, ELIGIBLE], limit=1, format="csv", **service.settings)
        with pytest.raises(auditor.SettingsError, match="limit, priority: resume takes this from the run"):
            auditor.resume(run, limit=2, priority="blocked", **service.settings)
        assert auditor.resume(run, rate=0, api_url=service.api_url, access_token=service.token).complete


class TestFailures:
    """A failed run is an exception, a failed customer is data."""

    def test_an_expired_token(self, service: PartnerCenter) -> None:
        """Nothing is asked, and no run is made."""
        settings: Any = {**service.settings, "access_token": service.expired_token()}
        with pytest.raises(auditor.SignInError, match=r"expired at .*sign in with") as caught:
            auditor.audit([BLOCKED], **settings)
        assert (caught.value.run, service.requests) == (None, ())

    def test_a_refused_token(self, service: PartnerCenter) -> None:
        """The exception names the run, which can be finished with another token."""
        with pytest.raises(auditor.SignInError, match="is refused") as caught:
            auditor.audit([BLOCKED, ELIGIBLE], format="csv", api_url=service.api_url, access_token="opaque")
        assert caught.value.run is not None
        assert not auditor.open_run(caught.value.run).complete
        finished = auditor.resume(caught.value.run, **service.settings)
        assert list(finished.results["verdict"]) == ["blocked", "eligible"]
        assert auditor.resume(finished, **service.settings).complete

    def test_a_failed_customer(self) -> None:
        """Its row has the reason."""
        with PartnerCenter({BLOCKED: "UnderReview", ELIGIBLE: "error_final"}) as service:
            result = auditor.audit([BLOCKED, ELIGIBLE], format="csv", **service.settings)
        assert list(result.results["reason"]) == ["under_review", "service_error"]
        assert (result.complete, result.exit_code, result.end) == (False, 3, None)

    def test_a_limit_is_no_failure(self, service: PartnerCenter) -> None:
        """The caller asked for it."""
        result = auditor.audit([BLOCKED, ELIGIBLE], limit=1, format="csv", **service.settings)
        assert result.end is not None
        assert (result.end.cause, result.complete, result.exit_code) == ("limit", False, 3)

    def test_a_report_that_cannot_be_written(self, service: PartnerCenter, tmp_path: Path) -> None:
        """The answers are safe, and the exception says where."""

        def block(_facts: object, _to_ask: int, _estimate: object) -> None:
            (run,) = (tmp_path / "reports").glob("2*")
            (run / "results.csv").mkdir()
            (run / "results.csv" / "in the way").touch()

        observer = auditor.RunObserver(started=block)
        with pytest.raises(auditor.OutputError, match="the answers are safe") as caught:
            auditor.audit([BLOCKED], format="csv", observer=observer, **service.settings)
        assert caught.value.run is not None
        (caught.value.run / "results.csv" / "in the way").unlink()
        (caught.value.run / "results.csv").rmdir()
        assert auditor.open_run(caught.value.run).render("csv").complete
        assert len(service.requests) == 1

    def test_two_audits_at_once(self, service: PartnerCenter) -> None:
        """The second one for the same partner and folder is refused while the first one runs."""
        caught: list[auditor.AuditorError] = []

        def start_another(_facts: object, _to_ask: int, _estimate: object) -> None:
            with pytest.raises(auditor.LockHeldError, match=r"another run for this partner.*wait until") as refused:
                auditor.audit([BLOCKED], format="csv", **service.settings)
            caught.append(refused.value)

        observer = auditor.RunObserver(started=start_another)
        assert auditor.audit([BLOCKED], format="csv", observer=observer, **service.settings).complete
        assert len(caught) == 1


class TestThreadsAndLoops:
    """Where the caller's program has a life of its own."""

    async def test_in_an_event_loop(self, service: PartnerCenter) -> None:
        """`audit` works in a notebook; `audit_async` leaves the loop free."""
        assert auditor.audit([BLOCKED], format="csv", **service.settings).complete
        threads: set[threading.Thread] = set()
        turns = 0

        async def count_turns() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count_turns())
        observer = auditor.RunObserver(answered=lambda _answer: threads.add(threading.current_thread()))
        result = await auditor.audit_async([BLOCKED], format="csv", observer=observer, **service.settings)
        counting.cancel()
        assert result.complete
        assert threading.current_thread() not in threads
        assert turns > 10

    async def test_cancellation(self, service: PartnerCenter) -> None:
        """Every received answer is in the run, which says why it ended; nobody is asked twice when it is finished."""
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        observer = auditor.RunObserver(answered=lambda _answer: loop.call_soon_threadsafe(asked.set))
        settings: Any = {**service.settings, "format": "csv", "rate": 60}
        auditing = asyncio.create_task(auditor.audit_async(list(STATUSES), observer=observer, **settings))
        await asked.wait()
        auditing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await auditing
        (stored,) = auditor.list_runs()
        summary = auditor.open_run(stored.path).summary
        assert (summary["cause"], summary["message"]) == ("interrupted", "stopped by its caller")
        result = await auditor.resume_async(stored.path, **service.settings)
        assert result.complete
        assert sorted(request.customer_id for request in service.requests) == sorted(STATUSES)

    async def test_cancellation_of_a_blocking_call(self, service: PartnerCenter) -> None:
        """`asyncio.run` answers Ctrl-C with a cancellation of the task; it stops `audit` as it stops `audit_async`."""

        async def audit() -> None:
            task = asyncio.current_task()
            assert task is not None
            observer = auditor.RunObserver(answered=lambda _answer: task.cancel())
            many = [str(uuid.uuid4()) for _ in range(100)]
            settings: Any = {**service.settings, "rate": 60}
            auditor.audit(many, observer=observer, format="csv", **settings)

        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(audit())
        (stored,) = auditor.list_runs()
        assert auditor.open_run(stored.path).summary["message"] == "stopped by its caller"

    def test_two_partners_at_once(self, tmp_path: Path) -> None:
        """Each audit has its own settings, sign-in and pace."""
        with PartnerCenter({BLOCKED: "UnderReview"}) as north, PartnerCenter({BLOCKED: "Allowed"}) as south:
            results: dict[str, auditor.AuditResult] = {}

            def audit(name: str, service: PartnerCenter) -> None:
                results[name] = auditor.audit([BLOCKED], reports=tmp_path / name, **service.settings)

            threads = [threading.Thread(target=audit, args=one) for one in (("north", north), ("south", south))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        verdicts = {name: list(result.results["verdict"]) for name, result in results.items()}
        assert verdicts == {"north": ["blocked"], "south": ["eligible"]}

    def test_the_process_is_the_callers(
        self, service: PartnerCenter, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        """Nothing is printed, no handler of SIGTERM is installed; messages go to the logger."""
        handlers: list[Any] = []
        before = signal.getsignal(signal.SIGTERM)
        observer = auditor.RunObserver(answered=lambda _answer: handlers.append(signal.getsignal(signal.SIGTERM)))
        Path("old.csv").write_bytes(f"id,name\n{BLOCKED},Müller\n".encode("latin-1"))
        with caplog.at_level(logging.INFO, "auditor"):
            auditor.audit("old.csv", format="csv", observer=observer, **service.settings)
        assert handlers == [before]
        assert capfd.readouterr() == ("", "")
        assert "old.csv: line 2 is not UTF-8" in caplog.text


def test_progress(service: PartnerCenter) -> None:
    """An observer gets every answer, and an estimate before the first one."""
    started: list[tuple[int, Callable[..., object]]] = []
    answers: list[auditor.CustomerResult] = []
    observer = auditor.RunObserver(
        started=lambda _facts, to_ask, estimate: started.append((to_ask, estimate.eta)), answered=answers.append
    )
    auditor.audit(list(STATUSES), format="csv", observer=observer, **service.settings)
    assert [to_ask for to_ask, _ in started] == [3]
    assert {answer.customer_id: str(answer.finding.verdict) for answer in answers} == {
        BLOCKED: "blocked",
        ELIGIBLE: "eligible",
        NO_STATUS: "eligible",
    }
