"""What people type into a workbook stands in the next one: by customer, exactly, in every language, whoever saved it."""

import json
import os
import shlex
import shutil
import subprocess
import zipfile
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from book_support import opened, parts, records
from notes_support import CONTACTED, NEXT, NOTE, Rendering, blocked_run, open_sheet, rendered_run, shown, type_into
from report_support import Run, answer, encoded, guid, new_run, row, sealed
from verify_support import copy_run

from auditor import report
from auditor.core.results import NoteCell, NoteText
from auditor.core.run_facts import Presentation
from auditor.errors import IncompleteError, OutputError
from auditor.report.typed import _ORIGIN, NotReadableError, _custom_properties, read_typed
from auditor.runs.notes import NotesSource, collect_notes, has_unread_notes

AWKWARD = (
    *(
        "=1+1",
        "@SUM(A1)",
        "-2",
        "zwei\nZeilen\n",
        "  um den Rand  ",
        "שלום مرحبا",
        "😀👩‍👩‍👧",
        "x" * 32_000,
        "_x0041_",
        "<r>a</r>",
    ),
    *("007", "2026-11-30", "é", 'a "b" & <c>', "TRUE"),
)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with its first rendering: three blocked customers and an eligible one."""
    return rendered_run(tmp_path_factory.mktemp("notes") / "20261122T120000Z")


@pytest.fixture
def run(rendered: Run, tmp_path: Path) -> Run:
    """A copy of it, in which nobody typed yet."""
    return copy_run(rendered, tmp_path)


def _book(run: Path) -> Path:
    return run / "by-owner" / "Ann.xlsx"


def test_what_is_typed_stands_in_the_next_rendering(run: Run) -> None:
    """Days are days again, in both workbooks; the other customers have none, and the first sheet counts it."""
    given = {CONTACTED: date(2026, 11, 29), NOTE: "called", NEXT: date(2026, 12, 1)}
    type_into(_book(run.path), {guid(0): given})
    assert Rendering(run).texts(guid(0)) == ("2026-11-29", "called", "2026-12-01")
    for book in (_book(run.path), run.path / "audit.xlsx"):
        found = shown(book)
        assert found[guid(0)] == (datetime.fromisoformat("2026-11-29"), "called", datetime.fromisoformat("2026-12-01"))
        assert found[guid(1)] == (None, None, None)
        lines = {line[0]: line[1] for line in opened(book)["Summary"].iter_rows(values_only=True) if line[0]}
        assert lines["Blocked, without a note"] == "2"
    report.check_reproducible(run.stored)


def test_texts_are_kept_exactly_and_are_no_formulas(tmp_path: Path) -> None:
    """Two renderings later too; no cell of a sheet is a formula."""
    run = blocked_run(tmp_path / "r", "b" * len(AWKWARD))
    Rendering(run)
    type_into(_book(run.path), {guid(n): {NOTE: text} for n, text in enumerate(AWKWARD)})
    Rendering(run)
    again = Rendering(run)
    # openpyxl writes these seven characters as they are, which is the format's escape for A
    expected = ["A" if text == "_x0041_" else text for text in AWKWARD]
    assert [again.texts(guid(n))[1] for n in range(len(AWKWARD))] == expected
    assert not any("<f>" in part for name, part in parts(_book(run.path)).items() if "sheet" in name)
    report.check_reproducible(run.stored)


def test_notes_follow_the_customer_through_sorting_and_new_columns(run: Run) -> None:
    """Rows sorted, a column put in front, the sheet renamed, a line put above: the id says whose row it is."""
    book = openpyxl.load_workbook(_book(run.path))
    page, places = open_sheet(book)
    for number in range(4, 7):
        page.cell(number, places[NOTE]).value = f"about {page.cell(number, places['Customer id']).value}"
    lines = [[cell.value for cell in line] for line in page.iter_rows(min_row=4)]
    for number, line in enumerate(reversed(lines), 4):
        for place, value in enumerate(line, 1):
            page.cell(number, place).value = value
    page.tables.clear()
    page.merged_cells.ranges.clear()
    page.insert_cols(1)
    page.insert_rows(1)
    page.title = "Meine Kunden"
    book.save(_book(run.path))
    found = Rendering(run)
    assert {one: note.note.now.text for one, note in found.notes.items()} == {
        guid(n): f"about {guid(n)}" for n in range(3)
    }
    assert found.warnings == []


@pytest.mark.parametrize("language", ["de", "ja"])
def test_columns_are_found_in_every_language(tmp_path: Path, language: str) -> None:
    """By the hidden sheet, which says how they are called."""
    run = blocked_run(tmp_path / "r", "b", presentation=Presentation(language=language))
    Rendering(run)
    book = openpyxl.load_workbook(_book(run.path))
    hidden = book["auditor notes"]
    assert hidden.sheet_state == "veryHidden"
    label = next(hidden.iter_rows(min_row=2, max_row=2, values_only=True))[3]
    page = book.worksheets[1]
    (cell,) = [cell for line in page.iter_rows() for cell in line if cell.value == label]
    page.cell(cell.row + 1, cell.column).value = "ok"
    book.save(_book(run.path))
    assert Rendering(run).texts(guid(0)) == ("", "ok", "")
    report.check_reproducible(run.stored)


def test_who_is_not_blocked_any_more_keeps_the_notes(run: Run, tmp_path: Path) -> None:
    """On a sheet of their own, where they can be changed and emptied; also who is on no list any more."""
    type_into(_book(run.path), {guid(n): {NOTE: f"note {n}"} for n in range(3)})
    second = blocked_run(tmp_path / "20261123T120000Z", "be", started_at=datetime.fromisoformat("2026-11-23T12:00:00Z"))
    Rendering(second)
    assert shown(_book(second.path)) == {guid(0): (None, "note 0", None)}
    others = shown(_book(second.path), "Notes on other customers")
    assert others == {guid(1): (None, "note 1", None), guid(2): (None, "note 2", None)}
    type_into(_book(second.path), {guid(1): {NOTE: None}, guid(2): {NOTE: "gone"}}, name="Notes on other customers")
    last = Rendering(second)
    assert shown(_book(second.path), "Notes on other customers") == {guid(2): (None, "gone", None)}
    assert [one.text for one in last.notes[guid(1)].note.earlier] == ["note 1"]
    report.check_reproducible(second.stored)


def test_a_customer_who_was_left_out_of_the_audit_is_not_called_missing(tmp_path: Path) -> None:
    """It is on the list, and not verified."""
    rows = [
        row(0, owner="Ann"),
        row(1, owner="Ann", company_name="Left out", source_row=3) | {"reason": "not_selected"},
    ]
    run = new_run(tmp_path / "r", rows, [answer(0, 0, "under_review")])
    note = report.CustomerNote(customer_id=guid(1), note=NoteCell(NoteText("called")))
    report.render(run.stored, ("xlsx",), notes={guid(1): note})
    for path in (run.path / "audit.xlsx", _book(run.path)):
        page, places = open_sheet(openpyxl.load_workbook(path), "Notes on other customers")
        assert [page.cell(4, places[one]).value for one in ("Customer", "Verdict")] == ["Left out", "Not verified"]


def test_workbooks_that_came_back_are_read_from_a_folder(run: Run, tmp_path: Path) -> None:
    """The same file every night; the note comes back once, and not after somebody emptied it."""
    back = type_into(_book(run.path), {guid(0): {NOTE: "by mail"}}, tmp_path / "back" / "team" / "Ann (1).xlsx")
    found = Rendering(run, tmp_path / "back")
    assert found.texts(guid(0))[1] == "by mail"
    assert found.notes[guid(0)].note.now.workbook == "team/Ann (1).xlsx"
    assert found.notes[guid(0)].owner == "Ann"
    type_into(_book(run.path), {guid(0): {NOTE: None}})
    assert Rendering(run, tmp_path / "back").texts(guid(0))[1] == ""
    assert Rendering(run, tmp_path / "back").texts(guid(0))[1] == ""
    assert back.exists()


def test_workbooks_that_cannot_be_read_are_named_and_not_touched(run: Run, tmp_path: Path) -> None:
    """Somebody else's workbook, a damaged one; lock files and other files are no workbooks."""
    folder = tmp_path / "back"
    folder.mkdir()
    openpyxl.Workbook().save(folder / "foreign.xlsx")
    (folder / "damaged.xlsx").write_bytes(_book(run.path).read_bytes()[:2000])
    # an encrypted workbook is an OLE file with a part of this name
    (folder / "protected.xlsx").write_bytes(
        bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 504 + "EncryptedPackage".encode("utf-16-le")
    )
    (folder / "~$Ann.xlsx").write_bytes(b"lock")
    (folder / "letter.pdf").write_bytes(b"%PDF")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    warnings = Rendering(run, folder).warnings
    assert [Path(one.partition(": ")[0]).name for one in warnings] == ["damaged.xlsx", "foreign.xlsx", "protected.xlsx"]
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_note_without_a_customer_id_is_reported_and_kept(run: Run) -> None:
    """The id was damaged or removed, or somebody wrote below the table."""
    book = openpyxl.load_workbook(_book(run.path))
    page, places = open_sheet(book)
    for number, given in ((4, "1f2e3d4c-0000"), (5, None), (8, None)):
        page.cell(number, places["Customer id"]).value = given
        page.cell(number, places[NOTE]).value = f"line {number}"
    book.save(_book(run.path))
    first = Rendering(run)
    assert [one.partition("a note without")[0] for one in first.warnings] == [
        f"by-owner/Ann.xlsx, sheet Action needed, row {number}: " for number in (4, 5, 8)
    ]
    wanted = {"1f2e3d4c-0000": "line 4", "Ann.xlsx, row 5": "line 5", "Ann.xlsx, row 8": "line 8"}
    assert {one: note.note.now.text for one, note in first.notes.items()} == wanted
    others = shown(_book(run.path), "Notes on other customers")
    assert {one: cells[1] for one, cells in others.items()} == wanted
    report.check_reproducible(run.stored)


