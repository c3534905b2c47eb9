"""Every end of `run` and `resume` through the real command line: what is sent, what is pinged, with which exit code."""

import json
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor import journal
from auditor.cli import main
from auditor.commands import notify as command
from auditor.notify import Limits
from auditor.runs import render
from auditor.runs.lock import one_run_at_a_time
from auditor.simulator import AnswerOptions, Simulator
from connect_proxy import connect_proxy
from http_sink import HANG, Sink, http_sink
from program_support import Program, run_program
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 9)]
RUN = ["run", "list.csv", "--rate", "0", "--customer-list", "never", "--format", "csv"]
FAST = Limits(attempts=2, first_wait=0.01, longest_wait=0.01, timeout=2.0, total=10.0)


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIMITS", "PING_LIMITS", "QUICK_LIMITS"):
        monkeypatch.setattr(command, name, FAST)


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """One customer is blocked, all others are allowed."""
    answers = AnswerOptions(weights={"allowed": 1}, overrides={IDS[0]: "under_review"})
    for served in serving(monkeypatch, tmp_path, IDS, answers):
        _write_list("Contoso")
        yield served


def _write_list(company: str, ids: list[str] = IDS) -> None:
    lines = [f"{one},{company} {n},{n}00.5" for n, one in enumerate(ids)]
    Path("list.csv").write_text("\n".join(["customer id,company,revenue", *lines]), encoding="utf-8")


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    """Receives messages at /hook and pings at /ping: all settings name it."""
    with http_sink() as found:
        monkeypatch.setenv("AUDITOR_NOTIFY", f"json://{found.place}/hook")
        monkeypatch.setenv("AUDITOR_PING", f"http://{found.place}/ping")
        yield found


def _messages(sink: Sink) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in sink.received if one.path == "/hook"]


def _pings(sink: Sink) -> list[str]:
    return [path.removeprefix("/ping") for path in sink.paths if path.startswith("/ping")]


def test_a_run_that_is_complete_pings_and_is_silent(
    simulator: Simulator, sink: Sink, capsys: pytest.CaptureFixture[str]
) -> None:
    """The start with the run id of the end; no message, because nothing changed. On standard error nothing about it."""
    assert simulator.api_url
    assert main([*RUN, "-q"]) == 0
    assert sink.paths == ["/ping/start", "/ping"]
    rids = {re.sub(r".*rid=", "", one.path) for one in sink.received}
    assert len(rids) == 1
    assert sink.received[1].body.decode().startswith("Audit complete\nCustomers: 1 blocked, ")
    assert capsys.readouterr().err == ""


