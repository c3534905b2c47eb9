"""What `auditor doctor` concludes from what it measured."""

from auditor.core.diagnosis.checks import Fact, LOCKED, Named, Result, SERVICE, SETTINGS, SIGN_IN, State, certificate, clock, disk, exit_code, failed, no_run, ok, pace, shareable, skipped, warning
from auditor.core.diagnosis.sign_in import answered, call_refused, days_left, mfa, noted, signed_in, stranger, token

__all__ = ["Fact", "LOCKED", "Named", "Result", "SERVICE", "SETTINGS", "SIGN_IN", "State", "answered", "call_refused", "certificate", "clock", "days_left", "disk", "exit_code", "failed", "mfa", "no_run", "noted", "ok", "pace", "shareable", "signed_in", "skipped", "stranger", "token", "warning"]
