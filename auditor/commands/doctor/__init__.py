"""`auditor doctor`: check everything that a run needs, one check after the other.

A failed check stops only the checks that need it. Nothing is changed, except that a sign-in that is due is renewed, and that a
small object is written to each object store of `publish` and removed.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from auditor.commands.doctor import api, machine, network, sign_in
from auditor.commands.doctor.context import DoctorContext
from auditor.core import diagnosis
from auditor.core.diagnosis import CheckResult, CheckState, Result
from auditor.errors import AuditorError, SettingsError
from auditor.fetch import tls_context
from auditor.runs.credentials import Say, ignore_message
from auditor.settings import Origins, Settings


@dataclass(frozen=True, slots=True)
class _Check:
    """A check.

    Attributes:
        name: in the output.
        run: makes the check.
        needs: names of the checks that it builds on; it is skipped where one of them failed or was skipped.
    """

    name: str
    run: Callable[[DoctorContext], Result]
    needs: tuple[str, ...] = ()


def _with_sign_in_service(check: Callable[[DoctorContext, str], Result]) -> Callable[[DoctorContext], Result]:
    """Make a check of the sign-in service, which is asked only where runs do not use an access token from elsewhere."""

    def run(context: DoctorContext) -> Result:
        if not context.uses_sign_in:
            return diagnosis.ok("not asked: the access token comes from elsewhere (AUDITOR_ACCESS_TOKEN)")
        return check(context, context.settings.sign_in_authority)

    return run


CHECKS = (
    _Check("signs in with", sign_in.sources),
    _Check("proxy", network.proxy),
    _Check("network api", lambda context: network.connection(context, context.settings.api), ("proxy",)),
    _Check("tls api", network.api_tls, ("network api",)),
    _Check("clock", network.clock, ("tls api",)),
    _Check("network sign-in", _with_sign_in_service(network.connection), ("proxy",)),
    _Check("tls sign-in", _with_sign_in_service(network.sign_in_tls), ("network sign-in",)),
    _Check("sign-in", sign_in.sign_in, ("tls sign-in",)),
    _Check("token", sign_in.token, ("sign-in",)),
    _Check("days left", sign_in.days_left, ("sign-in",)),
    _Check("call", api.call, ("tls api", "token")),
    _Check("mfa", api.mfa, ("sign-in",)),
    _Check("role", api.role, ("sign-in",)),
    _Check("account status", api.account_status, ("call",)),
    _Check("stranger", api.unknown_customer, ("call",)),
    _Check("reports", machine.reports),
    _Check("state", machine.state),
    _Check("disk", machine.disk),
    _Check("lock", machine.lock),
    _Check("last run", machine.last_run),
    _Check("pace", machine.pace),
    _Check("publish", machine.publish),
)
"""Each check stands after those that it needs; the first that fails gives the exit code."""


@dataclass(slots=True)
class Doctor:
    """The checks of one installation.

    Args:
        load: loads the settings; its SettingsError is the first result.
        say: receives what is being waited for.

    Attributes:
        simulated: True once an answer says that it comes from the simulator.
    """

    load: Callable[[], tuple[Settings, Origins]]
    say: Say = ignore_message
    simulated: bool = False

    def run_checks(self) -> Iterator[CheckResult]:
        """Yield the result of each check as it is made."""
        home = os.path.expanduser("~")  # noqa: PTH111 - pathlib's raises where there is none
        for name, result in self._run_checks():
            yield CheckResult(name, diagnosis.shareable(result, home))

    def _run_checks(self) -> Iterator[tuple[str, Result]]:
        yield "program", network.program()
        try:
            context = DoctorContext(*self.load(), say=self.say)
        except SettingsError as error:
            yield "settings", _result_of(error)
            yield from ((check.name, diagnosis.skipped("not checked: needs settings")) for check in CHECKS)
            return
        states: dict[str, CheckState] = {}
        for check in (_Check("settings", _check_settings), *CHECKS):
            missing = next(
                (name for name in check.needs if states[name] in {CheckState.FAILED, CheckState.SKIPPED}), None
            )
            result = _run(check, context) if missing is None else diagnosis.skipped(f"not checked: needs {missing}")
            states[check.name] = result.state
            self.simulated = context.simulated
            yield check.name, result


def _check_settings(context: DoctorContext) -> Result:
    """Where the settings come from that are not the default.

    Raises:
        SettingsError: the extra certificate authorities cannot be read.
    """
    tls_context(context.settings.trust)
    origins = dict.fromkeys(origin for origin in context.origins.by_name.values() if origin != "default")
    found = (
        f"can be used; not the defaults: {', '.join(origins)}" if origins else "nothing is set: all are the defaults"
    )
    return diagnosis.ok(found, api=context.settings.api)


def _run(check: _Check, context: DoctorContext) -> Result:
    try:
        return check.run(context)
    except AuditorError as error:
        return _result_of(error)
    except Exception as error:  # noqa: BLE001 - a defect in one check must not prevent the others
        # without the error's text, which may hold anything
        return diagnosis.failed(
            f"unexpected: {type(error).__name__}", "report this as a defect", AuditorError.exit_code
        )


def _result_of(error: AuditorError) -> Result:
    return diagnosis.failed(error.message, error.hint, error.exit_code)