def test_a_workbook_without_its_hidden_sheet_is_read_by_its_properties(run: Run, tmp_path: Path) -> None:
    """The texts in its cells are those of the run's notes, so only what was typed since is new; without properties it is nobody's."""
    type_into(_book(run.path), {guid(0): {NOTE: "first", CONTACTED: "today"}})
    Rendering(run)
    type_into(_book(run.path), {guid(0): {CONTACTED: None}, guid(1): {NOTE: "second"}})
    _remove_hidden_sheet(_book(run.path))
    old = shutil.copy(_book(run.path), tmp_path / "old.xlsx")
    found = Rendering(run)
    assert (found.texts(guid(0)), found.texts(guid(1))) == (("", "first", ""), ("", "second", ""))
    assert not found.warnings
    back = type_into(Path(old), {guid(1): {NOTE: "third"}}, tmp_path / "back" / "old.xlsx")
    found = Rendering(run, back.parent)
    assert found.texts(guid(1))[1] == "second"
    assert "run 20261122T120000Z does not have the notes it was written with" in "".join(found.warnings)
    type_into(_book(run.path), {guid(0): {NOTE: "fourth"}})
    _remove_hidden_sheet(_book(run.path), properties=True)
    found = Rendering(run)
    assert found.texts(guid(0))[1] == "first"
    assert "it is no workbook of auditor with columns to type into" in "".join(found.warnings)
    assert [path.parent.name for path in found.kept] == ["by-owner"]


