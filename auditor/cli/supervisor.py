"""`--supervised`: a run that stops when its standard input ends.

The process that supervises the run holds the other end: it closes it to stop the run, and the system closes it when that process
dies, on every platform and whatever killed it. A run that is left alone therefore ends cleanly, and releases its lock.
"""

import os
import sys
import threading

from auditor.core.model import Cause, RunEnd
from auditor.runs.signals import StopRequest

_STOPPED = RunEnd(Cause.TERMINATED, "stopped by the fleet that it belongs to")


def stop_with_input() -> StopRequest:
    """Give the request that stops a run when standard input ends; signals stop it too."""
    request = StopRequest(with_signals=True)
    threading.Thread(target=_wait, args=(request,), name="supervisor", daemon=True).start()
    return request


def _wait(request: StopRequest) -> None:
    # not through sys.stdin: a thread that waits in its buffer would keep the process from ending
    while os.read(sys.__stdin__.fileno(), 1):  # type: ignore[union-attr] # its supervisor has set it
        pass
    request.stop(_STOPPED)
