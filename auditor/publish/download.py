"""Read published runs: which there are, and a copy of one on this machine, checked against its manifest."""

import asyncio
import hashlib
import shutil
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import msgspec

from auditor.core.ids import is_folder_name
from auditor.errors import IncompleteError, OutputError, SettingsError
from auditor.publish.store import Store, each

MANIFEST, SUMMARY, LATEST_FILE = "manifest.json", "summary.json", "latest.json"
_RUN_ID_START = 9
"""Characters of `YYYYMMDDT`, with which a run-id begins."""


class FileEntry(msgspec.Struct):
    """A file of a run, as its manifest lists it."""

    name: str
    bytes: Annotated[int, msgspec.Meta(ge=0)]
    sha256: str


class _Manifest(msgspec.Struct):
    files: list[FileEntry]


class Latest(msgspec.Struct):
    """The fields of latest.json that are read."""

    run_id: str
    partner_tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """A published run in a list.

    Attributes:
        run_id: the run-id.
        summary: content of its summary.json.
        bytes: size of its files together.
    """

    run_id: str
    summary: bytes
    bytes: int


def read_entries(manifest: bytes) -> dict[str, FileEntry]:
    """The files of a manifest by name.

    Raises:
        ValueError: the manifest is damaged, lists a file twice, or has a name that leads out of the run's folder.
    """
    try:
        listed = msgspec.json.decode(manifest, type=_Manifest).files
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    entries = {entry.name: entry for entry in listed}
    for name in entries:
        _check_name(name)
    if len(entries) < len(listed):
        raise ValueError("it lists a file twice")
    return entries


def _check_name(name: str) -> None:
    """Refuse a name that leads out of the folder: in a store, anybody with the right to write chooses the names."""
    path = PurePosixPath(name)
    if path.is_absolute() or {"..", "."} & {*path.parts} or set(name) & set(":\\\0") or str(path) != name:
        raise ValueError(f"a file of a run cannot be named {name!r}")


def find_published(url: str) -> tuple[str, str]:
    """Split the URL of a run.

    Args:
        url: of a run's folder, or of `latest`.

    Returns:
        (URL of the place that holds the run, run-id)

    Raises:
        SettingsError: there is no `latest.json` where `latest` is asked for.
    """
    base, _, name = url.rpartition("/")
    if base.endswith("/") or not base:
        raise SettingsError(f"{url} names no run", f"name a run-id or latest behind it: {url}/latest")
    return (base, read_latest(base)) if name == "latest" else (base, name)


def read_latest(url: str) -> str:
    """The run-id that `latest.json` of a place points to.

    Raises:
        SettingsError: there is none.
        IncompleteError: it is damaged.
        StoreError: the store refuses, or does not answer.
    """
    store = Store(url)
    content = store.run(store.read(LATEST_FILE))
    if content is None:
        raise SettingsError(
            f"{url}: no complete run is published there", f"name the run: auditor runs --reports {url} lists them"
        )
    pointer = parse_latest(content)
    if pointer is None:
        raise IncompleteError(f"{url}/{LATEST_FILE}: damaged", "auditor publish latest writes it again")
    return pointer.run_id


def parse_latest(content: bytes | None) -> Latest | None:
    """Parse latest.json; None where there is none, or it is damaged."""
    if content is None:
        return None
    try:
        pointer = msgspec.json.decode(content, type=Latest)
    except msgspec.MsgspecError:
        return None
    return pointer if is_folder_name(pointer.run_id) else None


def copy_run(url: str, run_id: str, folder: Path) -> Path:
    """Copy a published run to this machine, and compare each file with the manifest.

    Args:
        url: of the place that holds it.
        run_id: its run-id.
        folder: an existing folder, in which the run's folder is made.

    Returns:
        The run's folder.

    Raises:
        SettingsError: there is no such run.
        IncompleteError: it has no manifest, or a file is missing or changed.
        StoreError: the store refuses, or does not answer.
    """
    store = Store(url)
    sizes = store.run(store.sizes(run_id))
    if not sizes:
        raise SettingsError(f"{url}/{run_id}: no such run", f"auditor runs --reports {url} lists them")
    repair = f"publish it again, where it is stored: auditor publish {run_id}"
    if MANIFEST not in sizes:
        raise IncompleteError(f"{url}/{run_id}: has no {MANIFEST}, so its publishing did not finish", repair)
    entries = _read_listed(store, run_id, sizes, repair)
    _check_space(sum(sizes.values()), folder, f"{url}/{run_id}")
    run = folder / run_id
    store.run(each(_downloads(store, run, sizes)))
    for entry in entries.values():
        if problem := _compare_hash(run / entry.name, entry):
            raise IncompleteError(f"{url}/{run_id}/{entry.name}: {problem}", repair)
    return run


