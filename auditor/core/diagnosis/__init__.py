"""What `auditor doctor` concludes from what it measured."""

from auditor.core.diagnosis.checks import (
    LOCKED,
    SERVICE,
    SETTINGS,
    SIGN_IN,
    CheckResult,
    CheckState,
    Fact,
    Result,
    certificate,
    clock,
    disk,
    exit_code,
    failed,
    no_run,
    ok,
    pace,
    shareable,
    skipped,
    warning,
)
from auditor.core.diagnosis.sign_in import (
    customer_answer,
    customer_list_refused,
    days_left,
    mfa,
    random_id,
    signed_in,
    token,
    with_messages,
)
