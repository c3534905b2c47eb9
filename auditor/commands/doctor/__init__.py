"""`auditor doctor`: looks at everything that a run needs, one thing after the other. Rule: no check stops those that do
not build on it; nobody is asked anything, and nothing is changed but a sign-in that was due to be renewed.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from auditor.commands.doctor import api, machine, network, sign_in
from auditor.commands.doctor.context import Subject
from auditor.core import diagnosis
from auditor.core.diagnosis import CheckResult, CheckState, Result
from auditor.errors import AuditorError, SettingsError
from auditor.fetch import tls_context
from auditor.runs.credentials import ignore_message
from auditor.settings import Origins, Settings

Look = Callable[[Subject], Result]


@dataclass(frozen=True, slots=True)
class _Check:
    """A check.

    Attributes:
        name: in the output.
        look: what it does.
        needs: names of the checks without which it would say nothing.
    """

    name: str
    look: Look
    needs: tuple[str, ...] = ()


def _of_sign_in(look: Callable[[Subject, str], Result]) -> Look:
    """A check of the sign-in service, which is only asked where no access token comes from elsewhere."""

    def check(subject: Subject) -> Result:
        if not subject.asks_to_sign_in:
            return diagnosis.ok("not asked: the access token comes from elsewhere (AUDITOR_ACCESS_TOKEN)")
        return look(subject, subject.settings.sign_in_authority)

    return check


CHECKS = (
    _Check("signs in with", sign_in.sources),
    _Check("proxy", network.proxy),
    _Check("network api", lambda subject: network.connection(subject, subject.settings.api), ("proxy",)),
    _Check("tls api", network.api_tls, ("network api",)),
    _Check("clock", network.clock, ("tls api",)),
    _Check("network sign-in", _of_sign_in(network.connection), ("proxy",)),
    _Check("tls sign-in", _of_sign_in(network.sign_in_tls), ("network sign-in",)),
    _Check("sign-in", sign_in.sign_in, ("tls sign-in",)),
    _Check("token", sign_in.token, ("sign-in",)),
    _Check("days left", sign_in.days_left, ("sign-in",)),
    _Check("call", api.call, ("tls api", "token")),
    _Check("mfa", api.mfa, ("sign-in",)),
    _Check("role", api.role, ("sign-in",)),
    _Check("account status", api.account_status, ("call",)),
    _Check("stranger", api.stranger, ("call",)),
    _Check("reports", machine.reports),
    _Check("state", machine.state),
    _Check("disk", machine.disk),
    _Check("lock", machine.lock),
    _Check("last run", machine.last_run),
    _Check("pace", machine.pace),
)
"""In the order in which they build on one another; the first that fails gives the exit code."""


@dataclass(slots=True)
class Doctor:
    """Looks at one installation.

    Args:
        load: gives the settings; a SettingsError of it is the first finding.
        simulated: True once an answer said that it comes from the simulator.
        tell: is given what is waited for, while it is.
    """

    load: Callable[[], tuple[Settings, Origins]]
    simulated: bool = False
    tell: Callable[[str], None] = ignore_message

    def examine(self) -> Iterator[CheckResult]:
        """Every check in turn, as it is made."""
        home = os.path.expanduser("~")  # noqa: PTH111 - pathlib's raises where there is none
        for one in self._examined():
            yield CheckResult(one.name, diagnosis.shareable(one.result, home))

    def _examined(self) -> Iterator[CheckResult]:
        yield CheckResult("program", network.program())
        try:
            subject = Subject(*self.load(), tell=self.tell)
        except SettingsError as error:
            yield CheckResult("settings", _failed(error))
            yield from (CheckResult(check.name, diagnosis.skipped("not checked: needs settings")) for check in CHECKS)
            return
        states: dict[str, CheckState] = {}
        for check in (_Check("settings", _settings), *CHECKS):
            missing = next(
                (name for name in check.needs if states[name] in {CheckState.FAILED, CheckState.SKIPPED}), None
            )
            result = _looked(check, subject) if missing is None else diagnosis.skipped(f"not checked: needs {missing}")
            states[check.name] = result.state
            self.simulated = subject.simulated
            yield CheckResult(check.name, result)


def _settings(subject: Subject) -> Result:
    """Where the settings come from that are not the default; whatever a run refuses before it asks anybody.

    Raises:
        SettingsError: the extra certificate authorities cannot be read.
    """
    tls_context(subject.settings.trust)
    origins = dict.fromkeys(origin for origin in subject.origins.by_name.values() if origin != "default")
    found = (
        f"can be used; not the defaults: {', '.join(origins)}" if origins else "nothing is set: all are the defaults"
    )
    return diagnosis.ok(found, api=subject.settings.api)


def _looked(check: _Check, subject: Subject) -> Result:
    try:
        return check.look(subject)
    except AuditorError as error:
        return _failed(error)
    except Exception as error:  # noqa: BLE001 - a defect in one check must not keep the others from being made
        # its text may hold anything
        return diagnosis.failed(
            f"unexpected: {type(error).__name__}", "report this as a defect", AuditorError.exit_code
        )


def _failed(error: AuditorError) -> Result:
    return diagnosis.failed(error.message, error.hint, error.exit_code)
