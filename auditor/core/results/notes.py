"""How notes that people typed into several workbooks become one. Nothing that was typed is dropped: what does not count any more
stays among the earlier texts.

A workbook holds, beside each cell that a person may type into, the text that was written into it (its base): a cell with another text
is an edit. An edit of the newest text replaces it. Edits of an older text compete with what was typed since: the one that was saved last
counts where the workbooks say when that was; otherwise the cell has all texts, each with the name of its workbook.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NoteText:
    """A text that a person typed, and where.

    Attributes:
        text: as typed; a day as `2026-11-30`. Empty where the person emptied the cell.
        workbook: name of the file that it was typed into; several where texts were joined.
        written_with: run-id of that workbook, and a digest of the notes that it was written with.
        saved_at: when the workbook was saved, as its properties say. Null where they do not say it.
        saved_by: who saved it, as its properties say. Empty where they do not say it.
        modified_at: time of the file. Null where texts were joined.
    """

    text: str = ""
    workbook: str = ""
    written_with: str = ""
    saved_at: datetime | None = None
    saved_by: str = ""
    modified_at: datetime | None = None

    @property
    def place(self) -> tuple[str, str]:
        """The workbook, told apart from others of the same name."""
        return self.written_with, self.workbook

    @property
    def identity(self) -> tuple[str, str]:
        """The same for a text that several copies of a workbook have, or is read again."""
        return self.written_with, self.text


@dataclass(frozen=True, slots=True)
class NoteCell:
    """What was typed into one column for one customer.

    Attributes:
        now: The text that counts.
        earlier: Texts that counted before, or that lost against a newer one; the oldest first.
    """

    now: NoteText = NoteText()
    earlier: tuple[NoteText, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """A cell whose text is another than was written into it.

    Attributes:
        base: what was written into it.
        typed: what is there now.
    """

    base: str
    typed: NoteText


@dataclass(frozen=True, slots=True)
class MergedCell:
    """A cell after edits.

    Attributes:
        cell: of the new workbooks.
        lost: texts that two people typed at the same time, and that do not count because another was saved later.
        joined: whether the cell has several texts.
    """

    cell: NoteCell
    lost: tuple[NoteText, ...] = ()
    joined: bool = False


def merge_edits(cell: NoteCell, edits: Sequence[Edit]) -> MergedCell:
    """Apply the edits of several workbooks to a cell; their order does not matter."""
    now = cell.now
    # whether the workbook of the text that counts has one text for the customer; it may have several rows
    same_place = len({edit.typed.text for edit in edits if edit.typed.place == now.place}) == 1
    fresh = _fresh_edits(cell, edits, same_place=same_place)
    if not fresh:
        return MergedCell(cell)
    follows = any(edit.base == now.text or (same_place and edit.typed.place == now.place) for edit in fresh)
    rivals = [edit.typed for edit in fresh] + ([] if follows else [now])
    texts = [one for one in rivals if one.text]
    lost: tuple[NoteText, ...] = ()
    if len(texts) > 1 and (newest := _newest(texts)) is not None:
        chosen = newest
        lost = tuple(one for one in texts if one is not newest)
    elif len(texts) > 1:
        chosen = _join(texts)
    else:
        chosen = texts[0] if texts else rivals[0]
    read = (edit.typed for edit in sorted(edits, key=_order) if edit.typed.text != edit.base)
    earlier = {one.identity: one for one in cell.earlier}
    for one in (now, *read):
        if one not in (chosen, NoteText()):
            earlier.setdefault(one.identity, one)
    return MergedCell(NoteCell(chosen, tuple(earlier.values())), lost, joined=chosen not in rivals)


def _fresh_edits(cell: NoteCell, edits: Sequence[Edit], *, same_place: bool) -> list[Edit]:
    """The edits that are not known yet, one of each text, in an order of their own.

    Args:
        cell: that was edited.
        edits: of all workbooks.
        same_place: whether the text in the workbook of the text that counts is new, even if it is an earlier text.
    """
    known = {one.identity for one in cell.earlier}
    found: dict[str, Edit] = {}
    for edit in sorted(edits, key=_order):
        typed = edit.typed
        is_known = typed.identity in known and not (same_place and typed.place == cell.now.place)
        if typed.text not in (edit.base, cell.now.text) and not is_known:
            found[typed.text] = edit
    return list(found.values())


def _order(edit: Edit) -> tuple[bool, float, str, str, str, str]:
    saved = edit.typed.saved_at
    return (saved is not None, saved.timestamp() if saved else 0.0, *edit.typed.place, edit.typed.text, edit.base)


def _newest(texts: Sequence[NoteText]) -> NoteText | None:
    """The text that was saved last; None where that is not known."""
    times = [one.saved_at for one in texts if one.saved_at is not None]
    if len(times) < len(texts) or times.count(last := max(times)) > 1:
        return None
    return next(one for one in texts if one.saved_at == last)


def _join(texts: Sequence[NoteText]) -> NoteText:
    parts = sorted((one.workbook, one.text) for one in texts)
    joined = " / ".join(f"{text} ({workbook})" if workbook else text for workbook, text in parts)
    return NoteText(joined, ", ".join(dict.fromkeys(workbook for workbook, _ in parts if workbook)))
