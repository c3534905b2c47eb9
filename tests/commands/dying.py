"""A server of processes that die where they are told to: the program itself, warm, forked for each call.

Reads a JSON document a line: `argv`, and `at`, the how-manieth step to die before (0: none). A step is a call that
forces something to the disk or changes a folder: those are the moments between which nothing of the files is settled.
Answers with a JSON document a line: `code` as `subprocess` has it, and `steps`, those that the process came to.

A signal instead of a death, and the error that a step fails with instead, are `signal` and `errno`.
"""

import json
import os
import signal
import struct
import sys
from collections.abc import Callable
from typing import Any

from auditor import commands, journal, report
from auditor.cli import main
from auditor.commands import resume, run

STEPS = ("fsync", "fdatasync", "replace", "symlink", "unlink", "mkdir")
WARM = (commands, journal, report, resume, run)


def serve() -> None:
    """Forks for each line of standard input, until it ends."""
    for line in sys.stdin:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            child(json.loads(line), writer)
        os.close(writer)
        _, status = os.waitpid(pid, 0)
        with os.fdopen(reader, "rb") as counted:
            steps = len(counted.read()) // 4
        sys.stdout.write(json.dumps({"code": os.waitstatus_to_exitcode(status), "steps": steps}) + "\n")
        sys.stdout.flush()


def child(call: dict[str, Any], writer: int) -> None:
    """The program, with every step counted; never returns."""
    steps = 0

    def counting(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            nonlocal steps
            steps += 1
            os.write(writer, struct.pack("i", steps))
            if steps == call["at"]:
                if call.get("errno"):
                    raise OSError(call["errno"], os.strerror(call["errno"]))
                os.kill(os.getpid(), call.get("signal", signal.SIGKILL))
            return real(*args, **kwargs)

        return step

    for name in STEPS:
        setattr(os, name, counting(getattr(os, name)))
    # the next call is not for this process to read
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        code = main(call["argv"])
    except BaseException:  # noqa: BLE001 - whatever it is, the child must not become a second server
        code = 99
    os._exit(code)


if __name__ == "__main__":
    serve()
