"""Properties of `auditor.core.sign_in.token_claims`."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.sign_in.token_claims import claims_challenge

WANTED = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'


def header(text: str, *, url_safe: bool = False, padded: bool = True) -> str:
    """A challenge that asks for these claims."""
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    value = encode(text.encode()).decode()
    return f'Bearer realm="", error="insufficient_claims", claims="{value if padded else value.rstrip("=")}"'


@pytest.mark.parametrize("url_safe", [True, False])
@pytest.mark.parametrize("padded", [True, False])
def test_a_challenge_is_read_in_every_spelling(*, url_safe: bool, padded: bool) -> None:
    """Both alphabets of base64, with and without padding."""
    wanted = WANTED.replace("c1", "c1~~~???>>>")
    assert claims_challenge(header(wanted, url_safe=url_safe, padded=padded)) == wanted


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "OAuth realm=urn:cpsvc:cpid:8d2a7c51-4b0e-4f7b-9d3c-2f5a6b1e0c44",
        'Bearer claims=""',
        'Bearer claims="!!!!"',
        'Bearer claims="eyJh"',
        'Bearer no_claims="e30="',
        header("[1]"),
        header('"text"'),
        header("{}"),
        header("[" * 4000),
    ],
)
def test_other_headers_request_no_claims(text: str | None) -> None:
    """Other schemes, other parameters, base64 of something else."""
    assert claims_challenge(text) is None


@given(st.text())
def test_any_header_is_a_challenge_or_none(text: str) -> None:
    """The result is JSON or None."""
    found = claims_challenge(text)
    assert found is None or isinstance(json.loads(found), dict)
