"""File names for account managers: safe on every file system, different for different people, the same every time."""

import re
import unicodedata
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.report.workbook.by_owner import file_names

DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³")}
TRICKS = st.sampled_from(
    [
        *(
            "",
            ".",
            "..",
            "../x",
            "..\\x",
            "/etc/passwd",
            "C:\\x",
            "CON",
            "con.txt",
            "Aux ",
            "lpt¹",
            "a/b",
            "a\\b",
            "a:b",
        ),
        *(
            "x" * 200,
            "ü" * 200,
            "😀" * 200,
            "ann",
            "ANN",
            "Ann",
            "Ann.",
            "Ann ",
            " Ann",
            "e\u0301",
            "\u00e9",
            "ﬁn",
            "fin",
        ),
        *(
            "_unassigned",
            "index",
            "INDEX",
            "a\u202egpj.exe",
            "a\x00b",
            "a\nb",
            "~$book",
            "-rf",
            "%2e%2e",
            "#",
            "?",
            "\u3000",
        ),
        *("STRASSE", "straße", "İ", "i̇", "a_b", "a?b", "a*b", ".part", ".hidden"),
    ]
)
OWNERS = st.lists(TRICKS | st.text(max_size=12), max_size=12, unique=True)


@given(OWNERS)
def test_every_name_is_safe(owners: list[str]) -> None:
    """One path component, short, printable, no device, not hidden, no blank or dot at an end."""
    for name in file_names(owners).values():
        stem = name.removesuffix(".xlsx")
        assert name.endswith(".xlsx")
        assert not set(name) & set('<>:"/\\|?*#%')
        assert all(unicodedata.category(c)[0] != "C" for c in name)
        assert stem.strip(" .") == stem
        assert stem[0] not in "~-."
        assert stem.partition(".")[0].casefold() not in DEVICES
        assert len(name.encode()) <= 200
        assert unicodedata.normalize("NFC", name) == name


@given(OWNERS)
def test_different_people_have_different_files(owners: list[str]) -> None:
    """Names differ where letter case and Unicode forms do not count, as on Windows and macOS."""
    names = file_names(owners)
    folded = {unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()) for name in names.values()}
    assert len(folded) == len(names) == len({*owners, ""})


@given(OWNERS, st.randoms())
def test_the_order_of_people_changes_nothing(owners: list[str], random: Random) -> None:
    """A name follows from who is there, not from who comes first."""
    shuffled = random.sample(owners, len(owners))
    assert file_names(shuffled) == file_names(owners)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("", "_unassigned.xlsx"),
        ("Ann Smith", "Ann Smith.xlsx"),
        ("O'Neill, Aoife", "O'Neill, Aoife.xlsx"),
        ("ann@partner.example", "ann@partner.example.xlsx"),
        ("李 娜", "李 娜.xlsx"),
        ("a/../b", "a_.._b.xlsx"),
        ("nul.tar", "_nul.tar.xlsx"),
    ],
)
def test_an_ordinary_name_is_kept(owner: str, name: str) -> None:
    """People recognise their file."""
    assert file_names([owner])[owner] == name


def test_what_is_alike_is_told_apart_by_digits() -> None:
    """Letter case alone: both get digits of their own, so that neither's name depends on the other's rank."""
    names = file_names(["ann", "ANN", "Bo"])
    assert names["Bo"] == "Bo.xlsx"
    assert names["ann"].startswith("ann-")
    assert names["ANN"].startswith("ANN-")


def test_a_name_of_200_characters_is_cut_and_told_apart() -> None:
    """Two long names that differ at the end alone keep different files."""
    one, other = file_names(["x" * 199 + "a", "x" * 199 + "b"]).keys() - {""}
    names = file_names([one, other])
    assert len({names[one], names[other]}) == 2
    assert max(map(len, names.values())) < 100


def test_what_the_file_system_cannot_encode_is_written_in_ascii() -> None:
    """With the digits, so that two people keep two files; whatever it can encode stays as it is."""
    owners = ["Łukasz Żółć", "Lukasz Zolc", "Ann", "Müller", "山田", "高橋", "Ærø／Þór"]
    names = file_names(owners, lambda name: name.isascii())
    assert (names["Ann"], names["Lukasz Zolc"]) == ("Ann.xlsx", "Lukasz Zolc.xlsx")
    assert re.fullmatch(r"Lukasz Zolc-[0-9a-f]{8}\.xlsx", names["Łukasz Żółć"])
    assert re.fullmatch(r"Muller-[0-9a-f]{8}\.xlsx", names["Müller"])
    assert re.fullmatch(r"AEro_Thor-[0-9a-f]{8}\.xlsx", names["Ærø／Þór"])
    assert re.fullmatch(r"account manager-[0-9a-f]{8}\.xlsx", names["山田"])
    assert len({name.casefold() for name in names.values()}) == len(names)
    latin = file_names(owners, lambda name: max(name) <= "ÿ")
    assert latin["Müller"] == "Müller.xlsx"
    assert latin["Łukasz Żółć"] == names["Łukasz Żółć"]


@given(st.lists(st.text(max_size=30) | TRICKS, max_size=6))
def test_in_ascii_too_names_are_safe_and_different(owners: list[str]) -> None:
    """Taking letters apart makes no slash and no dot of what was none."""
    names = file_names(owners, lambda name: name.isascii()).values()
    assert all(name.isascii() and not set('<>:"/\\|?*#%') & set(name) and name[0] not in ".~-" for name in names)
    assert len({name.casefold() for name in names}) == len({*owners, ""})