def _remove_hidden_sheet(path: Path, *, properties: bool = False) -> None:
    """Remove it, and the workbook's own properties too."""
    book = openpyxl.load_workbook(path)
    del book["auditor notes"]
    for name in [one.name for one in book.custom_doc_props.props] if properties else []:
        del book.custom_doc_props[name]
    book.save(path)


def test_a_sheet_without_ids_is_reported(run: Run) -> None:
    """Nobody knows whose notes these are; the workbook stays as it is, beside the new one."""
    book = openpyxl.load_workbook(_book(run.path))
    page, places = open_sheet(book)
    page.cell(4, places[NOTE]).value = "lost?"
    page.delete_cols(places["Customer id"])
    book.save(_book(run.path))
    found = Rendering(run)
    (warning,) = found.warnings
    assert "the column 'Customer id' is missing" in warning
    assert [path.parent.name for path in found.kept] == ["by-owner"]


def test_two_people_with_copies_of_one_workbook(run: Run, tmp_path: Path) -> None:
    """The properties say when it was saved, to the second; without these times both texts stand in the cell."""
    for name, minute in (("a.xlsx", 1), ("b.xlsx", 2)):
        type_into(_book(run.path), {guid(0): {NOTE: name}}, tmp_path / "back" / name)
        type_into(_book(run.path), {guid(1): {NOTE: name}}, tmp_path / "unknown" / name)
        _set_saved(tmp_path / "back" / name, f"2026-11-30T12:0{minute}:00Z")
        _set_saved(tmp_path / "unknown" / name, "")
    found = Rendering(run, tmp_path / "back")
    assert found.texts(guid(0))[1] == "b.xlsx"
    assert [one.text for one in found.notes[guid(0)].note.earlier] == ["a.xlsx"]
    assert any("the text that was saved last" in one for one in found.warnings)
    found = Rendering(run, tmp_path / "unknown")
    assert found.texts(guid(1))[1] == "a.xlsx (a.xlsx) / b.xlsx (b.xlsx)"
    report.check_reproducible(run.stored)
    assert any("it is not known" in one for one in found.warnings)


