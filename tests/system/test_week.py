"""A week of nights, played through by real processes: what the scheduler sees, who is told, and that nothing is lost.

Each night has a simulator of its own on the same port. Messages, a Teams card and pings go to a real server over TLS, mails to
a real SMTP server; promtool reads the metrics; the reports are on a real disk, which is full once.
"""

import csv
import json
import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from auditor.simulator import (
    AnswerOptions,
    GateOptions,
    IdentityOptions,
    Simulator,
    SimulatorOptions,
    ThrottleOptions,
    Window,
    serve_in_thread,
)
from http_sink import Sink, http_sink
from mail_support import Mailbox, mail_server
from program_support import Program

pytestmark = pytest.mark.system

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 61)]
MANAGERS = ("Anna", "Bert", "Carl")
HOOK, PING = "/hook", "/ping/uuid"
CARD = f"/workflows/{'a' * 32}/triggers/manual/paths/invoke"
RUN = ["run", "list.csv", "--continue", "-q"]
RUNBOOK = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text(encoding="utf-8")


@dataclass
class Week:
    """The machine on which the job runs every night.

    Attributes:
        folder: the current one; the reports are on a small disk in it.
        sink: receives messages and pings.
        port: of the simulated API.
        codes: exit codes so far.
        answered: final answers by customer, over the sessions of the present run.
    """

    folder: Path
    sink: Sink
    port: int = 0
    codes: list[int] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def night(
        self, statuses: dict[str, str] | None = None, *, latency: float = 0.0, **options: Any
    ) -> Iterator[Simulator]:
        """Serve one night, and write a fresh access token."""
        simulated = SimulatorOptions(
            announces=False,
            tls=False,
            api_port=self.port,
            identity=IdentityOptions(enabled=False),
            answers=AnswerOptions(weights={"allowed": 1}, overrides=statuses or {}, latency_seconds=latency),
            throttle=options.pop("throttle", ThrottleOptions(windows=())),
            gate=GateOptions(**options),
        )
        with serve_in_thread(simulated) as simulator:
            self.port = int(simulator.api_url.rpartition(":")[2])
            os.environ["AUDITOR_API_URL"] = simulator.api_url
            Path("token").write_text(simulator.mint_token(), encoding="ascii")
            yield simulator
            self.answered.update(
                one.customer_id for one in simulator.log.api if one.status == 200 and one.customer_id is not None
            )

    def job(self, *arguments: str, meanwhile: Callable[[Program], None] | None = None) -> tuple[int, str, str]:
        """The scheduler's command; returns its exit code, its output, and its errors."""
        with Program(*(arguments or RUN)) as process:
            if meanwhile is not None:
                meanwhile(process)
            out, err = process.communicate()
        assert process.returncode is not None
        self.codes.append(process.returncode)
        return process.returncode, out, err

    def told(self) -> list[dict[str, Any]]:
        """The messages since the last call; each also came as a card, and no secret is in them."""
        received, self.sink.received[:] = [*self.sink.received], []
        self.pings = [one.path.partition("?")[0].removeprefix(PING) for one in received if one.path.startswith(PING)]
        cards = [one for one in received if one.path.startswith(CARD)]
        messages = [json.loads(one.body) for one in received if one.path == HOOK]
        assert len(cards) == len(messages)
        assert not any(Path("token").read_bytes() in one.body for one in received)
        return messages

    def runs(self) -> list[dict[str, Any]]:
        """What `auditor runs` says, the newest first."""
        _, out, _ = self.job("runs", "--json")
        self.codes.pop()
        found: list[dict[str, Any]] = json.loads(out)
        return found

    def metrics(self) -> dict[str, float]:
        """The metrics without their labels of partner and list; promtool has nothing to say against the file."""
        text = Path("auditor.prom").read_text(encoding="utf-8")
        checked = subprocess.run(
            ["/usr/bin/promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
        )
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
        lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {
            re.sub(r'(?:partner|list)="[^"]*",?', "", name).replace(",}", "}"): float(value) for name, _, value in lines
        }


@pytest.fixture
def week(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Week]:
    """The machine: a list, a disk of 32 MiB for the reports, and settings as a scheduler has them."""
    monkeypatch.chdir(tmp_path)
    write_list(IDS)
    Path("disk").mkdir()
    if subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", "disk"], check=False).returncode:
        pytest.fail(
            "mounting a tmpfs is refused here: run the system tests as root, outside of an unprivileged container"
        )
    with http_sink(tls=tmp_path) as sink:
        settings = {
            "ACCESS_TOKEN_FILE": "token",
            "API_URL": "",
            "CA_BUNDLE": str(sink.ca_file),
            "CUSTOMER_LIST": "never",
            "FAIL_ON": "newly-blocked",
            "FORMAT": "csv,xlsx,html",
            "GRACE": "1",
            "LOG_FILE": "auditor.log",
            "LOG_FORMAT": "json",
            "METRICS": "auditor.prom",
            "NOTIFY": f"jsons://{sink.place}{HOOK};workflows://{sink.place}/{'a' * 32}/{'b' * 43}",
            "NOTIFY_SECRET": "signing-secret",
            "PING": f"https://{sink.place}{PING}",
            "RATE": "0",
            "REPORTS": "disk/reports",
            "SUM": "Revenue",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"AUDITOR_{name}", value)
        yield Week(tmp_path, sink)
    subprocess.run(["/bin/umount", "--lazy", "disk"], check=True)


def write_list(ids: list[str]) -> None:
    """Write the customer list that another program exports every evening."""
    with Path("list.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["customer id", "company name", "account manager", "Revenue"])
        rows.writerows([one, f"Customer {n}", MANAGERS[n % 3], f"{n}00"] for n, one in enumerate(ids, 1))


def blocked(count: int) -> dict[str, str]:
    """The first customers are under review."""
    return dict.fromkeys(IDS[:count], "under_review")


def test_a_week(week: Week) -> None:
    """Silence when all is well; one message with the cause and the command when it is not; every night ends complete."""
    monday(week)
    tuesday(week)
    wednesday(week)
    thursday(week)
    friday(week)
    saturday(week)
    sunday(week)
    afterwards(week)


def monday(week: Week) -> None:
    """One customer cannot be checked; an hour later it can."""
    with week.night({**blocked(2), IDS[9]: "error_final"}):
        code, out, err = week.job()
        assert (code, "NOT COMPLETE" in out, "next: auditor resume" in err) == (3, True, True)
    (message,) = week.told()
    assert "auditor resume" in json.dumps(message)
    assert week.pings == ["/start", "/fail"]
    with week.night(blocked(2)) as simulator:
        code, out, err = week.job()
        assert (code, err) == (0, "")
        assert re.fullmatch(r"Run \S+: complete; 2 blocked.*, 58 eligible; disk/reports/\S+/report\.html\n", out)
        assert [one.customer_id for one in simulator.log.api] == [IDS[9]], "the others have a final answer"
    assert week.told() == [], "all is well, and nothing has changed"
    assert week.pings == ["/start", ""]
    assert week.metrics()["auditor_exit_code{}"] == 0
    week.answered.clear()


def tuesday(week: Week) -> None:
    """The service throttles, and three customers are newly blocked."""
    with week.night(blocked(5), throttle=ThrottleOptions(windows=(Window(30, 1.0),))):
        code, out, err = week.job()
    assert (code, "5 blocked (3 newly)" in out, "WARNING" in err) == (10, True, False)
    (message,) = week.told()
    assert all(f"Customer {n}" in json.dumps(message) for n in (3, 4, 5))
    assert week.pings == ["/start", ""]
    found = week.metrics()
    assert found["auditor_newly_blocked_customers{}"] == 3
    assert found['auditor_requests{outcome="throttled"}'] > 0
    assert set(week.answered.values()) == {1}
    week.answered.clear()


def wednesday(week: Week) -> None:
    """The service is down in the middle, the deadline passes; an hour later it is back."""
    with week.night(blocked(5), outage_after=20, outage_seconds=600):
        code, _, err = week.job(*RUN, "--deadline", "4s")
    assert (code, "deadline" in err, "auditor resume" in err) == (6, True, True)
    assert len(week.told()) == 1
    assert week.pings == ["/start", "/fail"]
    with week.night(blocked(5)):
        assert week.job()[0] == 0
    assert week.told() == []
    assert week.answered == Counter(IDS), "everybody is answered, and nobody twice"
    week.answered.clear()


def thursday(week: Week) -> None:
    """The sign-in ends in the middle; somebody signs in again."""
    last_success = week.metrics()["auditor_last_success_timestamp_seconds{}"]
    with week.night(blocked(5), end_sign_ins_after=20):
        code, _, err = week.job()
    assert (code, "sign in" in err) == (4, True)
    (message,) = week.told()
    assert "sign in" in json.dumps(message)
    found = week.metrics()
    assert (found["auditor_exit_code{}"], found["auditor_last_success_timestamp_seconds{}"]) == (4, last_success)
    with week.night(blocked(5)):
        assert week.job()[0] == 0
    assert week.told() == []
    assert week.answered == Counter(IDS)
    week.answered.clear()


def friday(week: Week) -> None:
    """The machine loses its power; only the missing ping tells. An hour later the run goes on."""
    with week.night(blocked(5), latency=0.05) as simulator:

        def kill(process: Program) -> None:
            simulator.log.wait_for(25)
            process.kill()

        assert week.job(meanwhile=kill)[0] == -signal.SIGKILL
    assert (week.told(), week.pings) == ([], ["/start"])
    with week.night(blocked(5), latency=0.05) as simulator:

        def terminate(process: Program) -> None:
            simulator.log.wait_for(10)
            process.terminate()

        code, _, err = week.job(meanwhile=terminate)
        assert (code, "auditor resume" in err) == (143, True)
        assert week.job()[0] == 0
    messages = week.told()
    assert (len(messages), week.pings) == (1, ["/start", "/fail", "/start", ""])
    assert set(week.answered) == set(IDS)
    assert sum(week.answered.values()) <= len(IDS) + 16, "at most those in flight at the kill are asked again"
    week.answered.clear()


def saturday(week: Week) -> None:
    """The disk is full; somebody makes room. Then the channel of the messages is gone."""
    room = os.statvfs("disk")
    Path("disk/ballast").write_bytes(b"x" * (room.f_bavail * room.f_bsize - 60_000))
    with week.night(blocked(6)):
        code, _, err = week.job()
        assert code in {6, 7}
        assert "No space left on device" in err
        assert len(week.told()) == 1
        Path("disk/ballast").unlink()
        week.sink.answers[:] = [200, *[404] * 9]
        assert week.job()[0] == 7, "complete, and one is newly blocked, but nobody could be told"
        week.sink.answers.clear()
        week.sink.received.clear()
        assert week.job("notify", "latest")[0] == 0
    (message,) = week.told()
    assert "Customer 6" in json.dumps(message)
    assert week.answered == Counter(IDS)
    week.answered.clear()


def sunday(week: Week) -> None:
    """The export is empty, a profile has another name, and two jobs start at once."""
    with week.night(blocked(6), latency=0.05) as simulator:
        write_list([])
        code, _, err = week.job()
        assert (code, "list.csv" in err) == (5, True)
        assert len(week.told()) == 1
        write_list(IDS)
        assert week.job(*RUN, "--profile", "nobody")[0] == 2

        def start_another(_process: Program) -> None:
            simulator.log.wait_for(5)
            code, _, err = week.job()
            assert (code, "another run" in err) == (11, True)

        week.told()
        assert week.job(meanwhile=start_another)[0] == 0
    assert (week.told(), week.pings) == ([], ["/start", ""]), "the second job tells nothing"
    assert week.answered == Counter(IDS)


def afterwards(week: Week) -> None:
    """Each night has one complete run, each run verifies, each manager has one mail, and the runbook has every exit code."""
    runs = week.runs()
    assert [run["complete"] for run in runs] == [True] * 7
    codes = set(week.codes)
    for run in runs:
        assert week.job("verify", run["run_id"], "-q") == (0, "", "")
    Path("owners.csv").write_text("owner,mail\n" + "".join(f"{one},{one}@x.example\n" for one in MANAGERS))
    box = Mailbox()
    with mail_server(box) as port:
        for _ in range(2):
            send = ("mail", "latest", "--to", "owners.csv", "-q")
            with Program(*send, AUDITOR_SMTP=f"smtp://127.0.0.1:{port}", AUDITOR_MAIL_FROM="a@x.example") as process:
                out, err = process.communicate()
            assert (process.returncode, out, err) == (0, "", "")
    assert sorted(box.addresses) == sorted(f"{one}@x.example" for one in MANAGERS)
    assert {0, 2, 3, 4, 5, 6, 7, 10, 11, 143} - {6} <= codes
    for code in codes - {-signal.SIGKILL}:
        assert re.search(rf"^\| \[(?:\d+, )*{code}(?:, \d+)*\]\(#exit-code", RUNBOOK, re.MULTILINE), code
    log = [json.loads(line) for line in Path("auditor.log").read_text(encoding="utf-8").splitlines()]
    assert {run["run_id"] for run in runs} <= {line.get("run_id") for line in log}
    assert not any("signing-secret" in json.dumps(line) for line in log)
