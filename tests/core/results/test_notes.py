"""How notes from several workbooks become one: nothing that was typed disappears, whatever the order."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from auditor.core.results import Edit, NoteCell, NoteText, merge_edits

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def typed(text: str, workbook: str = "Ann.xlsx", saved: int | None = 0, written_with: str = "run 1") -> NoteText:
    """A text in a workbook that was saved so many minutes after noon; None: not known."""
    saved_at = None if saved is None else NOON + timedelta(minutes=saved)
    return NoteText(text, workbook, written_with, saved_at, "", NOON)


TEXTS = st.sampled_from(["", "a", "b", "c"])
BASES = {"run 1": "", "run 2": "a", "run 3": "b"}
"""What was written into the cell of the workbooks of a run."""
EDITS = st.lists(
    st.builds(
        lambda run, text, workbook, saved: Edit(BASES[run], typed(text, workbook, saved, run)),
        st.sampled_from([*BASES]),
        TEXTS,
        st.sampled_from(["x.xlsx", "y.xlsx", "z.xlsx"]),
        st.none() | st.integers(0, 3),
    ),
    max_size=4,
)
CELLS = st.builds(lambda first, second: merge_edits(merge_edits(NoteCell(), first).cell, second).cell, EDITS, EDITS)


@given(CELLS, EDITS)
def test_every_text_stays(cell: NoteCell, edits: list[Edit]) -> None:
    """A text that was typed counts, stands in the joined cell, or is among the earlier ones; so does what counted before."""
    merged = merge_edits(cell, edits).cell
    kept = {merged.now.text, *(one.text for one in merged.earlier)}
    wanted = [one.typed.text for one in edits if one.typed.text not in ("", one.base)]
    assert all(text in kept for text in (*wanted, *(one.text for one in cell.earlier)))
    assert not cell.now.text or cell.now.text in kept


@given(CELLS, EDITS)
def test_the_order_of_workbooks_does_not_matter(cell: NoteCell, edits: list[Edit]) -> None:
    """Neither for the text that counts, nor for what is kept."""
    results = [merge_edits(cell, order) for order in permutations(edits)]
    assert len({(one.cell.now, frozenset(one.cell.earlier), one.joined) for one in results}) == 1


@given(CELLS, EDITS)
def test_reading_the_same_workbooks_again_changes_nothing(cell: NoteCell, edits: list[Edit]) -> None:
    """The same files stand in the folder every night."""
    once = merge_edits(cell, edits).cell
    assert merge_edits(once, edits).cell.now.text == once.now.text


def test_an_edit_of_the_newest_text_replaces_it() -> None:
    """Also where it is emptied; the text from before is kept among the earlier ones."""
    first = merge_edits(NoteCell(), [Edit("", typed("called"))]).cell
    second = merge_edits(first, [Edit("called", typed("called twice", saved=5, written_with="run 2"))])
    assert (second.cell.now.text, second.lost, second.joined) == ("called twice", (), False)
    third = merge_edits(second.cell, [Edit("called twice", typed("", saved=9, written_with="run 3"))]).cell
    assert third.now.text == ""
    assert [one.text for one in third.earlier] == ["called", "called twice"]


def test_an_emptied_note_does_not_come_back_from_an_old_workbook() -> None:
    """The workbook of the first night still stands in the folder; saved again, it is still the old text."""
    old = Edit("", typed("called"))
    noted = merge_edits(NoteCell(), [old]).cell
    emptied = merge_edits(noted, [Edit("called", typed("", saved=5, written_with="run 2"))]).cell
    saved_again = Edit("", typed("called", saved=20))
    assert merge_edits(emptied, [old, saved_again]).cell.now.text == ""


def test_of_two_people_the_last_one_counts() -> None:
    """The other text is named as lost, and kept."""
    edits = [Edit("", typed("mail", "Ann.xlsx", 1)), Edit("", typed("phone", "Bo.xlsx", 2))]
    merged = merge_edits(NoteCell(), edits)
    assert (merged.cell.now.text, [one.text for one in merged.lost]) == ("phone", ["mail"])
    assert [one.text for one in merged.cell.earlier] == ["mail"]


def test_both_texts_stand_where_nobody_knows_which_is_newer() -> None:
    """Each with its workbook; a workbook without times is enough, and so are equal times."""
    for times in ((None, 2), (None, None), (2, 2)):
        edits = [Edit("", typed("mail", "Ann.xlsx", times[0])), Edit("", typed("phone", "Bo.xlsx", times[1]))]
        merged = merge_edits(NoteCell(), edits)
        assert merged.cell.now.text == "mail (Ann.xlsx) / phone (Bo.xlsx)"
        assert merged.joined
        # and the person who tidies up is right
        tidied = Edit(merged.cell.now.text, typed("phone and mail", "Ann.xlsx", 9, "run 2"))
        assert merge_edits(merged.cell, [tidied, *edits]).cell.now.text == "phone and mail"


def test_a_text_wins_over_an_emptied_cell() -> None:
    """Somebody emptied the cell, somebody else typed at the same time."""
    noted = merge_edits(NoteCell(), [Edit("", typed("called"))]).cell
    edits = [Edit("called", typed("", "Ann.xlsx", 9, "run 2")), Edit("called", typed("sent", "Bo.xlsx", 5, "run 2"))]
    assert merge_edits(noted, edits).cell.now.text == "sent"


def test_the_same_workbook_may_be_changed_back() -> None:
    """Typed, read, changed, and changed back in the same file."""
    cell = NoteCell()
    for minute, text in enumerate(["a", "b", "a"]):
        cell = merge_edits(cell, [Edit("", typed(text, saved=minute))]).cell
        assert cell.now.text == text
