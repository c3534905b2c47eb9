"""One address, without a name, that cannot break a line of SMTP or a header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.mail_address import read_mail_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ann@contoso.com", "ann@contoso.com"),
        ("  Ann.O'Neil+pc@Sales.Contoso.com\n", "Ann.O'Neil+pc@Sales.Contoso.com"),
        ("root@localhost", "root@localhost"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("żółw@contoso.com", "żółw@contoso.com"),
    ],
)
def test_addresses(text: str, address: str) -> None:
    """White space around it does not count; a domain gets its form for machines."""
    assert read_mail_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@contoso.com",
        "ann@",
        "ann@contoso..com",
        "ann@-contoso.com",
        "ann@contoso.com.",
        "ann@con toso.com",
        "Ann <ann@contoso.com>",
        "ann@contoso.com, bob@contoso.com",
        "ann@contoso.com\nbcc: eve@evil.test",
        'ann"x"@contoso.com',
        "ann@bob@contoso.com",
        "ann\u202e@contoso.com",
        f"{'a' * 65}@contoso.com",
        f"ann@{'a' * 64}.com",
        f"ann@{'abc.' * 70}com",
    ],
)
def test_what_is_no_address(text: str) -> None:
    """It is refused, not repaired."""
    with pytest.raises(ValueError, match="must be a mail address"):
        read_mail_address(text)


@given(st.text())
def test_no_text_breaks_a_line(text: str) -> None:
    """Whatever is accepted is printable, without white space, and has one @."""
    try:
        address = read_mail_address(text)
    except ValueError:
        return
    assert address.isprintable()
    assert not any(c.isspace() or c in "<>,;" for c in address)
    assert address.count("@") == 1
