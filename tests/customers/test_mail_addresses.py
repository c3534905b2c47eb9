"""The table of account managers and mail addresses: every accepted form, and every wrong line."""

from pathlib import Path

import pytest
from openpyxl import Workbook

from auditor.customers import read_mail_addresses
from auditor.errors import SettingsError

EXPECTED = {"ann": ("ann@contoso.test",), "zoë ångström": ("zoe@contoso.test", "desk@contoso.test"), "bo": ()}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Where the table goes."""
    return tmp_path / "owners.csv"


@pytest.mark.parametrize(
    "text",
    [
        "Account manager,E-mail\nAnn,ann@contoso.test\nZoë Ångström,zoe@contoso.test;desk@contoso.test\nBo,\n",
        "E-Mail;Kundenbetreuer\nann@contoso.test;Ann\n'zoe;desk@contoso.test';Zoë Ångström\n;Bo\n".replace(
            "'zoe;desk@contoso.test'", '"zoe@contoso.test; desk@contoso.test"'
        ),
        "Owner\tAddress\tTeam\n\nAnn\tann@contoso.test\tNorth\n Zoë  ångström \tzoe@contoso.test;;desk@contoso.test\t\nBo\t\t\n\t\ta note",
        "Ann,ann@contoso.test\nZoë Ångström,zoe@contoso.test;desk@contoso.test\nBo\n",
        "Who,Where\nAnn,ann@contoso.test\nann,ann@contoso.test\nZOE\u0308 Ångström,zoe@contoso.test;desk@contoso.test\nBo,",
        "Owner,E-mail,Deputy\nAnn,ann@contoso.test,eve@contoso.test\nZoë Ångström,zoe@contoso.test;desk@contoso.test,\nBo,,\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_forms_of_the_table(table: Path, text: str, encoding: str) -> None:
    """Delimiters, encodings, with and without a header, columns in any order; case, white space and Unicode form do not count."""
    table.write_bytes(text.encode(encoding))
    assert read_mail_addresses(str(table)).by_name == EXPECTED


def test_a_workbook(table: Path) -> None:
    """The first sheet."""
    book = Workbook()
    for line in (("Account manager", "E-mail"), ("Ann", "ann@contoso.test"), (None, None), (12, "n@contoso.test")):
        book.active.append(line)
    book.save(table)
    assert read_mail_addresses(str(table)).by_name == {"ann": ("ann@contoso.test",), "12": ("n@contoso.test",)}


def test_a_workbook_with_a_cell_far_away(table: Path) -> None:
    """The library would take memory for every cell before it, and end the process."""
    book = Workbook()
    book.active["XFD1048576"] = "x"
    book.save(table)
    with pytest.raises(SettingsError, match="reaches to cell XFD1048576: too large"):
        read_mail_addresses(str(table))


def test_text_of_a_spreadsheet_in_windows_1252(table: Path) -> None:
    """Names are as the spreadsheet has them."""
    table.write_bytes("Owner,E-mail\nZoë,zoe@contoso.test\n".encode("cp1252"))
    assert read_mail_addresses(str(table)).names == {"zoë": "Zoë"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n,\n", "is empty"),
        ("Owner,E-mail\nAnn,ann@contoso\nBo,b o@x\n", 'line 3: "b o@x" must be a mail address'),
        ("Owner,E-mail\nAnn,Ann <ann@contoso.test>\n", "must be a mail address"),
        ("Owner,E-mail\n,ann@contoso.test\n", "line 2: an address without an account manager"),
        ("Owner,E-mail\nAnn,a@x.test\n\nANN,b@x.test\n", 'line 4: "ANN" has other addresses in an earlier line'),
        ("Owner,Phone\nAnn,12\n", "it is not certain which column"),
        ("Who,Work,Home\nAnn,a@x.test,b@x.test\n", "it is not certain which column"),
        ("a@x.test,b@x.test\n", "it is not certain which column"),
        ("Who,E-mail,Team\nAnn,a@x.test,North\n", "it is not certain which column"),
        ('Owner,E-mail\n"Ann,a@x.test\n', "is no table of text"),
        ("PK\x03\x04 no workbook", "cannot be read as a workbook"),
    ],
)
def test_a_wrong_table(table: Path, text: str, said: str) -> None:
    """Nothing of it is used; the message names the line."""
    table.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_mail_addresses(str(table))
    assert said in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(("name", "said"), [("none.csv", "No such file"), (".", "directory"), ("a\0b", "null")])
def test_a_table_that_cannot_be_read(tmp_path: Path, name: str, said: str) -> None:
    """Exit 2 with the cause."""
    with pytest.raises(SettingsError) as caught:
        read_mail_addresses(f"{tmp_path}/{name}")
    assert said in caught.value.message
