"""What `--reuse` cannot see. Rule: a customer whose answer is taken from an earlier run is as that run found it; nobody is
told that nothing has changed since.
"""

from auditor.core.ledger import FailOn
from auditor.errors import SettingsError
from auditor.settings import Settings

_ABOUT_CHANGES = (FailOn.NEWLY_BLOCKED, FailOn.CHANGES)


def check_reuse(settings: Settings) -> None:
    """Refuses `--reuse` together with what it would hide.

    Raises:
        SettingsError: `--fail-on` names changes.
    """
    hidden = [one for one in settings.fail_on if one in _ABOUT_CHANGES]
    if settings.reuse and hidden:
        names = ",".join(hidden)
        raise SettingsError(
            f"--fail-on {names} cannot be used with --reuse: customers whose eligible answer is reused are not asked again, "
            "so it stays unknown whether they are blocked by now",
            f"leave out --reuse (AUDITOR_REUSE), or take {names} out of --fail-on (AUDITOR_FAIL_ON)",
        )