def _set_saved(path: Path, moment: str) -> None:
    """Write when a workbook was saved into its properties; empty for a program that writes none."""
    content = parts(path)
    if moment:
        begin = content["docProps/core.xml"].index("<dcterms:modified")
        begin = content["docProps/core.xml"].index(">", begin) + 1
        end = content["docProps/core.xml"].index("<", begin)
        content["docProps/core.xml"] = (
            content["docProps/core.xml"][:begin] + moment + content["docProps/core.xml"][end:]
        )
    else:
        del content["docProps/core.xml"]
    with ZipFile(path, "w") as package:
        for name, text in content.items():
            package.writestr(name, text)


def test_the_next_night_takes_the_notes_of_the_night_before(run: Run, tmp_path: Path) -> None:
    """Of the newest earlier run of the same lists; another partner's are left alone."""
    type_into(run.path / "audit.xlsx", {guid(0): {NOTE: "first night"}})
    later = datetime.fromisoformat("2026-11-23T12:00:00Z")
    other = blocked_run(tmp_path / "20261123T110000Z", api="https://other.example", started_at=later.replace(hour=11))
    assert Rendering(other).notes == {}
    second = blocked_run(tmp_path / "20261123T120000Z", started_at=later)
    assert Rendering(second).texts(guid(0))[1] == "first night"
    assert not (run.path / "notes.jsonl").exists()


def test_damaged_notes_stop_the_rendering(run: Run) -> None:
    """The run's own file is a source like the journal: it is not replaced by a part of it."""
    type_into(_book(run.path), {guid(0): {NOTE: "called"}})
    Rendering(run)
    content = (run.path / "notes.jsonl").read_bytes()
    (run.path / "notes.jsonl").write_bytes(content[:100])
    with pytest.raises(IncompleteError, match=r"notes\.jsonl"):
        Rendering(run)
    assert (run.path / "notes.jsonl").read_bytes() == content[:100]


def test_damage_within_a_text_of_the_notes_is_named_as_well(run: Run) -> None:
    """One byte of a text that is no UTF-8, as after a disk's fault."""
    type_into(_book(run.path), {guid(0): {NOTE: "called"}})
    Rendering(run)
    path = run.path / "notes.jsonl"
    path.write_bytes(path.read_bytes().replace(b"called", b"c\xfflled"))
    with pytest.raises(IncompleteError, match=r"notes\.jsonl"):
        Rendering(run)


def test_damage_in_the_properties_of_a_workbook_is_reported(run: Run, tmp_path: Path) -> None:
    """Bytes of its archive, one after the other: the workbook is read, or named; the rendering goes on."""
    _remove_hidden_sheet(_book(run.path))
    content = _book(run.path).read_bytes()
    start = content.rindex(b"docProps/custom.xml") - 46
    path = tmp_path / "damaged.xlsx"
    for place in range(start, start + 46):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x5F]) + content[place + 1 :])
        with suppress(NotReadableError):
            read_typed(path, path.name, run.path.parent)


def test_properties_that_repeat_without_end_are_no_work(tmp_path: Path) -> None:
    """Somebody may put any text there."""
    path = tmp_path / "any.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("docProps/custom.xml", '"auditor notes"' * 2_000_000)
    assert len(_custom_properties(path)) == 1 << 20
    assert _ORIGIN.search(_custom_properties(path)) is None


def test_notes_are_part_of_what_is_verified(run: Run) -> None:
    """A changed note is found by its hash."""
    type_into(_book(run.path), {guid(0): {NOTE: "called"}})
    Rendering(run)
    path = run.path / "notes.jsonl"
    path.write_bytes(path.read_bytes().replace(b"called", b"mailed"))
    with pytest.raises(IncompleteError, match=r"notes\.jsonl"):
        run.verify()


