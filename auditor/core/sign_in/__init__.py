"""What tokens and the sign-in service's errors mean."""

from auditor.core.sign_in.sign_in_errors import explain_refusal, is_transient
from auditor.core.sign_in.token_claims import (
    REFRESH_TOKEN_LIFE,
    REMEDY,
    SET_CLOCK,
    Claims,
    ClockSkew,
    TokenKind,
    claims_challenge,
    days_left,
    expiry_warning,
    find_token_problem,
    is_token,
    read_claims,
)

__all__ = [
    "REFRESH_TOKEN_LIFE",
    "REMEDY",
    "SET_CLOCK",
    "Claims",
    "ClockSkew",
    "TokenKind",
    "claims_challenge",
    "days_left",
    "expiry_warning",
    "explain_refusal",
    "find_token_problem",
    "is_token",
    "is_transient",
    "read_claims",
]