def _read_listed(store: Store, run_id: str, sizes: dict[str, int], repair: str) -> dict[str, FileEntry]:
    """Read the manifest of a published run, and compare the sizes of its files with those in the store; return its files by name.

    Raises:
        IncompleteError: the manifest is damaged, or a file in the store is missing or has another size.
    """
    try:
        for name in sizes:
            _check_name(name)
        entries = read_entries(store.run(store.read(f"{run_id}/{MANIFEST}", sizes[MANIFEST])) or b"")
    except ValueError as error:
        raise IncompleteError(f"{store.url}/{run_id}: {MANIFEST} is damaged ({error})", repair) from error
    for name, entry in entries.items():
        if problem := _compare_sizes(sizes.get(name), entry.bytes):
            raise IncompleteError(f"{store.url}/{run_id}/{name}: {problem}", repair)
    return entries


def _compare_sizes(found: int | None, listed: int) -> str:
    """What is wrong with the size of a file in the store, None where it is missing; empty where nothing is."""
    if found is None:
        return f"is missing, where {MANIFEST} lists it"
    return "" if found == listed else f"has {found:,} bytes, where {MANIFEST} has {listed:,}"


def _check_space(size: int, folder: Path, url: str) -> None:
    """Refuse to copy more bytes than fit on the disk.

    Raises:
        OutputError: the disk has no space for them.
    """
    free = shutil.disk_usage(folder).free
    if size > free:
        raise OutputError(
            f"{url}: its files have {size:,} bytes, and {folder.parent} has space for {free:,}",
            "free space there, or set TMPDIR to a folder on a larger disk",
        )


def _downloads(store: Store, run: Path, sizes: dict[str, int]) -> Iterator[Coroutine[Any, Any, None]]:
    for name, size in sizes.items():
        target = run / name
        target.parent.mkdir(parents=True, exist_ok=True)
        yield store.get(f"{run.name}/{name}", target, size)


def _compare_hash(path: Path, entry: FileEntry) -> str:
    """What is wrong with the content of a copied file; empty where nothing is."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return "" if digest == entry.sha256 else f"SHA-256 is {digest}, where {MANIFEST} has {entry.sha256}"


def list_published(url: str) -> tuple[list[Published], list[str]]:
    """The runs of a place, newest first.

    Returns:
        (runs, run-ids of those whose publishing did not finish)

    Raises:
        StoreError: the store refuses, or does not answer.
    """
    store = Store(url)
    return store.run(_list(store))


async def _list(store: Store) -> tuple[list[Published], list[str]]:
    names = [name for name in await store.folders() if _is_run_id(name)]
    found: dict[str, Published | None] = {}

    async def read(name: str) -> None:
        found[name] = await _read_published(store, name)

    await each(map(read, names))
    newest = sorted(names, reverse=True)
    return [one for name in newest if (one := found[name])], [name for name in newest if found[name] is None]


def _is_run_id(name: str) -> bool:
    start = name[:_RUN_ID_START]
    return is_folder_name(name) and start[:-1].isdecimal() and start.endswith("T")


async def _read_published(store: Store, run_id: str) -> Published | None:
    """The run; None where its files do not belong together."""
    sizes = await store.sizes(run_id)
    if not {MANIFEST, SUMMARY} <= sizes.keys():
        return None
    try:
        manifest, summary = await asyncio.gather(
            *(store.read(f"{run_id}/{name}", sizes[name]) for name in (MANIFEST, SUMMARY))
        )
        entries = read_entries(manifest or b"")
    except (IncompleteError, ValueError):
        return None
    if any(_compare_sizes(sizes.get(name), entry.bytes) for name, entry in entries.items()):
        return None
    if SUMMARY not in entries or hashlib.sha256(summary or b"").hexdigest() != entries[SUMMARY].sha256:
        return None
    return Published(run_id, summary or b"", sum(sizes.values()))