def test_a_change_is_told_with_names_and_sums(
    simulator: Simulator, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A customer that was not in the list before, and is blocked."""
    assert simulator.api_url
    _write_list("Contoso", IDS[1:])
    assert main([*RUN, "--sum", "revenue"]) == 0
    _write_list("Contoso")
    monkeypatch.setenv("AUDITOR_NOTIFY_SECRET", "secret")
    assert main([*RUN, "--sum", "revenue", "--fail-on", "newly-blocked", "--format", "csv,html"]) == 10
    (message,) = _messages(sink)
    assert message["title"] == "Audit complete: 1 customer newly blocked"
    assert "- Contoso 0 (Under review by Microsoft, 0.50)" in message["text"]
    assert "At risk, revenue of blocked customers: 0.50" in message["text"]
    run = message["run"]
    assert Path(run["report"]).is_absolute()
    assert Path(run["report"]).name == "report.html"
    assert (run["newly_blocked"], run["at_risk"][0]["total"], message["exit_code"]) == (1, "0.5", 10)
    assert [one.headers["X-Auditor-Signature"][:7] for one in sink.received if one.path == "/hook"] == ["sha256="]
    assert _pings(sink) == ["/start", "", "/start", ""]
    pinged = [one.body.decode() for one in sink.received if one.path.startswith("/ping?")]
    assert pinged[-1].startswith("Audit complete: 1 customer newly blocked\n")
    assert not any("Contoso" in body for body in pinged), "the service that watches the job need not know customers"


ENDS = {
    "the list is missing": (["run", "missing.csv"], 5, [], "missing.csv"),
    "nobody is signed in": (RUN, 4, [], "Next: set AUDITOR_CLIENT_ID and"),
    "the token is refused": (RUN, 4, [], "sign in as a user"),
    "the limit is reached": ([*RUN, "--limit", "3"], 3, ["/start"], "5 customers were not asked"),
    "rows are not verified": (RUN, 3, ["/start"], "1 of 8 rows is not verified"),
    "a report is missing": (RUN, 7, ["/start"], "No space left on device"),
    "a defect": (RUN, 1, ["/start"], "unexpected: ZeroDivisionError: division by [secret]"),
    "no such column": ([*RUN, "--sum", "nothing"], 2, [], "--sum nothing"),
    "no run to resume": (["resume", "nothing"], 2, [], "nothing: no such run"),
    "an address is nonsense": ([*RUN, "--notify", "nonsense://hidden"], 2, [], "nonsense://… is not a URL"),
}


@pytest.mark.parametrize("name", ENDS)
def test_every_failure_is_told(
    name: str, simulator: Simulator, sink: Sink, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One message with the cause and the command that continues; a ping that says fail; the exit code stays."""
    arguments, code, start, words = ENDS[name]
    _prepare(name, simulator, monkeypatch)
    assert main(arguments) == code
    told = capsys.readouterr().err
    assert _pings(sink) == [*start, "/fail"]
    body = sink.received[-1].body.decode()
    assert words in body
    # a flag replaces the addresses of the environment
    messages = _messages(sink)
    assert [one["exit_code"] for one in messages] == ([] if "--notify" in arguments else [code])
    for message in messages:
        assert message["event"] == ("incomplete" if message["run"] else "failed")
        assert f"{message['title']}\n{message['text']}" == body
        for step in message["next_steps"]:
            # whoever reads the message is in another folder: its paths are whole
            assert f"next: {step.replace(str(Path.cwd() / 'reports'), 'reports')}" in told
            assert " reports/" not in step
            assert f"Next: {step}" in body


def _prepare(name: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(error: Exception) -> Callable[..., Any]:
        def step(*_: object) -> None:
            raise error

        return step

    if name == "nobody is signed in":
        monkeypatch.delenv("AUDITOR_ACCESS_TOKEN")
    elif name == "the token is refused":
        monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token(app_only=True))
    elif name == "rows are not verified":
        Path("list.csv").write_text("\n".join(["customer id", *IDS[1:], "no id"]), encoding="utf-8")
    elif name == "a report is missing":
        monkeypatch.setattr(render, "_verify", fail(OSError(28, "No space left on device")))
    elif name == "a defect":
        monkeypatch.setattr(render, "_verify", fail(ZeroDivisionError(f"division by {'x' * 80}")))


def test_the_deadline_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sink: Sink) -> None:
    """How much is missing, in words for people, and both steps: what to do about the cause, and the command that continues."""
    for served in serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1}, latency_seconds=60.0)):
        assert served.api_url
        monkeypatch.setenv("AUDITOR_GRACE", "0")
        assert main(["run", "list.txt", "--rate", "0", "--deadline", "1s", "--format", "csv"]) == 6
    (message,) = _messages(sink)
    assert message["title"] == "Audit NOT COMPLETE (exit code 6)"
    assert message["text"].startswith("INCOMPLETE: the run did not finish: ")
    assert "8 of 8 rows are not verified (do not treat as eligible)" in message["text"]
    assert message["next_steps"][-1] == f"auditor resume {journal.run_folders(Path('reports'))[0].absolute()}"


def test_resume_tells_how_it_ends(simulator: Simulator, sink: Sink) -> None:
    """The same as a run; where there is nothing to resume, nothing is sent: it would hide that no run takes place."""
    assert simulator.api_url
    assert main([*RUN, "--limit", "3"]) == 3
    assert main(["resume"]) == 0
    assert _pings(sink) == ["/start", "/fail", "/start", ""]
    assert len(_messages(sink)) == 1
    count = len(sink.received)
    assert main(["resume"]) == 0
    assert len(sink.received) == count