def test_cells_to_type_into_have_hints_and_refuse_what_is_no_day(tmp_path: Path) -> None:
    """In the language of the workbook; every row of the table has them."""
    run = blocked_run(tmp_path / "r", "bbb", presentation=Presentation(language="de"))
    Rendering(run)
    book = openpyxl.load_workbook(_book(run.path))
    found = {str(one.sqref): one for one in book.worksheets[1].data_validations.dataValidation}
    assert [(one.type, one.promptTitle) for one in found.values()] == [
        ("date", "Kontaktiert"),
        (None, "Notiz"),
        ("date", "Nächster Termin"),
    ]
    assert all(one.split(":")[0].endswith("4") and one.endswith("6") for one in found)
    assert all("nächste Arbeitsmappe" in one.prompt for one in found.values())


def test_a_list_with_a_column_called_note_keeps_it(tmp_path: Path) -> None:
    """Their column gets another header, ours is the one to type into."""
    run = new_run(tmp_path / "r", [row(1, owner="Ann", other={"Note": "theirs"})], [answer(0, 1, "under_review")])
    Rendering(run)
    type_into(_book(run.path), {guid(1): {NOTE: "ours"}})
    assert Rendering(run).texts(guid(1))[1] == "ours"
    page, places = open_sheet(openpyxl.load_workbook(_book(run.path)))
    assert page.cell(4, places["Note 2"]).value == "theirs"
    assert "Note 2" in records(run.path / "audit.xlsx", "All customers")[0]


def test_what_a_spreadsheet_took_for_a_formula_is_read_as_it_was_typed(run: Run) -> None:
    """A formula without a result, one with an error, an error alone; new cells hold text, so that it does not happen."""
    book = openpyxl.load_workbook(_book(run.path))
    page, places = open_sheet(book)
    assert page.cell(4, places[NOTE]).number_format == "@"
    for number, (text, kind) in enumerate((("=call him", "f"), ('=A1&"<b>"', "f"), ("#NAME?", "e")), 4):
        page.cell(number, places[NOTE]).value = text
        page.cell(number, places[NOTE]).data_type = kind
    book.save(_book(run.path))
    found = Rendering(run)
    assert [found.texts(guid(n))[1] for n in range(3)] == ["=call him", '=A1&"<b>"', "#NAME?"]


def test_a_workbook_whose_columns_were_renamed_is_reported(run: Run) -> None:
    """Or whose header was removed: nothing is found in it, and it stays beside the new one."""
    book = openpyxl.load_workbook(_book(run.path))
    page, places = open_sheet(book)
    page.cell(4, places[NOTE]).value = "lost?"
    page.delete_rows(3)
    book.save(_book(run.path))
    found = Rendering(run)
    assert [one.partition(": ")[2] for one in found.warnings] == [
        "no sheet has the columns Contacted, Note, Owner's next date any more, so nothing in it was read"
    ]
    assert [path.parent.name for path in found.kept] == ["by-owner"]


def test_a_second_column_of_the_same_name_hides_nothing(run: Run) -> None:
    """What stands in both counts."""
    book = openpyxl.load_workbook(_book(run.path))
    page, places = open_sheet(book)
    page.insert_cols(1)
    for place, texts in ((1, (NOTE, "left", None, "left")), (places[NOTE] + 1, (NOTE, None, "right", "right"))):
        for number, text in enumerate(texts, 3):
            page.cell(number, place).value = text
    book.save(_book(run.path))
    found = Rendering(run)
    assert [found.texts(guid(n))[1] for n in range(3)] == ["left", "right", "left / right"]


def _later_nights(folder: Path, count: int) -> list[Run]:
    """Runs of a shorter list, a day after the fixture's run and after each other."""
    days = [datetime.fromisoformat(f"2026-11-{23 + n}T12:00:00Z") for n in range(count)]
    return [blocked_run(folder / f"{day:%Y%m%dT%H%M%SZ}", started_at=day) for day in days]


def test_what_is_saved_into_an_older_workbook_is_read_by_the_next_run(run: Run, tmp_path: Path) -> None:
    """Somebody had it open while the next run was made; the run after that one has the note, and the newer note stays."""
    second, third = _later_nights(tmp_path, 2)
    Rendering(second)
    type_into(_book(second.path), {guid(1): {NOTE: "newer"}})
    type_into(_book(run.path), {guid(0): {NOTE: "typed late"}})
    found = Rendering(third)
    assert (found.texts(guid(0))[1], found.texts(guid(1))[1]) == ("typed late", "newer")
    assert found.warnings == []


