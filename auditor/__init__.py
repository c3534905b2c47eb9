"""auditor: who among a partner's customers is blocked from buying, and who is eligible.

The names in `__all__` are the Python API, and a name's module is imported when the name is first used: `import auditor` takes no
time. All other names may change with any version. `auditor.testing` simulates Partner Center for tests.

The input is a customer list. A bounded, paced fetcher asks Partner Center for each customer's validation status and writes
each answer to a journal. A pandas stage renders every report from the run folder alone. `core` makes every decision, without
I/O. I/O lives in separate packages that do not import each other.

The packages, in the order in which a row passes through them:

=================  =====================================================================
`cli`, `commands`  argv -> settings -> one command -> exit code
`customers`        customer lists: file -> rows, in file order
`fetch`            sign-in, pacing, one attempt, retries, the pool of workers
`core`             the judgement: no I/O, no clock, no randomness
`journal`          rows.jsonl and journal.jsonl: append-only, read back
`report`           the pandas stage: run folder -> Parquet, CSV, workbooks, page, summary, manifest
`settings`         flags, environment and settings file -> the values of one run
`simulator`        Partner Center and its sign-in service, simulated on loopback
`library`,         the functions that engineers import: `audit` and what belongs to it; a stored
`stored_runs`      run with its results
=================  =====================================================================
"""

from auditor.version import __version__

# what typing has under this name; to import typing takes as long as to start Python
TYPE_CHECKING = False

if TYPE_CHECKING:
    from auditor.commands.runs import ListedRun
    from auditor.core.judge import ListedCustomer
    from auditor.core.model import ApiResponse, Cause, CustomerResult, Finding, Reason, RunEnd, Verdict
    from auditor.core.run_facts import RunFacts
    from auditor.errors import (
        AuditorError,
        CustomerListError,
        IncompleteError,
        LockHeldError,
        OutputError,
        SettingsError,
        SignInError,
        StoppedEarlyError,
    )
    from auditor.library import audit, audit_async, classify, resume, resume_async
    from auditor.report import Verified
    from auditor.runs.client import Client
    from auditor.runs.options import ProgressEstimate, RunObserver
    from auditor.settings import SettingsKeywords
    from auditor.stored_runs import AuditResult, Run, list_runs, open_run, read_history

_MODULES = {
    "auditor.commands.runs": ("ListedRun",),
    "auditor.core.judge": ("ListedCustomer",),
    "auditor.core.model": ("ApiResponse", "Cause", "CustomerResult", "Finding", "Reason", "RunEnd", "Verdict"),
    "auditor.core.run_facts": ("RunFacts",),
    "auditor.errors": (
        "AuditorError",
        "CustomerListError",
        "IncompleteError",
        "LockHeldError",
        "OutputError",
        "SettingsError",
        "SignInError",
        "StoppedEarlyError",
    ),
    "auditor.library": ("audit", "audit_async", "classify", "resume", "resume_async"),
    "auditor.runs.client": ("Client",),
    "auditor.report": ("Verified",),
    "auditor.runs.options": ("ProgressEstimate", "RunObserver"),
    "auditor.settings": ("SettingsKeywords",),
    "auditor.stored_runs": ("AuditResult", "Run", "list_runs", "open_run", "read_history"),
}
_NAMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "ApiResponse",
    "AuditResult",
    "AuditorError",
    "Cause",
    "Client",
    "CustomerListError",
    "CustomerResult",
    "Finding",
    "IncompleteError",
    "ListedCustomer",
    "ListedRun",
    "LockHeldError",
    "OutputError",
    "ProgressEstimate",
    "Reason",
    "Run",
    "RunEnd",
    "RunFacts",
    "RunObserver",
    "SettingsError",
    "SettingsKeywords",
    "SignInError",
    "StoppedEarlyError",
    "Verdict",
    "Verified",
    "__version__",
    "audit",
    "audit_async",
    "classify",
    "list_runs",
    "open_run",
    "read_history",
    "resume",
    "resume_async",
]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import the module of a public name when the name is first used."""
        if name not in _NAMES:
            raise AttributeError(f"module 'auditor' has no attribute {name!r}")
        # `auditor --help` needs none of these
        import logging  # noqa: PLC0415
        from importlib import import_module  # noqa: PLC0415

        if not (logger := logging.getLogger("auditor")).handlers:
            # a library is silent unless the program that imports it sets logging up
            logger.addHandler(logging.NullHandler())
        value = globals()[name] = getattr(import_module(_NAMES[name]), name)
        return value


def __dir__() -> list[str]:
    """The public names, and what is imported already."""
    return sorted({*globals(), *__all__})