def test_nothing_is_sent_while_another_run_is_at_work(
    simulator: Simulator, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That run tells how it ends."""
    monkeypatch.setenv("AUDITOR_NOTIFY_WHEN", "always")
    with one_run_at_a_time(Path("reports"), simulator.api_url, simulator.tenant_id):
        assert main(RUN) == 11
    assert sink.received == []


@pytest.mark.parametrize(
    "arguments",
    [["run", "list.csv", "--dry-run"], ["status", IDS[0]], ["schema"], ["config"], ["run", "list.csv", "--help"]],
)
def test_other_commands_send_nothing(
    simulator: Simulator, sink: Sink, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """Only a run has an end that anybody waits for."""
    assert simulator.api_url
    monkeypatch.setenv("AUDITOR_NOTIFY_WHEN", "always")
    assert main(arguments) == 0
    assert sink.received == []


def test_a_message_that_is_not_sent_is_exit_code_7_and_is_sent_again(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The warning names the channel, the reason and the command; that command ends with 7, then with 0. Nothing shows a path."""
    assert simulator.api_url
    monkeypatch.setenv("AUDITOR_NOTIFY_WHEN", "always")
    with http_sink(500, 500) as sink, http_sink() as check:
        monkeypatch.setenv("AUDITOR_NOTIFY", f"json://{sink.place}/hidden")
        monkeypatch.setenv("AUDITOR_PING", f"http://{check.place}/ping")
        assert main([*RUN, "-q"]) == 7
        told = capsys.readouterr().err
        run = journal.run_folders(Path("reports"))[0]
        reason = f"the message was not sent to json://{sink.place}/…: HTTP 500"
        assert told == f"warning: {reason}; next: auditor notify {run}\n"
        # the person who should know was not told
        assert _pings(check) == ["/start", "/fail"]
        sink.answers[:] = [500, 500]
        again = told.split("next: auditor ")[1].split()
        assert main(again) == 7
        assert capsys.readouterr().err == f"auditor: {reason}\n  next: auditor notify {run}\n"
        assert main(again) == 0
        assert capsys.readouterr().out == f"sent to json://{sink.place}/…\n"
    assert json.loads(sink.received[0].body) == json.loads(sink.received[-1].body)
    assert len({one.headers["X-Auditor-Delivery"] for one in sink.received}) == 3


def test_a_worse_exit_code_stays(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """7 would say that the run is complete."""
    assert simulator.api_url
    with http_sink(500, 500) as sink:
        monkeypatch.setenv("AUDITOR_NOTIFY", f"json://{sink.place}/")
        assert main([*RUN, "--limit", "3"]) == 3


def test_a_ping_that_fails_is_a_warning(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service raises the alarm; the run is complete."""
    assert simulator.api_url
    with http_sink(*[404] * 2) as sink:
        monkeypatch.setenv("AUDITOR_PING", f"http://{sink.place}/hidden")
        assert main([*RUN, "-q"]) == 0
    assert capsys.readouterr().err == "warning: the ping at the end of the run was not accepted: HTTP 404\n"


def test_dry_run_shows_the_message_and_where_it_would_go(
    simulator: Simulator, sink: Sink, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As text and as JSON; nothing is sent, and a channel that cannot be used is an error."""
    assert simulator.api_url
    assert main([*RUN, "-q"]) == 0
    sink.received.clear()
    capsys.readouterr()
    (run,) = journal.run_folders(Path("reports"))
    assert main(["notify", run.name, "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], lines[-1]) == ("Audit complete", f"would go to json://{sink.place}/…")
    assert main(["notify", str(run), "--dry-run", "--json", "--notify", "ntfy://hidden"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["title"], document["channels"]) == ("Audit complete", ["ntfy://…"])
    assert main(["notify", str(run), "--dry-run", "--notify", "nonsense://hidden"]) == 2
    monkeypatch.setenv("AUDITOR_NOTIFY", "")
    assert main(["notify", str(run)]) == 2
    told = capsys.readouterr().err
    assert "no channel is set" in told
    assert "hidden" not in told
    assert sink.received == []


def test_a_message_about_an_unfinished_run_names_the_command(
    simulator: Simulator, sink: Sink, capsys: pytest.CaptureFixture[str]
) -> None:
    """Read from the folder alone."""
    assert simulator.api_url
    assert main([*RUN, "--limit", "3"]) == 3
    capsys.readouterr()
    (run,) = journal.run_folders(Path("reports"))
    assert main(["notify", str(run), "--dry-run"]) == 0
    assert f"Next: auditor resume {run.absolute()}" in capsys.readouterr().out
    assert len(_messages(sink)) == 1


PATIENT = "from auditor.commands import notify\nnotify.QUICK_LIMITS = notify.Limits(attempts=1)"
"""After a signal, a message has three seconds in all: too few on a machine that runs many tests at the same time."""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("times", [1, 2])
def test_a_stopped_process_tells_before_it_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sink: Sink, number: signal.Signals, times: int
) -> None:
    """After the first signal with reports, after the second without; one attempt only."""
    for served in serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1}, latency_seconds=60.0)):
        _write_list("Contoso")
        grace = "0.2" if times == 1 else "60"
        with Program(*RUN, "--concurrency", "4", before=PATIENT, AUDITOR_GRACE=grace) as process:
            served.log.wait_for(4)
            process.send_signal(number)
            if times == 2:
                for line in process.stderr:
                    if "stops at once" in line:
                        break
                process.send_signal(number)
            _, told = process.communicate()
        assert process.returncode == 128 + number, told
    assert _pings(sink) == ["/start", "/fail"]
    (message,) = _messages(sink)
    assert (message["exit_code"], message["event"]) == (128 + number, "incomplete" if times == 1 else "failed")
    assert "auditor resume" in message["text"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_a_signal_while_it_tells_ends_the_process(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel that hangs does not hold a process that is told to end."""
    assert simulator.api_url
    monkeypatch.setenv("AUDITOR_NOTIFY_WHEN", "always")
    with http_sink(HANG) as sink, Program(*RUN, AUDITOR_NOTIFY=f"json://{sink.place}/") as process:
        while not sink.received:
            sink.over.wait(0.01)
        process.terminate()
        _, told = process.communicate(timeout=60)
    assert process.returncode == 143, told


@pytest.mark.parametrize("channel", ["json", "form"])
def test_no_secret_is_printed_or_stored(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, channel: str
) -> None:
    """At -vv, in a process of its own: neither the addresses nor the secret of the signature stand anywhere."""
    assert simulator.api_url
    monkeypatch.setenv("AUDITOR_NOTIFY_WHEN", "always")
    hidden = "hidden-part-of-the-address"
    with http_sink(*[403] * 9) as sink:
        ended = run_program(
            *RUN,
            "-vv",
            AUDITOR_NOTIFY=f"{channel}://{sink.place}/{hidden}?retry=0",
            AUDITOR_NOTIFY_SECRET=hidden,
            AUDITOR_PING=f"http://{sink.place}/{hidden}",
        )
    assert ended.returncode == 7, ended.stderr
    assert "DEBUG" in ended.stderr
    assert hidden not in ended.stdout + ended.stderr
    assert {one.path.partition("?")[0].split("/")[1] for one in sink.received} == {hidden}
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and hidden.encode() in path.read_bytes()]


def test_channels_are_reached_through_the_proxy_of_the_settings(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Our own requests and those of apprise, with the certificate authority of the settings."""
    assert simulator.api_url
    monkeypatch.setenv("AUDITOR_NOTIFY_WHEN", "always")
    with http_sink(tls=tmp_path) as sink, connect_proxy(password="user:password") as proxy:
        monkeypatch.setenv("AUDITOR_CA_BUNDLE", str(sink.ca_file))
        monkeypatch.setenv("AUDITOR_PROXY", f"http://user:password@127.0.0.1:{proxy.port}")
        monkeypatch.setenv(
            "AUDITOR_NOTIFY", f"jsons://{sink.place}/hook;workflows://{sink.place}/{'a' * 32}/{'b' * 43}"
        )
        monkeypatch.setenv("AUDITOR_PING", f"https://{sink.place}/ping")
        assert main(RUN) == 0
    assert len(sink.received) == len(proxy.targets) == 4
    assert set(proxy.targets) == {sink.place}


@pytest.mark.usefixtures("simulator")
def test_a_selection_by_hand_tells_nobody(sink: Sink) -> None:
    """It must not stand in for the nightly run, neither as its success nor as its failure; unless its command line says so."""
    Path("vip.txt").write_text(IDS[0], encoding="ascii")
    assert main([*RUN, "--only", "vip.txt"]) == 0
    assert main([*RUN, "--owner", "Nobody"]) == 2
    assert sink.received == []
    assert main([*RUN, "--only", "vip.txt", "--ping", f"http://{sink.place}/other"]) == 0
    assert sink.paths == ["/other/start", "/other"]