def test_what_was_saved_into_an_older_workbook_before_that_is_not_read_again(run: Run, tmp_path: Path) -> None:
    """The run after it has read it; the file's time says so."""
    second, third = _later_nights(tmp_path, 2)
    path = type_into(_book(run.path), {guid(0): {NOTE: "read"}})
    before = datetime.fromisoformat("2026-11-22T13:00:00Z").timestamp()
    os.utime(path, (before, before))
    Rendering(second)
    (second.path / "notes.jsonl").unlink()
    report.render(second.stored, ("csv", "xlsx"))
    assert Rendering(third).notes == {}


def test_damaged_notes_of_the_run_before_stop_the_rendering(run: Run, tmp_path: Path) -> None:
    """Otherwise this run and all later ones would have no notes; with the file put back, they are carried over."""
    (second,) = _later_nights(tmp_path, 1)
    type_into(_book(run.path), {guid(0): {NOTE: "called"}})
    Rendering(run)
    content = (run.path / "notes.jsonl").read_bytes()
    (run.path / "notes.jsonl").write_bytes(content[:100])
    with pytest.raises(OutputError, match=r"notes\.jsonl.*put the file back"):
        Rendering(second)
    (run.path / "notes.jsonl").write_bytes(content)
    assert Rendering(second).texts(guid(0))[1] == "called"


def test_damaged_notes_are_read_from_the_workbooks_after_the_command_that_the_message_names(run: Run) -> None:
    """`auditor verify` and the rendering name the same one; without the damaged file, every workbook of the run is read."""
    type_into(_book(run.path), {guid(0): {NOTE: "called", NEXT: "tomorrow"}})
    Rendering(run)
    (run.path / "notes.jsonl").write_bytes(b"{")
    with pytest.raises(IncompleteError) as verified:
        report.verify_run(run.stored)
    with pytest.raises(IncompleteError) as rendered:
        Rendering(run)
    assert verified.value.hint == rendered.value.hint
    move, _, render = (rendered.value.hint or "").partition("workbooks: ")[2].partition(" && ")
    assert render == f"auditor report {shlex.quote(str(run.path))}"
    subprocess.run(shlex.split(move), check=True)
    assert Rendering(run).texts(guid(0)) == ("", "called", "tomorrow")
    assert not Rendering(run).warnings


def test_a_run_whose_notes_no_later_run_has_is_not_pruned(run: Run, tmp_path: Path) -> None:
    """They came back by mail, and its kept workbooks were removed."""
    (second,) = _later_nights(tmp_path, 1)
    back = type_into(_book(run.path), {guid(0): {NOTE: "by mail"}}, tmp_path / "back" / "Ann.xlsx")
    Rendering(run, back.parent)
    assert has_unread_notes(run.path)
    Rendering(second)
    assert not has_unread_notes(run.path)
    (second.path / "notes.jsonl").unlink()
    assert has_unread_notes(run.path)


@pytest.mark.parametrize("hidden", [True, False])
def test_a_workbook_of_another_partner_is_not_read(tmp_path: Path, *, hidden: bool) -> None:
    """Partners may share a folder, and a customer may have two; a workbook that names no partner is read."""
    back, tenants = tmp_path / "back", {"one": "Contoso.example", "two": "fabrikam.example", "unknown": ""}
    runs = {name: blocked_run(tmp_path / name, "bbb") for name in tenants}
    for number, (name, run) in enumerate(runs.items()):
        _set_tenant(run.path / "journal.jsonl", tenants[name])
        report.render(run.stored, ("csv", "xlsx"))
        typed = type_into(_book(run.path), {guid(number): {NOTE: f"of {name}"}}, back / f"{name}.xlsx")
        if not hidden:
            _remove_hidden_sheet(typed)
    warnings: list[str] = []
    notes = collect_notes(runs["one"].path, NotesSource(str(back), lambda _: None, warnings.append))
    assert {one: note.note.now.text for one, note in notes.items()} == {guid(0): "of one", guid(2): "of unknown"}
    assert warnings == [f"{back / 'two.xlsx'}: not read: it is a workbook of another partner"]
    shutil.copy(back / "two.xlsx", _book(runs["one"].path))
    assert guid(1) not in collect_notes(runs["one"].path, NotesSource(None, lambda _: None, warnings.append))
    assert "another partner" in warnings[-1]


def _set_tenant(path: Path, tenant: str) -> None:
    header, *others = [json.loads(line) for line in path.read_bytes().splitlines()]
    del header["crc"]
    path.write_bytes(sealed([{**header, "settings": {"tenant_id": tenant}}]) + encoded(others))
