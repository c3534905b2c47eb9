"""Collect what people typed into workbooks, before a run's reports are rendered.

Read are the workbooks in place, and those in the folder of `--notes`. In place are the workbooks of the run itself where it was rendered
before with notes; otherwise those of the newest earlier run of the same lists, and of the run that `latest` points to. A workbook in
place that is as it was written has nothing new, and is not read. What the notes of these runs have is carried over. Of older runs, the
workbooks are read that were saved after the newest earlier run began: somebody had them open meanwhile.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from auditor.core.baseline import RunIdentity
from auditor.core.results import Edit, NoteCell, merge_edits
from auditor.core.text import count_noun, escape_controls
from auditor.errors import IncompleteError, OutputError, SettingsError, describe_os_error
from auditor.runs.find import LATEST, LATEST_SIMULATED, identity, latest_run_id, order_time, run_folders, started_at

if TYPE_CHECKING:
    from auditor.report import CustomerNote, TypedRow, TypedWorkbook

_MOST = 20
"""Warnings that are shown, of one kind."""


@dataclass(frozen=True, slots=True)
class NotesSource:
    """Where notes come from, and who hears about them.

    Attributes:
        folder: of workbooks that came back; None for none.
        noted: receives notes, one sentence each.
        warned: receives warnings, one sentence each.
    """

    folder: str | None
    noted: Callable[[str], object]
    warned: Callable[[str], object]


def check_notes_folder(folder: str | None) -> None:
    """Refuse a folder of notes that is not there, before the first request.

    Raises:
        SettingsError: it is no folder.
    """
    if folder is not None and not Path(folder).is_dir():
        raise SettingsError(
            f"--notes {folder}: there is no such folder", "create it, or leave out --notes (AUDITOR_NOTES)"
        )


def collect_notes(run: Path, source: NotesSource) -> dict[str, "CustomerNote"]:
    """The notes for the next rendering of a run: those that are known, with what was typed since.

    Raises:
        IncompleteError: the run's own notes.jsonl is damaged.
        OutputError: it cannot be read.
    """
    from auditor import report

    runs = _runs_in_place(run)
    known = _known_notes(run, runs)
    paths = [*_changed_in_place(run, runs), *_saved_late(run, runs)]
    workbooks = [*_read_in_place(paths, run, source), *_read_folder(run, source)]
    merged = merge_notes(known, workbooks)
    _show(source.warned, [problem for one in workbooks for problem in one.problems])
    if merged.lost:
        source.warned(
            f"two people changed the same cell in two workbooks ({count_noun(merged.lost, 'text')}): the text that was saved last "
            f"counts; {report.NOTES} keeps the other one among the earlier texts"
        )
    if merged.joined:
        source.warned(
            f"several workbooks have different texts for the same cell ({count_noun(merged.joined, 'cell')}), and it is not known "
            "which is newer: the new workbook has all of them, each with the name of its workbook"
        )
    if merged.changed:
        customers = count_noun(merged.changed, "customer")
        source.noted(f"new notes were read from workbooks, on {customers}; the new workbooks have them")
    return merged.notes


def has_unread_notes(run: Path) -> bool:
    """Whether somebody typed something into the workbooks of a run that no later run over the same lists has."""
    from auditor import report

    changed = [path for path, _ in _changed_in_place(run, [run])]
    try:
        stored = report.read_notes(run)
        if not changed and not stored:
            return False
        mine = replace(identity(run), selection="")
        runs = run_folders(run.resolve().parent)
        later = [one for one in runs if order_time(one) > order_time(run) and _is_same(one, mine)]
        known = _known_notes(run, later)
        if any(not _has_texts(known.get(customer), note) for customer, note in stored.items()):
            return True
        typed = [report.read_typed(path, path.name, run.resolve().parent) for path in changed]
        return merge_notes(known, typed).changed > 0
    except (report.NotReadableError, IncompleteError, OutputError, OSError):
        return True


def _has_texts(known: "CustomerNote | None", note: "CustomerNote") -> bool:
    """Whether each text that counts in a note is in the other one, among its earlier texts at least."""
    from auditor import report

    return all(
        not text or (known is not None and text in {one.text for one in (cell.now, *cell.earlier)})
        for text, cell in ((note.text(column), getattr(known, column, NoteCell())) for column in report.NOTE_COLUMNS)
    )


@dataclass(frozen=True, slots=True)
class MergedNotes:
    """Notes after what was typed into workbooks.

    Attributes:
        notes: customer id -> note.
        changed: customers about whom something new was typed.
        lost: texts that do not count because another one was saved later.
        joined: cells with several texts.
    """

    notes: dict[str, "CustomerNote"]
    changed: int
    lost: int
    joined: int


def merge_notes(known: Mapping[str, "CustomerNote"], workbooks: Sequence["TypedWorkbook"]) -> MergedNotes:
    """Apply what was typed into workbooks."""
    from auditor import report

    edits: dict[str, dict[str, list[Edit]]] = defaultdict(lambda: defaultdict(list))
    names: dict[str, tuple[str, str | None]] = {}
    for workbook in workbooks:
        for row in workbook.rows:
            for column, edit in _new_edits(row, known.get(row.customer_id)):
                company, owner = names.get(row.customer_id, ("", None))
                names[row.customer_id] = (row.company_name or company, workbook.owner if owner is None else owner)
                edits[row.customer_id][column].append(edit)
    found, changed, lost, joined = dict(known), 0, 0, 0
    for customer, columns in edits.items():
        company, owner = names[customer]
        note = found.get(customer) or report.CustomerNote(customer_id=customer)
        merged = {column: merge_edits(getattr(note, column), given) for column, given in columns.items()}
        if all(one.cell == getattr(note, column) for column, one in merged.items()):
            continue
        changed += 1
        lost += sum(len(one.lost) for one in merged.values())
        joined += sum(one.joined for one in merged.values())
        found[customer] = msgspec.structs.replace(
            note,
            company_name=company or note.company_name,
            owner=note.owner if owner is None else owner,
            **{column: one.cell for column, one in merged.items()},
        )
    return MergedNotes(found, changed, lost, joined)


def _new_edits(row: "TypedRow", note: "CustomerNote | None") -> Iterator[tuple[str, Edit]]:
    """Yield (column, edit) of each cell that somebody changed. Where the notes have no text for a cell, its text counts as typed, also
    if the workbook was written with it: notes.jsonl was lost.
    """
    for column, given in row.edits.items():
        is_known = note is not None and getattr(note, column) != NoteCell()
        edit = given if is_known else replace(given, base="")
        if edit.typed.text != edit.base:
            yield column, edit


def _known_notes(run: Path, runs: Sequence[Path]) -> dict[str, "CustomerNote"]:
    """The notes of the runs in place; of the newest one where several have notes on a customer."""
    from auditor import report

    known: dict[str, CustomerNote] = {}
    for one in reversed(runs):
        try:
            known |= report.read_notes(one)
        except OSError as error:
            raise OutputError(f"{one / report.NOTES}: {describe_os_error(error)}", "make it readable") from error
        except IncompleteError as error:
            if one == run:
                raise
            # without them, this run and all later ones would have no notes
            raise OutputError(error.message, error.hint) from error
    return known


def _runs_in_place(run: Path) -> list[Path]:
    """The runs whose workbooks are read, the newest first."""
    from auditor import report

    if (run / report.NOTES).exists():
        return [run]
    try:
        mine = replace(identity(run), selection="")
    except (IncompleteError, OSError):
        return [run]
    earlier = [
        one
        for one in run_folders(run.resolve().parent)
        if one.name != run.name and order_time(one) < order_time(run) and _is_same(one, mine)
    ]
    newest = next((one for one in earlier if (one / report.NOTES).exists() or any(_workbooks(one))), None)
    pointer = latest_run_id(run.resolve().parent, LATEST_SIMULATED if mine.simulated else LATEST)
    chosen = dict.fromkeys([newest, *(one for one in earlier if one.name == pointer)])
    return [run, *(one for one in chosen if one is not None)]


def _is_same(run: Path, mine: RunIdentity) -> bool:
    """Whether a run is over the same lists of the same partner; a selection does not matter."""
    try:
        return replace(identity(run), selection="").comparison_key == mine.comparison_key
    except (IncompleteError, OSError):
        return False


def _workbooks(run: Path) -> Iterator[tuple[Path, str]]:
    """(path, path from the run's folder) of each workbook of a run, those that were kept included."""
    from auditor import report

    for path in report.find_workbooks(run):
        yield path, path.relative_to(run).as_posix()


def _changed_in_place(run: Path, runs: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Yield (path, name for people) of each changed workbook of these runs; of every workbook of a run whose notes.jsonl is missing."""
    from auditor import report

    for one in runs:
        hashes = report.written_hashes(one)
        is_lost = report.NOTES in hashes and not (one / report.NOTES).exists()
        for path, name in _workbooks(one):
            if is_lost or not report.is_as_written(path, hashes.get(name)):
                yield path, name if one == run else f"{one.name}/{name}"


def _saved_late(run: Path, runs: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Yield the changed workbooks of older runs that were saved after the newest earlier run began, which did not read that."""
    newest = next((one for one in runs if one != run), None)
    if newest is None:
        return
    began, mine = started_at(newest).timestamp(), replace(identity(run), selection="")
    names = {one.name for one in runs}
    for one in run_folders(run.resolve().parent):
        if one.name not in names and order_time(one) < order_time(newest) and _is_same(one, mine):
            late = {path for path, _ in _workbooks(one) if _saved_at(path) > began}
            yield from (found for found in (_changed_in_place(run, [one]) if late else ()) if found[0] in late)


def _saved_at(path: Path) -> float:
    """Time of a file; 0 where it is gone."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0


def _read(path: Path, name: str, run: Path) -> "TypedWorkbook":
    """Read a workbook of the run's partner.

    Raises:
        NotReadableError: it cannot be read, or is of another partner.
    """
    from auditor import report

    found, partner = report.read_typed(path, escape_controls(name), run.resolve().parent), report.partner_key(run)
    if found.partner and partner and found.partner != partner:
        raise report.NotReadableError("it is a workbook of another partner")
    return found


def _read_in_place(paths: Iterable[tuple[Path, str]], run: Path, source: NotesSource) -> Iterator["TypedWorkbook"]:
    """Yield the workbooks in place that were changed. Those of versions without these columns have nothing to read."""
    from auditor import report

    for path, name in paths:
        try:
            yield _read(path, name, run)
        except report.NotReadableError as error:
            source.warned(f"{path}: was changed, and notes in it are not carried over: {error}")


def _read_folder(run: Path, source: NotesSource) -> Iterator["TypedWorkbook"]:
    """Yield the workbooks in the folder that the user named, without those of other partners."""
    from auditor import report

    if source.folder is None:
        return
    folder = Path(source.folder)
    unread = []
    try:
        paths = [*report.find_workbooks(folder)]
        if not folder.is_dir():
            source.warned(f"--notes {folder}: there is no such folder; no notes are read from it")
    except OSError as error:
        source.warned(f"--notes {folder}: {describe_os_error(error)}; no notes are read from it")
        return
    for path in paths:
        try:
            yield _read(path, path.relative_to(folder).as_posix(), run)
        except report.NotReadableError as error:
            unread.append(f"{path}: not read: {error}")
    _show(source.warned, unread)


def _show(warned: Callable[[str], object], sentences: Sequence[str]) -> None:
    """Show the first sentences, and how many more there are."""
    for one in sentences[:_MOST]:
        warned(one)
    if len(sentences) > _MOST:
        warned(f"and {count_noun(len(sentences) - _MOST, 'more problem')} of this kind with notes")
