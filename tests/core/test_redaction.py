"""Properties of `auditor.core.redaction`."""

from hypothesis import given
from hypothesis import strategies as st

from auditor.core.redaction import redact

TOKEN = "0.AX-" + "a1B2_c3.D4~" * 20
GUID = "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"


def test_whatever_looks_like_a_token_is_a_hole() -> None:
    """A quoted token goes, also where nobody said that it is one; words, GUIDs and URLs stay."""
    words = f"Token {TOKEN} of app '{GUID}' is refused, see https://login.microsoftonline.com/error?code=50173"
    assert redact(words) == words.replace(TOKEN, "[secret]")


def test_known_secrets_go_however_short() -> None:
    """A client secret of a few characters is removed by its text, the longer of two that overlap first."""
    assert redact("secret pass~1 and pass~12", ["pass~1", "pass~12"]) == "secret [secret] and [secret]"


def test_one_line_that_any_terminal_can_hold() -> None:
    """Line ends and control characters are blanks; the length is bounded."""
    assert redact("a\r\n\x1b[31mb" + " c" * 500) == ("a [31mb" + " c" * 500)[:300]


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"]), min_size=4), st.text())
def test_no_known_secret_survives(secret: str, words: str) -> None:
    """Wherever it stands among other words."""
    shown = redact(f"{words} {secret} {words}", [secret], 10_000)
    assert secret not in shown.replace("[secret]", "")
