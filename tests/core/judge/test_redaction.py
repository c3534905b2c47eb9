"""Properties of `auditor.core.judge.redaction`."""

import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.judge.redaction import redact, remove_secret, remove_secret_bytes

TOKEN = "0.AX-" + "a1B2_c3.D4~" * 20
GUID = "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"


def test_texts_like_tokens_are_removed() -> None:
    """Also unknown ones; words, GUIDs and URLs stay."""
    words = f"Token {TOKEN} of app '{GUID}' is refused, see https://login.microsoftonline.com/error?code=50173"
    assert redact(words) == words.replace(TOKEN, "[secret]")


def test_short_known_secrets_are_removed() -> None:
    """The longer of two overlapping ones first."""
    assert redact("secret pass~1 and pass~12", ["pass~1", "pass~12"]) == "secret [secret] and [secret]"


def test_the_result_is_one_printable_line() -> None:
    """Line breaks and control characters are blanks; the length is limited."""
    assert redact("a\r\n\x1b[31mb" + " c" * 500) == ("a [31mb" + " c" * 500)[:300]


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"]), min_size=4), st.text())
def test_no_known_secret_remains(secret: str, words: str) -> None:
    """Anywhere among other words."""
    shown = redact(f"{words} {secret} {words}", [secret], 10_000)
    assert secret not in shown.replace("[secret]", "")


ODD = "a+b/c=d&e<f>g\"h'i j\\ké!"
FORMS = {
    "plain": ODD,
    "url": quote(ODD, safe=""),
    "url with slashes": quote(ODD),
    "form": quote_plus(ODD),
    "page": html.escape(ODD),
    "page in numbers": "".join(f"&#x{ord(each):X};" if not each.isalnum() else each for each in ODD),
    "json": json.dumps(ODD)[1:-1],
    "json of PHP": json.dumps(ODD)[1:-1].replace("/", "\\/"),
    "json of .NET": json.dumps(ODD)[1:-1].replace("+", "\\u002B").replace("&", "\\u0026"),
    "json in json": json.dumps(json.dumps(ODD)[1:-1])[1:-1],
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_known_secret_is_removed_in_every_form(form: str) -> None:
    """As it is sent, shown and logged by others; the text beside it stays."""
    assert redact(f"the key {form}, was refused", [ODD]) == "the key [secret], was refused"
    assert remove_secret(f"<{form}>", ODD, "-") == "<->"
    assert remove_secret_bytes(f"<{form}>".encode(), ODD, b"-") == b"<->"


def test_an_escaped_token_is_removed() -> None:
    """Also an unknown one in a URL's form."""
    assert redact(f"refused: {quote('a+b/c==' * 20, safe='')}") == "refused: [secret]"
