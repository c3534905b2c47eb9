"""Properties of `auditor.core.ids`."""

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.ids import normalise_id

ID = "5d31b3a8-1f0c-4c0e-9a57-0f6e2b1c9d84"
OTHER = "0a1b2c3d-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    "text",
    [
        ID,
        ID.upper(),
        f"  {ID}\t\r\n",
        f"\u00a0{ID}\u3000",
        f"\ufeff{ID}\u200b",
        f"{{{ID.upper()}}}",
        f"({ID})",
        f"{{ {ID} }}",
        f'"{ID}"',
        f"'{ID}",
        f"\u201c{{{ID}}}\u201d",
        f"urn:uuid:{ID}",
        f'="{ID}"',
        f'"=""{ID}"""',
        f'=""{ID}""',
        f'\'="{{{ID}}}"',
        f"{ID};",
        f"{ID},",
        f'"{ID}", ',
        ID.replace("-", "-\u00ad"),
        ID.replace("5", "5\u00ad"),
        *(ID.replace("-", dash) for dash in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d"),
        "".join(chr(ord(c) + 0xFEE0) for c in ID.upper()),
        ID.replace("5", "\uff15"),
        f"URN:UUID:{ID.upper()}",
        ID.replace("-", ""),
        f"{{{ID.replace('-', '').upper()}}}",
        f"https://partner.microsoft.com/dashboard/v2/customers/{ID}/account",
        f"https://partner.microsoft.com/commerce/customers/{ID.upper()}",
        f"https://admin.microsoft.com/Partner/BeginClientSession.aspx?CTID={ID}&CSDEST=o365admincenter",
        f"partner.microsoft.com/commerce/customers/{ID}",
        f"https://portal.example:8443/#/{ID}/{ID}",
        f"https://portal.example/{ID}?state={'x' * 1900}",
    ],
)
def test_every_accepted_form_gives_the_plain_guid(text: str) -> None:
    """The result is always lower-case and dashed."""
    assert normalise_id(text) == ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Contoso",
        ID[:-1],
        ID + "0",
        f"x{ID}",
        f"{{{ID}",
        f"{ID}}}",
        f"({ID}}}",
        f"{ID} {ID}",
        f"{ID},{OTHER}",
        ID.replace("-", "_"),
        ID.replace("5", "g"),
        ID.replace("-", "", 1),
        ID.replace("5", "\u2075"),
        f"={OTHER}{ID}",
        f"{ID};{OTHER}",
        "00000000-0000-0000-0000-000000000000",
        "{00000000000000000000000000000000}",
        "https://portal.example/00000000-0000-0000-0000-000000000000",
        f"https://portal.example/{ID}/{OTHER}",
        f"https://portal.example/{ID};Contoso",
        f"https://portal.example/a{ID}",
        f"ask for {ID} please",
        "https://portal.example/customers",
        f"https://portal.example/{'x' * 3000}/{ID}",
    ],
)
def test_anything_else_is_no_id(text: str) -> None:
    """Text that is not exactly one id is refused; nothing is guessed, and the all-zero GUID is not an id."""
    assert normalise_id(text) is None


@given(st.text())
def test_any_text_is_an_id_or_none(text: str) -> None:
    """The result is None, or a GUID in one form."""
    found = normalise_id(text)
    assert found is None or re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", found)


@given(
    st.uuids(),
    st.sampled_from(["{}", "{{{}}}", " {} ", "'{}'", '="{}"', "\u00ad{};", "urn:uuid:{}", "https://a.example/{}/b"]),
    st.booleans(),
)
def test_every_guid_is_read_from_every_form(guid: uuid.UUID, form: str, upper: bool) -> None:  # noqa: FBT001 - drawn
    """For any GUID but zero; reading the result again changes nothing."""
    text = form.format(str(guid).upper() if upper else guid)
    expected = str(guid) if guid.int else None
    assert expected == normalise_id(text)
    assert expected is None or normalise_id(expected) == expected
