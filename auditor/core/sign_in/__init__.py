"""What tokens and the sign-in service's errors mean."""

from auditor.core.sign_in.sign_in_errors import is_transient, refusal
from auditor.core.sign_in.token_claims import (
    LIFE,
    MEND,
    SET_CLOCK,
    Claims,
    ClockSkew,
    TokenKind,
    claims_challenge,
    days_left,
    expiry_warning,
    is_token,
    problem,
    read_claims,
)

__all__ = [
    "LIFE",
    "MEND",
    "SET_CLOCK",
    "Claims",
    "ClockSkew",
    "TokenKind",
    "claims_challenge",
    "days_left",
    "expiry_warning",
    "is_token",
    "is_transient",
    "problem",
    "read_claims",
    "refusal",
]
