"""`auditor export` into a real MariaDB that the tests start, through PyMySQL: the way of MySQL as well."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pymysql
import pytest
from nights_support import made

from auditor.cli import main
from auditor.core.model import Reason
from program_support import Program

pytestmark = pytest.mark.system

FREE, JANUARY = (Reason.ALLOWED, 0), (Reason.UNDER_REVIEW, 0)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator["pymysql.Connection[pymysql.cursors.Cursor]"]:
    """An empty database on a socket, with the setting that names it."""
    # short, for the socket; not below pytest's folders, which only their owner enters
    folder = Path(tempfile.mkdtemp(prefix="auditor-mariadb-"))
    user = pwd.getpwnam("mysql" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name)
    os.chown(folder, user.pw_uid, user.pw_gid)
    options = ["--no-defaults", f"--user={user.pw_name}", f"--datadir={folder / 'data'}"]
    install = ["mariadb-install-db", *options, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(install, check=True, capture_output=True)
    socket = folder / "socket"
    server = ["/usr/sbin/mariadbd", *options, "--skip-networking", f"--socket={socket}"]
    try:
        with subprocess.Popen(server, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert any("ready for connections" in line for line in process.stderr or ())
                with pymysql.connect(unix_socket=str(socket), user="root", autocommit=True) as connection:
                    connection.cursor().execute("create database audits")
                    connection.select_db("audits")
                    monkeypatch.setenv("AUDITOR_DATABASE", f"mariadb://root@localhost/audits?unix_socket={socket}")
                    yield connection
            finally:
                process.terminate()
    finally:
        shutil.rmtree(folder)


def test_runs_of_two_nights(
    database: "pymysql.Connection[pymysql.cursors.Cursor]", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the same time, then one again; an export that does not end is waited for, but not for ever."""
    monkeypatch.chdir(tmp_path)
    first = made(Path("reports"), 0, {1: JANUARY, 2: FREE})
    later = made(Path("reports"), 1, {1: FREE}, first)
    with Program("export", str(later.path)) as one, Program("export", str(first.path)) as other:
        ends = [(*exporter.communicate(), exporter.returncode) for exporter in (one, other)]
    assert [end[2] for end in ends] == [0, 0], ends
    assert main(["export", str(first.path), "-q"]) == 0
    cursor = database.cursor()
    cursor.execute("select verdict, checked_at from audit_current order by customer_id")
    assert cursor.fetchall() == (
        ("eligible", datetime(2026, 11, 23, 12, 0, 1)),  # noqa: DTZ001 - as the driver gives it
        ("eligible", datetime(2026, 11, 22, 12, 0, 2)),  # noqa: DTZ001
    )
    cursor.execute("begin")
    cursor.execute("update audit_export set version = version + 1")
    shorter = "from auditor.export import database; database._LOCK_SECONDS = 1"
    with Program("export", str(later.path), before=shorter) as exporter:
        _, said = exporter.communicate()
    assert exporter.returncode == 7
    assert "another export has held the tables for 1 seconds" in said
