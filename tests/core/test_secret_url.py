"""A URL that is a secret: what is shown of it."""

import pytest

from auditor.core.secret_url import SecretUrl


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://hc-ping.com/key", "https://hc-ping.com/…"),
        ("jsons://user:password@host:8443/path?key=value", "jsons://host:8443/…"),
        ("json://[::1]:80/path", "json://[::1]:80/…"),
        ("HTTPS://Host/key", "https://host/…"),
        ("tgram://bot-token/chat", "tgram://…"),
        ("https://host:no-port/key", "https://…"),
        ("https://[broken/key", "https://…"),
        ("no url", "…"),
        ("://key", "…"),
        ("bad scheme://key", "…"),
        ("", "…"),
    ],
)
def test_scheme_and_host_are_shown(text: str, shown: str) -> None:
    """The host only where the scheme has one; in a repr as well."""
    url = SecretUrl(f" {text} ")
    assert (str(url), repr(url), url.reveal()) == (shown, f"SecretUrl({shown})", text)


def test_its_parts_are_what_must_not_appear() -> None:
    """Short words such as `to` are everybody's."""
    url = SecretUrl("slack://TokenA-1234/b/TokenC-1234?to=ops&sig=abcdef")
    assert url.parts == (url.reveal(), "TokenA-1234", "TokenC-1234", "abcdef")


def test_two_are_equal_by_their_text() -> None:
    """And no text is equal to one."""
    assert SecretUrl("ntfy://a") == SecretUrl("ntfy://a ") != SecretUrl("ntfy://b")
    assert len({SecretUrl("ntfy://a"), SecretUrl("ntfy://a")}) == 1
    assert SecretUrl("ntfy://a") != "ntfy://a"
