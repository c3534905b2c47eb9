"""A real PostgreSQL on loopback, for benchmarks and system tests; it runs as another user where this process is root."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

USER, PASSWORD = "auditor", "marked-database-password"


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        port: on 127.0.0.1, where a password is asked for.
        socket: folder of its socket, where none is.
    """

    port: int
    socket: Path

    def url(self, database: str = "postgres", user: str = USER) -> str:
        """A database, as SQLAlchemy names it."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """Connect as the owner; every statement is a transaction of its own."""
        return psycopg.connect(host=str(self.socket), port=self.port, user=USER, dbname=database, autocommit=True)


@contextmanager
def serve() -> Iterator[Server]:
    """Start a server with an empty database, and stop it at the end."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert programs, "PostgreSQL is not installed: make test-system installs it"
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    identity: dict[str, Any] = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # not below pytest's folders, which only their owner enters
    folder = Path(tempfile.mkdtemp(prefix="auditor-postgres-"))
    try:
        (folder / "password").write_text(PASSWORD, encoding="ascii")
        if account:
            for path in (folder, folder / "password"):
                os.chown(path, account.pw_uid, account.pw_gid)

        def run(name: str, *arguments: str) -> None:
            command = [str(programs[-1].with_name(name)), "-D", str(folder / "data"), *arguments]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **identity)

        run(
            *("initdb", "--no-sync", "--encoding=UTF8", "--locale=C", f"--username={USER}"),
            *("--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={folder / 'password'}"),
        )
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
        run("pg_ctl", "--wait", "--log", str(folder / "log"), "--options", options, "start")
        try:
            yield Server(port, folder)
        finally:
            run("pg_ctl", "--wait", "--mode=immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
